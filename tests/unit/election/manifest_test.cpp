#include "tests/unit/election/expect.h"

using namespace uvpki;
using namespace uvpki::testing;
using election::Manifest;

namespace {

/// The rules that the manifest breaks after this change.
template <typename Alter>
std::vector<Finding> broken(Alter alter) {
    auto manifest = shared_election().manifest;
    alter(manifest);
    return election::check_manifest(manifest);
}

std::string parse_reason(const std::string& text) {
    return reason_of([&] { election::parse_manifest(as_bytes(text)); });
}

std::string changed(const std::string& from, const std::string& to) {
    auto text = shared_election().manifest_text();
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("a manifest is read back as it was written, and its digest is the text's") {
    const auto& test = shared_election();
    const auto text = test.manifest_text();
    CHECK(election::check_manifest(test.manifest).empty());
    const auto read = election::parse_manifest(as_bytes(text));
    CHECK(election::format_manifest(read) == text);
    CHECK(election::manifest_digest(read) == sha256(as_bytes(text)));
    REQUIRE(read.find_contest("council") != nullptr);
    CHECK(read.find_contest("council")->rules == test.manifest.contests[1].rules);
    CHECK(read.find_contest("nothing") == nullptr);
    REQUIRE(read.find_style("south") != nullptr);
    CHECK(read.find_style("south")->voters == 30);
    CHECK(read.find_token_key(test.manifest.token_keys[1].key_id)->style == "south");
    CHECK(read.find_token_key(Sha256{}) == nullptr);
    CHECK(read.verify_at == test.manifest.verify_at);
}

TEST_CASE("each rule between the members of a manifest is checked") {
    CHECK(broken([](Manifest&) {}).empty());
    CHECK(has_rule(broken([](Manifest& m) { m.id = "Test 2026"; }), "manifest.rule.identifier"));
    CHECK(has_rule(broken([](Manifest& m) { m.id = "ab"; }), "manifest.rule.identifier"));
    CHECK(has_rule(broken([](Manifest& m) { m.title = ""; }), "manifest.rule.text"));
    CHECK(has_rule(broken([](Manifest& m) { m.arc = "2.25.1234"; }), "manifest.rule.arc"));
    CHECK(has_rule(broken([](Manifest& m) { m.contests[0].candidates.pop_back(); }), "manifest.rule.count"));
    CHECK(has_rule(broken([](Manifest& m) { m.contests.clear(); }), "manifest.rule.count"));
    CHECK(has_rule(broken([](Manifest& m) { m.contests[1].candidates[1].id = "c1"; }), "manifest.rule.repeated"));
    CHECK(has_rule(broken([](Manifest& m) { m.contests[1].id = "mayor"; }), "manifest.rule.repeated"));
    CHECK(has_rule(broken([](Manifest& m) { m.contests[1].rules.seats = 4; }), "manifest.rule.counting"));
    CHECK(has_rule(broken([](Manifest& m) { m.contests[1].rules.max_choices = 5; }), "manifest.rule.counting"));
    CHECK(has_rule(broken([](Manifest& m) { m.contests[1].rules.write_ins = {"w1"}; }), "manifest.rule.counting"));
    CHECK(has_rule(broken([](Manifest& m) { m.styles[0].contests.push_back("king"); }), "manifest.rule.style"));
    CHECK(has_rule(broken([](Manifest& m) { m.styles[0].contests = {"mayor"}; }), "manifest.rule.style"));
    CHECK(has_rule(broken([](Manifest& m) { m.styles[1].contests.clear(); }), "manifest.rule.style"));
    CHECK(has_rule(broken([](Manifest& m) { m.roll_size = 71; }), "manifest.rule.roll"));
    CHECK(has_rule(broken([](Manifest& m) { m.verify_at = m.voting.closes; }), "manifest.rule.window"));
    CHECK(has_rule(broken([](Manifest& m) { m.final_epoch_until = m.voting.opens; }), "manifest.rule.window"));
    CHECK(has_rule(broken([](Manifest& m) { std::swap(m.claim.opens, m.claim.closes); }), "manifest.rule.window"));
    CHECK(has_rule(broken([](Manifest& m) { m.claim.closes = m.voting.closes + Seconds{1}; }), "manifest.rule.window"));
    CHECK(has_rule(broken([](Manifest& m) { m.epoch_min_ballots = 0; }), "manifest.rule.epoch"));
    CHECK(has_rule(broken([](Manifest& m) { m.token_keys.pop_back(); }), "manifest.rule.token_key"));
    CHECK(has_rule(broken([](Manifest& m) { m.token_issuers.push_back("observer"); }), "manifest.rule.token_key"));
    CHECK(has_rule(broken([](Manifest& m) { m.token_keys[0].key_id[0] ^= 1; }), "manifest.rule.token_key"));
    CHECK(has_rule(broken([](Manifest& m) { m.trustee_threshold = 1; }), "manifest.rule.trustees"));
    CHECK(has_rule(broken([](Manifest& m) { m.trustee_threshold = 4; }), "manifest.rule.trustees"));
    CHECK(has_rule(broken([](Manifest& m) { m.trustees[1].index = 1; }), "manifest.rule.trustees"));
    CHECK(has_rule(broken([](Manifest& m) { m.trustees[1].share_point[9] ^= 1; }), "manifest.rule.trustees"));
    CHECK(has_rule(broken([](Manifest& m) { m.plaintext_size -= 64; }), "manifest.rule.plaintext_size"));
    CHECK(has_rule(broken([](Manifest& m) { m.ballot_ca.push_back(0); }), "manifest.rule.certificate"));
    CHECK(has_rule(broken([](Manifest& m) { m.ballot_ca = m.tsa_certificate; }), "manifest.rule.ballot_ca"));
    CHECK(has_rule(broken([](Manifest& m) { m.voting.closes = add_years(m.voting.closes, 5); }),
                   "manifest.rule.ballot_ca"));
}

TEST_CASE("the Ballot CA of election test-2026 does not do for election test-202, nor for election 2026") {
    CHECK(has_rule(broken([](Manifest& m) { m.id = "test-202"; }), "manifest.rule.ballot_ca"));
    CHECK(has_rule(broken([](Manifest& m) { m.id = "2026"; }), "manifest.rule.ballot_ca"));
}

TEST_CASE("T18: token keys with a bad exponent, shared between styles or in another form are refused") {
    CHECK(has_rule(broken([](Manifest& m) {
                       m.token_keys[1].spki = m.token_keys[0].spki;
                       m.token_keys[1].key_id = m.token_keys[0].key_id;
                   }),
                   "manifest.rule.token_key"));
    CHECK(has_rule(broken([](Manifest& m) {
                       auto& key = m.token_keys[0];
                       key.spki.back() ^= 0x02;  // the exponent's last octet: 65539
                       key.key_id = sha256(key.spki);
                   }),
                   "manifest.rule.token_key"));
    CHECK(has_rule(broken([](Manifest& m) {
                       auto& key = m.token_keys[0];
                       key.spki = to_bytes(shared_election().officer.spki());
                       key.key_id = sha256(key.spki);
                   }),
                   "manifest.rule.token_key"));
}

TEST_CASE("T40: names with control characters, bidirectional overrides or bad encoding are refused") {
    for (const std::string name : {"Eve\n", "Eve\xE2\x80\xAE", "Eve\xFF", ""}) {
        CHECK(has_rule(broken([&](Manifest& m) { m.contests[0].candidates[0].name = name; }), "manifest.rule.text"));
        CHECK(has_rule(broken([&](Manifest& m) { m.trustees[0].name = name; }), "manifest.rule.text"));
    }
    CHECK(broken([](Manifest& m) { m.contests[0].candidates[0].name = "José Ñandú 李"; }).empty());
}

TEST_CASE("manifests of any other form are refused") {
    REQUIRE(parse_reason(shared_election().manifest_text()).empty());
    CHECK(parse_reason("") == "manifest.malformed");
    CHECK(parse_reason("{}") == "manifest.malformed");
    CHECK(parse_reason("[]") == "manifest.malformed");
    CHECK(parse_reason(shared_election().manifest_text() + "\n") == "manifest.malformed");
    CHECK(parse_reason(changed("\"version\":1", "\"version\":2")) == "manifest.malformed");
    CHECK(parse_reason(changed("\"version\":1", "\"versiom\":1")) == "manifest.malformed");
    CHECK(parse_reason(changed("\"voters\":40", "\"voters\":\"40\"")) == "manifest.malformed");
    CHECK(parse_reason(changed("\"voters\":40", "\"voters\":40,\"x\":1")) == "manifest.malformed");
    CHECK(parse_reason(changed("\"opens\":\"2026", "\"opens\":\"2O26")) == "manifest.malformed");
    CHECK(parse_reason(changed("\"method\":\"stv\"", "\"method\":\"lottery\"")) == "manifest.malformed");
    CHECK(parse_reason(changed("\"decimals\":4,", "")) == "manifest.malformed");
    CHECK(parse_reason(changed("\"root\":\"", "\"root\":\"A")) == "manifest.malformed");
    CHECK(parse_reason(changed("\"index\":1", "\"index\":99")) == "manifest.malformed");
    CHECK(parse_reason(changed("\"title\":\"Mayor\"", "\"title\":\"" + std::string(301, 'x') + "\"")) ==
          "manifest.malformed");
    CHECK(parse_reason(changed("\"voters\":40", "\"voters\":41")) == "manifest.rule.roll");
}

TEST_CASE("T32, T6: the officer is warned of dictated rankings, small styles and overlapping windows") {
    auto manifest = shared_election().manifest;
    CHECK(election::warn_about_manifest(manifest).empty());
    manifest.contests[1].rules.max_choices = 0;
    CHECK(election::warn_about_manifest(manifest).empty());  // 4! = 24 rankings for 40 voters
    for (int i = 5; i <= 12; ++i)
        manifest.contests[1].candidates.push_back({"c" + std::to_string(i), "Candidate " + std::to_string(i)});
    manifest.styles[0].voters = 500;
    for (const auto method : {count::Method::irv, count::Method::stv, count::Method::schulze}) {
        manifest.contests[1].rules.method = method;
        CHECK(has_rule(election::warn_about_manifest(manifest), "manifest.warning.rankings"));
    }
    manifest.contests[1].rules.method = count::Method::approval;  // no order, nothing to dictate
    CHECK(!has_rule(election::warn_about_manifest(manifest), "manifest.warning.rankings"));
    manifest.styles[1].voters = 9;
    CHECK(has_rule(election::warn_about_manifest(manifest), "manifest.warning.small_style"));
    manifest.claim.closes = manifest.voting.closes;
    CHECK(has_rule(election::warn_about_manifest(manifest), "manifest.warning.overlap"));
    manifest.epoch_min_ballots = 2;
    CHECK(has_rule(election::warn_about_manifest(manifest), "manifest.warning.small_epoch"));
}

TEST_CASE("a manifest signed by an officer is verified; altered, or with another root or arc, it is not") {
    TestElection test;
    const auto verified = test.verified_manifest();
    CHECK(verified->id == TestPki::election_id);
    CHECK(verified.digest() == sha256(as_bytes(test.manifest_text())));
    CHECK(verified.signer() == test.officer);
    const auto signature = test.manifest_signature();
    const auto refusal = [&](const std::string& text, ByteView sig) {
        return reason_of([&] { election::verify_manifest(as_bytes(text), sig, test.trust); });
    };
    auto altered = test.manifest;
    altered.title = "Another title";
    CHECK(refusal(election::format_manifest(altered), signature) == "cms.digest");
    altered = test.manifest;
    altered.root[0] ^= 1;
    const auto other_root = election::format_manifest(altered);
    CHECK(refusal(other_root, test.sign(other_root, test.officer, test.officer_key)) == "manifest.root");
    altered = test.manifest;
    altered.arc = "1.3.6.1.4.1.99999";
    const auto other_arc = election::format_manifest(altered);
    CHECK(refusal(other_arc, test.sign(other_arc, test.officer, test.officer_key)) == "manifest.arc");
    const auto attached = cms::sign(as_bytes(test.manifest_text()), test.officer, test.officer_key, test.pki.clock);
    CHECK(refusal(test.manifest_text(), attached) == "manifest.signature");
    CHECK(!refusal(test.manifest_text(), {}).empty());
}

TEST_CASE("a manifest signed by the wrong role is refused: voter, registrar, TSA, and a registrar CA's leaf posing") {
    TestElection test;
    const auto refusal = [&](x509::Role role, x509::IssueOptions options, const x509::PrivateKey& key) {
        const auto certificate = test.pki.issue_leaf(role, key, options);
        const auto text = test.manifest_text();
        const auto back = test.pki.clock.now();
        const auto signature = test.sign(text, certificate, key);
        test.pki.clock.set(back);
        return reason_of([&] { election::verify_manifest(as_bytes(text), signature, test.trust); });
    };
    const auto key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    const auto options = [&](x509::Role role) { return test.pki.leaf_options(role, key.public_key()); };
    CHECK(refusal(x509::Role::officer, options(x509::Role::officer), key).empty());
    CHECK(refusal(x509::Role::voter, options(x509::Role::voter), key) == "x509.path.policy");
    CHECK(refusal(x509::Role::registrar, options(x509::Role::registrar), key) == "x509.path.policy");
    CHECK(refusal(x509::Role::trustee, options(x509::Role::trustee), key) == "x509.path.policy");
    CHECK(refusal(x509::Role::tsa, options(x509::Role::tsa), key) == "x509.path.policy");
    // A leaf of the registrar CA whose subject says officer: the subject is only a word.
    auto posing = options(x509::Role::voter);
    posing.subject = TestPki::name("Test officer", "officer");
    CHECK(refusal(x509::Role::voter, posing, key) == "x509.path.policy");
}

TEST_CASE("a manifest that pins certificates of other roles is refused, and so is one of a revoked officer") {
    TestElection test;
    const auto refusal = [&](auto alter) {
        auto manifest = test.manifest;
        alter(manifest);
        const auto text = election::format_manifest(manifest);
        const auto signature = test.sign(text, test.officer, test.officer_key);
        return reason_of([&] { election::verify_manifest(as_bytes(text), signature, test.trust); });
    };
    CHECK(refusal([](Manifest&) {}).empty());
    CHECK(refusal([&](Manifest& m) { m.tsa_certificate = to_bytes(test.officer.der()); }) == "x509.path.policy");
    CHECK(refusal([&](Manifest& m) { m.election_certificate = to_bytes(test.officer.der()); }) == "x509.path.policy");
    // A certificate that says "Ballot CA test-2026" but is the registrar's CA.
    const auto posing_key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    const auto posing = test.pki.issuing_issuer.issue(x509::Role::registrar_ca, TestPki::request(posing_key),
                                                      {.subject = TestPki::name("Ballot CA test-2026")}, test.pki.store,
                                                      SimulatedClock(TestPki::start()), test.pki.random);
    CHECK(refusal([&](Manifest& m) { m.ballot_ca = to_bytes(posing.der()); }) == "x509.path.policy");
    const x509::RevokedEntry entry{.serial = to_bytes(test.officer.serial()), .revoked_at = test.pki.clock.now()};
    test.trust.add_crl(test.pki.crl(test.pki.issuing_issuer, {entry}, 2));
    CHECK(refusal([](Manifest&) {}) == "x509.path.revoked");
}
