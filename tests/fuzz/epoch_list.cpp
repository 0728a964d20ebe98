#include "tests/fuzz/expect.h"
#include "tests/fuzz/targets.h"
#include "uvpki/election/epoch.h"

namespace uvpki::fuzz {

bool epoch_list(ByteView input) {
    const auto leaves = accepted([&] { return election::parse_epoch_list(as_text(input)); });
    if (!leaves) return false;
    require_same(election::format_epoch_list(*leaves), input, "an accepted list is written as it was read");
    return true;
}

}  // namespace uvpki::fuzz
