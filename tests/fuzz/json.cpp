#include "uvpki/json.h"

#include <nlohmann/json.hpp>

#include "tests/fuzz/expect.h"
#include "tests/fuzz/targets.h"

namespace uvpki::fuzz {

bool json(ByteView input) {
    const auto parsed = accepted([&] { return parse_json(input); });
    const auto canonical = accepted([&] { return parse_canonical_json(input); });
    require(parsed || !canonical, "canonical JSON is JSON");
    if (!parsed) return false;
    const auto text = canonical_json(*parsed);
    require(parse_canonical_json(as_bytes(text)) == *parsed, "a value survives being written canonically");
    require(canonical.has_value() == (as_text(input) == text),
            "T17: a text is canonical when it is written as it was read");
    // A reader that is lenient where ours is strict comes to the same value.
    require(Json::parse(input.begin(), input.end()) == *parsed, "another reader comes to the same value");
    return true;
}

}  // namespace uvpki::fuzz
