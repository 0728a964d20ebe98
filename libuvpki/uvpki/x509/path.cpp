#include "uvpki/x509/path.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "uvpki/error.h"
#include "uvpki/x509/oids.h"
#include "uvpki/x509/path_checks.h"

namespace uvpki::x509 {
namespace {

// Root, issuing CA, sub-CA, and one more for a CA that was certified anew.
constexpr std::size_t max_issuers = 4;

bool contains(const auto& list, const auto& value) {
    return std::ranges::find(list, value) != std::ranges::end(list);
}

/// policyMappings would let a CA turn one role into another: no profile has them, so they are refused, not processed.
Fault find_mapping_fault(const Certificate& certificate, std::size_t index) {
    if (certificate.find_extension(oid::policy_mappings) == nullptr) return std::nullopt;
    return path_fault("x509.path.extension", index, certificate, "maps policies, which no role may");
}

/// From the leaf's issuer up to the anchor. What does not depend on leaf, role and time was looked at once: `broken`.
struct IssuerChain {
    std::vector<Certificate> certificates;
    std::vector<std::optional<Crl>> crls;  ///< of each of them
    std::optional<Role> issuer_role;
    Fault broken;
};

/// A sub-CA's power comes from the CA above it: an issuing CA below a registrar CA would be none.
Fault find_ca_role_fault(const std::vector<Certificate>& issuers, const Arc& arc) {
    for (std::size_t i = issuers.size(); i-- > 0;) {
        if (auto found = find_mapping_fault(issuers[i], i + 1)) return found;
        if (i + 1 == issuers.size()) continue;
        const auto role = claimed_ca_role(issuers[i], arc);
        const auto above = claimed_ca_role(issuers[i + 1], arc);
        if (!role || !above || !contains(profile_of(*role).issuers, *above))
            return path_fault("x509.path.policy", i + 1, issuers[i],
                              "is not a CA of a role that its issuer may certify");
    }
    return std::nullopt;
}

Fault find_chain_fault(const std::vector<Certificate>& issuers, const Arc& arc) {
    auto found = find_issuer_fault(issuers);
    return found ? found : find_ca_role_fault(issuers, arc);
}

/// RFC 5280, section 6.1, with a user-initial-policy-set of one and explicit policy required; anyPolicy counts for
/// nothing.
Fault find_role_fault(const Certificate& leaf, const IssuerChain& chain, const Profile& profile, const Arc& arc) {
    constexpr std::string_view reason = "x509.path.policy";
    const std::string role_name(profile.name);
    const auto required = policy_oids(profile, arc);
    if (profile.kind == Profile::Kind::ca ? claimed_ca_role(leaf, arc) != profile.role : leaf.policies() != required)
        return path_fault(reason, 0, leaf, "does not carry the policy of the role " + role_name);
    for (std::size_t i = 0; i + 1 < chain.certificates.size(); ++i) {
        const auto& issuer = chain.certificates[i];
        for (const auto& policy : required)
            if (!contains(issuer.policies(), policy))
                return path_fault(reason, i + 1, issuer,
                                  "does not carry the policy " + policy + " of the role " + role_name);
    }
    if (!chain.issuer_role || !contains(profile.issuers, *chain.issuer_role))
        return path_fault(
            reason, 1, chain.certificates.front(),
            "may not issue certificates of the role " + role_name + "; that is for: " + role_names(profile.issuers));
    return std::nullopt;
}

Fault find_leaf_fault(const Certificate& leaf, const Profile& profile) {
    if (auto found = find_extension_fault(leaf, 0)) return found;
    if (auto found = find_mapping_fault(leaf, 0)) return found;
    const bool is_ca = leaf.basic_constraints().role == BasicConstraints::Role::ca;
    if (is_ca != (profile.kind == Profile::Kind::ca))
        return path_fault("x509.path.ca", 0, leaf, is_ca ? "is a CA certificate" : "is not a CA certificate");
    const auto has_purpose = [&](std::string_view purpose) { return contains(leaf.extended_key_usage(), purpose); };
    if ((leaf.key_usage() & profile.key_usage) != profile.key_usage ||
        !std::ranges::all_of(profile.extended_key_usage, has_purpose))
        return path_fault("x509.path.key_usage", 0, leaf,
                          "lacks a key usage of the profile " + std::string(profile.name));
    return std::nullopt;
}

Fault find_revocation_fault(const Certificate& certificate, std::size_t index, const Certificate& issuer,
                            const std::optional<Crl>& crl, const PathRules& rules) {
    if (rules.revocation == PathRules::Revocation::ignored) return std::nullopt;
    if (crl) return find_revocation_fault(certificate, index, *crl, rules.time);
    if (rules.revocation == PathRules::Revocation::if_listed) return std::nullopt;
    return path_fault("x509.path.crl_missing", index, certificate,
                      "cannot be checked: there is no CRL of its issuer " + issuer.subject_text());
}

Fault find_path_fault(const Certificate& leaf, const IssuerChain& chain, const PathRules& rules, const Arc& arc) {
    if (chain.broken) return chain.broken;
    const auto& issuers = chain.certificates;
    if (!is_signed_by(leaf, issuers.front()))
        return path_fault("x509.path.signature", 0, leaf, "is not signed by its issuer's key");
    for (std::size_t index = issuers.size(); index > 0; --index)
        if (auto found = find_window_fault(issuers[index - 1], index, rules.time)) return found;
    if (auto found = find_window_fault(leaf, 0, rules.time)) return found;
    const auto& profile = profile_of(rules.role);
    if (auto found = find_role_fault(leaf, chain, profile, arc)) return found;
    if (auto found = find_leaf_fault(leaf, profile)) return found;
    if (auto found = find_name_fault(leaf, 0, issuers)) return found;
    for (std::size_t i = issuers.size(); i-- > 0;) {
        const auto& certificate = i == 0 ? leaf : issuers[i - 1];
        if (auto found = find_revocation_fault(certificate, i, issuers[i], chain.crls[i], rules)) return found;
    }
    return std::nullopt;
}

}  // namespace

struct TrustStore::State {
    Certificate root;
    Arc arc;
    std::vector<Certificate> intermediates;
    std::map<Sha256, Crl> crls;  ///< by SHA-256 of the CA's name and key

