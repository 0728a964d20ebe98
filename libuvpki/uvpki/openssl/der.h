#pragma once
// A light reader and writer for DER (X.690), enough for everything this project parses itself. The reader copies nothing,
// accepts only definite, minimal lengths and single-byte tags, and must be consumed to the last byte: call finish().

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "uvpki/bytes.h"
#include "uvpki/clock.h"

namespace uvpki::der {

/// Identifier octets (class, constructed bit and number), X.690 section 8.1.2.
enum class Tag : std::uint8_t {
    boolean = 0x01,
    integer = 0x02,
    bit_string = 0x03,
    octet_string = 0x04,
    null = 0x05,
    oid = 0x06,
    enumerated = 0x0A,
    utf8_string = 0x0C,
    printable_string = 0x13,
    ia5_string = 0x16,
    utc_time = 0x17,
    generalized_time = 0x18,
    sequence = 0x30,
    set = 0x31,
};

/// [n] IMPLICIT or EXPLICIT context tags; n < 31.
constexpr Tag context(unsigned n) { return static_cast<Tag>(0x80u | n); }
constexpr Tag context_constructed(unsigned n) { return static_cast<Tag>(0xA0u | n); }

/// One value: its tag, its content and the whole encoding, all borrowed from the input.
struct Element {
    Tag tag{};
    ByteView content;
    ByteView encoding;
};

/// Reads one level of DER. Every method throws invalid_input with the reason given at construction (default
/// "der.malformed") and a message that names what was expected.
class Reader {
public:
    explicit Reader(ByteView input, std::string_view reason = "der.malformed") : rest_(input), reason_(reason) {}

    bool empty() const { return rest_.empty(); }
    ByteView rest() const { return rest_; }
    /// True when the next element has this tag.
    bool next_is(Tag tag) const { return !rest_.empty() && rest_[0] == static_cast<std::uint8_t>(tag); }

    Element any();
    Element element(Tag tag, std::string_view what);
    std::optional<Element> optional(Tag tag, std::string_view what);
    /// Content of the element as a reader of its own.
    Reader enter(Tag tag, std::string_view what);
    Reader sequence(std::string_view what) { return enter(Tag::sequence, what); }

    /// Content octets of a minimal INTEGER (two's complement, sign included).
    ByteView integer(std::string_view what);
    /// A non-negative INTEGER below 2^63.
    std::int64_t small_integer(std::string_view what);
    /// DER BOOLEAN: 0x00 or 0xFF.
    bool boolean(std::string_view what);
    /// Content octets of an OBJECT IDENTIFIER, well-formed.
    ByteView oid(std::string_view what);
    ByteView octet_string(std::string_view what);
    /// BIT STRING with no unused bits: its octets.
    ByteView octet_aligned_bits(std::string_view what);
    void null(std::string_view what);
    /// UTCTime or GeneralizedTime in the DER forms of RFC 5280, section 4.1.2.5.
    Time time(std::string_view what);

    /// Throws unless everything was read.
    void finish(std::string_view what) const;
    [[noreturn]] void refuse(std::string_view message) const;

private:
    ByteView rest_;
    std::string_view reason_;
};

/// The only element of `input`, nothing after it.
Element parse_single(ByteView input, Tag tag, std::string_view what, std::string_view reason = "der.malformed");

/// "1.2.840.113549" for OID content octets, and back. Throws "der.oid".
std::string oid_to_text(ByteView content);
Bytes oid_from_text(std::string_view dotted);

// ---- writing: each function returns one complete element ----
Bytes encode(Tag tag, ByteView content);
Bytes encode(Tag tag, std::initializer_list<ByteView> parts);
inline Bytes sequence(std::initializer_list<ByteView> parts) { return encode(Tag::sequence, parts); }
/// SET OF in DER order: encodings sorted ascending (X.690, section 11.6).
Bytes set_of(std::vector<Bytes> elements);
Bytes oid(std::string_view dotted);
Bytes integer(std::int64_t value);
/// INTEGER from unsigned big-endian bytes: leading zeros dropped, sign octet added where needed.
Bytes unsigned_integer(ByteView big_endian);
Bytes boolean_true();
Bytes null();
Bytes octet_string(ByteView content);
/// BIT STRING with no unused bits.
Bytes bit_string(ByteView octets);
Bytes utf8_string(std::string_view text);
/// UTCTime up to 2049, GeneralizedTime from 2050 (RFC 5280, section 4.1.2.5).
Bytes time(Time time);
Bytes generalized_time(Time time);

}  // namespace uvpki::der
