// T43: elections counted by others, reproduced round by round.
#include <map>
#include <set>

#include "support.h"
#include "uvpki/csv.h"

using namespace uvpki;
using namespace uvpki::count;
using namespace count_test;

namespace {

using Amounts = std::map<std::string, std::uint64_t>;

const ByteView no_seed{};

Amounts tallies(const Result& result, const Round& round) {
    Amounts amounts;
    for (const auto& tally : round.tallies) amounts[result.candidates[tally.candidate].name] = millionths(tally.votes);
    return amounts;
}

Amounts transfers(const Result& result, const Event& event) {
    Amounts amounts;
    for (const auto& transfer : event.transfers) {
        const auto name = transfer.to == Destination::candidate   ? result.candidates[transfer.candidate].name
                          : transfer.to == Destination::exhausted ? std::string("exhausted")
                                                                  : std::string("residual surplus");
        amounts[name] = millionths(transfer.votes);
    }
    return amounts;
}

Amounts amounts(const Json& object) {
    Amounts result;
    for (const auto& [name, votes] : object.items()) result[name] = millionths(votes.get<std::string>());
    return result;
}

/// `left_out`: ballots that RCTab counts as inactive from the start and the BLT file does not hold.
void require_report(const Result& result, const Json& report, std::uint64_t left_out) {
    const auto& rounds = report.at("results");
    REQUIRE(result.rounds.size() == rounds.size());
    for (std::size_t i = 0; i < rounds.size(); ++i) {
        const auto& expected = rounds[i];
        const auto& round = result.rounds[i];
        CAPTURE(round.number);
        CHECK(round.number == expected.at("round").get<std::uint32_t>());
        CHECK(millionths(round.threshold) == millionths(expected.at("threshold").get<std::string>()));
        CHECK(tallies(result, round) == amounts(expected.at("tally")));

        std::uint64_t inactive = 0;
        for (const auto& [reason, votes] : amounts(expected.at("inactiveBallots"))) inactive += votes;
        CHECK(millionths(round.exhausted) + (result.blank + left_out) * 1'000'000 == inactive);

        const auto& events = expected.at("tallyResults");
        REQUIRE(round.events.size() == events.size());
        for (std::size_t j = 0; j < events.size(); ++j) {
            const auto& event = round.events[j];
            const auto* kind = event.kind == EventKind::elected ? "elected" : "eliminated";
            REQUIRE(events[j].contains(kind));
            CHECK(result.candidates[event.candidate].name == events[j].at(kind).get<std::string>());
            CHECK(event.tied.empty());
            CHECK(transfers(result, event) == amounts(events[j].at("transfers")));
        }
    }
}

Result count_vector(const std::string& name) {
    return count_election(parse_blt(vector_text(name + ".blt")), vector_rules(name), no_seed);
}

}  // namespace

TEST_CASE("T43: the Minneapolis park board election of 2013 comes out as reported, round by round") {
    const auto result = count_vector("2013_minneapolis_park");
    CHECK(result.valid == 59463);
    CHECK(result.blank == 0);
    CHECK(result.threshold == "14866");
    CHECK(winners(result) == std::vector<std::string>{"JOHN ERWIN", "ANNIE YOUNG", "MEG FORNEY"});
    require_report(result, vector_json("2013_minneapolis_park.expected.json"), 67);
    const auto& last = result.rounds.back();
    CHECK(last.residue == "0.4808");
    CHECK(result.rounds[9].events[0].explanation ==
          "\"ANNIE YOUNG\" has 15044 votes, reaches the threshold of 14866 and is elected. Of the surplus of 178, "
          "177.5192 moves on: each ballot keeps going with 0.0118 of its value (surplus by tally, rounded down to 4 "
          "decimals), rounded down again; 0.4808 is left over.");
}

TEST_CASE("T43: RCTab's set with a whole-vote threshold comes out as reported, round by round") {
    const auto result = count_vector("rctab_whole_threshold");
    CHECK(result.threshold == "8");
    CHECK(winners(result) == std::vector<std::string>{"Candidate C Name", "Candidate A Name", "Candidate B Name"});
    require_report(result, vector_json("rctab_whole_threshold.expected.json"), 0);
    CHECK(result.rounds.back().residue == "0.0007");
}

TEST_CASE("T43: RCTab's set with a fractional threshold comes out as reported, round by round") {
    const auto result = count_vector("rctab_fractional_threshold");
    CHECK(result.threshold == "7.2501");
    CHECK(winners(result) == std::vector<std::string>{"Candidate C Name", "Candidate A Name", "Candidate B Name"});
    require_report(result, vector_json("rctab_fractional_threshold.expected.json"), 0);
}

