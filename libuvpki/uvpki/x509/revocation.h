#pragma once
// Certificate revocation lists (RFC 5280, section 5): made by each CA for itself, read strictly, verified against their
// CA.

#include <memory>
#include <optional>
#include <vector>

#include "uvpki/clock.h"
#include "uvpki/x509/certificate.h"

namespace uvpki::x509 {

/// CRLReason codes that we issue, RFC 5280, section 5.3.1.
enum class RevocationReason {
    unspecified = 0,
    key_compromise = 1,
    ca_compromise = 2,
    affiliation_changed = 3,
    superseded = 4,
    cessation_of_operation = 5,
    privilege_withdrawn = 9,
};
/// "key-compromise" and so on; throws invalid_input "x509.revocation.reason" with the list of names.
RevocationReason parse_revocation_reason(std::string_view name);
/// Inverse of parse_revocation_reason.
std::string_view revocation_reason_name(RevocationReason reason);

/// One revoked certificate on a list.
struct RevokedEntry {
    Bytes serial{};  ///< content octets of the INTEGER
    Time revoked_at{};
    RevocationReason reason = RevocationReason::unspecified;
    std::optional<Time> invalid_since{};  ///< invalidityDate, for a compromise

    /// From when on signatures do not count: invalidityDate for a compromise where given, else revocationDate.
    Time effective() const;
};

/// Number and dates of a list.
struct CrlOptions {
    std::int64_t number = 1;
    Time this_update{};
    Time next_update{};                         ///< no_expiry only for the finished Ballot CA's last list
    std::optional<Time> expired_certs_since{};  ///< expiredCertsOnCRL (X.509 8.5.2.12)
};

/// The bytes of a list and what stands in them.
class Crl {
public:
    /// Strict DER, v2, at most 64 MiB. Throws invalid_input "x509.crl...".
    static Crl parse(ByteView der);
    /// One PEM "X509 CRL" block.
    static Crl parse_pem(std::string_view pem);

    ByteView der() const;
    std::string pem() const;
    ByteView issuer() const;
    std::int64_t number() const;
    Time this_update() const;
    Time next_update() const;
    const std::vector<RevokedEntry>& entries() const;
    /// nullptr when the serial is not on the list.
    const RevokedEntry* find(ByteView serial) const;
    /// The issuer's name, key identifier and signature fit this CA, and it may sign CRLs.
    bool is_signed_by(const Certificate& ca) const;

    struct Parsed;

private:
    explicit Crl(std::shared_ptr<const Parsed> parsed) : parsed_(std::move(parsed)) {}
    std::shared_ptr<const Parsed> parsed_;
};

/// Signs a list; entries are sorted by serial. Throws invalid_input "x509.crl.options" (next before this, number < 0).
Crl make_crl(const Certificate& ca, const PrivateKey& key, const std::vector<RevokedEntry>& entries,
             const CrlOptions& options);

}  // namespace uvpki::x509
