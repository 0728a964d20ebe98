#include "uvpki/count/blt.h"

#include "tests/fuzz/expect.h"
#include "tests/fuzz/targets.h"
#include "uvpki/count/count.h"

namespace uvpki::fuzz {

bool blt(ByteView input) {
    const auto profile = accepted([&] { return count::parse_blt(as_text(input)); });
    if (!profile) return false;
    require(count::parse_blt(count::format_blt(*profile)) == *profile, "ballots survive being written as BLT");
    if (profile->candidates.size() > 12 || profile->ballots.size() > 200) return true;
    for (const auto method : {count::Method::plurality, count::Method::irv, count::Method::stv}) {
        const auto seats = method == count::Method::irv ? 1 : profile->seats;
        const count::Rules rules{.method = method, .seats = seats, .max_choices = 1000};
        refusal([&] { return count::count_election(*profile, rules, as_bytes("seed")); });
    }
    return true;
}

}  // namespace uvpki::fuzz
