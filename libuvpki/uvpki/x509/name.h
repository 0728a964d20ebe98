#pragma once
// Distinguished names (RFC 5280, section 4.1.2.4): one attribute per RDN, UTF8String; O= comes first in every name we
// make.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "uvpki/bytes.h"

namespace uvpki::x509 {

/// The three attributes of the names that we make.
struct Name {
    std::string organization{};
    std::string organizational_unit{};  ///< may be empty
    std::string common_name{};

    /// DER Name. Throws invalid_input "x509.name" for an empty O or CN, values over 64 characters (RFC 5280, upper
    /// bounds) or text that is not printable UTF-8.
    Bytes encode() const;
};

/// One attribute of a parsed name; the views borrow from the DER that was read.
struct NameAttribute {
    ByteView oid;          ///< content octets of the OBJECT IDENTIFIER
    std::uint8_t tag = 0;  ///< identifier octet of the value
    ByteView value;        ///< content octets of the value
    std::size_t rdn = 0;   ///< index of the relative distinguished name that it belongs to
};

/// Every attribute of a strict DER Name in order. Throws invalid_input with this reason for anything malformed: wrong
/// characters for the string type, an unsorted multi-valued RDN or more than 64 attributes.
std::vector<NameAttribute> parse_name(ByteView der, std::string_view reason = "x509.name");

/// Name chaining as RFC 5280, section 7.1, asks: the same attributes, where UTF8String, PrintableString, IA5String,
/// BMPString and UniversalString values are compared without regard to ASCII case and repeated spaces, others octet for
/// octet. False for malformed names that are not the same octets.
bool names_match(ByteView a, ByteView b);

/// True when the first relative distinguished names of `name` are those of `base` (RFC 5280, section 7.1: name
/// constraints). Throws invalid_input "x509.name" for malformed names.
bool is_within_name(ByteView name, ByteView base);

/// "O=Example, CN=Root" for people; every attribute in order, unknown ones by OID, control characters escaped.
/// Throws invalid_input "x509.name" for a malformed name.
std::string name_text(ByteView der);

/// Value of the first attribute of this type (dotted OID) if it is a UTF8String, PrintableString or IA5String.
std::optional<std::string> find_attribute(ByteView name_der, std::string_view oid);

}  // namespace uvpki::x509
