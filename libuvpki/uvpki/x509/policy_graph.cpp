#include "uvpki/x509/policy_graph.h"

#include <algorithm>

#include "uvpki/openssl/der.h"
#include "uvpki/x509/oids.h"

namespace uvpki::x509 {

namespace {

constexpr std::size_t max_mappings = 256, max_policies = 256;
constexpr std::string_view error_reason = "x509.path.policy";

std::string any_policy() {
    return std::string(oid::any_policy);
}

std::size_t to_count(std::int64_t value) {
    return static_cast<std::size_t>(std::min<std::int64_t>(value, PolicyGraph::max_path));
}

/// [n] IMPLICIT INTEGER (0..MAX).
std::optional<std::size_t> read_skip_certs(der::Reader& reader, unsigned tag, std::string_view reason) {
    const auto element = reader.optional(der::context(tag), "policyConstraints");
    if (!element) return std::nullopt;
    const auto integer = der::encode(der::Tag::integer, element->content);
    return to_count(der::Reader(integer, reason).small_integer("policyConstraints"));
}

void decrement(std::size_t& count) {
    if (count > 0) --count;
}

/// "1.3.6.1.5.5.7.2.1" (CPS pointer) and "...2.2" (user notice); RFC 5280, section 4.2.1.4.
bool is_known_qualifier(std::string_view oid) {
    return oid == "1.3.6.1.5.5.7.2.1" || oid == "1.3.6.1.5.5.7.2.2";
}

/// True when all qualifiers are of a known kind.
bool read_qualifiers(der::Reader& information) {
    auto reader = information.sequence("policy qualifiers");
    if (reader.empty()) information.refuse("policy qualifiers are empty");
    bool all_known = true;
    while (!reader.empty()) {
        auto qualifier = reader.sequence("policy qualifier");
        all_known = is_known_qualifier(der::oid_to_text(qualifier.oid("policy qualifier"))) && all_known;
        qualifier.any();
        qualifier.finish("policy qualifier");
    }
    return all_known;
}

}  // namespace

CertificatePolicies parse_certificate_policies(ByteView der, std::string_view reason) {
    der::Reader outer(der, reason);
    auto reader = outer.sequence("certificatePolicies");
    outer.finish("certificatePolicies");
    CertificatePolicies result;
    while (!reader.empty()) {
        auto information = reader.sequence("policy information");
        auto policy = der::oid_to_text(information.oid("policy"));
        // RFC 5280, section 4.2.1.4: "A certificate policy OID MUST NOT appear more than once".
        if (std::ranges::find(result.policies, policy) != result.policies.end())
            reader.refuse("certificatePolicies lists " + policy + " twice");
        if (result.policies.size() == max_policies) reader.refuse("certificatePolicies has more than 256 entries");
        if (!information.empty() && !read_qualifiers(information)) {
            // "When qualifiers are used with the special policy anyPolicy, they MUST be limited to the qualifiers
            // identified in this section."
            if (policy == oid::any_policy) reader.refuse("anyPolicy has a qualifier that is not known");
            result.qualifiers = CertificatePolicies::Qualifiers::unknown;
        }
        information.finish("policy information");
        result.policies.push_back(std::move(policy));
    }
    if (result.policies.empty()) outer.refuse("certificatePolicies is empty");
    return result;
}

std::vector<PolicyMapping> parse_policy_mappings(ByteView der, std::string_view reason) {
    der::Reader outer(der, reason);
    auto reader = outer.sequence("policyMappings");
    outer.finish("policyMappings");
    std::vector<PolicyMapping> result;
    while (!reader.empty()) {
        auto entry = reader.sequence("policyMapping");
        auto from = der::oid_to_text(entry.oid("issuerDomainPolicy"));
        auto to = der::oid_to_text(entry.oid("subjectDomainPolicy"));
        entry.finish("policyMapping");
        // RFC 5280, section 4.2.1.5: "Policies MUST NOT be mapped either to or from the special value anyPolicy".
        if (from == oid::any_policy || to == oid::any_policy) reader.refuse("policyMappings maps anyPolicy");
        if (result.size() == max_mappings) reader.refuse("policyMappings has more than 256 entries");
        result.push_back({std::move(from), std::move(to)});
    }
    if (result.empty()) outer.refuse("policyMappings is empty");
    return result;
}

PolicyConstraints parse_policy_constraints(ByteView der, std::string_view reason) {
    der::Reader outer(der, reason);
    auto reader = outer.sequence("policyConstraints");
    outer.finish("policyConstraints");
    PolicyConstraints result;
    result.require_explicit = read_skip_certs(reader, 0, reason);
    result.inhibit_mapping = read_skip_certs(reader, 1, reason);
    reader.finish("policyConstraints");
    // RFC 5280, section 4.2.1.11: "Conforming CAs MUST NOT issue certificates where policy constraints is an empty
    // sequence."
    if (!result.require_explicit && !result.inhibit_mapping) outer.refuse("policyConstraints is empty");
    return result;
}

std::size_t parse_inhibit_any_policy(ByteView der, std::string_view reason) {
    der::Reader reader(der, reason);
    const auto value = to_count(reader.small_integer("inhibitAnyPolicy"));
    reader.finish("inhibitAnyPolicy");
    return value;
}

PolicyGraph::PolicyGraph(const Allowances& allowances) : allowances_(allowances) {
    levels_.push_back({{any_policy(), {{any_policy()}, {}}}});
}

// Section 6.1.3 (d) and (e).
void PolicyGraph::add_level(const Certificate& certificate, Place place) {
    const auto& above = levels_.back();
    Level level;
    const bool is_silent = certificate.find_extension(oid::certificate_policies) == nullptr;
    const auto parents_of = [&above](const std::string& policy) {
        std::set<std::string> parents;
        for (const auto& [valid, node] : above)
            if (node.expected.contains(policy)) parents.insert(valid);
        return parents;
    };
    bool states_any = false;
    if (!is_silent && !above.empty()) {
        for (const auto& policy : certificate.policies()) {
            if (policy == oid::any_policy) {
                states_any = true;
                continue;
            }
            auto parents = parents_of(policy);
            if (parents.empty() && above.contains(any_policy())) parents.insert(any_policy());
            if (!parents.empty()) level.emplace(policy, Node{{policy}, std::move(parents)});
        }
        // "the certificate policies extension includes the policy anyPolicy [...] and either (a) inhibit_anyPolicy is
        // greater than 0 or (b) i<n and the certificate is self-issued"
        const bool any_counts = allowances_.any_policy > 0 || (place == Place::issuer && certificate.is_self_issued());
        if (states_any && any_counts)
            for (const auto& [valid, node] : above)
                for (const auto& policy : node.expected)
                    if (!level.contains(policy)) level.emplace(policy, Node{{policy}, parents_of(policy)});
    }
    levels_.push_back(std::move(level));
}

// Section 6.1.4 (b), with RFC 9618, section 5.2.
void PolicyGraph::map_policies(const std::vector<PolicyMapping>& mappings) {
    auto& level = levels_.back();
    std::map<std::string, std::set<std::string>> targets;
    for (const auto& [from, to] : mappings) targets[from].insert(to);
    for (auto& [from, to] : targets) {
        const auto found = level.find(from);
        if (allowances_.mapping == 0) {
            if (found != level.end()) level.erase(found);
        } else if (found != level.end()) {
            found->second.expected = std::move(to);
        } else if (const auto any = level.find(any_policy()); any != level.end()) {
            level.emplace(from, Node{std::move(to), any->second.parents});
        }
    }
}

// Section 6.1.4 (i) and (j).
void PolicyGraph::narrow(const Certificate& certificate) {
    if (const auto* extension = certificate.find_extension(oid::policy_constraints)) {
        const auto constraints = parse_policy_constraints(extension->value, error_reason);
        if (constraints.require_explicit)
            allowances_.no_policy = std::min(allowances_.no_policy, *constraints.require_explicit);
        if (constraints.inhibit_mapping)
            allowances_.mapping = std::min(allowances_.mapping, *constraints.inhibit_mapping);
    }
    if (const auto* extension = certificate.find_extension(oid::inhibit_any_policy))
        allowances_.any_policy =
            std::min(allowances_.any_policy, parse_inhibit_any_policy(extension->value, error_reason));
}

void PolicyGraph::prepare_next(const Certificate& issuer, bool counts) {
    if (const auto* extension = issuer.find_extension(oid::policy_mappings))
        map_policies(parse_policy_mappings(extension->value, error_reason));
    // (h): "If certificate i is not self-issued".
    if (counts && !issuer.is_self_issued()) {
        decrement(allowances_.no_policy);
        decrement(allowances_.mapping);
        decrement(allowances_.any_policy);
    }
    narrow(issuer);
}

void PolicyGraph::add_anchor(const Certificate& anchor) {
    if (anchor.find_extension(oid::certificate_policies) != nullptr) add_level(anchor, Place::issuer);
    prepare_next(anchor, false);
}

bool PolicyGraph::add_issuer(const Certificate& issuer) {
    add_level(issuer, Place::issuer);
    // Section 6.1.3 (f): "Verify that either explicit_policy is greater than 0 or the valid_policy_tree is not equal to
    // NULL".
    if (allowances_.no_policy == 0 && is_empty()) return false;
    prepare_next(issuer, true);
    return true;
}

// RFC 9618, section 5.3: the policies of the first level below anyPolicy from which the last level is reached.
std::set<std::string> PolicyGraph::authority_policies() const {
    std::set<std::string> result, reached;
    for (const auto& [policy, node] : levels_.back()) reached.insert(policy);
    if (reached.contains(any_policy())) result.insert(any_policy());
    for (auto level = levels_.rbegin(); level != levels_.rend(); ++level) {
        std::set<std::string> above;
        for (const auto& policy : reached) {
            if (policy == oid::any_policy) continue;
            const auto& parents = level->at(policy).parents;
            if (parents.contains(any_policy())) result.insert(policy);
            for (const auto& parent : parents)
                if (parent != oid::any_policy) above.insert(parent);
        }
        reached = std::move(above);
    }
    return result;
}

std::optional<std::set<std::string>> PolicyGraph::finish(const Certificate& leaf,
                                                         const std::vector<std::string>& user_policies) {
    add_level(leaf, Place::leaf);
    if (allowances_.no_policy == 0 && is_empty()) return std::nullopt;
    // Section 6.1.5 (a) and (b).
    decrement(allowances_.no_policy);
    if (const auto* extension = leaf.find_extension(oid::policy_constraints)) {
        const auto constraints = parse_policy_constraints(extension->value, error_reason);
        if (constraints.require_explicit == std::size_t{0}) allowances_.no_policy = 0;
    }
    auto policies = authority_policies();
    if (std::ranges::find(user_policies, oid::any_policy) == user_policies.end()) {
        std::set<std::string> wanted;
        for (const auto& policy : user_policies)
            if (policies.contains(policy) || policies.contains(any_policy())) wanted.insert(policy);
        policies = std::move(wanted);
    }
    if (allowances_.no_policy == 0 && policies.empty()) return std::nullopt;
    return policies;
}

}  // namespace uvpki::x509
