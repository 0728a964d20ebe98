#include <algorithm>

#include "tests/ballot/box_fixture.h"
#include "uvpki/election/epoch.h"
#include "uvpki/election/package.h"
#include "uvpki/files.h"
#include "uvpki/threshold/release.h"

using namespace uvpki;
using namespace uvpki::testing;

namespace {

/// A whole election: a real ceremony of three trustees, a roll, claims, and a box in which all of it is installed.
struct WholeElection {
    struct Trustee {
        x509::PrivateKey key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
        x509::PrivateKey encryption_key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
        std::optional<x509::Certificate> certificate;
        std::vector<Bytes> messages;
    };

    std::vector<Trustee> people = std::vector<Trustee>(3);
    std::vector<Bytes> messages;
    std::vector<threshold::ShareBackup> backups;
    std::optional<threshold::VerifiedTranscript> transcript;
    std::vector<Sha256> roll;
    x509::PrivateKey registrar_key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    std::optional<x509::Certificate> registrar;
    BoxFixture f{{"registrar"}, 3, [this](TestElection& election) { prepare(election); }};

    void hold_ceremony(TestElection& election) {
        auto& pki = election.pki;
        threshold::Plan plan{
            .election = TestPki::election_id, .needed = 2, .time = pki.clock.now(), .trustees = {}, .previous = {}};
        for (auto& person : people) {
            person.certificate = pki.issue_leaf(x509::Role::trustee, person.key);
            plan.trustees.push_back({"Trustee " + std::to_string(plan.trustees.size() + 1), *person.certificate,
                                     pki.issue_leaf(x509::Role::trustee_enc, person.encryption_key)});
        }
        threshold::Board board(plan, election.trust);
        std::vector<threshold::TrusteeState> states;
        const auto round = [&](const auto& make) {
            std::vector<Bytes> made;
            for (std::size_t i = 0; i < people.size(); ++i) made.push_back(make(i));
            for (auto& message : made) {
                board.add(message);
                messages.push_back(std::move(message));
            }
        };
        round([&](std::size_t i) {
            auto opening = make_commit(board, static_cast<int>(i) + 1, people[i].key, pki.clock, pki.random);
            states.push_back(std::move(opening.state));
            return opening.message;
        });
        round([&](std::size_t i) { return make_reveal(board, states[i], people[i].key, pki.clock); });
        round([&](std::size_t i) { return make_deal(board, states[i], people[i].key, pki.clock, pki.random); });
        round([&](std::size_t i) {
            return make_answer(board, states[i], people[i].key, people[i].encryption_key, pki.clock);
        });
        transcript = threshold::conclude(board);
        for (std::size_t i = 0; i < people.size(); ++i)
            backups.push_back(threshold::make_backup(board, *transcript, states[i], people[i].encryption_key));
    }

    void prepare(TestElection& election) {
        hold_ceremony(election);
        auto& pki = election.pki;
        auto& manifest = election.manifest;
        registrar = pki.issue_leaf(x509::Role::registrar, registrar_key);
        const auto joint = threshold::election_public_key(*transcript);
        election.election_certificate =
            pki.issuing_issuer.issue_for_key(x509::Role::election, joint, pki.leaf_options(x509::Role::election, joint),
                                             pki.store, pki.clock, pki.random);
        manifest.election_certificate = to_bytes(election.election_certificate.der());
        manifest.trustees.clear();
        for (std::size_t i = 0; i < people.size(); ++i)
            manifest.trustees.push_back({static_cast<int>(i) + 1, "Trustee " + std::to_string(i + 1),
                                         people[i].certificate->fingerprint(),
                                         transcript->share_point(static_cast<int>(i) + 1)});
        manifest.ceremony_transcript = transcript->hash();
        for (int i = 0; i < 70; ++i) roll.push_back(sha256(as_bytes("roll " + std::to_string(i))));
        std::ranges::sort(roll);
        manifest.roll_root = election::commitments_root(roll);
    }

    x509::PrivateKey election_key() const {
        std::vector<threshold::VerifiedShare> shares;
        for (const int i : {1, 3})
            shares.push_back(verify_share(i, backups[static_cast<std::size_t>(i) - 1].scalar, *transcript));
        return threshold::combine(shares, *transcript);
    }

