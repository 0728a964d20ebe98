#include "uvpki/x509/lint.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/unit/x509/handmade.h"
#include "uvpki/blind/blind_key.h"
#include "uvpki/x509/oids.h"

using namespace uvpki;
using namespace uvpki::x509;
using namespace uvpki::testing;

namespace {

struct Mutation {
    const char* rule;
    std::function<void(ToBeSigned&)> change;
};

Bytes name_of(std::initializer_list<std::pair<std::string_view, Bytes>> attributes) {
    Bytes content;
    for (const auto& [type, value] : attributes) {
        const auto rdn = der::encode(der::Tag::set, der::sequence({der::oid(type), value}));
        content.insert(content.end(), rdn.begin(), rdn.end());
    }
    return der::encode(der::Tag::sequence, content);
}

std::vector<std::string> rules_broken(const Certificate& certificate, const LintContext& context) {
    std::vector<std::string> rules;
    for (const auto& finding : check_lint(certificate, context)) rules.push_back(finding.rule);
    return rules;
}

bool has(const std::vector<std::string>& rules, std::string_view rule) {
    return std::ranges::count(rules, rule) > 0;
}

/// The draft passes the lint as it is, and breaks exactly the named rule once it is changed.
void check_mutations(TestPki& pki, Role role, const std::vector<Mutation>& mutations) {
    const auto key = PrivateKey::generate(KeyType::ec_p256);
    const auto& issuer = pki.issuer_of(role);
    const LintContext context{.role = role, .arc = pki.arc, .issuer = &issuer.certificate()};
    const auto good = draft(pki, role, key.public_key(), issuer);
    CHECK(check_lint(sign(good, issuer.key()), context).empty());
    for (const auto& mutation : mutations) {
        CAPTURE(mutation.rule);
        auto bad = good;
        mutation.change(bad);
        const auto rules = rules_broken(sign(bad, issuer.key()), context);
        CHECK(has(rules, mutation.rule));
        CHECK(std::ranges::all_of(rules, [&](const auto& rule) { return rule == mutation.rule; }));
    }
}

}  // namespace

TEST_CASE("each broken rule of a voter certificate is reported, alone") {
    TestPki pki;
    const auto critical = Extension::Criticality::critical;
    const auto non_critical = Extension::Criticality::non_critical;
    const auto other_key = PrivateKey::generate(KeyType::ec_p384);
    check_mutations(
        pki, Role::voter,
        {{"lint.serial", [](auto& tbs) { tbs.serial.pop_back(); }},
         {"lint.serial", [](auto& tbs) { tbs.serial[0] = 0x3F; }},
         {"lint.issuer", [](auto& tbs) { tbs.issuer = TestPki::name("Somebody else").encode(); }},
         {"lint.validity", [](auto& tbs) { tbs.not_before = tbs.not_after; }},
         {"lint.validity", [](auto& tbs) { tbs.not_before -= Days{1}; }},
         {"lint.validity", [](auto& tbs) { tbs.not_after = add_years(tbs.not_before, 10) + Days{1}; }},
         {"lint.organization_first",
          [](auto& tbs) {
              tbs.subject =
                  name_of({{oid::common_name, der::utf8_string("V")}, {oid::organization, der::utf8_string("O")}});
          }},
         {"lint.name_string",
          [](auto& tbs) {
              tbs.subject = name_of({{oid::organization, der::utf8_string("O")},
                                     {oid::common_name, der::encode(der::Tag::printable_string, as_bytes("V"))}});
          }},
         {"lint.common_name",
          [](auto& tbs) {
              tbs.subject = name_of({{oid::organization, der::utf8_string("O")}});
          }},
         {"lint.basic_constraints",
          [&](auto& tbs) {
              tbs.extensions.push_back({std::string(oid::basic_constraints), critical,
                                        encode_basic_constraints({BasicConstraints::Role::ca, 0})});
          }},
         {"lint.key_usage", [](auto& tbs) { extension_of(tbs, oid::key_usage).value = encode_key_usage(0x0001); }},
         {"lint.extension_critical", [&](auto& tbs) { extension_of(tbs, oid::key_usage).criticality = non_critical; }},
         {"lint.key_usage", [](auto& tbs) { remove_extension(tbs, oid::key_usage); }},
         {"lint.extended_key_usage",
          [](auto& tbs) {
              extension_of(tbs, oid::extended_key_usage).value = der::sequence({der::oid(oid::eku_client_auth)});
          }},
         {"lint.extended_key_usage", [](auto& tbs) { remove_extension(tbs, oid::extended_key_usage); }},
         {"lint.extension_critical",
          [&](auto& tbs) { extension_of(tbs, oid::extended_key_usage).criticality = critical; }},
         {"lint.policies",
          [&](auto& tbs) {
              extension_of(tbs, oid::certificate_policies).value = encode_policies({pki.arc.policy(11)});
          }},
         {"lint.policies",
          [&](auto& tbs) {
              extension_of(tbs, oid::certificate_policies).value =
                  encode_policies({pki.arc.policy(5), std::string(oid::any_policy)});
          }},
         {"lint.policies", [](auto& tbs) { remove_extension(tbs, oid::certificate_policies); }},
         {"lint.subject_key_identifier",
          [](auto& tbs) { extension_of(tbs, oid::subject_key_identifier).value = der::octet_string(Bytes(20)); }},
         {"lint.authority_key_identifier",
          [](auto& tbs) {
              extension_of(tbs, oid::authority_key_identifier).value =
                  der::sequence({der::encode(der::context(0), Bytes(20))});
          }},
         {"lint.authority_key_identifier", [](auto& tbs) { remove_extension(tbs, oid::authority_key_identifier); }},
         {"lint.alt_names", [](auto& tbs) { remove_extension(tbs, oid::subject_alt_name); }},
         {"lint.extension_unknown",
          [&](auto& tbs) {
              tbs.extensions.push_back({"1.2.3.4", non_critical, der::null()});
          }},
         {"lint.extension_critical",
          [&](auto& tbs) {
              tbs.extensions.push_back({pki.arc.text() + ".2.9", critical, der::null()});
          }},
         {"lint.ocsp_nocheck", [&](auto& tbs) {
              tbs.extensions.push_back({std::string(oid::ocsp_nocheck), non_critical, der::null()});
          }}});
}

