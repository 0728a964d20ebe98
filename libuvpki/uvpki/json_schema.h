#pragma once
// A validator for the fixed part of JSON Schema (draft 2020-12) that this project's schemas use: type, properties,
// required, additionalProperties, items, maxItems, minItems, maxLength, minLength, enum, const, minimum, maximum,
// format (date-time, hex, base64, uuid) and $ref to a local $defs. Any other keyword that restricts is refused when the
// schema is read, so nothing is silently unchecked. No `pattern`: regular expressions can be made to run for ever.
// Immutable, thread-safe.

#include <memory>
#include <vector>

#include "uvpki/error.h"
#include "uvpki/json.h"

namespace uvpki {

/// A schema that was read and checked.
class JsonSchema {
public:
    /// Throws invalid_input "schema.malformed" for unknown keywords or formats, references that lead nowhere or in a
    /// circle, and keyword values of the wrong type.
    static JsonSchema parse(ByteView text);

    /// What the value breaks, at most 100 findings: rule "schema.<keyword>", message with the place as JSON pointer
    /// (RFC 6901). Lengths are counted in code points.
    std::vector<Finding> check(const Json& value) const;

    /// The schema itself, with its examples.
    const Json& json() const { return *json_; }

private:
    explicit JsonSchema(std::shared_ptr<const Json> json) : json_(std::move(json)) {}
    std::shared_ptr<const Json> json_;
};

}  // namespace uvpki
