#include "uvpki/x509/issue.h"
#include "tests/support/reason.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <set>
#include <thread>

#include "tests/support/command.h"
#include "tests/unit/x509/handmade.h"
#include "uvpki/encoding.h"
#include "uvpki/files.h"
#include "uvpki/x509/oids.h"
#include "uvpki/x509/second_opinion.h"

using namespace uvpki;
using namespace uvpki::x509;
using namespace uvpki::testing;

namespace {

/// The reason why a certificate of this role is refused.
std::string refusal(TestPki& pki, const Issuer& issuer, Role role, const PrivateKey& key, const IssueOptions& options) {
    return test::reason_of(
        [&] { issuer.issue(role, TestPki::request(key), options, pki.store, pki.clock, pki.random); });
}

/// A store whose disk is full.
struct FailingStore final : IssuanceStore {
    enum class At { intent, issued } at{};
    int issued = 0;
    explicit FailingStore(At where) : at(where) {}
    void record_intent(ByteView, ByteView) override {
        if (at == At::intent) fail(ErrorCode::unavailable, "store.full", "no room");
    }
    void record_issued(const Certificate&, Role) override {
        if (at == At::issued) fail(ErrorCode::unavailable, "store.full", "no room");
        ++issued;
    }
};

}  // namespace

TEST_CASE("openssl reads in every certificate what the profile says") {
    TestPki pki;
    test::TempFolder folder;
    const auto text_of = [&](const Certificate& certificate) {
        save_file(folder / "c.pem", certificate.pem());
        return test::run_command(folder.path(), "openssl x509 -in c.pem -noout -text -nameopt RFC2253,sep_comma_plus")
            .output;
    };
    const auto contains = [](const std::string& text, std::string_view part) {
        return text.find(part) != std::string::npos;
    };
    const auto key = PrivateKey::generate(KeyType::ec_p256);
    const struct {
        Role role;
        const char* usage;
        const char* purposes;
    } rows[] = {
        {Role::voter, "Digital Signature, Non Repudiation\n", "TLS Web Client Authentication, E-mail Protection\n"},
        {Role::ballot, "Digital Signature, Non Repudiation\n", nullptr},
        {Role::tsa, "Digital Signature\n", "Extended Key Usage: critical\n                Time Stamping\n"},
        {Role::ocsp, "Digital Signature\n", "OCSP Signing\n"},
        {Role::tls_server, "Digital Signature\n", "TLS Web Server Authentication\n"},
        {Role::tls_client, "Digital Signature\n", "TLS Web Client Authentication\n"},
        {Role::officer, "Digital Signature, Non Repudiation\n", "TLS Web Client Authentication, E-mail Protection\n"},
        {Role::trustee_enc, "Key Agreement\n", "E-mail Protection\n"},
        {Role::election, "Key Agreement\n", "E-mail Protection\n"},
    };
    for (const auto& row : rows) {
        const auto certificate = pki.issue_leaf(row.role, key);
        const auto text = text_of(certificate);
        CAPTURE(text);
        CHECK(contains(text, std::string("X509v3 Key Usage: critical\n                ") + row.usage));
        CHECK(contains(text, "Extended Key Usage") == (row.purposes != nullptr));
        if (row.purposes != nullptr) CHECK(contains(text, row.purposes));
        CHECK(contains(text, "Policy: " + pki.arc.policy(static_cast<int>(row.role)) + "\n"));
        CHECK(contains(text, "ecdsa-with-SHA256"));
        CHECK_FALSE(contains(text, "CA:TRUE"));
    }
    const auto root = text_of(pki.root);
    CHECK(contains(root, "CA:TRUE\n"));
    CHECK(contains(root, "ecdsa-with-SHA384"));
    CHECK(contains(root, "Not After : Jan  1 00:00:00 2056 GMT"));
    CHECK(contains(text_of(pki.issuing), "ecdsa-with-SHA384"));
    CHECK(contains(text_of(pki.issuing), "CA:TRUE, pathlen:1\n"));
    CHECK(contains(text_of(pki.ballot_ca), "CA:TRUE, pathlen:0\n"));
    CHECK(contains(text_of(pki.registrar_ca), "TLS Web Client Authentication, E-mail Protection\n"));
    CHECK(pki.root.subject_text() == "O=Test Election Authority, CN=Test Root");
}

