// Attacks on a finished package that need the parts it is made of: they are tried on elections whose papers all fit.
#include "tests/ballot/whole_election.h"
#include "tests/unit/x509/handmade.h"
#include "uvpki/election/package_check.h"
#include "uvpki/files.h"

using namespace uvpki;
using namespace uvpki::testing;

namespace {

/// One ballot in each style, counted; the package is written with whatever the test changed.
struct Counted {
    WholeElection whole;
    std::optional<election::Results> results;
    BallotBox::PackageParts parts;
    int packages = 0;

    explicit Counted(
        const std::vector<std::string>& ballots = {"north", "north", "south"},
        std::function<void(TestElection&)> adjust = [](TestElection&) {})
        : whole{.adjust = std::move(adjust)} {
        auto& f = whole.f;
        for (const auto& style : ballots) f.vote(style);
        f.close_last();
        results =
            f.box->tally(f.id(), {.election_key = whole.election_key(), .claimed = 3, .on_progress = {}}, "officer");
        f.box->final_crl(f.id(), "officer");
        const auto north = std::ranges::count(ballots, "north");
        parts = whole.parts(*results, north, 3 - north);
    }

    std::vector<election::PackageFinding> check(const std::optional<Bytes>& annex = {}) {
        auto& f = whole.f;
        const auto package = f.folder / ("package-" + std::to_string(++packages));
        f.box->write_package(f.id(), package, parts, f.stamp(), {});
        return election::check_package(package, {.root_fingerprint = {}, .on_progress = {}, .annex = annex}).findings;
    }
    /// What verify.sh says of the last package.
    test::CommandResult run_script() {
        return test::run_command(whole.f.folder / ("package-" + std::to_string(packages)),
                                 "sh verify.sh -q " + to_hex(whole.f.election.pki.root.fingerprint()));
    }
};

std::vector<std::string> rules_of(const std::vector<election::PackageFinding>& findings) {
    std::vector<std::string> rules;
    for (const auto& finding : findings) rules.push_back(finding.file + ": " + finding.rule);
    return rules;
}

using Rules = std::vector<std::string>;

}  // namespace

TEST_CASE("T8: a claim signed with the certificate of somebody who is not on the roll, or of another entry, is found") {
    Counted counted;
    auto& whole = counted.whole;
    CHECK(rules_of(counted.check(whole.annex())).empty());
    const auto honest = whole.claims;
    const auto judged = [&](std::size_t at, WholeElection::SignedClaim claim) {
        whole.claims = honest;
        whole.claims[at] = std::move(claim);
        return rules_of(counted.check(whole.annex()));
    };
    // The registrar invents a voter's certificate and lets it claim for somebody who stays at home.
    const std::string invented = "99999999-0000-4000-8000-000000000000";
    CHECK(judged(0, whole.make_claim(whole.entries[0], invented)) == Rules{"annex: annex.claim.voter"});
    // The same with the certificate of another, real voter.
    CHECK(judged(0, whole.make_claim(whole.entries[0], whole.entries[1].entry)) == Rules{"annex: annex.claim.voter"});
    // The claim states the invented name itself: it is not on the roll.
    auto stranger = whole.entries[0];
    stranger.entry = invented;
    CHECK(judged(0, whole.make_claim(stranger)) == Rules{"annex: annex.claim.roll"});
    // The roll is extended to fit: it is not the roll that was published before the election.
    whole.claims = honest;
    whole.claims[0] = whole.make_claim(stranger);
    whole.entries.push_back(stranger);
    CHECK(rules_of(counted.check(whole.annex())) == Rules{"annex: annex.roll"});
    whole.entries.pop_back();
    whole.claims = honest;
    CHECK(rules_of(counted.check(whole.annex())).empty());
}

TEST_CASE("T19: a token key that is the key of a certificate in the package is reported") {
    // The registrar signs its summaries with the key that is the token key of the north.
    const auto key = x509::PrivateKey::generate_rsa(2048);
    const auto token_key = blind::BlindPublicKey::parse_spki(key.public_key().spki());
    Counted counted({"south", "south", "south"}, [&](TestElection& election) {
        auto& stated = election.manifest.token_keys.front();
        REQUIRE(stated.style == "north");
        stated.spki = token_key.spki();
        stated.key_id = token_key.key_id();
    });
    CHECK(rules_of(counted.check()).empty());
    auto& whole = counted.whole;
    auto& pki = whole.f.election.pki;
    auto form = testing::draft(pki, x509::Role::registrar, key.public_key(), pki.issuing_issuer);
    const auto certificate = testing::sign(form, pki.issuing_key);
    auto& claims = counted.parts.claims.front();
    claims.signature = whole.f.election.sign(claims.text, certificate, key);
    CHECK(rules_of(counted.check()) == Rules{"claims/registrar.json.p7s: package.token_key"});
}

TEST_CASE("lists of the wrong day or without end are reported by the checker and by verify.sh") {
    Counted counted;
    auto& pki = counted.whole.f.election.pki;
    CHECK(rules_of(counted.check()).empty());
    CHECK(counted.run_script().exit_code == 0);
    const auto replaced = [&](Time this_update, Time next_update, std::optional<Time> since) {
        counted.parts.crls.erase("issuing-ca");
        counted.parts.crls.emplace(
            "issuing-ca",
            x509::make_crl(pki.issuing, pki.issuing_key, {},
                           {.this_update = this_update, .next_update = next_update, .expired_certs_since = since}));
        const auto rules = rules_of(counted.check());
        const auto script = counted.run_script();
        CHECK((script.exit_code == 0) == rules.empty());
        CHECK((script.output.find("crl/issuing-ca.pem") != std::string::npos) == !rules.empty());
        return rules;
    };
    const auto closes = TestPki::voting_closes();
    CHECK(replaced(closes, closes + Days{7}, TestPki::start()).empty());
    CHECK(replaced(closes - Seconds{1}, closes + Days{7}, TestPki::start()) ==
          Rules{"crl/issuing-ca.pem: package.crl.old"});
    CHECK(replaced(closes, closes + Days{7}, std::nullopt) == Rules{"crl/issuing-ca.pem: package.crl.expired_certs"});
}
