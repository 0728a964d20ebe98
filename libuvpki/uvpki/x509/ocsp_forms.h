#pragma once
// The forms that OCSP requests and responses share: CertID, nonce, object identifiers, the responder's key hash.
// Private: what ocsp.cpp and ocsp_response.cpp share; not installed. Stateless.

#include "uvpki/openssl/der.h"
#include "uvpki/x509/ocsp.h"

namespace uvpki::x509::ocsp {

inline constexpr std::string_view malformed = "ocsp.malformed";
inline constexpr std::string_view basic_response_oid = "1.3.6.1.5.5.7.48.1.1";
inline constexpr std::string_view nonce_oid = "1.3.6.1.5.5.7.48.1.2";
inline constexpr std::string_view archive_cutoff_oid = "1.3.6.1.5.5.7.48.1.6";

/// SHA-1 of the key octets: how a ResponderID by key names it (RFC 6960, section 4.2.1).
Bytes responder_key_hash(const PublicKey& key);
OcspCertId read_cert_id(der::Reader& reader);
Extension nonce_extension(ByteView nonce);
/// The nonce among these extensions, or nothing; an unknown critical extension throws "ocsp.extension".
Bytes read_nonce(const std::vector<Extension>& extensions);

}  // namespace uvpki::x509::ocsp