TEST_CASE("addresses for CRL and OCSP are written where they are given") {
    TestPki pki;
    test::TempFolder folder;
    const auto key = PrivateKey::generate(KeyType::ec_p256);
    auto options = pki.leaf_options(Role::voter, key.public_key());
    options.crl_url = "http://pki.example/crl/registrar.crl";
    options.ocsp_url = "http://pki.example/ocsp";
    save_file(folder / "c.pem", pki.issue_leaf(Role::voter, key, options).pem());
    const auto text = test::run_command(folder.path(), "openssl x509 -in c.pem -noout -text").output;
    CHECK(text.find("URI:http://pki.example/crl/registrar.crl") != std::string::npos);
    CHECK(text.find("OCSP - URI:http://pki.example/ocsp") != std::string::npos);
    options.crl_url = "not an address";
    CHECK(refusal(pki, pki.registrar_issuer, Role::voter, key, options) == "x509.issue.url");
}

TEST_CASE("a CA issues the roles of the table and refuses the others") {
    TestPki pki;
    const auto key = PrivateKey::generate(KeyType::ec_p256);
    for (const auto& [issuer, ca_role] : {std::pair{&pki.root_issuer, Role::root},
                                          {&pki.issuing_issuer, Role::issuing_ca},
                                          {&pki.registrar_issuer, Role::registrar_ca},
                                          {&pki.ballot_issuer, Role::ballot_ca}}) {
        for (const auto& profile : profiles()) {
            if (std::ranges::count(profile.issuers, ca_role) > 0) continue;
            CAPTURE(profile.name);
            CHECK(refusal(pki, *issuer, profile.role, key, pki.leaf_options(profile.role, key.public_key())) ==
                  "x509.issue.role");
        }
    }
    CHECK(refusal(pki, pki.root_issuer, Role::root, key, {.subject = TestPki::name("Second root")}) ==
          "x509.issue.role");
}

TEST_CASE("weak and unsuitable keys are refused") {
    TestPki pki;
    const auto small = PrivateKey::generate_rsa(2048);
    CHECK(refusal(pki, pki.registrar_issuer, Role::voter, small, pki.leaf_options(Role::voter, small.public_key())) ==
          "x509.issue.key_quality");
    const auto p384 = PrivateKey::generate(KeyType::ec_p384);
    CHECK(refusal(pki, pki.ballot_issuer, Role::ballot, p384, pki.leaf_options(Role::ballot, p384.public_key())) ==
          "x509.issue.key_type");
    CHECK(pki.issue_leaf(Role::voter, p384).public_key() == p384.public_key());
    const auto large = PrivateKey::generate_rsa(3072);
    CHECK(pki.issue_leaf(Role::voter, large).public_key() == large.public_key());
    const auto p256 = PrivateKey::generate(KeyType::ec_p256);
    CHECK(test::reason_of([&] {
              issue_root(p256, {.subject = TestPki::name("Root")}, pki.arc, pki.store, pki.clock, pki.random);
          }) == "x509.issue.key_type");
}

TEST_CASE("a validity outside the issuer's or longer than the profile's is refused, and clipped at the issuer's end") {
    TestPki pki;
    const auto key = PrivateKey::generate(KeyType::ec_p256);
    const auto with = [&](Role role, std::optional<Time> not_before, std::optional<Time> not_after) {
        auto options = pki.leaf_options(role, key.public_key());
        options.not_before = not_before;
        options.not_after = not_after;
        return refusal(pki, pki.issuer_of(role), role, key, options);
    };
    const auto start = TestPki::start();
    CHECK(with(Role::voter, start - Seconds{1}, std::nullopt) == "x509.issue.validity");
    CHECK(with(Role::voter, start, start) == "x509.issue.validity");
    CHECK(with(Role::voter, start + Days{2}, start + Days{1}) == "x509.issue.validity");
    CHECK(with(Role::officer, start, add_years(start, 2) + Seconds{1}) == "x509.issue.validity");
    CHECK(with(Role::officer, start, add_years(start, 2)).empty());
    CHECK(with(Role::ballot, start, std::nullopt) == "x509.issue.validity");

    auto options = pki.leaf_options(Role::voter, key.public_key());
    options.not_after = add_years(start, 9) + Days{400};
    options.not_before = start + Days{400};
    CHECK(pki.issue_leaf(Role::voter, key, options).not_after() == pki.registrar_ca.not_after());
}

