#include "uvpki/count/cvr.h"

#include "tests/fuzz/countable.h"
#include "tests/fuzz/targets.h"

namespace uvpki::fuzz {

bool cvr(ByteView input) {
    const auto strict = accepted([&] { return count::parse_cvr(input); });
    const auto all = accepted([&] { return count::parse_cvr(input, {.marks = lenient}); });
    require(!strict || all == strict, "rules for contradictions change no ballot without one");
    if (all) require_countable(*all);
    return all.has_value();
}

}  // namespace uvpki::fuzz
