#include "uvpki/x509/chain.h"

#include <doctest/doctest.h>

#include "tests/support/reason.h"
#include "tests/unit/x509/handmade.h"
#include "uvpki/x509/oids.h"

using namespace uvpki;
using namespace uvpki::x509;
using namespace uvpki::testing;
using uvpki::test::reason_of;

namespace {

constexpr Time during_voting{Seconds{1'769'990'400}};  // 2026-02-02T00:00:00Z

struct Fixture {
    TestPki pki;
    PrivateKey key = PrivateKey::generate(KeyType::ec_p256);
    Certificate voter = pki.issue_leaf(Role::voter, key);
    std::string voter_policy = pki.arc.policy(static_cast<int>(Role::voter));

    VerifiedChain verify(const Certificate& leaf, ChainRules rules) const {
        rules.time = during_voting;
        return verify_chain(leaf, {pki.root}, {pki.issuing, pki.registrar_ca, pki.ballot_ca}, rules);
    }
    std::string reason(const Certificate& leaf, const ChainRules& rules) const {
        return reason_of([&] { verify(leaf, rules); });
    }

    /// A registrar CA and a voter below it, both changed; the policies that are valid, or the reason of the refusal.
    std::string policies_below(const std::function<void(ToBeSigned&)>& change_ca,
                               const std::function<void(ToBeSigned&)>& change_leaf, ChainRules rules) {
        const auto ca_key = PrivateKey::generate(KeyType::ec_p256);
        auto ca_form = draft(pki, Role::registrar_ca, ca_key.public_key(), pki.issuing_issuer);
        ca_form.subject = TestPki::name("Handmade CA").encode();
        change_ca(ca_form);
        const auto ca = sign(ca_form, pki.issuing_key);
        auto form = draft(pki, Role::voter, key.public_key(), pki.registrar_issuer);
        form.issuer = to_bytes(ca.subject());
        extension_of(form, oid::authority_key_identifier).value =
            der::sequence({der::encode(der::context(0), ca_key.public_key().key_identifier())});
        change_leaf(form);
        rules.time = during_voting;
        std::string result;
        const auto refusal = reason_of([&] {
            const auto chain = verify_chain(sign(form, ca_key), {pki.root}, {ca, pki.issuing}, rules);
            for (const auto& policy : chain.policies()) result += (result.empty() ? "" : " ") + policy;
        });
        return refusal.empty() ? result : refusal;
    }
};

const auto unchanged = [](ToBeSigned&) {};

std::function<void(ToBeSigned&)> with_policies(const std::vector<std::string>& policies) {
    return [policies](ToBeSigned& form) {
        extension_of(form, oid::certificate_policies).value = encode_policies(policies);
    };
}

constexpr auto required = ChainRules::ExplicitPolicy::required;

}  // namespace

TEST_CASE("our own certificates pass the general rules as well") {
    Fixture f;
    const auto chain = f.verify(f.voter, {});
    CHECK(chain.certificates().size() == 4);
    CHECK(chain.certificates().front() == f.voter);
    CHECK(chain.certificates().back() == f.pki.root);
    CHECK(chain.policies() == std::set<std::string>{f.voter_policy});
    for (const auto role : {Role::tsa, Role::officer, Role::tls_server, Role::election, Role::ballot})
        CHECK(f.reason(f.pki.issue_leaf(role, f.key), {}) == "");
}

TEST_CASE("a chain serves the purposes that leaf and CAs allow") {
    Fixture f;
    CHECK(f.reason(f.voter, {.key_purpose = std::string(oid::eku_client_auth)}) == "");
    CHECK(f.reason(f.voter, {.key_purpose = std::string(oid::eku_server_auth)}) == "x509.path.key_usage");
    const auto server = f.pki.issue_leaf(Role::tls_server, f.key);
    CHECK(f.reason(server, {.key_purpose = std::string(oid::eku_server_auth)}) == "");
}

TEST_CASE("the number of issuers is limited as the caller says") {
    Fixture f;
    CHECK(f.reason(f.voter, {.max_issuers = 3}) == "");
    CHECK(f.reason(f.voter, {.max_issuers = 2}) == "x509.path.issuer");
}

TEST_CASE("a wanted policy that the path does not have is refused when one is required") {
    Fixture f;
    const auto officer = f.pki.arc.policy(static_cast<int>(Role::officer));
    CHECK(f.reason(f.voter, {.policies = {f.voter_policy}, .explicit_policy = required}) == "");
    CHECK(f.reason(f.voter, {.policies = {officer}, .explicit_policy = required}) == "x509.path.policy");
    CHECK(f.verify(f.voter, {.policies = {officer}}).policies().empty());
}

TEST_CASE("anyPolicy in a CA passes a policy on unless that is inhibited") {
    Fixture f;
    const auto any = with_policies({std::string(oid::any_policy)});
    CHECK(f.policies_below(any, unchanged, {.explicit_policy = required}) == f.voter_policy);
    CHECK(f.policies_below(any, unchanged,
                           {.explicit_policy = required, .any_policy = ChainRules::AnyPolicy::inhibited}) ==
          "x509.path.policy");
    const auto inhibits = [](std::int64_t skip) {
        return [skip](ToBeSigned& form) {
            form.extensions.push_back(
                {std::string(oid::inhibit_any_policy), Extension::Criticality::critical, der::integer(skip)});
        };
    };
    const auto leaf_any = with_policies({std::string(oid::any_policy)});
    CHECK(f.policies_below(inhibits(1), leaf_any, {.policies = {f.voter_policy}, .explicit_policy = required}) ==
          f.voter_policy);
    CHECK(f.policies_below(inhibits(0), leaf_any, {.policies = {f.voter_policy}, .explicit_policy = required}) ==
          "x509.path.policy");
}

TEST_CASE("a mapped policy counts as the CA's own unless mapping is inhibited") {
    Fixture f;
    const auto maps = [&](ToBeSigned& form) {
        const auto mapping = der::sequence({der::oid(f.voter_policy), der::oid("1.2.3.5")});
        form.extensions.push_back(
            {std::string(oid::policy_mappings), Extension::Criticality::critical, der::sequence({mapping})});
    };
    const auto mapped = with_policies({"1.2.3.5"});
    CHECK(f.policies_below(maps, mapped, {.explicit_policy = required}) == f.voter_policy);
    CHECK(f.policies_below(unchanged, mapped, {.explicit_policy = required}) == "x509.path.policy");
    CHECK(f.policies_below(maps, mapped,
                           {.explicit_policy = required, .policy_mapping = ChainRules::PolicyMapping::inhibited}) ==
          "x509.path.policy");
}

TEST_CASE("a listed certificate is refused from its date on, by the list of its own issuer") {
    Fixture f;
    const auto lists_from = [&](const Issuer& issuer, Time date) {
        const std::vector<RevokedEntry> entries{{.serial = to_bytes(f.voter.serial()), .revoked_at = date}};
        const auto crl = make_crl(issuer.certificate(), issuer.key(), entries,
                                  {.this_update = during_voting + Days{1}, .next_update = during_voting + Days{2}});
        return f.reason(f.voter, {.crls = {crl}});
    };
    CHECK(f.reason(f.voter, {.crls = {f.pki.crl(f.pki.registrar_issuer)}}) == "");
    CHECK(lists_from(f.pki.registrar_issuer, during_voting) == "x509.path.revoked");
    CHECK(lists_from(f.pki.registrar_issuer, during_voting + Seconds{1}) == "");
    CHECK(lists_from(f.pki.ballot_issuer, during_voting) == "");
}

TEST_CASE("a pool of CAs that all could have issued each other is given up, not searched for ever") {
    Fixture f;
    std::vector<Certificate> pool;
    const auto name = TestPki::name("Every CA").encode();
    for (int i = 0; i < 40; ++i) {
        auto form = draft(f.pki, Role::registrar_ca, f.key.public_key(), f.pki.issuing_issuer);
        form.issuer = form.subject = name;
        remove_extension(form, oid::authority_key_identifier);
        pool.push_back(sign(form, f.key));
    }
    auto form = draft(f.pki, Role::voter, f.key.public_key(), f.pki.registrar_issuer);
    form.issuer = name;
    remove_extension(form, oid::authority_key_identifier);
    const auto leaf = sign(form, f.key);
    const ChainRules rules{.time = during_voting, .max_issuers = 32};
    CHECK(reason_of([&] { verify_chain(leaf, {f.pki.root}, pool, rules); }) == "x509.path.issuer");
}
