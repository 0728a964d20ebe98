#pragma once
// Strict JSON in (I-JSON, RFC 7493) and canonical JSON out (RFC 8785). Numbers are 64-bit integers: the formats of this
// project have no others. Member names are ASCII, so RFC 8785's order by UTF-16 is plain byte order.

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "uvpki/bytes.h"

namespace uvpki {

/// A JSON value; the whole type is in <nlohmann/json.hpp>.
using Json = nlohmann::json;

/// What a text may have at most.
struct JsonLimits {
    std::size_t bytes = 16u << 20;
    std::size_t depth = 32;
};

/// Throws invalid_input "json.syntax" (also for a repeated member name, a float, an integer outside ±(2^53-1), a member
/// name that is not printable ASCII, invalid UTF-8, trailing bytes), "json.too_large" or "json.too_deep".
Json parse_json(ByteView text, JsonLimits limits = {});

/// RFC 8785: members sorted, no white space, shortest escapes.
std::string canonical_json(const Json& value);

/// parse_json, and the text must already be canonical: "json.not_canonical" otherwise.
Json parse_canonical_json(ByteView text, JsonLimits limits = {});

}  // namespace uvpki
