#include "tests/fuzz/countable.h"
#include "tests/fuzz/targets.h"
#include "uvpki/count/preflib.h"

namespace uvpki::fuzz {

/// PrefLib's .soc, .soi, .toc and .toi.
bool soi(ByteView input) {
    const auto profile = accepted([&] { return count::parse_preflib(as_text(input)); });
    if (profile) require_countable(*profile);
    return profile.has_value();
}

}  // namespace uvpki::fuzz
