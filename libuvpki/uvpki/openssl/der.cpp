#include "uvpki/openssl/der.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "uvpki/error.h"

namespace uvpki::der {

namespace {

struct LengthOctets {
    std::array<std::uint8_t, 9> octets{};
    std::size_t size = 0;
    ByteView view() const { return {octets.data(), size}; }
};

LengthOctets length_octets(std::size_t length) {
    LengthOctets result;
    if (length < 0x80) {
        result.octets[0] = static_cast<std::uint8_t>(length);
        result.size = 1;
        return result;
    }
    std::size_t count = 0;
    for (std::size_t rest = length; rest != 0; rest >>= 8) ++count;
    result.octets[0] = static_cast<std::uint8_t>(0x80 | count);
    for (std::size_t i = 0; i < count; ++i)
        result.octets[1 + i] = static_cast<std::uint8_t>((length >> (8 * (count - 1 - i))) & 0xFF);
    result.size = 1 + count;
    return result;
}

bool oid_is_well_formed(ByteView content) {
    if (content.empty() || (content.back() & 0x80) != 0) return false;
    bool at_start = true;
    for (const auto octet : content) {
        if (at_start && octet == 0x80) return false;  // X.690, section 8.19.2: no leading 0x80
        at_start = (octet & 0x80) == 0;
    }
    return true;
}

int digits(std::string_view text, std::size_t at, std::size_t count) {
    int value = 0;
    for (std::size_t i = at; i < at + count; ++i) {
        if (text[i] < '0' || text[i] > '9') return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

}  // namespace

void Reader::refuse(std::string_view message) const { fail_input(reason_, std::string(message)); }

Element Reader::any() {
    if (rest_.size() < 2) refuse("DER ends inside an element");
    const auto identifier = rest_[0];
    if ((identifier & 0x1F) == 0x1F) refuse("DER has a multi-byte tag");
    // X.690, section 8.1.5: universal tag 0 ends indefinite lengths and is no value's own.
    if ((identifier & 0xDF) == 0) refuse("DER has the end-of-contents tag of BER");
    std::size_t header = 2, length = rest_[1];
    if (length == 0x80) refuse("indefinite length: BER, not DER");
    if (length > 0x80) {
        const std::size_t count = length & 0x7F;
        if (count > 4) refuse("DER length is too large");
        if (rest_.size() < 2 + count) refuse("DER ends inside a length");
        length = 0;
        for (std::size_t i = 0; i < count; ++i) length = (length << 8) | rest_[2 + i];
        if (length < 0x80 || rest_[2] == 0) refuse("length is not minimal: BER, not DER");
        header += count;
    }
    if (rest_.size() - header < length) refuse("DER ends inside an element");
    const Element element{static_cast<Tag>(identifier), rest_.subspan(header, length), rest_.first(header + length)};
    rest_ = rest_.subspan(header + length);
    return element;
}

Element Reader::element(Tag tag, std::string_view what) {
    if (!next_is(tag)) refuse(std::string(what) + (rest_.empty() ? " is missing" : " has the wrong ASN.1 type"));
    return any();
}

std::optional<Element> Reader::optional(Tag tag, std::string_view what) {
    if (!next_is(tag)) return std::nullopt;
    return element(tag, what);
}

Reader Reader::enter(Tag tag, std::string_view what) { return Reader(element(tag, what).content, reason_); }

ByteView Reader::integer(std::string_view what) {
    const auto content = element(Tag::integer, what).content;
    if (content.empty()) refuse(std::string(what) + " is an empty INTEGER");
    if (content.size() > 1 && ((content[0] == 0 && content[1] < 0x80) || (content[0] == 0xFF && content[1] >= 0x80)))
        refuse(std::string(what) + " is not a minimal INTEGER");
    return content;
}

std::int64_t Reader::small_integer(std::string_view what) {
    const auto content = integer(what);
    if ((content[0] & 0x80) != 0) refuse(std::string(what) + " is negative");
    if (content.size() > 8) refuse(std::string(what) + " is too large");
    std::int64_t value = 0;
    for (const auto octet : content) value = (value << 8) | octet;
    return value;
}

bool Reader::boolean(std::string_view what) {
    const auto content = element(Tag::boolean, what).content;
    if (content.size() != 1 || (content[0] != 0 && content[0] != 0xFF)) refuse(std::string(what) + " is not a DER BOOLEAN");
    return content[0] != 0;
}

ByteView Reader::oid(std::string_view what) {
    const auto content = element(Tag::oid, what).content;
    if (!oid_is_well_formed(content)) refuse(std::string(what) + " is not a well-formed OBJECT IDENTIFIER");
    return content;
}

ByteView Reader::octet_string(std::string_view what) { return element(Tag::octet_string, what).content; }

ByteView Reader::octet_aligned_bits(std::string_view what) {
    const auto content = element(Tag::bit_string, what).content;
    if (content.empty() || content[0] != 0) refuse(std::string(what) + " is not a BIT STRING of whole octets");
    return content.subspan(1);
}

void Reader::null(std::string_view what) {
    if (!element(Tag::null, what).content.empty()) refuse(std::string(what) + " is not a DER NULL");
}

Time Reader::time(std::string_view what) {
    const auto value = any();
    const auto text = as_text(value.content);
    int year = -1;
    std::size_t at = 0;
    if (value.tag == Tag::utc_time && text.size() == 13) {
        year = digits(text, 0, 2);
        if (year >= 0) year += year < 50 ? 2000 : 1900;  // RFC 5280, section 4.1.2.5.1
        at = 2;
    } else if (value.tag == Tag::generalized_time && text.size() == 15) {
        year = digits(text, 0, 4);
        at = 4;
    }
    if (year < 0 || text.back() != 'Z') refuse(std::string(what) + " is not a DER time in UTC with seconds");
    const int month = digits(text, at, 2), day = digits(text, at + 2, 2), hour = digits(text, at + 4, 2),
              minute = digits(text, at + 6, 2), second = digits(text, at + 8, 2);
    const std::chrono::year_month_day date{std::chrono::year{year},
                                           std::chrono::month{static_cast<unsigned>(std::max(month, 0))},
                                           std::chrono::day{static_cast<unsigned>(std::max(day, 0))}};
    if (!date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
        refuse(std::string(what) + " is not a date and time");
    return std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} + Seconds{second};
}

void Reader::finish(std::string_view what) const {
    if (!rest_.empty()) refuse(std::string(what) + " has bytes after its end");
}

Element parse_single(ByteView input, Tag tag, std::string_view what, std::string_view reason) {
    Reader reader(input, reason);
    const auto element = reader.element(tag, what);
    reader.finish(what);
    return element;
}

std::string oid_to_text(ByteView content) {
    if (!oid_is_well_formed(content)) fail_input("der.oid", "not a well-formed object identifier");
    std::string text;
    std::uint64_t value = 0;
    for (const auto octet : content) {
        if (value >> 56 != 0) fail_input("der.oid", "an arc of the object identifier is too large");
        value = (value << 7) | (octet & 0x7Fu);
        if ((octet & 0x80) != 0) continue;
        if (text.empty()) {
            const std::uint64_t first = std::min<std::uint64_t>(value / 40, 2);
            text = std::to_string(first) + "." + std::to_string(value - first * 40);
        } else {
            text += "." + std::to_string(value);
        }
        value = 0;
    }
    return text;
}

Bytes oid_from_text(std::string_view dotted) {
    const auto refuse = [&] {
        fail_input("der.oid", "'" + std::string(dotted.substr(0, 80)) + "' is not an object identifier like 1.3.6.1.4.1");
    };
    std::vector<std::uint64_t> arcs;
    for (std::size_t at = 0; at <= dotted.size();) {
        const auto stop = std::min(dotted.find('.', at), dotted.size());
        std::uint64_t arc = 0;
        const auto [end, problem] = std::from_chars(dotted.data() + at, dotted.data() + stop, arc);
        if (problem != std::errc{} || end != dotted.data() + stop || arc >> 32 != 0) refuse();
        if (stop - at > 1 && dotted[at] == '0') refuse();
        arcs.push_back(arc);
        at = stop + 1;
    }
    if (arcs.size() < 2 || arcs.size() > 32 || arcs[0] > 2 || (arcs[0] < 2 && arcs[1] > 39)) refuse();
    arcs[1] += arcs[0] * 40;
    Bytes content;
    for (std::size_t i = 1; i < arcs.size(); ++i) {
        std::array<std::uint8_t, 10> octets{};
        std::size_t count = 0;
        for (std::uint64_t rest = arcs[i]; count == 0 || rest != 0; rest >>= 7)
            octets[count++] = static_cast<std::uint8_t>(rest & 0x7F);
        while (count > 0) {
            --count;
            content.push_back(static_cast<std::uint8_t>(octets[count] | (count > 0 ? 0x80 : 0)));
        }
    }
    return content;
}

Bytes encode(Tag tag, std::initializer_list<ByteView> parts) {
    std::size_t size = 0;
    for (const auto& part : parts) size += part.size();
    const auto length = length_octets(size);
    Bytes result;
    result.reserve(1 + length.size + size);
    result.push_back(static_cast<std::uint8_t>(tag));
    result.insert(result.end(), length.view().begin(), length.view().end());
    for (const auto& part : parts) result.insert(result.end(), part.begin(), part.end());
    return result;
}

Bytes encode(Tag tag, ByteView content) { return encode(tag, {content}); }

Bytes set_of(std::vector<Bytes> elements) {
    std::ranges::sort(elements);
    Bytes content;
    for (const auto& element : elements) content.insert(content.end(), element.begin(), element.end());
    return encode(Tag::set, content);
}

Bytes oid(std::string_view dotted) { return encode(Tag::oid, oid_from_text(dotted)); }

Bytes integer(std::int64_t value) {
    Bytes content;
    auto rest = value;
    do {
        content.insert(content.begin(), static_cast<std::uint8_t>(rest & 0xFF));
        rest >>= 8;
    } while (!((rest == 0 && (content[0] & 0x80) == 0) || (rest == -1 && (content[0] & 0x80) != 0)));
    return encode(Tag::integer, content);
}

Bytes unsigned_integer(ByteView big_endian) {
    while (big_endian.size() > 1 && big_endian[0] == 0) big_endian = big_endian.subspan(1);
    static constexpr std::uint8_t zero[] = {0};
    if (big_endian.empty()) return encode(Tag::integer, ByteView(zero));
    if ((big_endian[0] & 0x80) != 0) return encode(Tag::integer, {ByteView(zero), big_endian});
    return encode(Tag::integer, big_endian);
}

Bytes boolean_true() { return {0x01, 0x01, 0xFF}; }
Bytes null() { return {0x05, 0x00}; }
Bytes octet_string(ByteView content) { return encode(Tag::octet_string, content); }

Bytes bit_string(ByteView octets) {
    static constexpr std::uint8_t no_unused_bits[] = {0};
    return encode(Tag::bit_string, {ByteView(no_unused_bits), octets});
}

Bytes utf8_string(std::string_view text) { return encode(Tag::utf8_string, as_bytes(text)); }

Bytes generalized_time(Time time) {
    std::string text;
    for (const char c : format_rfc3339(time))
        if (c != '-' && c != ':' && c != 'T') text += c;
    return encode(Tag::generalized_time, as_bytes(text));
}

Bytes time(Time time) {
    const auto full = generalized_time(time);
    const std::string text(as_text(ByteView(full).subspan(2)));
    if (text < "1950" || text >= "2050") return full;
    return encode(Tag::utc_time, as_bytes(text).subspan(2));
}

}  // namespace uvpki::der
