#pragma once
// Chain building and validation at a given time (RFC 5280, section 6) with role pinned by policy, and CRLs whose dates
// count. Nothing is read from the machine: anchors, intermediates, CRLs and the time are arguments. Thread-safe.

#include <memory>
#include <optional>
#include <vector>

#include "uvpki/clock.h"
#include "uvpki/x509/certificate.h"
#include "uvpki/x509/profile.h"
#include "uvpki/x509/revocation.h"

namespace uvpki::x509 {

/// Leaf first, anchor last. Only verify_path (and TrustStore) can make one.
class VerifiedPath {
public:
    const Certificate& leaf() const { return chain_.front(); }
    const Certificate& anchor() const { return chain_.back(); }
    const std::vector<Certificate>& chain() const { return chain_; }
    Role role() const { return role_; }
    Time verified_at() const { return time_; }

private:
    friend class TrustStore;
    VerifiedPath(std::vector<Certificate> chain, Role role, Time time)
        : chain_(std::move(chain)), role_(role), time_(time) {}
    std::vector<Certificate> chain_;
    Role role_;
    Time time_;
};

/// What a path is judged by.
struct PathRules {
    Role role{};  ///< the leaf must carry exactly this role's policy, along the whole path
    Time time{};  ///< every certificate must be valid then
    enum class Revocation { required, if_listed, ignored } revocation = Revocation::required;
    ///< required: a CRL of every issuing CA must be there; if_listed: only CRLs that are there are looked at.
    ///< An entry counts when its effective() date is not later than `time`. CRLs' own thisUpdate/nextUpdate do not
    ///< matter here (evidence outlives them); live freshness is the services' affair.
};

/// Anchors, intermediates and CRLs of one authority; issuing chains verified once are remembered. Thread-safe after
/// construction is complete (adding is not).
class TrustStore {
public:
    /// The root must be self-signed, of role root; throws invalid_input "x509.path.anchor".
    TrustStore(Certificate root, Arc arc);
    /// A CA certificate that paths may run through; whether they may is judged with each path.
    void add_intermediate(Certificate certificate);
    /// Throws verification_failed "x509.path.crl" when no known CA signed it. A newer number replaces an older one.
    void add_crl(Crl crl);

    const Certificate& root() const;
    const Arc& arc() const;
    const std::vector<Certificate>& intermediates() const;

    /// Builds and validates; throws verification_failed "x509.path.issuer" (no chain), "x509.path.signature",
    /// "x509.path.expired", "x509.path.not_yet_valid", "x509.path.revoked", "x509.path.crl_missing",
    /// "x509.path.policy", "x509.path.ca", "x509.path.length", "x509.path.key_usage", "x509.path.extension" (unknown
    /// critical one); the message names the certificate and its index in the chain. The leaf's issuer must be a CA of a
    /// role that the profile names.
    VerifiedPath verify_path(const Certificate& leaf, const PathRules& rules) const;

    struct State;

private:
    std::shared_ptr<State> state_;
};

}  // namespace uvpki::x509
