#include "uvpki/x509/name.h"

#include <algorithm>
#include <array>

#include "uvpki/encoding.h"
#include "uvpki/error.h"
#include "uvpki/openssl/der.h"
#include "uvpki/x509/oids.h"

namespace uvpki::x509 {

namespace {

constexpr std::size_t max_attributes = 64;
/// RFC 5280, appendix A.1: ub-common-name, ub-organization-name and ub-organizational-unit-name are 64 characters.
constexpr std::size_t max_characters = 64;

std::size_t character_count(std::string_view utf8) {
    return static_cast<std::size_t>(std::ranges::count_if(utf8, [](char c) { return (c & 0xC0) != 0x80; }));
}

Bytes encode_rdn(std::string_view oid, std::string_view what, const std::string& value) {
    if (character_count(value) > max_characters)
        fail_input("x509.name", "the " + std::string(what) + " is longer than 64 characters");
    if (!is_printable_utf8(value)) fail_input("x509.name", "the " + std::string(what) + " is not printable UTF-8 text");
    return der::encode(der::Tag::set, der::sequence({der::oid(oid), der::utf8_string(value)}));
}

bool is_printable_string(ByteView value) {
    // X.680, section 41.4: letters, digits, space and ' ( ) + , - . / : = ?
    return std::ranges::all_of(value, [](std::uint8_t c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               std::string_view(" '()+,-./:=?").find(static_cast<char>(c)) != std::string_view::npos;
    });
}

bool is_text(std::uint8_t tag) {
    const auto kind = static_cast<der::Tag>(tag);
    return kind == der::Tag::utf8_string || kind == der::Tag::printable_string || kind == der::Tag::ia5_string;
}

/// The further string types that names of other authorities hold (RFC 5280, appendix A.1; x500UniqueIdentifier is a BIT
/// STRING). Anything else has no characters: its content would go unread.
bool is_other_string(const der::Element& value) {
    constexpr std::uint8_t numeric = 0x12, teletex = 0x14, visible = 0x1A, universal = 0x1C, bmp = 0x1E;
    switch (static_cast<std::uint8_t>(value.tag)) {
        case numeric:
        case teletex:
        case visible:
            return true;
        case universal:
            return value.content.size() % 4 == 0;
        case bmp:
            return value.content.size() % 2 == 0;
        default:
            return value.tag == der::Tag::bit_string && !value.content.empty() && value.content[0] == 0;
    }
}

bool has_right_characters(const der::Element& value) {
    switch (value.tag) {
        case der::Tag::utf8_string:
            return is_utf8(as_text(value.content));
        case der::Tag::printable_string:
            return is_printable_string(value.content);
        case der::Tag::ia5_string:
            return std::ranges::all_of(value.content, [](std::uint8_t c) { return c < 0x80; });
        default:
            return is_other_string(value);  // shown as hexadecimal
    }
}

std::string type_text(ByteView oid) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 9> names{{
        {"2.5.4.3", "CN"},
        {"2.5.4.4", "SN"},
        {"2.5.4.5", "serialNumber"},
        {"2.5.4.6", "C"},
        {"2.5.4.7", "L"},
        {"2.5.4.8", "ST"},
        {"2.5.4.10", "O"},
        {"2.5.4.11", "OU"},
        {"0.9.2342.19200300.100.1.25", "DC"},
    }};
    const auto dotted = der::oid_to_text(oid);
    const auto found = std::ranges::find(names, dotted, [](const auto& row) { return row.first; });
    return found == names.end() ? dotted : std::string(found->second);
}

/// As RFC 4514, section 2.4: separators get a backslash, everything that is not plain text becomes \xx.
std::string value_text(const NameAttribute& attribute) {
    if (!is_text(attribute.tag)) return "#" + to_hex(attribute.value);
    const auto text = as_text(attribute.value);
    const bool printable = is_printable_utf8(text);
    std::string result;
    for (const char c : text) {
        const auto octet = static_cast<unsigned char>(c);
        if (octet < 0x20 || octet == 0x7F || (octet >= 0x80 && !printable)) {
            result += "\\" + to_hex(as_bytes(std::string_view(&c, 1)));
        } else {
            if (std::string_view("\\\",+=;<>").find(c) != std::string_view::npos) result += '\\';
            result += c;
        }
    }
    return result;
}

/// UTF-8 of a value made of code units of `width` octets (BMPString 2, UniversalString 4); nullopt when it is none.
std::optional<std::string> utf8_of_units(ByteView value, std::size_t width) {
    if (value.size() % width != 0) return std::nullopt;
    std::string text;
    for (std::size_t at = 0; at < value.size(); at += width) {
        std::uint32_t point = 0;
        for (std::size_t i = 0; i < width; ++i) point = (point << 8) | value[at + i];
        if (point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) return std::nullopt;
        const auto add = [&](std::uint32_t octet) { text += static_cast<char>(octet & 0xFF); };
        const auto tail = [&](unsigned shift) { add(0x80 | ((point >> shift) & 0x3F)); };
        if (point < 0x80) {
            add(point);
        } else if (point < 0x800) {
            add(0xC0 | (point >> 6)), tail(0);
        } else if (point < 0x10000) {
            add(0xE0 | (point >> 12)), tail(6), tail(0);
        } else {
            add(0xF0 | (point >> 18)), tail(12), tail(6), tail(0);
        }
    }
    return text;
}

/// The text of a value of a kind that is compared as text.
std::optional<std::string> comparable_text(const NameAttribute& attribute) {
    constexpr std::uint8_t universal_string = 0x1C, bmp_string = 0x1E;
    if (is_text(attribute.tag)) return to_text(attribute.value);
    if (attribute.tag == universal_string) return utf8_of_units(attribute.value, 4);
    if (attribute.tag == bmp_string) return utf8_of_units(attribute.value, 2);
    return std::nullopt;
}

/// RFC 5280, section 7.1: case folded, leading and trailing white space removed, inner white space one space. ASCII
/// only: other characters have to be the same.
std::string folded(std::string_view text) {
    std::string result;
    for (const char c : text) {
        if (c == ' ') {
            if (!result.empty() && result.back() != ' ') result += ' ';
        } else {
            result += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        }
    }
    if (!result.empty() && result.back() == ' ') result.pop_back();
    return result;
}

/// One comparable encoding per relative distinguished name.
std::vector<Bytes> comparable_name(ByteView der) {
    std::vector<std::vector<Bytes>> rdns;
    for (const auto& attribute : parse_name(der)) {
        if (attribute.rdn == rdns.size()) rdns.emplace_back();
        const auto text = comparable_text(attribute);
        const auto value =
            text ? der::utf8_string(folded(*text)) : der::encode(static_cast<der::Tag>(attribute.tag), attribute.value);
        rdns.back().push_back(der::sequence({der::encode(der::Tag::oid, attribute.oid), value}));
    }
    std::vector<Bytes> result;
    result.reserve(rdns.size());
    for (auto& rdn : rdns) result.push_back(der::set_of(std::move(rdn)));
    return result;
}

}  // namespace

