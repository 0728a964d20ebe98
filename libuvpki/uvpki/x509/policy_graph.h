#pragma once
// Certificate policies along a path (RFC 5280, section 6.1, with the policy graph of RFC 9618 in place of the tree,
// which grows exponentially). Private: chain.cpp uses it. One thread.

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "uvpki/x509/certificate.h"

namespace uvpki::x509 {

struct CertificatePolicies {
    std::vector<std::string> policies;                      ///< dotted OIDs
    enum class Qualifiers { known, unknown } qualifiers{};  ///< known: none but CPS pointers and user notices
};
/// Throws invalid_input with this reason: empty, a policy twice, a qualifier of anyPolicy that is not known.
CertificatePolicies parse_certificate_policies(ByteView der, std::string_view reason);

struct PolicyMapping {
    std::string issuer_policy, subject_policy;
};
/// Throws invalid_input with this reason: empty, or anyPolicy on either side (RFC 5280, section 4.2.1.5).
std::vector<PolicyMapping> parse_policy_mappings(ByteView der, std::string_view reason);

struct PolicyConstraints {
    std::optional<std::size_t> require_explicit, inhibit_mapping;  ///< certificates still allowed to go without
};
/// Throws invalid_input with this reason when neither is there (section 4.2.1.11).
PolicyConstraints parse_policy_constraints(ByteView der, std::string_view reason);
std::size_t parse_inhibit_any_policy(ByteView der, std::string_view reason);

class PolicyGraph {
public:
    /// Certificates that may still go without; 0: forbidden from the first one on (section 6.1.1 (e) to (g)).
    struct Allowances {
        std::size_t no_policy = max_path, mapping = max_path, any_policy = max_path;
    };
    static constexpr std::size_t max_path = 64;

    explicit PolicyGraph(const Allowances& allowances);

    /// The anchor's own statements narrow the rest (RFC 5937, section 3); without any it changes nothing.
    void add_anchor(const Certificate& anchor);
    /// An intermediate, from the anchor's side downwards; false: a policy is demanded and none is valid any more.
    bool add_issuer(const Certificate& issuer);
    /// The end of the path: user-constrained-policy-set for this user-initial-policy-set, nullopt when a policy is
    /// demanded and none is valid. Nothing may be added afterwards.
    std::optional<std::set<std::string>> finish(const Certificate& leaf, const std::vector<std::string>& user_policies);

private:
    struct Node {
        std::set<std::string> expected;
        std::set<std::string> parents;  ///< valid policies of nodes one level up
    };
    using Level = std::map<std::string, Node>;  // by valid policy

    enum class Place { issuer, leaf };
    void add_level(const Certificate& certificate, Place place);
    void prepare_next(const Certificate& issuer, bool counts);
    void map_policies(const std::vector<PolicyMapping>& mappings);
    void narrow(const Certificate& certificate);
    bool is_empty() const { return levels_.back().empty(); }
    std::set<std::string> authority_policies() const;

    std::vector<Level> levels_;
    Allowances allowances_;
};

}  // namespace uvpki::x509
