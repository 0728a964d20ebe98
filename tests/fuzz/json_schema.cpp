#include "uvpki/json_schema.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/fuzz/expect.h"
#include "tests/fuzz/targets.h"

namespace uvpki::fuzz {

/// A schema and, after a zero byte, a value for it. The schema's own examples are values as well.
bool json_schema(ByteView input) {
    const auto end = std::ranges::find(input, std::uint8_t{0});
    const auto length = static_cast<std::size_t>(end - input.begin());
    const auto schema = accepted([&] { return JsonSchema::parse(input.first(length)); });
    if (!schema) return false;
    const auto value = accepted([&] { return parse_json(input.subspan(std::min(length + 1, input.size()))); });
    if (value) require(schema->check(*value).size() <= 100, "at most 100 findings");
    schema->check(schema->json());
    if (const auto examples = schema->json().find("examples"); examples != schema->json().end() && examples->is_array())
        for (const auto& example : *examples) schema->check(example);
    return true;
}

}  // namespace uvpki::fuzz