TEST_CASE("T43: RCTab's instant run-off set comes out as reported, round by round, with the threshold of each round") {
    const auto result = count_vector("rctab_skipped_first_choice");
    CHECK(winners(result) == std::vector<std::string>{"Candidate B Name"});
    require_report(result, vector_json("rctab_skipped_first_choice.expected.json"), 0);
}

TEST_CASE("T43: RCTab's CSV set with write-ins and batch elimination comes out as reported, round by round") {
    const auto rows = parse_csv(vector_text("rctab_generic_csv.cvr.csv"));
    Profile profile;
    for (const std::string name : {"Lettuce", "Broccoli", "Cucumber", "Cauliflower", "Undeclared Write-ins"}) {
        profile.candidates.push_back({.id = "c" + std::to_string(profile.candidates.size() + 1), .name = name});
    }
    for (std::size_t row = 1; row < rows.size(); ++row) {
        std::map<int, std::uint32_t> ranked;
        for (std::uint32_t i = 0; i < 5; ++i) {
            const auto& cell = rows[row].fields.at(3 + i);
            if (!cell.empty()) REQUIRE(ranked.emplace(std::stoi(cell), i).second);
        }
        RankedBallot ballot;
        for (const auto& [rank, candidate] : ranked) ballot.ranking.push_back(candidate);
        profile.ballots.push_back(ballot);
    }
    const auto result = count_election(profile, vector_rules("rctab_generic_csv"), no_seed);
    CHECK(result.valid == 26);
    CHECK(winners(result) == std::vector<std::string>{"Cucumber"});
    CHECK(result.threshold == "14");
    REQUIRE(result.rounds.size() == 4);

    std::map<std::string, std::vector<std::string>> report;
    for (const auto& row : parse_csv(vector_text("rctab_generic_csv.expected.csv"))) report[row.fields[0]] = row.fields;
    for (std::size_t i = 0; i < result.rounds.size(); ++i) {
        CAPTURE(i);
        const auto& round = result.rounds[i];
        CHECK(round.threshold == report.at("Current Round Threshold").at(1 + 3 * i));
        for (std::uint32_t c = 0; c < profile.candidates.size(); ++c) {
            const auto& expected = report.at(profile.candidates[c].name).at(1 + 3 * i);
            const auto counted = votes(round, c);
            CHECK((counted.empty() ? "0" : counted) == expected);
        }
        const auto& event = round.events.at(0);
        const auto* row = event.kind == EventKind::elected ? "Elected" : "Eliminated";
        CHECK(result.candidates[event.candidate].name == report.at(row).at(1 + 3 * i));
    }
}

TEST_CASE("T43: the GNOME board election gives the seven known winners") {
    const auto result = count_vector("gnome_26");
    const auto names = winners(result);
    CHECK(std::set<std::string>(names.begin(), names.end()) ==
          std::set<std::string>{"Allan Day", "Carlos Soriano", "Ekaterina Gerasimova", "Federico Mena Quintero",
                                "Nuritzi Sanchez", "Philip Chimento", "Robert McQueen"});
    CHECK(names.size() == 7);
    CHECK(result.ballots == 135);
}

TEST_CASE("T43: the Maemo council election gives the known winners in order and four blank ballots") {
    const auto result = count_vector("maemo");
    CHECK(winners(result) ==
          std::vector<std::string>{"juiceme (Jussi Ohenoja)", "mosen (Timo Könnecke)", "eekkelund (Eetu Kahelin)"});
    CHECK(result.ballots == 51);
    CHECK(result.blank == 4);
    CHECK(result.valid == 47);
}

TEST_CASE("a withdrawn candidate's ballots go to the next choice in every method's first round") {
    const auto profile = parse_blt(vector_text("atwood_so.blt"));
    const auto result =
        count_election(profile, {.method = Method::stv, .seats = 2, .tie_break = TieBreak::candidate_order}, no_seed);
    // 4 1 3 | 4 1 3 | 1 4 3 | 1 4 3 | 1 4 3 | 3 4 1 | 3 4 1 | 3 4 1 | 4 3 | 3 4 1, Bob (2) struck out
    CHECK(votes(result.rounds[0], 0) == "3");
    CHECK(votes(result.rounds[0], 1) == "");
    CHECK(result.valid == 10);
    CHECK(result.withdrawn == std::vector<std::uint32_t>{1});
}