TEST_CASE("an expired CA issues nothing and signs no CRL") {
    TestPki pki;
    const auto key = PrivateKey::generate(KeyType::ec_p256);
    auto options = pki.leaf_options(Role::voter, key.public_key());
    options.not_before = TestPki::start();
    pki.clock.set(pki.registrar_ca.not_after());
    CHECK(refusal(pki, pki.registrar_issuer, Role::voter, key, options).empty());
    pki.clock.advance(Seconds{1});
    CHECK(refusal(pki, pki.registrar_issuer, Role::voter, key, options) == "x509.issuer.expired");
    CHECK(test::reason_of([&] { pki.crl(pki.registrar_issuer); }) == "x509.issuer.expired");
}

TEST_CASE("what a caller adds is held to the rules") {
    TestPki pki;
    const auto key = PrivateKey::generate(KeyType::ec_p256);
    const auto with = [&](Role role, const std::function<void(IssueOptions&)>& change) {
        auto options = pki.leaf_options(role, key.public_key());
        change(options);
        return refusal(pki, pki.issuer_of(role), role, key, options);
    };
    const auto non_critical = Extension::Criticality::non_critical;
    CHECK(with(Role::voter, [](auto& o) { o.subject.organization.clear(); }) == "x509.name");
    CHECK(with(Role::voter, [](auto& o) { o.alt_names.clear(); }) == "x509.issue.lint");
    CHECK(with(Role::voter, [](auto& o) { o.alt_names.push_back("URI:no spaces: here"); }) == "x509.issue.alt_name");
    CHECK(with(Role::tls_server, [](auto& o) { o.alt_names = {"IP:300.1.1.1"}; }) == "x509.issue.alt_name");
    CHECK(with(Role::voter, [](auto& o) { o.serial = Bytes(20, 0x80); }) == "x509.issue.serial");
    CHECK(with(Role::voter, [](auto& o) { o.serial = Bytes(19, 0x40); }) == "x509.issue.serial");
    CHECK(with(Role::voter, [&](auto& o) {
              o.extra_extensions = {{"2.5.29.19", non_critical, der::null()}};
          }) == "x509.issue.extension");
    CHECK(with(Role::voter, [&](auto& o) {
              o.extra_extensions = {{pki.arc.text() + ".2.7", non_critical, {0x05}}};
          }) == "x509.issue.extension");
    CHECK(with(Role::ballot, [](auto& o) { o.crl_url = "http://pki.example/crl"; }) == "x509.issue.status_urls");
    CHECK(with(Role::ballot, [](auto& o) { o.extra_extensions.clear(); }) == "x509.issue.lint");
    CHECK(with(Role::voter, [&](auto& o) {
              o.extra_extensions = {{pki.arc.text() + ".2.7", Extension::Criticality::critical, der::null()}};
          }).empty());
    CHECK(pki.store.issued().back().certificate.find_extension(pki.arc.text() + ".2.7")->criticality == non_critical);
}

TEST_CASE("a key whose possession was not proved is certified only where the transcript stands for the proof") {
    TestPki pki;
    const auto key = PrivateKey::generate(KeyType::ec_p256);
    const auto options = pki.leaf_options(Role::officer, key.public_key());
    CHECK(test::reason_of([&] {
              pki.issuing_issuer.issue_for_key(Role::officer, key.public_key(), options, pki.store, pki.clock,
                                               pki.random);
          }) == "x509.issue.possession");
    CHECK(refusal(pki, pki.issuing_issuer, Role::election, key, pki.leaf_options(Role::election, key.public_key())) ==
          "x509.issue.possession");
    CHECK(pki.issue_leaf(Role::election, key).public_key() == key.public_key());
}

TEST_CASE("the intent is recorded before anything is signed, and nothing leaves that was not stored") {
    TestPki pki;
    const auto key = PrivateKey::generate(KeyType::ec_p256);
    const auto options = pki.leaf_options(Role::voter, key.public_key());
    const auto issued = pki.issue_leaf(Role::voter, key, options);
    const auto intent = pki.store.find_intent(issued.serial());
    REQUIRE(intent);
    CHECK(std::ranges::equal(*intent, issued.tbs()));
    CHECK(pki.store.issued().back().certificate == issued);
    CHECK(pki.store.issued().back().role == Role::voter);

    for (const auto at : {FailingStore::At::intent, FailingStore::At::issued}) {
        FailingStore full(at);
        CHECK(test::reason_of([&] {
                  pki.registrar_issuer.issue(Role::voter, TestPki::request(key), options, full, pki.clock, pki.random);
              }) == "store.full");
        CHECK(full.issued == 0);
    }
    // A certificate that the lint refuses leaves its intent behind, and no certificate.
    const auto intents = pki.store.intent_count(), certificates = pki.store.issued().size();
    auto nameless = options;
    nameless.alt_names.clear();
    CHECK(refusal(pki, pki.registrar_issuer, Role::voter, key, nameless) == "x509.issue.lint");
    CHECK(pki.store.intent_count() == intents + 1);
    CHECK(pki.store.issued().size() == certificates);
}

