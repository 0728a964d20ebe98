#include "uvpki/json_schema.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "uvpki/clock.h"
#include "uvpki/encoding.h"

namespace uvpki {

namespace {

constexpr std::size_t most_findings = 100;
constexpr int most_references = 16;
constexpr std::string_view local = "#/$defs/";

[[noreturn]] void refuse(const std::string& place, const std::string& rule) {
    fail_input("schema.malformed", "JSON Schema, " + (place.empty() ? "top" : place) + ": " + rule);
}

/// The schema that a $ref leads to, over at most 16 steps.
const Json& resolve(const Json& root, const Json& schema, const std::string& place) {
    const Json* at = &schema;
    for (int step = 0; at->contains("$ref"); ++step) {
        const auto& reference = at->at("$ref");
        if (!reference.is_string() || at->size() != 1) refuse(place, "$ref must be a string and stand alone");
        const auto& text = reference.get_ref<const std::string&>();
        if (step == most_references || !text.starts_with(local) || !root.contains("$defs") ||
            !root["$defs"].contains(text.substr(local.size())))
            refuse(place, "the reference " + text.substr(0, 100) + " leads nowhere");
        at = &root["$defs"][text.substr(local.size())];
    }
    return *at;
}

bool is_uuid(const std::string& text) {
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        const bool digit = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
        if (hyphen ? text[i] != '-' : !digit) return false;
    }
    return true;
}

bool fits_format(const std::string& format, const std::string& text) {
    if (format == "uuid") return is_uuid(text);
    try {
        if (format == "date-time") parse_rfc3339(text);
        if (format == "hex") return to_hex(parse_hex(text)) == text;
        if (format == "base64") parse_base64(text);
        return true;
    } catch (const Error&) {
        return false;
    }
}

std::string_view type_of(const Json& value) {
    switch (value.type()) {
        case Json::value_t::object:
            return "object";
        case Json::value_t::array:
            return "array";
        case Json::value_t::string:
            return "string";
        case Json::value_t::boolean:
            return "boolean";
        case Json::value_t::number_integer:
        case Json::value_t::number_unsigned:
            return "integer";
        case Json::value_t::null:
            return "null";
        default:
            return "number";
    }
}

/// RFC 8259 lengths are counted in characters: every byte of UTF-8 that does not continue one.
std::int64_t length_of(const std::string& text) {
    return std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; });
}

class SchemaReader {
public:
    explicit SchemaReader(const Json& root) : root_(root) {}

    void read(const Json& schema, const std::string& place) {
        if (!schema.is_object()) refuse(place, "a schema must be an object");
        if (schema.contains("$ref")) {
            resolve(root_, schema, place);
            return;
        }
        for (const auto& [keyword, value] : schema.items()) read_keyword(keyword, value, place + "/" + keyword);
        if (!schema.contains("type") && !schema.contains("const") && !schema.contains("enum"))
            refuse(place, "type, enum, const or $ref is missing");
    }

private:
    void read_keyword(const std::string& keyword, const Json& value, const std::string& place) {
        static constexpr std::array<std::string_view, 6> counts{"maxItems",  "minItems", "maxLength",
                                                                "minLength", "minimum",  "maximum"};
        static constexpr std::array<std::string_view, 8> types{"object",  "array", "string", "boolean",
                                                               "integer", "null",  "number"};
        static constexpr std::array<std::string_view, 4> formats{"date-time", "hex", "base64", "uuid"};
        static constexpr std::array<std::string_view, 6> remarks{"$schema",  "$id",         "title",
                                                                 "examples", "description", "const"};
        const auto one_of = [&](const auto& names, const std::string& text) {
            return !text.empty() && std::ranges::find(names, text) != names.end();
        };
        if (keyword == "properties" || keyword == "$defs") {
            if (!value.is_object()) refuse(place, "must be an object");
            for (const auto& [name, schema] : value.items()) read(schema, place + "/" + name);
        } else if (keyword == "items") {
            read(value, place);
        } else if (keyword == "additionalProperties") {
            if (!value.is_boolean()) read(value, place);
        } else if (keyword == "type" || keyword == "format") {
            const bool good = value.is_string() && (keyword == "type" ? one_of(types, value.get<std::string>())
                                                                      : one_of(formats, value.get<std::string>()));
            if (!good) refuse(place, "is not one that this project uses");
        } else if (keyword == "required" || keyword == "enum") {
            if (!value.is_array() || value.empty()) refuse(place, "must be an array that is not empty");
            if (keyword == "required" && !std::ranges::all_of(value, [](const Json& name) { return name.is_string(); }))
                refuse(place, "must be an array of strings");
        } else if (one_of(counts, keyword)) {
            if (!value.is_number_integer()) refuse(place, "must be an integer");
        } else if (!one_of(remarks, keyword)) {
            refuse(place, "is a keyword that this project does not use");
        }
    }

