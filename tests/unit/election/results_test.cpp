#include "uvpki/election/results.h"
#include "tests/unit/election/expect.h"
#include "uvpki/encoding.h"

using namespace uvpki;
using namespace uvpki::testing;
using election::OpenedBallot;
using Status = OpenedBallot::Status;

namespace {

OpenedBallot opened(std::uint8_t leaf, Bytes point, Status status = Status::valid) {
    OpenedBallot ballot;
    ballot.leaf.fill(leaf);
    ballot.style = "south";
    ballot.ephemeral_point = std::move(point);
    ballot.status = status;
    if (status == Status::invalid)
        ballot.invalid_because = Finding{"ballot.copied", "made for another key"};
    else
        ballot.contests = status == Status::valid ? TestElection::choices("south") : TestElection::blank("south");
    return ballot;
}

/// 04, thirty-two octets of this x, thirty-two of this y
Bytes point(std::uint8_t x, std::uint8_t y) {
    Bytes octets(65, x);
    octets[0] = 4;
    std::fill(octets.begin() + 33, octets.end(), y);
    return octets;
}

election::Results results_of(const std::vector<OpenedBallot>& ballots) {
    const election::Totals known{
        .roll = 70, .claimed = 9, .redeemed = 9, .cast = static_cast<std::int64_t>(ballots.size())};
    return election::compute_results(shared_election().verified_manifest(), ballots, known, Sha256{}, known.cast,
                                     as_bytes("seed"));
}

std::vector<std::pair<int, std::string>> invalid(const election::Results& results) {
    std::vector<std::pair<int, std::string>> list;
    for (const auto& ballot : results.invalid) list.emplace_back(ballot.leaf[0], ballot.rule);
    return list;
}

using List = std::vector<std::pair<int, std::string>>;

}  // namespace

TEST_CASE("T13: of ballots with one ephemeral key, or its mirror image, the smallest leaf counts") {
    const auto results = results_of({opened(3, point(7, 1)), opened(1, point(7, 1)), opened(2, point(7, 9)),
                                     opened(4, point(8, 1)), opened(5, point(8, 2), Status::blank)});
    CHECK(invalid(results) ==
          List{{2, "ballot.repeated_ephemeral"}, {3, "ballot.repeated_ephemeral"}, {5, "ballot.repeated_ephemeral"}});
    CHECK(results.totals.valid == 2);
    CHECK(results.totals.blank == 0);
    CHECK(results.totals.invalid == 3);
}

TEST_CASE("T12, T13: a copied envelope does not displace its original, however small its leaf") {
    const auto results = results_of({opened(1, point(7, 1), Status::invalid), opened(2, point(7, 1))});
    CHECK(invalid(results) == List{{1, "ballot.copied"}});
    CHECK(results.totals.valid == 1);
}

TEST_CASE("T42: valid, blank and invalid ballots add up to those cast") {
    const auto results = results_of({opened(1, point(1, 1)), opened(2, point(2, 1), Status::blank),
                                     opened(3, point(3, 1), Status::invalid), opened(4, point(4, 1))});
    const auto& totals = results.totals;
    CHECK(totals.valid == 2);
    CHECK(totals.blank == 1);
    CHECK(totals.invalid == 1);
    CHECK(totals.valid + totals.blank + totals.invalid == totals.cast);
}

TEST_CASE("T40: names that are formulas leave the published CSV harmless") {
    TestElection test;
    test.manifest.title = "<script>alert(1)</script>";
    test.manifest.contests[0].candidates = {{"m1", "=HYPERLINK(\"http://x\")"},
                                            {"m2", "</td><script>alert(2)</script>"}};
    const auto manifest = test.verified_manifest();
    const election::Totals known{.roll = 70, .claimed = 1, .redeemed = 1, .cast = 1};
    const auto results =
        election::compute_results(manifest, {opened(1, point(1, 1))}, known, Sha256{}, 1, as_bytes("seed"));
    const auto csv = election::results_csv(manifest, results);
    CHECK(csv.find("\"'=HYPERLINK(\"\"http://x\"\")\"") != std::string::npos);
    CHECK(csv.find(",=") == std::string::npos);
}

TEST_CASE("T43: a tie is broken by the hash of the final checkpoint, the same for everybody who has it") {
    auto other = opened(2, point(2, 1));
    other.contests = {{"mayor", {"m2"}}};
    auto one = opened(1, point(1, 1));
    one.contests = {{"mayor", {"m1"}}};
    for (const std::string checkpoint : {"a checkpoint\n", "another\n", "a third\n", "a fourth\n"}) {
        const auto seed = sha256(as_bytes(checkpoint));
        const auto key = [&](const std::string& id) { return sha256(as_bytes(to_hex(seed) + ":1:" + id)); };
        const election::Totals known{.roll = 70, .claimed = 2, .redeemed = 2, .cast = 2};
        const auto results =
            election::compute_results(shared_election().verified_manifest(), {one, other}, known, Sha256{}, 2, seed);
        const auto& mayor = results.contests.at(0).result;
        REQUIRE(mayor.winners.size() == 1);
        CHECK(mayor.candidates.at(mayor.winners[0]).id == (key("m1") < key("m2") ? "m1" : "m2"));
        CHECK(mayor.rounds.at(0).events.at(0).tied.size() == 2);
    }
}
