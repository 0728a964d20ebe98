#include "uvpki/x509/chain.h"

#include <algorithm>

#include "uvpki/x509/oids.h"
#include "uvpki/x509/path_checks.h"
#include "uvpki/x509/policy_graph.h"

namespace uvpki::x509 {

namespace {

constexpr std::size_t most_issuers = 32;
/// Below this an RSA key proves nothing any more (NIST SP 800-131A, table 2).
constexpr int least_rsa_bits = 2048;

Fault find_key_fault(const Certificate& certificate, std::size_t index) {
    const auto& key = certificate.public_key();
    if (key.type() != KeyType::rsa || key.bits() >= least_rsa_bits) return std::nullopt;
    return path_fault("x509.path.key", index, certificate,
                      "has an RSA key of " + std::to_string(key.bits()) + " bits; 2048 are needed");
}

/// A certificate without the extension serves any purpose (RFC 5280, section 4.2.1.12); in a CA it narrows what is
/// below, as every other verifier has it.
bool serves(const Certificate& certificate, const std::string& purpose) {
    if (certificate.find_extension(oid::extended_key_usage) == nullptr) return true;
    return std::ranges::any_of(certificate.extended_key_usage(),
                               [&](const auto& usage) { return usage == purpose || usage == oid::eku_any; });
}

Fault find_purpose_fault(const std::vector<Certificate>& path, const std::string& purpose) {
    if (purpose.empty()) return std::nullopt;
    for (std::size_t i = 0; i < path.size(); ++i)
        if (!serves(path[i], purpose))
            return path_fault("x509.path.key_usage", i, path[i], "does not serve the purpose " + purpose);
    return std::nullopt;
}

Fault find_policy_fault(const std::vector<Certificate>& path, const ChainRules& rules,
                        std::set<std::string>& policies) {
    PolicyGraph::Allowances allowances;
    if (rules.explicit_policy == ChainRules::ExplicitPolicy::required) allowances.no_policy = 0;
    if (rules.policy_mapping == ChainRules::PolicyMapping::inhibited) allowances.mapping = 0;
    if (rules.any_policy == ChainRules::AnyPolicy::inhibited) allowances.any_policy = 0;
    PolicyGraph graph(allowances);
    graph.add_anchor(path.back());
    constexpr std::string_view reason = "x509.path.policy";
    for (std::size_t i = path.size() - 1; i-- > 1;)
        if (!graph.add_issuer(path[i]))
            return path_fault(reason, i, path[i], "has no policy that is valid along the path, and one is demanded");
    auto found = graph.finish(path.front(), rules.policies);
    if (!found) return path_fault(reason, 0, path.front(), "has no policy that is wanted and valid along the path");
    policies = std::move(*found);
    return std::nullopt;
}

Fault find_listed_fault(const std::vector<Certificate>& path, const ChainRules& rules) {
    for (std::size_t i = path.size() - 1; i-- > 0;)
        for (const auto& crl : rules.crls) {
            if (!crl.is_signed_by(path[i + 1])) continue;
            if (auto found = find_revocation_fault(path[i], i, crl, rules.time)) return found;
        }
    return std::nullopt;
}

/// `path` is leaf first, anchor last; at least two.
Fault find_chain_fault(const std::vector<Certificate>& path, const ChainRules& rules, std::set<std::string>& policies) {
    const std::vector<Certificate> issuers(path.begin() + 1, path.end());
    if (auto found = find_issuer_fault(issuers)) return found;
    const auto& leaf = path.front();
    if (!is_signed_by(leaf, issuers.front()))
        return path_fault("x509.path.signature", 0, leaf, "is not signed by its issuer's key");
    for (std::size_t i = path.size(); i-- > 0;)
        if (auto found = find_window_fault(path[i], i, rules.time)) return found;
    if (auto found = find_extension_fault(leaf, 0)) return found;
    for (std::size_t i = path.size(); i-- > 0;) {
        if (auto found = find_key_fault(path[i], i)) return found;
        if (auto found = find_profile_fault(path[i], i)) return found;
    }
    if (auto found = find_name_fault(leaf, 0, issuers)) return found;
    if (auto found = find_purpose_fault(path, rules.key_purpose)) return found;
    if (auto found = find_policy_fault(path, rules, policies)) return found;
    return find_listed_fault(path, rules);
}

}  // namespace

VerifiedChain verify_chain(const Certificate& leaf, const std::vector<Certificate>& anchors,
                           const std::vector<Certificate>& intermediates, const ChainRules& rules) {
    Fault first;
    const BuildLimits limits{.issuers = std::min(rules.max_issuers, most_issuers)};
    for (const auto& issuers : find_issuer_chains(leaf, anchors, intermediates, limits)) {
        std::vector<Certificate> path{leaf};
        path.insert(path.end(), issuers.begin(), issuers.end());
        std::set<std::string> policies;
        auto found = find_chain_fault(path, rules, policies);
        if (!found) return {std::move(path), std::move(policies)};
        if (!first) first = std::move(found);
    }
    if (first) throw Error(*first);
    fail(ErrorCode::verification_failed, "x509.path.issuer",
         "no chain of known CAs leads from certificate 0 (" + leaf.subject_text() + ") to an anchor");
}

}  // namespace uvpki::x509