    State(Certificate anchor, Arc own_arc) : root(std::move(anchor)), arc(std::move(own_arc)) {}

    using Chains = std::vector<IssuerChain>;

    /// Every chain of issuers for this certificate; the same object for the next certificate of the same issuer.
    std::shared_ptr<const Chains> chains_for(const Certificate& certificate) {
        const auto issuer = sha256({certificate.issuer(), certificate.authority_key_identifier()});
        {
            const std::scoped_lock lock(mutex_);
            const auto found = verified_.find(issuer);
            if (found != verified_.end()) return found->second;
        }
        auto chains = std::make_shared<Chains>();
        for (const auto& issuers : find_issuer_chains(certificate, {root}, intermediates, {.issuers = max_issuers}))
            chains->push_back(finish(issuers));
        // Unknown issuers are not remembered: whoever sends certificates could fill the memory with them.
        if (!chains->empty()) {
            const std::scoped_lock lock(mutex_);
            verified_.emplace(issuer, chains);
        }
        return chains;
    }

    void forget_chains() {
        const std::scoped_lock lock(mutex_);
        verified_.clear();
    }

    static Sha256 ca_id(const Certificate& ca) { return sha256({ca.subject(), ca.spki_sha256()}); }

private:
    IssuerChain finish(const std::vector<Certificate>& issuers) const {
        IssuerChain chain{.certificates = issuers,
                          .crls = {},
                          .issuer_role = claimed_ca_role(issuers.front(), arc),
                          .broken = find_chain_fault(issuers, arc)};
        for (const auto& issuer : issuers) {
            const auto found = crls.find(ca_id(issuer));
            chain.crls.push_back(found == crls.end() ? std::nullopt : std::optional(found->second));
        }
        return chain;
    }

    std::mutex mutex_;  ///< guards verified_
    std::map<Sha256, std::shared_ptr<const Chains>> verified_;
};

TrustStore::TrustStore(Certificate root, Arc arc) {
    if (!is_signed_by(root, root) || claimed_ca_role(root, arc) != Role::root)
        fail_input("x509.path.anchor", root.subject_text() + " is not a self-signed root certificate");
    state_ = std::make_shared<State>(std::move(root), std::move(arc));
}

void TrustStore::add_intermediate(Certificate certificate) {
    if (certificate == state_->root || contains(state_->intermediates, certificate)) return;
    state_->intermediates.push_back(std::move(certificate));
    state_->forget_chains();
}

void TrustStore::add_crl(Crl crl) {
    bool is_known = false;
    const auto accept = [&](const Certificate& ca) {
        if (!crl.is_signed_by(ca)) return;
        is_known = true;
        const auto [found, is_new] = state_->crls.try_emplace(State::ca_id(ca), crl);
        if (!is_new && crl.number() > found->second.number()) found->second = crl;
    };
    accept(state_->root);
    for (const auto& ca : state_->intermediates) accept(ca);
    if (!is_known)
        fail(ErrorCode::verification_failed, "x509.path.crl",
             "CRL number " + std::to_string(crl.number()) + " is not signed by any CA that is known here");
    state_->forget_chains();
}

const Certificate& TrustStore::root() const {
    return state_->root;
}
const Arc& TrustStore::arc() const {
    return state_->arc;
}
const std::vector<Certificate>& TrustStore::intermediates() const {
    return state_->intermediates;
}

VerifiedPath TrustStore::verify_path(const Certificate& leaf, const PathRules& rules) const {
    if (leaf == state_->root) {
        auto found = find_window_fault(leaf, 0, rules.time);
        if (rules.role != Role::root)
            found = path_fault("x509.path.policy", 0, leaf, "is the root and of no other role");
        if (found) throw Error(*found);
        return {{leaf}, rules.role, rules.time};
    }
    const auto chains = state_->chains_for(leaf);
    if (chains->empty())
        fail(ErrorCode::verification_failed, "x509.path.issuer",
             "no chain of known CAs leads from certificate 0 (" + leaf.subject_text() + ") to the root " +
                 state_->root.subject_text());
    Fault first;
    for (const auto& chain : *chains) {
        auto found = find_path_fault(leaf, chain, rules, state_->arc);
        if (!found) {
            std::vector<Certificate> path{leaf};
            path.insert(path.end(), chain.certificates.begin(), chain.certificates.end());
            return {std::move(path), rules.role, rules.time};
        }
        if (!first) first = std::move(found);
    }
    throw Error(*first);
}

}  // namespace uvpki::x509
