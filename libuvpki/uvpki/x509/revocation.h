#pragma once
// Certificate revocation lists (RFC 5280, section 5): made by each CA for itself, read strictly, verified against their
// CA.

#include <memory>
#include <optional>
#include <vector>

#include "uvpki/clock.h"
#include "uvpki/x509/certificate.h"
#include "uvpki/x509/oids.h"

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
    Time next_update{};                         ///< never no_expiry: that is for make_final_crl
    std::optional<Time> expired_certs_since{};  ///< expiredCertsOnCRL (X.509 8.5.2.12)
};

/// strict: what our CAs sign, with number, authority key identifier and nextUpdate. lenient: also lists of other CAs
/// that lack these, or are of version 1; one without nextUpdate reads as no_expiry.
enum class CrlForm { strict, lenient };

/// The bytes of a list and what stands in them.
class Crl {
public:
    /// Strict DER, at most 64 MiB. Throws invalid_input "x509.crl...".
    static Crl parse(ByteView der, CrlForm form = CrlForm::strict);
    /// One PEM "X509 CRL" block.
    static Crl parse_pem(std::string_view pem);

    ByteView der() const;
    std::string pem() const;
    ByteView issuer() const;
    std::int64_t number() const;  ///< -1 when a lenient list has none
    Time this_update() const;
    Time next_update() const;
    /// nextUpdate is 99991231235959Z: the last list of a CA that issues nothing any more.
    bool is_final() const { return next_update() == no_expiry; }
    /// expiredCertsOnCRL: entries stay on the list though their certificates have expired since then.
    std::optional<Time> expired_certs_since() const;
    const std::vector<RevokedEntry>& entries() const;
    /// nullptr when the serial is not on the list.
    const RevokedEntry* find(ByteView serial) const;
    /// The issuer's name, key identifier (where it has one) and signature fit this CA, and it may sign CRLs.
    bool is_signed_by(const Certificate& ca) const;

    struct Parsed;

private:
    explicit Crl(std::shared_ptr<const Parsed> parsed) : parsed_(std::move(parsed)) {}
    std::shared_ptr<const Parsed> parsed_;
};

/// Signs a list; entries are sorted by serial. Throws invalid_input "x509.crl.options" (next before this or without
/// end, number < 0).
Crl make_crl(const Certificate& ca, const PrivateKey& key, const std::vector<RevokedEntry>& entries,
             const CrlOptions& options);

/// What a last list says besides its entries.
struct FinalCrlOptions {
    std::int64_t number = 1;
    Time this_update{};
    Time last_not_after{};  ///< when the last certificate that the CA issued ended
};
/// The last list of a Ballot CA whose election is over: it never ends, so decades later it still counts. From a CA that
/// can still issue or revoke it could be replayed for ever; so throws forbidden "x509.crl.final" for a CA of any other
/// role, and unless this_update is later than last_not_after.
Crl make_final_crl(const Certificate& ca, const PrivateKey& key, const std::vector<RevokedEntry>& entries,
                   const Arc& arc, const FinalCrlOptions& options);

}  // namespace uvpki::x509