    BallotBox::PackageParts parts(const election::Results& results, std::int64_t north, std::int64_t south) {
        auto& election = f.election;
        const auto& pki = election.pki;
        const auto& manifest = election.manifest;
        BallotBox::PackageParts p;
        p.roll_text =
            election::format_roll_summary({manifest.id, 70, {{"north", 40}, {"south", 30}}, manifest.roll_root});
        p.roll_signature = election.sign(p.roll_text, election.officer, election.officer_key);
        p.roll_commitments = roll;
        std::vector<Sha256> claims;
        for (std::int64_t i = 0; i < north + south; ++i)
            claims.push_back(sha256(as_bytes("claim " + std::to_string(i))));
        std::ranges::sort(claims);
        const auto text = election::format_claims_summary({manifest.id,
                                                           "registrar",
                                                           north + south,
                                                           {{"north", north}, {"south", south}},
                                                           election::commitments_root(claims)});
        p.claims.push_back({"registrar", text, election.sign(text, *registrar, registrar_key), claims});
        p.manifest_signature = election.manifest_signature();
        p.registrar_cas = {pki.registrar_ca};
        p.crls.emplace("root", pki.crl(pki.root_issuer));
        p.crls.emplace("issuing-ca", pki.crl(pki.issuing_issuer));
        p.crls.emplace("registrar-ca-registrar", pki.crl(pki.registrar_issuer));
        p.transcript = to_text(transcript->json());
        p.ceremony_messages = messages;
        for (const auto& backup : backups)
            p.rehearsals.push_back(threshold::make_rehearsal_request(backup, as_bytes(manifest.id)));
        const auto checkpoint = f.box->checkpoint(f.id());
        for (const int i : {1, 3}) {
            const auto& person = people[static_cast<std::size_t>(i) - 1];
            p.checkpoint_signatures.emplace(
                i, cms::sign(as_bytes(checkpoint), *person.certificate, person.key, pki.clock));
            p.shares.emplace(i, backups[static_cast<std::size_t>(i) - 1].scalar.clone());
        }
        p.results_signature = election.sign(election::format_results(results), election.officer, election.officer_key);
        return p;
    }
};

/// The README's commands: every line that begins with four spaces, and its continuation lines.
std::string commands_of(const std::string& readme) {
    std::string commands = "set -e\n";
    std::size_t at = 0;
    while (at < readme.size()) {
        const auto end = readme.find('\n', at);
        if (readme.compare(at, 4, "    ") == 0) commands += readme.substr(at + 4, end - at - 3);
        at = end + 1;
    }
    return commands;
}

}  // namespace

