// T43: elections counted by others, reproduced round by round.
#include <map>
#include <set>

#include "support.h"
#include "uvpki/count/ballot_file.h"
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

/// RCTab reads the records themselves, by the rules of its config.json; the BLT file is our conversion of them.
void require_same_ballots(const std::string& name, const MarkRules& rules) {
    const auto records =
        parse_ballot_file(name + ".cvr.json", as_bytes(vector_text(name + ".cvr.json")), {.csv = {.marks = rules}});
    const auto converted = parse_blt(vector_text(name + ".blt"));
    CHECK(records.ballots == converted.ballots);
    REQUIRE(records.candidates.size() == converted.candidates.size());
    for (std::size_t i = 0; i < records.candidates.size(); ++i) {
        CHECK(records.candidates[i].name == converted.candidates[i].name);
    }
    const auto by_records = count_election(records, vector_rules(name), no_seed);
    require_report(by_records, vector_json(name + ".expected.json"), 0);
}

constexpr MarkRules skip_rules{.overvote = Overvote::skip, .duplicate = Duplicate::skip, .skipped_ranks = 1};
constexpr MarkRules exhaust_rules{.overvote = Overvote::exhaust, .duplicate = Duplicate::skip, .skipped_ranks = 4};

BallotFileOptions options_for(const std::string& file) {
    if (file.starts_with("rctab_generic")) return {.csv = {.first_column = 4}};
    if (file.starts_with("rctab_skipped")) return {.csv = {.marks = exhaust_rules}};
    return {.csv = {.marks = skip_rules}};
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
    require_same_ballots("rctab_whole_threshold", skip_rules);
}

TEST_CASE("T43: RCTab's set with a fractional threshold comes out as reported, round by round") {
    const auto result = count_vector("rctab_fractional_threshold");
    CHECK(result.threshold == "7.2501");
    CHECK(winners(result) == std::vector<std::string>{"Candidate C Name", "Candidate A Name", "Candidate B Name"});
    require_report(result, vector_json("rctab_fractional_threshold.expected.json"), 0);
    require_same_ballots("rctab_fractional_threshold", skip_rules);
}

TEST_CASE("T43: RCTab's instant run-off set comes out as reported, round by round, with the threshold of each round") {
    const auto result = count_vector("rctab_skipped_first_choice");
    CHECK(winners(result) == std::vector<std::string>{"Candidate B Name"});
    require_report(result, vector_json("rctab_skipped_first_choice.expected.json"), 0);
    require_same_ballots("rctab_skipped_first_choice", exhaust_rules);
    // Its records hold what only rules can decide: without them the file is refused.
    const auto records = vector_text("rctab_skipped_first_choice.cvr.json");
    CHECK(reason_of([&] { parse_ballot_file("cvr.json", as_bytes(records)); }).starts_with("ballot."));
}

