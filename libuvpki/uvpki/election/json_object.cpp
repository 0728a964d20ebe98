#include "uvpki/election/json_object.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "uvpki/encoding.h"
#include "uvpki/error.h"

namespace uvpki::election {

namespace {
constexpr std::int64_t largest_count = 1'000'000'000'000;
}

Json read_canonical(ByteView text, std::string_view what, std::string_view reason, std::size_t size_limit) {
    try {
        return parse_canonical_json(text, {.bytes = size_limit, .depth = 12});
    } catch (const Error& error) {
        fail_input(reason, std::string(what) + " is not canonical JSON: " + error.message());
    }
}

ObjectReader::ObjectReader(const Json& value, std::string where, std::string reason)
    : value_(value), where_(std::move(where)), reason_(std::move(reason)) {
    if (!value_.is_object()) fail_input(reason_, where_ + " must be a JSON object");
}

void ObjectReader::refuse(const std::string& name, std::string_view rule) const {
    fail_input(reason_, path(name) + " " + std::string(rule));
}

const Json& ObjectReader::any(const std::string& name) {
    const auto found = value_.find(name);
    if (found == value_.end()) refuse(name, "is missing");
    seen_.push_back(name);
    return *found;
}

std::string ObjectReader::text(const std::string& name, std::size_t most_bytes) {
    const Json& member = any(name);
    if (!member.is_string()) refuse(name, "must be a string");
    const auto& value = member.get_ref<const std::string&>();
    if (value.size() > most_bytes) refuse(name, "has more than " + std::to_string(most_bytes) + " bytes");
    return value;
}

std::int64_t ObjectReader::integer(const std::string& name, std::int64_t least, std::int64_t most) {
    const Json& member = any(name);
    if (!member.is_number_integer()) refuse(name, "must be an integer");
    const auto value = member.get<std::int64_t>();
    if (value < least || value > most)
        refuse(name, "must lie between " + std::to_string(least) + " and " + std::to_string(most));
    return value;
}

void ObjectReader::version(std::int64_t expected) {
    if (integer("version", 0, largest_count) != expected)
        refuse("version", "must be " + std::to_string(expected) + ", the only version this program reads");
}

Bytes ObjectReader::hex(const std::string& name, std::size_t most_octets) {
    const auto value = text(name, 2 * most_octets);
    Bytes bytes;
    try {
        bytes = parse_hex(value);
    } catch (const Error&) {
        refuse(name, "must be hex digits");
    }
    if (to_hex(bytes) != value) refuse(name, "must be lower-case hex digits");
    return bytes;
}

Sha256 ObjectReader::digest(const std::string& name) {
    const auto bytes = hex(name, 32);
    if (bytes.size() != 32) refuse(name, "must be 64 hex digits");
    return to_sha256(bytes);
}

Bytes ObjectReader::base64(const std::string& name, std::size_t most_octets) {
    const auto value = text(name, (most_octets + 2) / 3 * 4);
    try {
        return parse_base64(value);
    } catch (const Error&) {
        refuse(name, "must be base64 with padding and without white space");
    }
}

Time ObjectReader::time(const std::string& name) {
    const auto value = text(name, 20);
    try {
        return parse_rfc3339(value);
    } catch (const Error&) {
        refuse(name, "must be a time such as 2026-11-20T15:36:00Z");
    }
}

const Json& ObjectReader::array(const std::string& name, std::size_t most) {
    const Json& member = any(name);
    if (!member.is_array()) refuse(name, "must be an array");
    if (member.size() > most) refuse(name, "has more than " + std::to_string(most) + " items");
    return member;
}

std::vector<std::string> ObjectReader::texts(const std::string& name, std::size_t most, std::size_t most_bytes) {
    std::vector<std::string> result;
    for (const Json& item : array(name, most)) {
        if (!item.is_string()) refuse(name, "must hold strings only");
        const auto& value = item.get_ref<const std::string&>();
        if (value.size() > most_bytes)
            refuse(name, "holds a string of more than " + std::to_string(most_bytes) + " bytes");
        result.push_back(value);
    }
    return result;
}

std::map<std::string, std::int64_t> ObjectReader::counts(const std::string& name, std::size_t most) {
    const Json& member = any(name);
    if (!member.is_object()) refuse(name, "must be an object");
    if (member.size() > most) refuse(name, "has more than " + std::to_string(most) + " members");
    std::map<std::string, std::int64_t> result;
    for (const auto& [key, count] : member.items()) {
        if (!is_identifier(key, 1, 32)) refuse(name, "has a member whose name is not an identifier");
        if (!count.is_number_integer() || count.get<std::int64_t>() < 0 || count.get<std::int64_t>() > largest_count)
            refuse(name, "has a member that is not a count");
        result.emplace(key, count.get<std::int64_t>());
    }
    return result;
}

ObjectReader ObjectReader::object(const std::string& name) {
    return ObjectReader(any(name), path(name), reason_);
}

void ObjectReader::finish() const {
    for (const auto& [name, member] : value_.items()) {
        if (std::ranges::find(seen_, name) == seen_.end()) refuse(name.substr(0, 64), "is not a known member");
    }
}

bool is_identifier(std::string_view text, std::size_t least, std::size_t most) {
    return text.size() >= least && text.size() <= most && std::ranges::all_of(text, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
           });
}

}  // namespace uvpki::election
