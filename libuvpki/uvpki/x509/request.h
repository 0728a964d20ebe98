#pragma once
// PKCS#10 certification requests (RFC 2986), made and read with proof of possession.

#include <vector>

#include "uvpki/x509/certificate.h"
#include "uvpki/x509/name.h"

namespace uvpki::x509 {

inline constexpr std::size_t max_request_size = 32 * 1024;

/// A request whose proof of possession was checked.
struct CertificateRequest {
    Bytes der;
    Bytes subject;  ///< DER Name
    PublicKey public_key;
    std::vector<Extension> extensions;  ///< from the extensionRequest attribute (RFC 2985)

    /// nullptr when there is none with this OID.
    const Extension* find_extension(std::string_view oid) const;
};

/// Strict DER; the signature (proof of possession) is checked. Throws invalid_input "x509.request.malformed" or
/// verification_failed "x509.request.possession".
CertificateRequest parse_request(ByteView der);

/// DER CertificationRequest signed by the key; `subject` may be the empty Name.
Bytes make_request(const PrivateKey& key, ByteView subject, const std::vector<Extension>& extensions = {});

/// DER of a Name without attributes (SEQUENCE of nothing).
Bytes empty_name();

}  // namespace uvpki::x509