TEST_CASE("T43: RCTab's CSV set with write-ins and batch elimination comes out as reported, round by round") {
    auto profile = parse_ballot_file("cvr.csv", as_bytes(vector_text("rctab_generic_csv.cvr.csv")),
                                     options_for("rctab_generic_csv"));
    REQUIRE(profile.candidates.at(4).name == "Write-In");
    profile.candidates[4].name = "Undeclared Write-ins";  // as the report calls them
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

TEST_CASE("T43: every election of known-results.json comes out as known") {
    std::size_t counted = 0;
    const auto list = vector_json("known-results.json");
    for (const auto& known : list.at("elections")) {
        const auto file = known.at("file").get<std::string>();
        CAPTURE(file);
        if (file.starts_with("electionguard/")) continue;  // the next test
        const auto profile = parse_ballot_file(file, as_bytes(vector_text(file)), options_for(file));
        ++counted;
        if (known.at("method") == "parser only") {
            CHECK(profile.seats == known.at("seats").get<std::uint32_t>());
            continue;
        }
        // debian_2003 has no rules file of its own; the rules of 2010 were those of 2003.
        const auto stem = file.starts_with("debian") ? std::string("debian_2010") : file.substr(0, file.find('.'));
        const auto rules = vector_rules(stem);
        CHECK(rules.seats == known.at("seats").get<std::uint32_t>());
        const auto result = count_election(profile, rules, no_seed);
        const auto names = winners(result);
        if (known.contains("winners_in_order")) {
            CHECK(names == known.at("winners_in_order").get<std::vector<std::string>>());
        } else if (known.contains("winners_set")) {
            const auto expected = known.at("winners_set").get<std::set<std::string>>();
            CHECK(std::set<std::string>(names.begin(), names.end()) == expected);
            CHECK(names.size() == expected.size());
        } else {
            CHECK(names == std::vector<std::string>{known.at("winner_in_this_file").get<std::string>()});
            CHECK_FALSE(known.at("official_winner").get<std::string>().starts_with(names[0]));
        }
        if (known.contains("valid_ballots")) CHECK(result.valid == known.at("valid_ballots").get<std::uint64_t>());
        if (known.contains("ballots")) CHECK(result.ballots == known.at("ballots").get<std::uint64_t>());
        if (known.contains("threshold")) {
            const auto& threshold = known.at("threshold");
            CHECK(result.threshold == (threshold.is_string() ? threshold.get<std::string>() : threshold.dump()));
        }
    }
    CHECK(counted == 10);
}

TEST_CASE("ElectionGuard's five plaintext ballots give the published 2:1: one is blank and one was not cast") {
    // known-results.json: "five plaintext ballots but the published tally is 2:1 - one is blank and one was not cast"
    const auto folder = std::filesystem::path(UVPKI_VECTORS) / "elections" / "electionguard";
    const auto manifest = vector_json("electionguard/manifest-minimal.json");
    const auto& contest = manifest.at("contests").at(0);
    Profile profile;
    for (const auto& selection : contest.at("ballot_selections")) {
        const auto id = selection.at("object_id").get<std::string>();
        profile.candidates.push_back({.id = id, .name = id});
    }
    REQUIRE(profile.candidates.size() == 2);
    std::size_t uncast = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (!entry.path().filename().string().starts_with("ballot-")) continue;
        const auto plaintext = parse_json(load_file(entry.path()));
        const auto& selections = plaintext.at("contests").at(0).at("ballot_selections");
        uncast += selections.size() < profile.candidates.size() ? 1 : 0;
        RankedBallot ballot;
        for (const auto& selection : selections) {
            if (selection.at("vote") != 1) continue;
            ballot.ranking.push_back(selection.at("object_id") == profile.candidates[0].id ? 0 : 1);
        }
        profile.ballots.push_back(ballot);
    }
    CHECK(uncast == 1);
    const Rules rules{.method = Method::plurality, .seats = 1, .tie_break = TieBreak::candidate_order};
    const auto result = count_election(profile, rules, no_seed);
    CHECK(result.ballots == 5);
    CHECK(result.blank - uncast == 1);
    CHECK(result.valid == 3);
    const auto list = vector_json("known-results.json");
    const auto& published = list.at("elections").back().at("result");
    CHECK(votes(result.rounds[0], 0) == published.at("affirmative").dump());
    CHECK(votes(result.rounds[0], 1) == published.at("negative").dump());
}

TEST_CASE("what the data sets hold besides ballots is refused with the reason on the list, and all of it is listed") {
    const auto folder = std::filesystem::path(UVPKI_VECTORS) / "elections" / "not-ballots";
    std::set<std::string> listed{"skipped.json"};
    const auto list = vector_json("not-ballots/skipped.json");
    for (const auto& skipped : list) {
        const auto file = skipped.at("file").get<std::string>();
        CAPTURE(file);
        listed.insert(file);
        CHECK_FALSE(skipped.at("reason").get<std::string>().empty());
        const auto text = vector_text("not-ballots/" + file);
        CHECK(reason_of([&] { parse_ballot_file(file, as_bytes(text)); }) == skipped.at("refused").get<std::string>());
    }
    std::set<std::string> present;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) present.insert(entry.path().filename());
    CHECK(present == listed);
}
