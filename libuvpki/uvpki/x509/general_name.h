#pragma once
// GeneralName (RFC 5280, section 4.2.1.6) as alternative names and name constraints carry it. Private: shared by
// extension.cpp and name_constraints.cpp.

#include <string>
#include <string_view>
#include <vector>

#include "uvpki/bytes.h"
#include "uvpki/openssl/der.h"

namespace uvpki::x509 {

/// Borrowed from the DER that was read; the kinds' numbers are those of the CHOICE.
struct GeneralName {
    enum class Kind { other = 0, email = 1, dns = 2, directory = 4, uri = 6, ip = 7, registered_id = 8 } kind{};
    ByteView value;  ///< content octets; directory: the DER Name
};

/// A SEQUENCE of 1 to 256 names, each in the form that names have: no empty text, no control characters, addresses of 4
/// or 16 octets. Throws invalid_input with this reason; `what` names the extension.
std::vector<GeneralName> parse_general_names(ByteView der, std::string_view what, std::string_view reason);

/// The kind and content of one name; only the kind's ASN.1 type is looked at.
GeneralName to_general_name(const der::Element& element, const der::Reader& reader);

/// "DNS:host", "IP:192.0.2.1", "URI:...", "email:...", "dirName:...", "RID:...", "otherName:OID".
std::string general_name_text(const GeneralName& name);

}  // namespace uvpki::x509
