#include "uvpki/encoding.h"

#include <array>
#include <cstdint>

#include "uvpki/error.h"

namespace uvpki {

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

constexpr auto base64_values = [] {
    std::array<std::int8_t, 256> values{};
    for (auto& value : values) value = -1;
    for (std::size_t i = 0; i < base64_digits.size(); ++i)
        values[static_cast<unsigned char>(base64_digits[i])] = static_cast<std::int8_t>(i);
    return values;
}();

/// The next code point, or nullopt-like 0xFFFFFFFF for malformed input; moves `at` past it.
std::uint32_t next_code_point(std::string_view text, std::size_t& at) {
    constexpr std::uint32_t malformed = 0xFFFFFFFF;
    const auto first = static_cast<unsigned char>(text[at++]);
    if (first < 0x80) return first;
    const int more = first >= 0xC2 && first <= 0xDF ? 1 : first >= 0xE0 && first <= 0xEF ? 2
                     : first >= 0xF0 && first <= 0xF4 ? 3 : 0;
    if (more == 0) return malformed;
    std::uint32_t point = first & (0x3Fu >> more);
    for (int i = 0; i < more; ++i) {
        if (at >= text.size()) return malformed;
        const auto next = static_cast<unsigned char>(text[at++]);
        if ((next & 0xC0) != 0x80) return malformed;
        point = (point << 6) | (next & 0x3Fu);
    }
    constexpr std::uint32_t smallest[] = {0, 0x80, 0x800, 0x10000};
    if (point < smallest[more] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return malformed;
    return point;
}

template <typename Allowed>
bool all_code_points(std::string_view text, Allowed allowed) {
    for (std::size_t at = 0; at < text.size();) {
        const auto point = next_code_point(text, at);
        if (point > 0x10FFFF || !allowed(point)) return false;
    }
    return true;
}

}  // namespace

std::string to_hex(ByteView bytes) {
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const auto byte : bytes) {
        text += hex_digits[byte >> 4];
        text += hex_digits[byte & 15];
    }
    return text;
}

Bytes parse_hex(std::string_view text) {
    if (text.size() % 2 != 0) fail_input("encoding.hex", "hex text has an odd number of digits");
    Bytes bytes(text.size() / 2);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const int high = hex_value(text[2 * i]), low = hex_value(text[2 * i + 1]);
        if (high < 0 || low < 0) fail_input("encoding.hex", "hex text has a character that is not a hex digit");
        bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return bytes;
}

std::string to_base64(ByteView bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t left = bytes.size() - i;
        const std::uint32_t group = (std::uint32_t{bytes[i]} << 16) |
                                    (left > 1 ? std::uint32_t{bytes[i + 1]} << 8 : 0u) |
                                    (left > 2 ? std::uint32_t{bytes[i + 2]} : 0u);
        text += base64_digits[(group >> 18) & 63];
        text += base64_digits[(group >> 12) & 63];
        text += left > 1 ? base64_digits[(group >> 6) & 63] : '=';
        text += left > 2 ? base64_digits[group & 63] : '=';
    }
    return text;
}

Bytes parse_base64(std::string_view text) {
    const auto refuse = [] { fail_input("encoding.base64", "text is not canonical base64"); };
    if (text.size() % 4 != 0) refuse();
    Bytes bytes;
    bytes.reserve(text.size() / 4 * 3);
    for (std::size_t i = 0; i < text.size(); i += 4) {
        const bool last = i + 4 == text.size();
        const int padding = last && text[i + 3] == '=' ? (text[i + 2] == '=' ? 2 : 1) : 0;
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 4; ++k) {
            const bool pad = k >= 4u - static_cast<unsigned>(padding);
            const int value = pad ? 0 : base64_values[static_cast<unsigned char>(text[i + k])];
            if (value < 0) refuse();
            group = (group << 6) | static_cast<std::uint32_t>(value);
        }
        if ((padding == 1 && (group & 0xFF) != 0) || (padding == 2 && (group & 0xFFFF) != 0)) refuse();
        bytes.push_back(static_cast<std::uint8_t>(group >> 16));
        if (padding < 2) bytes.push_back(static_cast<std::uint8_t>((group >> 8) & 0xFF));
        if (padding < 1) bytes.push_back(static_cast<std::uint8_t>(group & 0xFF));
    }
    return bytes;
}

std::string to_pem(std::string_view label, ByteView der) {
    const auto body = to_base64(der);
    std::string text = "-----BEGIN " + std::string(label) + "-----\n";
    for (std::size_t i = 0; i < body.size(); i += 64) text += body.substr(i, 64) + "\n";
    return text + "-----END " + std::string(label) + "-----\n";
}

std::vector<Bytes> parse_pem(std::string_view text, std::string_view label) {
    const std::string begin = "-----BEGIN " + std::string(label) + "-----";
    const std::string end = "-----END " + std::string(label) + "-----";
    std::vector<Bytes> blocks;
    std::size_t at = 0;
    while ((at = text.find(begin, at)) != std::string_view::npos) {
        at += begin.size();
        const auto stop = text.find(end, at);
        if (stop == std::string_view::npos)
            fail_input("encoding.pem", "PEM block '" + std::string(label) + "' has no end line");
        std::string body;
        for (const char c : text.substr(at, stop - at))
            if (c != '\n' && c != '\r') body += c;
        if (body.empty()) fail_input("encoding.pem", "PEM block '" + std::string(label) + "' is empty");
        blocks.push_back(parse_base64(body));
        at = stop + end.size();
    }
    if (blocks.empty()) fail_input("encoding.pem", "there is no PEM block '" + std::string(label) + "'");
    return blocks;
}

Bytes parse_single_pem(std::string_view text, std::string_view label) {
    auto blocks = parse_pem(text, label);
    if (blocks.size() != 1)
        fail_input("encoding.pem", "more than one PEM block '" + std::string(label) + "' where one is expected");
    return std::move(blocks.front());
}

bool is_utf8(std::string_view text) {
    return all_code_points(text, [](std::uint32_t) { return true; });
}

bool is_printable_utf8(std::string_view text) {
    return all_code_points(text, [](std::uint32_t point) {
        if (point < 0x20 || (point >= 0x7F && point <= 0x9F)) return false;
        if (point >= 0x200B && point <= 0x200F) return false;  // zero width, left/right marks
        if (point >= 0x2028 && point <= 0x202E) return false;  // separators, bidirectional embeddings and overrides
        if (point >= 0x2060 && point <= 0x206F) return false;  // invisible operators, isolates
        if (point == 0x061C || point == 0xFEFF || (point >= 0xFFF9 && point <= 0xFFFF)) return false;
        return point < 0xE0000 || point > 0xE0FFF;             // tags
    });
}

}  // namespace uvpki