TEST_CASE("an election in two styles and epochs is counted, packed, and found good by the checker and by verify.sh") {
    WholeElection whole;
    auto& f = whole.f;
    for (const auto* style : {"north", "south", "north", "north"}) f.vote(style);
    f.clock().set(TestPki::voting_opens() + Seconds{3600});
    REQUIRE(f.close().size() == 1);
    for (const auto* style : {"south", "south", "north"}) f.vote(style);
    // T42, T12: one garbled and one copied vote, and one right that was redeemed and not used (T21).
    const auto garbler = f.redeem(f.make_device("north"));
    f.box->cast(f.id(), f.election.make_raw_ballot(garbler, as_bytes("garbage")));
    const auto unused = f.redeem(f.make_device("north"));
    const auto thief = f.redeem(f.make_device("north"));
    const auto stolen = election::parse_ballot(f.make_ballot(unused).der);
    f.box->cast(f.id(), cms::sign(*stolen.signed_data.content, thief.certificate, thief.key, f.clock()));

    const auto key = whole.election_key();
    CHECK(reason_of([&] {
              f.box->tally(f.id(), {.election_key = key, .claimed = 11, .on_progress = {}}, "officer");
          }) == "ballot_box.not_closed");
    REQUIRE(f.close_last().at(0).ballots == 5);
    const auto stranger = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    CHECK(reason_of([&] {
              f.box->tally(f.id(), {.election_key = stranger, .claimed = 11, .on_progress = {}}, "officer");
          }) == "tally.key");
    std::int64_t told = 0;
    const auto results = f.box->tally(f.id(),
                                      {.election_key = key,
                                       .claimed = 11,
                                       .threads = 3,
                                       .on_progress = [&](std::int64_t done, std::int64_t) { told = done; }},
                                      "officer");
    CHECK(told == 9);
    CHECK(results.totals.cast == 9);
    CHECK(results.totals.redeemed == 10);
    CHECK(results.totals.valid == 7);
    REQUIRE(results.invalid.size() == 2);
    CHECK(std::ranges::count(results.invalid, "ballot.copied", &election::InvalidBallot::rule) == 1);
    const auto& mayor = results.contests.at(0).result;
    CHECK(mayor.candidates.at(mayor.winners.at(0)).id == "m1");  // 4 north : 3 south
    // Again: the same; with another number of claims: a contradiction.
    CHECK(election::format_results(f.box->tally(f.id(), {.election_key = key, .claimed = 11, .on_progress = {}},
                                                "officer")) == election::format_results(results));
    CHECK(reason_of([&] {
              f.box->tally(f.id(), {.election_key = key, .claimed = 12, .on_progress = {}}, "officer");
          }) == "tally.differs");

    const auto parts = whole.parts(results, 8, 3);
    const auto package = f.folder / "package";
    const auto write = [&] { f.box->write_package(f.id(), package, parts, f.stamp(), {}); };
    CHECK(reason_of(write) == "package.final_crl");
    f.box->final_crl(f.id(), "officer");
    f.reopen();
    write();
    CHECK(reason_of(write) == "package.folder");

    const auto report = election::check_package(
        package, {.root_fingerprint = f.election.pki.root.fingerprint(), .on_progress = {}, .annex = {}});
    for (const auto& finding : report.findings) MESSAGE(finding.file, ": ", finding.rule, ": ", finding.message);
    CHECK(report.findings.empty());
    CHECK(report.totals.cast == 9);

    const auto script = test::run_command(package, "sh verify.sh " + to_hex(f.election.pki.root.fingerprint()));
    CHECK_MESSAGE(script.exit_code == 0, script.output);

    // The commands of the README, by hand, with a good ballot: the example is the first one on the list.
    const auto readme = to_text(load_file(package / "README.txt"));
    save_file(f.folder / "by-hand.sh", commands_of(readme));
    const auto by_hand = test::run_command(package, "sh ../by-hand.sh");
    CHECK_MESSAGE(by_hand.exit_code == 0, by_hand.output);
    for (const auto* said : {"Verified OK", "Verification: OK", "CMS Verification successful"})
        CHECK_MESSAGE(by_hand.output.find(said) != std::string::npos, said);
    CHECK(test::run_command(package,
                            "test -z \"$(find . -newer README.txt -type f ! -path './evidence/*' ! -name verify.sh)\"")
              .exit_code == 0);

    // The same commands refuse a ballot with a flipped byte.
    const auto example = readme.substr(readme.find("B=") + 2, 79);
    auto bent = load_file(package / example);
    bent[bent.size() / 2] ^= 1;
    save_file(package / example, bent);
    CHECK(test::run_command(package, "sh ../by-hand.sh").exit_code != 0);
    CHECK_FALSE(
        election::check_package(package, {.root_fingerprint = {}, .on_progress = {}, .annex = {}}).findings.empty());
}

TEST_CASE("a package cannot be written from incomplete parts, and nothing is left of the attempt") {
    WholeElection whole;
    auto& f = whole.f;
    f.vote();
    f.close_last();
    f.box->final_crl(f.id(), "officer");
    const auto package = f.folder / "package";
    const auto results =
        f.box->tally(f.id(), {.election_key = whole.election_key(), .claimed = 1, .on_progress = {}}, "officer");
    const auto refusal = [&](const auto& spoil) {
        auto parts = whole.parts(results, 1, 0);
        spoil(parts);
        const auto reason = reason_of([&] { f.box->write_package(f.id(), package, parts, f.stamp(), {}); });
        CHECK_FALSE(std::filesystem::exists(package));
        return reason;
    };
    CHECK(refusal([](auto& parts) { parts.claims.clear(); }) == "package.parts");
    CHECK(refusal([](auto& parts) { parts.crls.erase("root"); }) == "package.parts");
    CHECK(refusal([](auto& parts) { parts.shares.erase(1); }) == "package.parts");
    CHECK(refusal([](auto& parts) { parts.checkpoint_signatures.erase(3); }) == "package.parts");
    CHECK(refusal([](auto& parts) { parts.rehearsals.pop_back(); }) == "package.parts");
    CHECK(refusal([](auto& parts) { parts.registrar_cas.clear(); }) == "package.parts");
}
