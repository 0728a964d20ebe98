#pragma once
// Paths of other authorities' certificates (RFC 5280, section 6.1): no roles, no profiles. For what an outside
// time-stamping authority or a foreign PKI signed; this project's own certificates go through path.h. Stateless.

#include <set>
#include <string>
#include <vector>

#include "uvpki/clock.h"
#include "uvpki/x509/certificate.h"
#include "uvpki/x509/revocation.h"

namespace uvpki::x509 {

/// What is left to whoever relies on the path (section 6.1.1).
struct ChainRules {
    Time time{};                                       ///< every certificate, the anchor too, must be valid then
    std::string key_purpose{};                         ///< extended key usage (dotted) that is needed; empty: any
    std::vector<std::string> policies{"2.5.29.32.0"};  ///< user-initial-policy-set; anyPolicy: whatever the path allows
    enum class ExplicitPolicy { if_demanded, required } explicit_policy{};
    enum class PolicyMapping { allowed, inhibited } policy_mapping{};
    enum class AnyPolicy { allowed, inhibited } any_policy{};
    std::vector<Crl> crls{};      ///< lists of CAs on the path are looked at, others passed over
    std::size_t max_issuers = 8;  ///< certificates above the leaf, the anchor included; at most 32
};

/// Leaf first, anchor last. Only verify_chain can make one.
class VerifiedChain {
public:
    const std::vector<Certificate>& certificates() const { return certificates_; }
    /// user-constrained-policy-set (section 6.1.6); may be empty when no policy was demanded.
    const std::set<std::string>& policies() const { return policies_; }

private:
    friend VerifiedChain verify_chain(const Certificate&, const std::vector<Certificate>&,
                                      const std::vector<Certificate>&, const ChainRules&);
    VerifiedChain(std::vector<Certificate> certificates, std::set<std::string> policies)
        : certificates_(std::move(certificates)), policies_(std::move(policies)) {}
    std::vector<Certificate> certificates_;
    std::set<std::string> policies_;
};

/// Builds and validates. An anchor is a CA certificate whose own validity, path length, purposes and constraints count
/// (RFC 5937). Stricter than section 6.1 where CAs must follow section 4.2 anyway: key identifiers, critical flags.
/// Throws verification_failed "x509.path.issuer", "x509.path.signature", "x509.path.expired",
/// "x509.path.not_yet_valid", "x509.path.revoked", "x509.path.policy", "x509.path.ca", "x509.path.length",
/// "x509.path.key_usage", "x509.path.key" (RSA below 2048 bits), "x509.path.extension", "x509.path.form" or
/// "x509.path.name" with the fault of the first path that was tried.
VerifiedChain verify_chain(const Certificate& leaf, const std::vector<Certificate>& anchors,
                           const std::vector<Certificate>& intermediates, const ChainRules& rules);

}  // namespace uvpki::x509