    const Json& root_;
};

class Checker {
public:
    explicit Checker(const Json& root) : root_(root) {}
    std::vector<Finding> take() { return std::move(findings_); }

    void check(const Json& unresolved, const Json& value, const std::string& place) {
        if (findings_.size() >= most_findings) return;
        const Json& schema = resolve(root_, unresolved, place);
        if (schema.contains("type") && schema["type"] != type_of(value))
            return found("type", place, "must be of type " + schema["type"].get<std::string>());
        if (schema.contains("const") && schema["const"] != value) found("const", place, "has another value");
        if (schema.contains("enum") && std::ranges::find(schema["enum"], value) == schema["enum"].end())
            found("enum", place, "is none of the values allowed");
        if (value.is_string()) check_string(schema, value.get_ref<const std::string&>(), place);
        if (value.is_number_integer()) check_range(schema, "minimum", "maximum", value.get<std::int64_t>(), place);
        if (value.is_array()) {
            check_range(schema, "minItems", "maxItems", static_cast<std::int64_t>(value.size()), place);
            for (std::size_t i = 0; schema.contains("items") && i < value.size(); ++i)
                check(schema["items"], value[i], place + "/" + std::to_string(i));
        }
        if (value.is_object()) check_object(schema, value, place);
    }

private:
    void found(const std::string& keyword, const std::string& place, const std::string& rule) {
        if (findings_.size() < most_findings)
            findings_.push_back({"schema." + keyword, (place.empty() ? "the document" : place) + " " + rule});
    }

    void check_range(const Json& schema, const char* least, const char* most, std::int64_t number,
                     const std::string& place) {
        if (schema.contains(least) && number < schema[least].get<std::int64_t>())
            found(least, place, "is below " + schema[least].dump());
        if (schema.contains(most) && number > schema[most].get<std::int64_t>())
            found(most, place, "is above " + schema[most].dump());
    }

    void check_string(const Json& schema, const std::string& text, const std::string& place) {
        check_range(schema, "minLength", "maxLength", length_of(text), place);
        if (schema.contains("format") && !fits_format(schema["format"].get<std::string>(), text))
            found("format", place, "is not of format " + schema["format"].get<std::string>());
    }

    void check_object(const Json& schema, const Json& value, const std::string& place) {
        if (schema.contains("required")) {
            for (const auto& name : schema["required"])
                if (!value.contains(name.get_ref<const std::string&>()))
                    found("required", place, "lacks the member " + name.get<std::string>());
        }
        static const Json open = true;
        const Json& others = schema.contains("additionalProperties") ? schema["additionalProperties"] : open;
        for (const auto& [name, member] : value.items()) {
            const auto inner = place + "/" + name.substr(0, 64);
            if (schema.contains("properties") && schema["properties"].contains(name)) {
                check(schema["properties"][name], member, inner);
            } else if (others.is_object()) {
                check(others, member, inner);
            } else if (others == false) {
                found("additionalProperties", inner, "is not a known member");
            }
        }
    }

    const Json& root_;
    std::vector<Finding> findings_;
};

}  // namespace

JsonSchema JsonSchema::parse(ByteView text) {
    auto json = std::make_shared<const Json>(parse_json(text));
    SchemaReader(*json).read(*json, "");
    return JsonSchema(std::move(json));
}

std::vector<Finding> JsonSchema::check(const Json& value) const {
    Checker checker(*json_);
    checker.check(*json_, value, "");
    return checker.take();
}

}  // namespace uvpki
