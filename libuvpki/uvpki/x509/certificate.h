#pragma once
// A parsed X.509 certificate (RFC 5280). Parsed, not trusted: see path.h. Immutable, cheap to copy, thread-safe.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "uvpki/bytes.h"
#include "uvpki/clock.h"
#include "uvpki/digest.h"
#include "uvpki/x509/keys.h"

namespace uvpki::x509 {

inline constexpr std::size_t max_certificate_size = 64 * 1024;

/// keyUsage bits, RFC 5280, section 4.2.1.3.
enum class KeyUsage : std::uint16_t {
    digital_signature = 1 << 0,
    non_repudiation = 1 << 1,
    key_encipherment = 1 << 2,
    data_encipherment = 1 << 3,
    key_agreement = 1 << 4,
    key_cert_sign = 1 << 5,
    crl_sign = 1 << 6,
};

/// One extension as it stands in a certificate, request or CRL.
struct Extension {
    std::string oid;
    enum class Criticality { non_critical, critical } criticality{};
    Bytes value;  ///< content of extnValue
};

/// RFC 5280, section 4.2.1.9; an end entity when the extension is absent.
struct BasicConstraints {
    enum class Role { end_entity, ca } role{};
    std::optional<int> path_length;
};

/// The bytes of a certificate and what stands in them.
class Certificate {
public:
    /// Strict DER, v3, no bytes after the end, at most max_certificate_size. Throws invalid_input
    /// "x509.certificate...".
    static Certificate parse(ByteView der);
    /// One PEM "CERTIFICATE" block.
    static Certificate parse_pem(std::string_view pem);

    ByteView der() const;
    std::string pem() const;
    const Sha256& fingerprint() const;  ///< SHA-256 of der()
    ByteView tbs() const;               ///< TBSCertificate, the signed bytes
    ByteView serial() const;            ///< content octets of the INTEGER
    std::string serial_hex() const;
    ByteView issuer() const;   ///< DER Name
    ByteView subject() const;  ///< DER Name
    Time not_before() const;
    Time not_after() const;
    const PublicKey& public_key() const;
    ByteView spki() const;
    const Sha256& spki_sha256() const;
    SignatureAlgorithm signature_algorithm() const;
    ByteView signature() const;

    const std::vector<Extension>& extensions() const;
    /// nullptr when there is none with this OID.
    const Extension* find_extension(std::string_view oid) const;
    std::uint16_t key_usage() const;  ///< 0 when absent
    /// The bit is set; false when the extension is absent.
    bool has_key_usage(KeyUsage usage) const;
    const std::vector<std::string>& extended_key_usage() const;  ///< empty when absent
    BasicConstraints basic_constraints() const;
    const std::vector<std::string>& policies() const;   ///< dotted OIDs
    ByteView subject_key_identifier() const;            ///< empty when absent
    ByteView authority_key_identifier() const;          ///< keyIdentifier, empty when absent
    const std::vector<std::string>& alt_names() const;  ///< "URI:urn:uuid:...", "DNS:...", "IP:...", "email:..."
    std::string subject_text() const;
    bool is_self_issued() const;

    bool operator==(const Certificate& other) const;

    struct Parsed;

private:
    explicit Certificate(std::shared_ptr<const Parsed> parsed) : parsed_(std::move(parsed)) {}
    std::shared_ptr<const Parsed> parsed_;
};

/// DER "Extensions" (RFC 5280, section 4.1.2.9): at least one, none twice, criticality FALSE not encoded. Throws
/// invalid_input with this reason. For certificates, requests and CRLs alike.
std::vector<Extension> parse_extensions(ByteView der, std::string_view reason);
/// The same in the order given; an empty list gives an empty SEQUENCE.
Bytes encode_extensions(const std::vector<Extension>& extensions);
/// DER Extension.
Bytes encode_extension(const Extension& extension);

/// Every PEM "CERTIFICATE" block in order; at most 64. Throws as Certificate::parse.
std::vector<Certificate> parse_certificate_bundle(std::string_view pem);

/// The issuer's name matches and the signature verifies with its key; nothing else is looked at.
bool is_signed_by(const Certificate& certificate, const Certificate& issuer);

}  // namespace uvpki::x509