bool names_match(ByteView a, ByteView b) {
    if (std::ranges::equal(a, b)) return true;
    try {
        return comparable_name(a) == comparable_name(b);
    } catch (const Error&) {
        return false;  // asked, not demanded: a malformed name is no other name
    }
}

bool is_within_name(ByteView name, ByteView base) {
    const auto wanted = comparable_name(base), given = comparable_name(name);
    return wanted.size() <= given.size() && std::equal(wanted.begin(), wanted.end(), given.begin());
}

Bytes Name::encode() const {
    if (organization.empty()) fail_input("x509.name", "the organization (O) is empty");
    if (common_name.empty()) fail_input("x509.name", "the common name (CN) is empty");
    auto content = encode_rdn(oid::organization, "organization (O)", organization);
    if (!organizational_unit.empty())
        content =
            concat({content, encode_rdn(oid::organizational_unit, "organizational unit (OU)", organizational_unit)});
    return der::sequence({content, encode_rdn(oid::common_name, "common name (CN)", common_name)});
}

std::vector<NameAttribute> parse_name(ByteView der, std::string_view reason) {
    der::Reader outer(der, reason);
    auto name = outer.sequence("name");
    outer.finish("name");
    std::vector<NameAttribute> result;
    for (std::size_t rdn = 0; !name.empty(); ++rdn) {
        auto set = name.enter(der::Tag::set, "relative distinguished name");
        if (set.empty()) name.refuse("a relative distinguished name is empty");
        ByteView before;
        while (!set.empty()) {
            const auto encoded = set.element(der::Tag::sequence, "name attribute");
            // X.690, section 11.6: the components of a set-of value appear in ascending order.
            if (!std::ranges::lexicographical_compare(before, encoded.encoding))
                name.refuse("a relative distinguished name is not in DER order");
            before = encoded.encoding;
            der::Reader attribute(encoded.content, reason);
            const auto type = attribute.oid("name attribute type");
            const auto value = attribute.any();
            attribute.finish("name attribute");
            if (!has_right_characters(value))
                name.refuse("a name attribute has characters that its string type forbids");
            if (result.size() == max_attributes) name.refuse("the name has more than 64 attributes");
            result.push_back({type, static_cast<std::uint8_t>(value.tag), value.content, rdn});
        }
    }
    return result;
}

std::string name_text(ByteView der) {
    std::string result;
    std::size_t rdn = 0;
    for (const auto& attribute : parse_name(der)) {
        if (!result.empty()) result += attribute.rdn == rdn ? "+" : ", ";
        rdn = attribute.rdn;
        result += type_text(attribute.oid) + "=" + value_text(attribute);
    }
    return result;
}

std::optional<std::string> find_attribute(ByteView name_der, std::string_view oid) {
    const auto wanted = der::oid_from_text(oid);
    for (const auto& attribute : parse_name(name_der)) {
        if (!std::ranges::equal(attribute.oid, wanted)) continue;
        if (!is_text(attribute.tag)) return std::nullopt;
        return to_text(attribute.value);
    }
    return std::nullopt;
}

}  // namespace uvpki::x509
