#include "uvpki/x509/path.h"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>

#include "uvpki/error.h"
#include "uvpki/x509/oids.h"

namespace uvpki::x509 {
namespace {

// Root, issuing CA, sub-CA, and one more for a CA that was certified anew.
constexpr std::size_t max_issuers = 4;
constexpr std::size_t max_chains = 16;

/// What is wrong with a path; nothing when it holds.
using Fault = std::optional<Error>;

Fault fault(std::string_view reason, std::size_t index, const Certificate& certificate, const std::string& what) {
    return Error(ErrorCode::verification_failed, std::string(reason),
                 "certificate " + std::to_string(index) + " (" + certificate.subject_text() + ") " + what);
}

bool contains(const auto& list, const auto& value) {
    return std::ranges::find(list, value) != std::ranges::end(list);
}

Fault find_extension_fault(const Certificate& certificate, std::size_t index) {
    static constexpr std::array understood{oid::basic_constraints, oid::key_usage, oid::extended_key_usage,
                                           oid::certificate_policies, oid::subject_alt_name};
    // nameConstraints, policyMappings, policyConstraints and inhibitAnyPolicy narrow what a CA may do. No profile has
    // them and this verifier does not process them: refused also where somebody marked them non-critical.
    static constexpr std::array<std::string_view, 4> constraints{oid::name_constraints, "2.5.29.33", "2.5.29.36",
                                                                 "2.5.29.54"};
    for (const auto& extension : certificate.extensions()) {
        const bool is_critical = extension.criticality == Extension::Criticality::critical;
        // RFC 5280, section 4.2: "A certificate-using system MUST reject the certificate if it encounters a critical
        // extension it does not recognize or a critical extension that contains information that it cannot process."
        if ((is_critical && !contains(understood, extension.oid)) || contains(constraints, extension.oid))
            return fault("x509.path.extension", index, certificate,
                         "has the extension " + extension.oid + ", which is not understood and may not be passed over");
    }
    return std::nullopt;
}

Fault find_window_fault(const Certificate& certificate, std::size_t index, Time time) {
    if (time < certificate.not_before())
        return fault("x509.path.not_yet_valid", index, certificate,
                     "is valid from " + format_rfc3339(certificate.not_before()) + ", not at " + format_rfc3339(time));
    if (time > certificate.not_after())
        return fault("x509.path.expired", index, certificate,
                     "expired on " + format_rfc3339(certificate.not_after()) + ", before " + format_rfc3339(time));
    return std::nullopt;
}

/// From the leaf's issuer up to the anchor. What does not depend on leaf, role and time was looked at once: `broken`.
struct IssuerChain {
    std::vector<Certificate> certificates;
    std::vector<std::optional<Crl>> crls;  ///< of each of them
    std::optional<Role> issuer_role;
    Fault broken;
};

/// Index 0 is the leaf's, so the first issuer has index 1.
Fault find_issuer_fault(const std::vector<Certificate>& issuers, const Arc& arc) {
    // RFC 5280, section 6.1.4 (k): "verify that the basicConstraints extension is present and that cA is set to TRUE."
    for (std::size_t i = 0; i < issuers.size(); ++i)
        if (issuers[i].basic_constraints().role != BasicConstraints::Role::ca)
            return fault("x509.path.ca", i + 1, issuers[i], "is not a CA certificate but has issued one");
    for (std::size_t i = issuers.size(); i-- > 0;) {
        const auto& certificate = issuers[i];
        const auto index = i + 1;
        const bool is_anchor = index == issuers.size();
        if (!is_anchor && !is_signed_by(certificate, issuers[i + 1]))
            return fault("x509.path.signature", index, certificate, "is not signed by its issuer's key");
        const auto path_length = certificate.basic_constraints().path_length;
        const auto below = std::count_if(issuers.begin(), issuers.begin() + static_cast<std::ptrdiff_t>(i),
                                         [](const auto& issuer) { return !issuer.is_self_issued(); });
        if (path_length && below > *path_length)
            return fault(
                "x509.path.length", index, certificate,
                "allows " + std::to_string(*path_length) + " CA(s) below it, the path has " + std::to_string(below));
        if (!certificate.has_key_usage(KeyUsage::key_cert_sign))
            return fault("x509.path.key_usage", index, certificate,
                         "may not sign certificates (keyCertSign is missing)");
        if (auto found = find_extension_fault(certificate, index)) return found;
        if (is_anchor) continue;
        // A sub-CA's power comes from the CA above it: an issuing CA below a registrar CA would be none.
        const auto role = claimed_ca_role(certificate, arc);
        const auto above = claimed_ca_role(issuers[i + 1], arc);
        if (!role || !above || !contains(profile_of(*role).issuers, *above))
            return fault("x509.path.policy", index, certificate, "is not a CA of a role that its issuer may certify");
    }
    return std::nullopt;
}

/// RFC 5280, section 6.1, with a user-initial-policy-set of one and explicit policy required; anyPolicy counts for
/// nothing.
Fault find_role_fault(const Certificate& leaf, const IssuerChain& chain, const Profile& profile, const Arc& arc) {
    constexpr std::string_view reason = "x509.path.policy";
    const std::string role_name(profile.name);
    const auto required = policy_oids(profile, arc);
    if (profile.kind == Profile::Kind::ca ? claimed_ca_role(leaf, arc) != profile.role : leaf.policies() != required)
        return fault(reason, 0, leaf, "does not carry the policy of the role " + role_name);
    for (std::size_t i = 0; i + 1 < chain.certificates.size(); ++i) {
        const auto& issuer = chain.certificates[i];
        for (const auto& policy : required)
            if (!contains(issuer.policies(), policy))
                return fault(reason, i + 1, issuer,
                             "does not carry the policy " + policy + " of the role " + role_name);
    }
    if (!chain.issuer_role || !contains(profile.issuers, *chain.issuer_role))
        return fault(
            reason, 1, chain.certificates.front(),
            "may not issue certificates of the role " + role_name + "; that is for: " + role_names(profile.issuers));
    return std::nullopt;
}

Fault find_leaf_fault(const Certificate& leaf, const Profile& profile) {
    if (auto found = find_extension_fault(leaf, 0)) return found;
    const bool is_ca = leaf.basic_constraints().role == BasicConstraints::Role::ca;
    if (is_ca != (profile.kind == Profile::Kind::ca))
        return fault("x509.path.ca", 0, leaf, is_ca ? "is a CA certificate" : "is not a CA certificate");
    const auto has_purpose = [&](std::string_view purpose) { return contains(leaf.extended_key_usage(), purpose); };
    if ((leaf.key_usage() & profile.key_usage) != profile.key_usage ||
        !std::ranges::all_of(profile.extended_key_usage, has_purpose))
        return fault("x509.path.key_usage", 0, leaf, "lacks a key usage of the profile " + std::string(profile.name));
    return std::nullopt;
}

Fault find_revocation_fault(const Certificate& certificate, std::size_t index, const Certificate& issuer,
                            const std::optional<Crl>& crl, const PathRules& rules) {
    if (rules.revocation == PathRules::Revocation::ignored) return std::nullopt;
    if (!crl) {
        if (rules.revocation == PathRules::Revocation::if_listed) return std::nullopt;
        return fault("x509.path.crl_missing", index, certificate,
                     "cannot be checked: there is no CRL of its issuer " + issuer.subject_text());
    }
    const auto* entry = crl->find(certificate.serial());
    if (entry == nullptr || entry->effective() > rules.time) return std::nullopt;
    return fault("x509.path.revoked", index, certificate,
                 "was revoked from " + format_rfc3339(entry->effective()) + " on (" +
                     std::string(revocation_reason_name(entry->reason)) + ")");
}

Fault find_path_fault(const Certificate& leaf, const IssuerChain& chain, const PathRules& rules, const Arc& arc) {
    if (chain.broken) return chain.broken;
    const auto& issuers = chain.certificates;
    if (!is_signed_by(leaf, issuers.front()))
        return fault("x509.path.signature", 0, leaf, "is not signed by its issuer's key");
    for (std::size_t index = issuers.size(); index > 0; --index)
        if (auto found = find_window_fault(issuers[index - 1], index, rules.time)) return found;
    if (auto found = find_window_fault(leaf, 0, rules.time)) return found;
    const auto& profile = profile_of(rules.role);
    if (auto found = find_role_fault(leaf, chain, profile, arc)) return found;
    if (auto found = find_leaf_fault(leaf, profile)) return found;
    for (std::size_t i = issuers.size(); i-- > 0;) {
        const auto& certificate = i == 0 ? leaf : issuers[i - 1];
        if (auto found = find_revocation_fault(certificate, i, issuers[i], chain.crls[i], rules)) return found;
    }
    return std::nullopt;
}

bool may_be_issuer(const Certificate& issuer, const Certificate& certificate) {
    if (!std::ranges::equal(issuer.subject(), certificate.issuer())) return false;
    const auto wanted = certificate.authority_key_identifier();
    const auto given = issuer.subject_key_identifier();
    return wanted.empty() || given.empty() || std::ranges::equal(wanted, given);
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
        std::vector<Certificate> partial;
        extend(certificate, partial, *chains);
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

    std::vector<Certificate> find_issuers(const Certificate& certificate) const {
        std::vector<Certificate> issuers;
        if (may_be_issuer(root, certificate)) issuers.push_back(root);
        for (const auto& ca : intermediates)
            if (may_be_issuer(ca, certificate)) issuers.push_back(ca);
        return issuers;
    }

private:
    void extend(const Certificate& certificate, std::vector<Certificate>& partial, Chains& chains) const {
        for (const auto& issuer : find_issuers(certificate)) {
            if (partial.size() == max_issuers || chains.size() == max_chains || contains(partial, issuer)) continue;
            partial.push_back(issuer);
            if (issuer == root) {
                chains.push_back(finish(partial));
            } else {
                extend(issuer, partial, chains);
            }
            partial.pop_back();
        }
    }

    IssuerChain finish(const std::vector<Certificate>& issuers) const {
        IssuerChain chain{.certificates = issuers,
                          .crls = {},
                          .issuer_role = claimed_ca_role(issuers.front(), arc),
                          .broken = find_issuer_fault(issuers, arc)};
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
        if (rules.role != Role::root) found = fault("x509.path.policy", 0, leaf, "is the root and of no other role");
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