TEST_CASE("a subject without attributes is reported") {
    TestPki pki;
    const auto key = PrivateKey::generate(KeyType::ec_p256);
    auto tbs = draft(pki, Role::voter, key.public_key(), pki.registrar_issuer);
    tbs.subject = empty_name();
    // Otherwise the certificate is not even read (RFC 5280, section 4.2.1.6).
    extension_of(tbs, oid::subject_alt_name).criticality = Extension::Criticality::critical;
    const auto rules = rules_broken(sign(tbs, pki.registrar_ca_key), {Role::voter, pki.arc, &pki.registrar_ca});
    CHECK(has(rules, "lint.subject"));
}

TEST_CASE("a ballot certificate with an address to ask, without token or with another kind of key is reported") {
    TestPki pki;
    const auto p384 = PrivateKey::generate(KeyType::ec_p384);
    check_mutations(pki, Role::ballot,
                    {{"lint.status_urls",
                      [](auto& tbs) {
                          tbs.extensions.push_back({std::string(oid::crl_distribution_points),
                                                    Extension::Criticality::non_critical, der::sequence({})});
                      }},
                     {"lint.status_urls",
                      [](auto& tbs) {
                          tbs.extensions.push_back({std::string(oid::authority_info_access),
                                                    Extension::Criticality::non_critical, der::sequence({})});
                      }},
                     {"lint.ballot_token", [&](auto& tbs) { remove_extension(tbs, pki.arc.ballot_token()); }},
                     {"lint.key_type", [&](auto& tbs) {
                          tbs.spki = to_bytes(p384.public_key().spki());
                          extension_of(tbs, oid::subject_key_identifier).value =
                              der::octet_string(p384.public_key().key_identifier());
                      }}});
}

TEST_CASE("a TSA's purpose must be critical and an OCSP responder's nocheck present") {
    TestPki pki;
    check_mutations(pki, Role::tsa, {{"lint.extension_critical", [](auto& tbs) {
                                          extension_of(tbs, oid::extended_key_usage).criticality =
                                              Extension::Criticality::non_critical;
                                      }}});
    check_mutations(pki, Role::ocsp,
                    {{"lint.ocsp_nocheck", [](auto& tbs) { remove_extension(tbs, oid::ocsp_nocheck); }}});
}