TEST_CASE("a ballot serial is derived from election and key, and cannot be issued twice") {
    TestPki pki;
    test::TempFolder folder;
    const auto key = PrivateKey::generate(KeyType::ec_p256);
    const auto ballot = pki.issue_leaf(Role::ballot, key);
    save_file(folder / "c.pem", ballot.pem());
    const auto digest =
        test::run_command(folder.path(),
                          "openssl x509 -in c.pem -noout -pubkey | openssl pkey -pubin -outform DER -out spki;"
                          "{ printf 'ballot-serial-v1\\0test-2026\\0'; cat spki; } | openssl dgst -sha256 -r")
            .output.substr(0, 40);
    CHECK(ballot.serial_hex().substr(2) == digest.substr(2));
    CHECK(ballot.serial()[0] == (0x40 | (parse_hex(digest)[0] & 0x3F)));
    CHECK(derive_ballot_serial("another", key.public_key().spki()) != to_bytes(ballot.serial()));
    CHECK(test::reason_of([&] { pki.issue_leaf(Role::ballot, key); }) == "x509.serial");
}

TEST_CASE("random serials are 20 octets, positive and different") {
    SystemRandom random;
    std::set<Bytes> serials;
    for (int i = 0; i < 500; ++i) {
        const auto serial = random_serial(random);
        CHECK(serial.size() == 20);
        CHECK((serial[0] >= 0x40 && serial[0] <= 0x7F));
        serials.insert(serial);
    }
    CHECK(serials.size() == 500);
}

TEST_CASE("an issuer needs its own key and a CA certificate of a role") {
    TestPki pki;
    const auto key = PrivateKey::generate(KeyType::ec_p256);
    const auto voter = pki.issue_leaf(Role::voter, key);
    CHECK(test::reason_of([&] { Issuer(pki.registrar_ca, key, pki.arc); }) == "x509.issuer.key");
    CHECK(test::reason_of([&] { Issuer(voter, key, pki.arc); }) == "x509.issuer.certificate");
    CHECK(test::reason_of([&] { Issuer(pki.registrar_ca, pki.registrar_ca_key, Arc("1.3.6.1.4.1.99999")); }) ==
          "x509.issuer.certificate");
}

TEST_CASE("the second implementation objects to a wrong signature, another certificate and bytes it cannot read") {
    TestPki pki;
    const auto voter = pki.issue_leaf(Role::voter, PrivateKey::generate(KeyType::ec_p256));
    const auto other = pki.issue_leaf(Role::voter, PrivateKey::generate(KeyType::ec_p256));
    const auto objection = [](const SecondOpinion& opinion, ByteView der, const Certificate& ours) {
        return test::reason_of([&] { opinion.confirm(der, ours); });
    };
    const SecondOpinion opinion(pki.registrar_ca_key.public_key());
    CHECK(objection(opinion, voter.der(), voter).empty());
    CHECK(objection(SecondOpinion(pki.root_key.public_key()), pki.issuing.der(), pki.issuing).empty());
    CHECK(objection(SecondOpinion(pki.ballot_ca_key.public_key()), voter.der(), voter) == "x509.issue.second_opinion");
    CHECK(objection(opinion, voter.der(), other) == "x509.issue.second_opinion");
    CHECK(objection(opinion, voter.der().first(100), voter) == "x509.issue.second_opinion");
}

TEST_CASE("several threads issue with one issuer") {
    TestPki pki;
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            const auto key = PrivateKey::generate(KeyType::ec_p256);
            for (int i = 0; i < 10; ++i) pki.issue_leaf(Role::voter, key);
        });
    threads.clear();
    CHECK(pki.store.issued().size() == 4 + 40);
}
