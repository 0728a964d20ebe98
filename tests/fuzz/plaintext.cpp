#include "tests/fuzz/expect.h"
#include "tests/fuzz/small_election.h"
#include "tests/fuzz/targets.h"

namespace uvpki::fuzz {

/// What a voter's device may have encrypted: anything (T42).
bool plaintext(ByteView input) {
    const auto size = static_cast<std::int64_t>(input.size());
    const auto parsed = accepted([&] { return election::parse_plaintext(input, size); });
    if (!parsed) return false;
    require_same(election::format_plaintext(*parsed, size).view(), input,
                 "T17: an accepted plaintext is written as it was read");
    election::check_vote(small_election().manifest.manifest(), parsed->style, parsed->contests);
    return true;
}

}  // namespace uvpki::fuzz
