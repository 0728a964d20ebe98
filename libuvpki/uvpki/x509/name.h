#pragma once
// Distinguished names (RFC 5280, section 4.1.2.4): one attribute per RDN, UTF8String; O= comes first in every name we make.

#include <optional>
#include <string>
#include <vector>

#include "uvpki/bytes.h"

namespace uvpki::x509 {

struct Name {
    std::string organization;
    std::string organizational_unit;  ///< may be empty
    std::string common_name;

    /// DER Name. Throws invalid_input "x509.name" for an empty O or CN, values over 64 characters (RFC 5280, upper bounds)
    /// or text that is not printable UTF-8.
    Bytes encode() const;
};

/// "O=Example, CN=Root" for people; every attribute in order, unknown ones by OID, control characters escaped.
std::string name_text(ByteView der);

/// Value of the first attribute of this type (dotted OID) if it is a UTF8String, PrintableString or IA5String.
std::optional<std::string> find_attribute(ByteView name_der, std::string_view oid);

}  // namespace uvpki::x509
