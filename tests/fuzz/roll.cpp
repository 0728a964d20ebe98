#include "uvpki/election/roll.h"

#include "tests/fuzz/expect.h"
#include "tests/fuzz/targets.h"

namespace uvpki::fuzz {

bool roll(ByteView input) {
    const auto commitments = accepted([&] { return election::parse_commitments(as_text(input)); });
    if (commitments) {
        require_same(election::format_commitments(*commitments), input, "commitments are written as they were read");
        election::commitments_root(*commitments);
    }
    const auto summary = accepted([&] { return election::parse_roll_summary(input); });
    if (summary)
        require_same(election::format_roll_summary(*summary), input, "a roll's summary is written as it was read");
    const auto claims = accepted([&] { return election::parse_claims_summary(input); });
    if (claims)
        require_same(election::format_claims_summary(*claims), input, "a claims' summary is written as it was read");
    return commitments || summary || claims;
}

}  // namespace uvpki::fuzz
