#include <doctest/doctest.h>

#include <set>

#include "tests/support/command.h"
#include "tests/support/reason.h"
#include "tests/unit/x509/handmade.h"

using namespace uvpki;
using namespace uvpki::x509;
using namespace uvpki::testing;

TEST_CASE("the table has every role once, in the order of the numbers, under its design name") {
    const std::vector<std::string> names{"root",    "issuing-ca", "registrar-ca", "ballot-ca",  "voter",   "ballot",
                                         "tsa",     "ocsp",       "tls-server",   "tls-client", "officer", "registrar",
                                         "trustee", "receipt",    "trustee-enc",  "election"};
    REQUIRE(profiles().size() == names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
        CHECK(profiles()[i].name == names[i]);
        CHECK(static_cast<std::size_t>(profiles()[i].role) == i + 1);
        CHECK(&find_profile(names[i]) == &profiles()[i]);
    }
    CHECK(test::reason_of([] { find_profile("voters"); }) == "x509.profile");
}

TEST_CASE("validities, path lengths and issuers are the design's") {
    const auto start = parse_rfc3339("2026-01-01T00:00:00Z");
    const auto end_of = [&](const char* name) { return find_profile(name).validity.default_end(start); };
    CHECK(end_of("root") == parse_rfc3339("2056-01-01T00:00:00Z"));
    CHECK(end_of("issuing-ca") == parse_rfc3339("2041-01-01T00:00:00Z"));
    CHECK(end_of("registrar-ca") == parse_rfc3339("2036-01-01T00:00:00Z"));
    CHECK(end_of("voter") == parse_rfc3339("2030-01-01T00:00:00Z"));
    CHECK(end_of("tsa") == parse_rfc3339("2041-01-01T00:00:00Z"));
    CHECK(end_of("ocsp") == start + Days{30});
    CHECK(end_of("tls-server") == start + Days{90});
    CHECK(end_of("officer") == parse_rfc3339("2028-01-01T00:00:00Z"));
    for (const auto* name : {"ballot-ca", "ballot", "election"}) CHECK_FALSE(end_of(name).has_value());
    CHECK(find_profile("root").path_length == std::nullopt);
    CHECK(find_profile("issuing-ca").path_length == 1);
    CHECK(find_profile("registrar-ca").path_length == 0);
    CHECK(find_profile("ballot-ca").path_length == 0);
    CHECK(find_profile("voter").issuers == std::vector{Role::registrar_ca});
    CHECK(find_profile("ballot").issuers == std::vector{Role::ballot_ca});
    for (const auto role : {Role::officer, Role::registrar, Role::trustee, Role::receipt, Role::tsa, Role::election})
        CHECK(profile_of(role).issuers == std::vector{Role::issuing_ca});
}

TEST_CASE("a sub-CA carries exactly its leaves' policies, and the issuing CA those of all leaves") {
    CHECK(profile_of(Role::root).policies.empty());
    CHECK(profile_of(Role::registrar_ca).policies == std::vector{Role::voter, Role::ocsp});
    CHECK(profile_of(Role::ballot_ca).policies == std::vector{Role::ballot});
    const auto& carried = profile_of(Role::issuing_ca).policies;
    const std::set<Role> issuing(carried.begin(), carried.end());
    for (const auto& profile : profiles()) {
        CHECK(issuing.contains(profile.role) == (profile.kind == Profile::Kind::end_entity));
        if (profile.kind == Profile::Kind::end_entity) CHECK(profile.policies == std::vector{profile.role});
    }
}

TEST_CASE("a role is read from the policies and from nothing else") {
    TestPki pki;
    CHECK(claimed_ca_role(pki.root, pki.arc) == Role::root);
    CHECK(claimed_ca_role(pki.issuing, pki.arc) == Role::issuing_ca);
    CHECK(claimed_ca_role(pki.registrar_ca, pki.arc) == Role::registrar_ca);
    CHECK(claimed_ca_role(pki.ballot_ca, pki.arc) == Role::ballot_ca);
    CHECK(claimed_ca_role(pki.issuing, Arc("1.3.6.1.4.1.99999")) == std::nullopt);

    const auto key = PrivateKey::generate(KeyType::ec_p256);
    auto options = pki.leaf_options(Role::voter, key.public_key());
    options.subject = TestPki::name("officer", "officer");
    const auto voter = pki.issue_leaf(Role::voter, key, options);
    CHECK(claimed_role(voter, pki.arc) == Role::voter);
    CHECK(claimed_ca_role(voter, pki.arc) == std::nullopt);
    CHECK(claimed_role(pki.registrar_ca, pki.arc) == std::nullopt);
    auto both = draft(pki, Role::voter, key.public_key(), pki.registrar_issuer);
    extension_of(both, oid::certificate_policies).value = encode_policies({pki.arc.policy(5), pki.arc.policy(11)});
    CHECK(claimed_role(sign(both, pki.registrar_ca_key), pki.arc) == std::nullopt);
}
