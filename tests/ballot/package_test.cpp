#include <algorithm>

#include "tests/ballot/whole_election.h"
#include "uvpki/election/package.h"
#include "uvpki/files.h"

using namespace uvpki;
using namespace uvpki::testing;

namespace {

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