TEST_CASE("a signature algorithm that does not fit the issuer's key is reported") {
    TestPki pki;
    const auto key = PrivateKey::generate(KeyType::ec_p256);
    auto tbs = draft(pki, Role::voter, key.public_key(), pki.registrar_issuer);
    tbs.algorithm = SignatureAlgorithm::ecdsa_sha384;
    const auto rules = rules_broken(sign(tbs, pki.registrar_ca_key), {Role::voter, pki.arc, &pki.registrar_ca});
    CHECK(rules == std::vector<std::string>{"lint.algorithm"});
}

TEST_CASE("dates from 2050 written as UTCTime, or earlier ones as GeneralizedTime, are reported") {
    TestPki pki;
    const auto key = PrivateKey::generate(KeyType::ec_p256);
    const auto tbs = draft(pki, Role::voter, key.public_key(), pki.registrar_issuer);
    auto bytes = tbs.encode();
    // 2026 as GeneralizedTime: the same moment, two octets longer; rebuilt by cutting the validity out and in again.
    const auto good = der::sequence({der::time(tbs.not_before), der::time(tbs.not_after)});
    const auto bad = der::sequence({der::generalized_time(tbs.not_before), der::time(tbs.not_after)});
    const auto content = der::parse_single(bytes, der::Tag::sequence, "tbs").content;
    const auto at = std::ranges::search(content, good).begin() - content.begin();
    const auto mutated = der::sequence({content.first(static_cast<std::size_t>(at)), bad,
                                        content.subspan(static_cast<std::size_t>(at) + good.size())});
    const auto encoded = assemble_certificate(mutated, tbs.algorithm, pki.registrar_ca_key.sign(mutated));
    // The strict reader may refuse such dates before the lint sees them; one of the two must.
    std::vector<std::string> rules;
    try {
        rules = rules_broken(Certificate::parse(encoded), {Role::voter, pki.arc, &pki.registrar_ca});
    } catch (const Error& error) {
        rules = {error.reason().starts_with("x509.certificate") ? "lint.time_encoding" : error.reason()};
    }
    CHECK(rules == std::vector<std::string>{"lint.time_encoding"});
}

TEST_CASE("every certificate of the authority is clean") {
    TestPki pki;
    CHECK(check_lint(pki.root, {Role::root, pki.arc, nullptr}).empty());
    CHECK(check_lint(pki.issuing, {Role::issuing_ca, pki.arc, &pki.root}).empty());
    CHECK(check_lint(pki.registrar_ca, {Role::registrar_ca, pki.arc, &pki.issuing}).empty());
    CHECK(check_lint(pki.ballot_ca, {Role::ballot_ca, pki.arc, &pki.issuing}).empty());
    CHECK(has(rules_broken(pki.ballot_ca, {Role::registrar_ca, pki.arc, &pki.issuing}), "lint.policies"));
    CHECK(has(rules_broken(pki.issuing, {Role::registrar_ca, pki.arc, &pki.root}), "lint.basic_constraints"));
}

TEST_CASE("T19: a certificate for a blind-signing key is reported, in the form in which such keys are published") {
    TestPki pki;
    const auto blind_key = blind::BlindPrivateKey::generate(3072).public_key();
    const auto& issuer = pki.issuer_of(Role::officer);
    const LintContext context{.role = Role::officer, .arc = pki.arc, .issuer = &issuer.certificate()};
    const auto made_for = [&](const PublicKey& key) {
        return rules_broken(sign(draft(pki, Role::officer, key, issuer), issuer.key()), context);
    };
    const auto published = PublicKey::parse_spki(blind_key.spki());
    CHECK(made_for(published) == std::vector<std::string>{"lint.blind_key"});
    // The same numbers as rsaEncryption are any RSA key's form: those are found by comparison, where tokens are known.
    const auto octets = published.key_octets();
    const auto plain =
        der::sequence({der::sequence({der::oid(oid::rsa_encryption), der::null()}), der::bit_string(octets)});
    CHECK(made_for(PublicKey::parse_spki(plain)).empty());
}
