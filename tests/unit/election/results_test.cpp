#include "uvpki/election/results.h"
#include "tests/unit/election/expect.h"

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
