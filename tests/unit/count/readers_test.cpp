// Ballots from other programs' files: read as they stand, or refused with the rule and the place.
#include <random>

#include "support.h"
#include "uvpki/count/ballot_file.h"
#include "uvpki/count/cvr.h"
#include "uvpki/count/preflib.h"

using namespace uvpki;
using namespace uvpki::count;
using namespace count_test;

namespace {

using Ranking = std::vector<std::uint32_t>;

const std::string preflib_header =
    "# FILE NAME: t.soi\n# TITLE: Test\n# DATA TYPE: soi\n# NUMBER ALTERNATIVES: 3\n# NUMBER VOTERS: 5\n"
    "# NUMBER UNIQUE ORDERS: 2\n# ALTERNATIVE NAME 1: Ann\n# ALTERNATIVE NAME 2: Bob\n# ALTERNATIVE NAME 3: Cem\n";

std::string changed(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

std::string message_of(const std::string& text, const RankedCsvOptions& options = {}) {
    try {
        parse_ranked_csv(text, options);
    } catch (const Error& error) {
        return error.message();
    }
    return "";
}

std::string csv_reason(const std::string& text, const RankedCsvOptions& options = {}) {
    return reason_of([&] { parse_ranked_csv(text, options); });
}

Ranking first_ballot(const std::string& csv, const RankedCsvOptions& options) {
    return parse_ranked_csv(csv, options).ballots.at(0).ranking;
}

/// A report with one record; `selections` are the record's.
Json report(std::initializer_list<Json> selections) {
    const auto contest_selection = [](const std::string& id, const std::string& candidate) {
        return Json{{"@id", id}, {"@type", "CVR.CandidateSelection"}, {"CandidateIds", {candidate}}};
    };
    const auto candidate = [](const std::string& id, const std::string& name) {
        return Json{{"@id", id}, {"@type", "CVR.Candidate"}, {"Name", name}};
    };
    return {{"@type", "CVR.CastVoteRecordReport"},
            {"Election",
             {{{"@id", "e"},
               {"@type", "CVR.Election"},
               {"Candidate", {candidate("ann", "Ann"), candidate("bob", "Bob"), candidate("cem", "Cem")}},
               {"Contest",
                {{{"@id", "c1"},
                  {"@type", "CVR.CandidateContest"},
                  {"Name", "Mayor"},
                  {"ContestSelection",
                   {contest_selection("s-ann", "ann"), contest_selection("s-bob", "bob"),
                    contest_selection("s-cem", "cem")}}}}}}}},
            {"CVR",
             {{{"@type", "CVR.CVR"},
               {"CurrentSnapshotId", "now"},
               {"CVRSnapshot",
                {{{"@id", "before"}, {"@type", "CVR.CVRSnapshot"}, {"Type", "original"}},
                 {{"@id", "now"},
                  {"@type", "CVR.CVRSnapshot"},
                  {"Type", "modified"},
                  {"CVRContest",
                   {{{"@type", "CVR.CVRContest"},
                     {"ContestId", "c1"},
                     {"CVRContestSelection", Json(std::vector<Json>(selections))}}}}}}}}}}};
}

Json selection(const std::string& id, const Json& members) {
    Json position{{"@type", "CVR.SelectionPosition"}, {"HasIndication", "yes"}, {"NumberVotes", 1}};
    if (!members.is_null()) position.update(members);
    return {{"@type", "CVR.CVRContestSelection"}, {"ContestSelectionId", id}, {"SelectionPosition", {position}}};
}

Profile cvr(const Json& value, const CvrOptions& options = {}) {
    return parse_cvr(as_bytes(value.dump()), options);
}

std::string cvr_reason(const Json& value, const CvrOptions& options = {}) {
    return reason_of([&] { cvr(value, options); });
}

}  // namespace

TEST_CASE("PrefLib's strict and tied orders are read as they stand") {
    const auto strict = parse_preflib(preflib_header + "3: 2,1\n2: 3\n");
    CHECK(strict.title == "Test");
    CHECK(strict.candidates == std::vector<Candidate>{{"c1", "Ann"}, {"c2", "Bob"}, {"c3", "Cem"}});
    CHECK(strict.ballots == std::vector<RankedBallot>{{{1, 0}, 3}, {{2}, 2}});
    const auto toi = changed(preflib_header, "TYPE: soi", "TYPE: toi");
    const auto tied = parse_preflib(toi + "3: {1,3},2\n2: 2,{1,3}\n");
    CHECK(tied.ballots == std::vector<RankedBallot>{{{0, 2, 1}, 3, {1, 1, 2}}, {{1, 0, 2}, 2, {1, 2, 2}}});
    CHECK(parse_preflib(toi + "3: {1},{2}\n2: 3\n").ballots[0] == RankedBallot{{0, 1}, 3});
    CHECK(parse_preflib(changed(preflib_header, "soi\n", "soi\r\n") + "\n 3 : 2 , 1 \r\n2: 3") == strict);
}

TEST_CASE("each broken PrefLib file is refused with the rule it breaks and the line") {
    const auto reason = [](const std::string& text, PreflibLimits limits = {}) {
        return reason_of([&] { parse_preflib(text, limits); });
    };
    const auto good = preflib_header + "3: 2,1\n2: 3\n";
    REQUIRE(reason(good) == "");
    CHECK(reason("") == "preflib.header");
    CHECK(reason("3\n1,Ann\n") == "preflib.header");  // the form before 2022
    for (const std::string line : {"# DATA TYPE: soi\n", "# NUMBER ALTERNATIVES: 3\n", "# NUMBER VOTERS: 5\n",
                                   "# NUMBER UNIQUE ORDERS: 2\n", "# ALTERNATIVE NAME 2: Bob\n"}) {
        CAPTURE(line);
        CHECK(reason(changed(good, line, "")) == "preflib.header");
        CHECK(reason(changed(good, line, line + line)) == "preflib.header");
    }
    CHECK(reason(changed(good, "TYPE: soi", "TYPE: cat")) == "preflib.header");
    CHECK(reason(changed(good, "ALTERNATIVES: 3", "ALTERNATIVES: 1001")) == "preflib.header");
    CHECK(reason(changed(good, "ALTERNATIVES: 3", "ALTERNATIVES: -3")) == "preflib.header");
    CHECK(reason(changed(good, "NAME 2", "NAME 4")) == "preflib.header");
    CHECK(reason(changed(good, "Bob", "Ann")) == "preflib.name");
    CHECK(reason(changed(good, "Bob", "B\xE2\x80\xAEob")) == "preflib.name");
    CHECK(reason(changed(good, "Bob", "B\xF6")) == "preflib.encoding");
    CHECK(reason(changed(good, "3: 2,1", "0: 2,1")) == "preflib.order");
    CHECK(reason(changed(good, "3: 2,1", "2,1")) == "preflib.order");
    CHECK(reason(changed(good, "2,1", "2,,1")) == "preflib.order");
    CHECK(reason(changed(good, "2,1", "2,1,")) == "preflib.order");
    CHECK(reason(changed(good, "2,1", "2 1")) == "preflib.order");
    CHECK(reason(changed(good, "2,1", "")) == "preflib.order");
    CHECK(reason(changed(good, "2,1", "2,4")) == "preflib.candidate");
    CHECK(reason(changed(good, "2,1", "0")) == "preflib.candidate");
    CHECK(reason(changed(good, "2,1", "2,1,2")) == "preflib.duplicate");
    CHECK(reason(changed(good, "2,1", "{2,1}")) == "preflib.ties");
    CHECK(reason(changed(good, "TYPE: soi", "TYPE: soc")) == "preflib.incomplete");
    CHECK(reason(changed(good, "2: 3", "3: 3")) == "preflib.totals");
    CHECK(reason(changed(good, "2: 3\n", "")) == "preflib.totals");
    CHECK(reason(good + "1: 1\n") == "preflib.totals");
    CHECK(reason(good + "# TITLE: late\n") == "preflib.order");
    const auto toi = changed(good, "TYPE: soi", "TYPE: toi");
    for (const std::string order : {"{2,1", "2,1}", "{{2,1}}", "{}", "{2}1", "{2,1}}"}) {
        CAPTURE(order);
        CHECK(reason(changed(toi, "2,1", order)) == "preflib.order");
    }
    CHECK(reason(good, {.bytes = 50}) == "preflib.too_large");
    CHECK(reason(good, {.orders = 1}) == "preflib.header");
    try {
        parse_preflib(changed(good, "2: 3", "2: 9"));
        FAIL("accepted");
    } catch (const Error& error) {
        CHECK(error.message() == "Line 11 of the PrefLib file: there is no alternative 9.");
    }
}

TEST_CASE("a spreadsheet with a column per candidate is read by the ranks in its cells") {
    const auto read =
        parse_ranked_csv("id,Ann,\"Bob, the second\",Cem\nx,2,1,\ny,,,\n\"z\",3,1,2\n", {.first_column = 2});
    CHECK(read.candidates == std::vector<Candidate>{{"c1", "Ann"}, {"c2", "Bob, the second"}, {"c3", "Cem"}});
    CHECK(read.ballots == std::vector<RankedBallot>{{{1, 0}}, {{}}, {{1, 2, 0}}});
}

TEST_CASE("a spreadsheet with a column per rank is read by the names in its cells, whatever their order") {
    RankedCsvOptions options{
        .columns = CsvColumns::ranks, .first_column = 2, .skipped_label = "undervote", .overvote_label = "overvote"};
    options.marks = {.overvote = Overvote::skip, .duplicate = Duplicate::skip, .skipped_ranks = 1};
    const std::string text =
        "id,1st,2nd,3rd\n1,Cem,Ann,\n2,undervote,Ann,Ann\n3,overvote,Bob,Cem\n4,undervote,undervote,Ann\n";
    const auto read = parse_ranked_csv(text, options);
    CHECK(read.candidates == std::vector<Candidate>{{"c1", "Ann"}, {"c2", "Bob"}, {"c3", "Cem"}});
    CHECK(read.ballots == std::vector<RankedBallot>{{{2, 0}}, {{0}}, {{1, 2}}, {{}}});
}

TEST_CASE("contradictory marks are refused unless the rules say what they mean") {
    const std::string gap = "A,B,C\n1,3,\n";
    CHECK(csv_reason(gap) == "ballot.skipped_rank");
    CHECK(first_ballot(gap, {.marks = {.skipped_ranks = 1}}) == Ranking{0, 1});
    CHECK(first_ballot(gap, {.marks = {.skipped_ranks = 0}}) == Ranking{0});
    CHECK(csv_reason("A,B,C\n2,3,\n") == "ballot.skipped_rank");

    const std::string twice = "A,B,C\n1,1,2\n";
    CHECK(csv_reason(twice) == "ballot.overvote");
    CHECK(first_ballot(twice, {.marks = {.overvote = Overvote::skip}}) == Ranking{2});
    CHECK(first_ballot(twice, {.marks = {.overvote = Overvote::exhaust}}) == Ranking{});
    const auto equal = parse_ranked_csv(twice, {.marks = {.overvote = Overvote::equal}}).ballots[0];
    CHECK(equal == RankedBallot{{0, 1, 2}, 1, {1, 1, 2}});

    RankedCsvOptions names{.columns = CsvColumns::ranks};
    const std::string again = "1,2,3\nAnn,Ann,Bob\n";
    CHECK(csv_reason(again, names) == "ballot.duplicate");
    names.marks.duplicate = Duplicate::skip;
    CHECK(first_ballot(again, names) == Ranking{0, 1});
    names.marks.duplicate = Duplicate::exhaust;
    CHECK(first_ballot(again, names) == Ranking{0});
    // Who was overvoted is not known: not even as equals can they be counted.
    names.overvote_label = "overvote";
    names.marks.overvote = Overvote::equal;
    CHECK(csv_reason("1,2\novervote,Ann\n", names) == "ballot.overvote");
}

TEST_CASE("each broken spreadsheet is refused with the rule it breaks, the line and the column") {
    REQUIRE(csv_reason("A,B\n1,2\n") == "");
    CHECK(csv_reason("") == "ranked_csv.header");
    CHECK(csv_reason("A,B\n1,2\n", {.first_column = 3}) == "ranked_csv.header");
    CHECK(csv_reason("A,B\n1,2\n", {.first_column = 0}) == "ranked_csv.header");
    CHECK(csv_reason("A,A\n1,2\n") == "ranked_csv.header");
    CHECK(csv_reason("A,B\n1\n") == "ranked_csv.row");
    CHECK(csv_reason("A,B\n1,2,3\n") == "ranked_csv.row");
    CHECK(csv_reason("A,\n1,2\n") == "ranked_csv.name");
    CHECK(csv_reason("A,B\xE2\x80\xAE\n1,2\n") == "ranked_csv.name");
    CHECK(csv_reason("1\n\xE2\x80\xAE\n", {.columns = CsvColumns::ranks}) == "ranked_csv.name");
    CHECK(csv_reason("1,2\n,\n", {.columns = CsvColumns::ranks}) == "ranked_csv.name");
    for (const std::string cell : {"x", "0", "-1", "1.0", "+1", "1001", "99999999999999999999", "=1"}) {
        CAPTURE(cell);
        CHECK(csv_reason("A,B\n1," + cell + "\n") == "ranked_csv.rank");
    }
    CHECK(csv_reason("A,B\n1,\"2\n") == "csv.quote");
    CHECK(csv_reason("A,B\xFF\n1,2\n") == "csv.encoding");
    CHECK(csv_reason("A,B\n1,2\n1,2\n", {.ballots = 1}) == "csv.too_large");
    CHECK(csv_reason("A,B\n1,2\n", {.bytes = 5}) == "ranked_csv.too_large");
    CHECK(message_of("id,A\n\nx7,1\n").starts_with("Line 3 of the CSV file, column 1: a rank is expected"));
    CHECK(message_of("A,B\n1,1\n").starts_with("Line 2 of the CSV file: at rank 1 several candidates are marked"));
}

TEST_CASE("a cast vote record counts by its current snapshot, with the marks that count") {
    auto read = cvr(report({selection("s-bob", {{"Rank", 1}}), selection("s-ann", {{"Rank", 2}}),
                            selection("s-cem", {{"Rank", 1}, {"HasIndication", "no"}}),
                            selection("s-cem", {{"Rank", 1}, {"IsAllocable", "no"}})}));
    CHECK(read.title == "Mayor");
    CHECK(read.candidates == std::vector<Candidate>{{"s-ann", "Ann"}, {"s-bob", "Bob"}, {"s-cem", "Cem"}});
    CHECK(read.ballots == std::vector<RankedBallot>{{{1, 0}}});
    // Allocated by adjudication although the mark is unclear.
    CHECK(
        cvr(report({selection("s-cem", {{"HasIndication", "unknown"}, {"IsAllocable", "yes"}})})).ballots[0].ranking ==
        Ranking{2});
    // Without ranks: choices without an order.
    CHECK(cvr(report({selection("s-cem", {}), selection("s-ann", {})})).ballots[0] == RankedBallot{{0, 2}, 1, {1, 1}});
    CHECK(cvr(report({})).ballots[0] == RankedBallot{});
    // A record whose ballot did not have the contest is no ballot of it.
    auto other = report({});
    other["CVR"][0]["CVRSnapshot"][1].erase("CVRContest");
    CHECK(cvr(other).ballots.empty());
}

TEST_CASE("each broken cast vote record is refused with the rule it breaks and its number") {
    const auto one = [](const Json& members) { return report({selection("s-ann", members)}); };
    REQUIRE(cvr_reason(one({{"Rank", 1}})) == "");
    CHECK(cvr_reason(one({{"HasIndication", "unknown"}})) == "cvr.indication");
    CHECK(cvr_reason(one({{"HasIndication", "maybe"}})) == "cvr.malformed");
    CHECK(cvr_reason(one({{"NumberVotes", 2}})) == "cvr.votes");
    CHECK(cvr_reason(one({{"FractionalVotes", "1/2"}})) == "cvr.votes");
    CHECK(cvr_reason(one({{"Status", {"needs-adjudication"}}})) == "cvr.adjudication");
    CHECK(cvr_reason(one({{"Rank", 0}})) == "cvr.malformed");
    CHECK(cvr_reason(one({{"Rank", "1"}})) == "cvr.malformed");
    CHECK(cvr_reason(report({selection("s-dan", {})})) == "cvr.selection");
    CHECK(cvr_reason(report({selection("s-ann", {}), selection("s-ann", {})})) == "ballot.duplicate");
    CHECK(cvr_reason(report({selection("s-ann", {{"Rank", 1}}), selection("s-bob", {})})) == "cvr.rank");
    CHECK(cvr_reason(report({selection("s-ann", {{"Rank", 1}}), selection("s-bob", {{"Rank", 1}})})) ==
          "ballot.overvote");
    CHECK(cvr_reason(report({selection("s-ann", {{"Rank", 1}}), selection("s-bob", {{"Rank", 3}})})) ==
          "ballot.skipped_rank");
    const auto with = [&](auto change) {
        auto value = one({{"Rank", 1}});
        change(value);
        return cvr_reason(value);
    };
    CHECK(with([](Json& r) { r["@type"] = "CVR.CVR"; }) == "cvr.malformed");
    CHECK(with([](Json& r) { r = Json::array(); }) == "cvr.malformed");
    CHECK(with([](Json& r) { r["CVR"] = 7; }) == "cvr.malformed");
    CHECK(with([](Json& r) { r["CVR"][0] = 7; }) == "cvr.malformed");
    CHECK(with([](Json& r) { r["CVR"][0].erase("CurrentSnapshotId"); }) == "cvr.malformed");
    CHECK(with([](Json& r) { r["CVR"][0]["CurrentSnapshotId"] = "later"; }) == "cvr.snapshot");
    CHECK(with([](Json& r) { r["CVR"][0]["CVRSnapshot"][0]["@id"] = "now"; }) == "cvr.snapshot");
    CHECK(with([](Json& r) { r.erase("Election"); }) == "cvr.contest");
    const Json::json_pointer contests("/Election/0/Contest");
    CHECK(with([&](Json& r) { r[contests].push_back(r[contests][0]); }) == "cvr.contest");
    CHECK(with([&](Json& r) { r[contests][0]["ContestSelection"] = Json::array(); }) == "cvr.contest");
    CHECK(with([&](Json& r) { r[contests][0]["ContestSelection"][0]["CandidateIds"] = {"eve"}; }) == "cvr.contest");
    CHECK(with([&](Json& r) { r[contests][0]["ContestSelection"][0]["CandidateIds"] = {"bob"}; }) == "cvr.name");
    CHECK(with([](Json& r) { r["Election"][0]["Candidate"][0]["Name"] = "A\n"; }) == "cvr.name");
    CHECK(cvr_reason(one({}), {.contest = "Mayor"}) == "");
    CHECK(cvr_reason(one({}), {.contest = "c1"}) == "");
    CHECK(cvr_reason(one({}), {.contest = "Sheriff"}) == "cvr.contest");
    CHECK(cvr_reason(one({}), {.records = 0}) == "cvr.too_many");
    CHECK(reason_of([] { parse_cvr(as_bytes("{\"@type\":1.5}"), {}); }) == "json.syntax");
    CHECK(reason_of([] { parse_cvr(as_bytes(std::string(100, '[')), {}); }) == "json.too_deep");
    CHECK(cvr_reason(one({}), {.bytes = 10}) == "json.too_large");
    try {
        cvr(report({selection("s-dan", {})}));
        FAIL("accepted");
    } catch (const Error& error) {
        CHECK(error.message() == "Record 1 of the report: a mark is for no selection of the contest.");
    }
}

TEST_CASE("a file's format is told by its name, else by its beginning, and by neither when neither tells") {
    const auto found = [](const std::string& name, const std::string& text) {
        return find_ballot_format(name, as_bytes(text));
    };
    CHECK(found("a.blt", "") == BallotFormat::blt);
    CHECK(found("a.SOI", "") == BallotFormat::preflib);
    CHECK(found("a.toc", "") == BallotFormat::preflib);
    CHECK(found("a.json", "") == BallotFormat::cvr);
    CHECK(found("a.Csv", "") == BallotFormat::csv);
    CHECK(found("a", "\xEF\xBB\xBF \n{") == BallotFormat::cvr);
    CHECK(found("a", preflib_header) == BallotFormat::preflib);
    CHECK(found("a", "# a comment\n3 1\n") == BallotFormat::blt);
    CHECK(found("a", "3 1\n") == BallotFormat::blt);
    CHECK(reason_of([&] { found("a", "id,Ann,Bob\n"); }) == "ballots.format");
    CHECK(reason_of([&] { found("a", ""); }) == "ballots.format");
    CHECK(parse_ballot_format("cvr") == BallotFormat::cvr);
    CHECK(reason_of([] { parse_ballot_format("xlsx"); }) == "ballots.format");
    // Said is said: the name does not overrule it.
    CHECK(reason_of([] { parse_ballot_file("a.csv", as_bytes("A,B\n1,2\n"), {.format = BallotFormat::blt}); }) ==
          "blt.number");
}

TEST_CASE("truncated and damaged files of every format are refused or read, never anything else") {
    std::mt19937 random(11);
    for (const std::string name :
         {"debian_2010.toc", "rctab_generic_csv.cvr.csv", "rctab_skipped_first_choice.cvr.json"}) {
        const auto good = vector_text(name).substr(0, 4000);
        BallotFileOptions options;
        options.csv.first_column = 4;
        for (int i = 0; i < 400; ++i) {
            auto text = good.substr(0, random() % good.size());
            for (int flips = static_cast<int>(random() % 4); flips > 0 && !text.empty(); --flips) {
                text[random() % text.size()] = static_cast<char>(random() % 256);
            }
            const auto reason = reason_of([&] { parse_ballot_file(name, as_bytes(text), options); });
            CHECK(reason.find("internal") == std::string::npos);
        }
    }
}
