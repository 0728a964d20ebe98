// Small elections whose outcome can be checked by hand.
#include "support.h"
#include "uvpki/digest.h"
#include "uvpki/encoding.h"

using namespace uvpki;
using namespace uvpki::count;
using namespace count_test;

namespace {

using Names = std::vector<std::string>;

const ByteView no_seed{};

Rules by_order(Method method, std::uint32_t seats) {
    return {.method = method, .seats = seats, .tie_break = TieBreak::candidate_order};
}

}  // namespace

TEST_CASE("plurality counts the single choice and refuses to count ballots with more") {
    const auto ballots = profile(3, {{"B", 5}, {"A", 3}, {"C", 4}, {"AB", 9}, {"", 2}});
    const auto result = count_election(ballots, by_order(Method::plurality, 1), no_seed);
    CHECK(winners(result) == Names{"B"});
    CHECK(result.ballots == 23);
    CHECK(result.valid == 12);
    CHECK(result.invalid == 9);
    CHECK(result.blank == 2);
    REQUIRE(result.rounds.size() == 1);
    CHECK(votes(result.rounds[0], 0) == "3");
    CHECK(result.rounds[0].events[0].explanation == "\"B\" is elected with 5 votes.");
}

TEST_CASE("plurality with more choices allowed counts first preferences") {
    auto rules = by_order(Method::plurality, 1);
    rules.max_choices = 3;
    const auto result = count_election(profile(3, {{"BA", 5}, {"A", 3}, {"ABC", 9}}), rules, no_seed);
    CHECK(votes(result.rounds[0], 0) == "12");
    CHECK(votes(result.rounds[0], 1) == "5");
    CHECK(winners(result) == Names{"A"});
}

TEST_CASE("approval counts every choice once, in whatever order they stand") {
    const auto result =
        count_election(profile(3, {{"AB", 2}, {"CBA", 3}, {"B", 1}}), by_order(Method::approval, 2), no_seed);
    CHECK(votes(result.rounds[0], 0) == "5");
    CHECK(votes(result.rounds[0], 1) == "6");
    CHECK(votes(result.rounds[0], 2) == "3");
    CHECK(winners(result) == Names{"B", "A"});
}

TEST_CASE("n of m takes up to n choices; a ballot with more is invalid") {
    const auto ballots = profile(4, {{"AB", 2}, {"CD", 3}, {"D", 1}, {"ABC", 7}});
    const auto result = count_election(ballots, by_order(Method::n_of_m, 2), no_seed);
    CHECK(result.invalid == 7);
    CHECK(winners(result) == Names{"D", "C"});
    auto three = by_order(Method::n_of_m, 2);
    three.max_choices = 3;
    const auto wider = count_election(ballots, three, no_seed);
    CHECK(wider.invalid == 0);
    CHECK(winners(wider) == Names{"C", "A"});  // C 10, A 9, B 9, D 4
}

TEST_CASE("nobody is elected without a vote, and the open seat is reported") {
    const auto result = count_election(profile(3, {{"A", 1}}), by_order(Method::plurality, 2), no_seed);
    CHECK(winners(result) == Names{"A"});
    CHECK(result.unfilled_seats == 1);
    const auto blank = count_election(profile(2, {{"", 3}}), by_order(Method::stv, 2), no_seed);
    CHECK(blank.winners.empty());
    CHECK(blank.rounds.empty());
    CHECK(blank.unfilled_seats == 2);
    CHECK(blank.blank == 3);
    CHECK_FALSE(blank.note.empty());
    const auto none = count_election(profile(2, {}), by_order(Method::irv, 1), no_seed);
    CHECK(none.winners.empty());
}

TEST_CASE("instant run-off passes ballots on until one has more than half") {
    const auto result = count_election(profile(3, {{"A", 4}, {"B", 3}, {"CB", 2}}), by_order(Method::irv, 1), no_seed);
    CHECK(winners(result) == Names{"B"});
    REQUIRE(result.rounds.size() == 2);
    CHECK(result.rounds[0].threshold == "5");
    CHECK(result.rounds[0].events[0].explanation == "\"C\" has the fewest votes (2) and is eliminated.");
    CHECK(votes(result.rounds[1], 1) == "5");
    CHECK(votes(result.rounds[1], 2) == "");
}

TEST_CASE("a majority at exactly half is none") {
    const auto tie = count_election(profile(2, {{"A", 2}, {"B", 2}}), by_order(Method::irv, 1), no_seed);
    CHECK(winners(tie) == Names{"A"});
    CHECK(tie.rounds[0].events[0].tied == std::vector<std::uint32_t>{0, 1});
    const auto clear = count_election(profile(2, {{"A", 2}, {"B", 3}}), by_order(Method::irv, 1), no_seed);
    CHECK(winners(clear) == Names{"B"});
    CHECK(clear.rounds[0].events[0].tied.empty());
}

TEST_CASE("batch elimination takes everybody who cannot catch up, and only those") {
    auto rules = by_order(Method::irv, 1);
    const auto ballots = profile(5, {{"A", 30}, {"B", 28}, {"C", 5}, {"D", 4}, {"E", 3}});
    rules.batch_elimination = true;
    const auto result = count_election(ballots, rules, no_seed);
    // E 3 < D 4, but E + D = 7 is not below C 5; E + D + C = 12 < 28: three at once.
    REQUIRE(result.rounds[0].events.size() == 3);
    CHECK(result.rounds[0].events[0].candidate == 4);
    CHECK(winners(result) == Names{"A"});
    CHECK(result.rounds.size() == 2);
    rules.batch_elimination = false;
    CHECK(count_election(ballots, rules, no_seed).rounds.size() == 4);
}

TEST_CASE("write-ins are eliminated first and cannot win; without votes they do not stand") {
    auto rules = by_order(Method::irv, 1);
    rules.write_ins = {"a"};
    const auto result = count_election(profile(3, {{"AB", 9}, {"B", 2}, {"C", 3}}), rules, no_seed);
    CHECK(winners(result) == Names{"B"});
    CHECK(result.rounds[0].events[0].candidate == 0);
    const auto without = count_election(profile(3, {{"B", 4}, {"C", 3}}), rules, no_seed);
    CHECK(without.rounds.size() == 1);
    CHECK(votes(without.rounds[0], 0) == "");
}

TEST_CASE("a surplus is passed on as a fraction of every ballot, rounded down, and the rest is shown") {
    // 10 ballots, 2 seats: threshold 4. A has 7, surplus 3, fraction 3/7 = 0.4285.
    const auto ballots = profile(3, {{"AB", 5}, {"AC", 1}, {"A", 1}, {"C", 2}, {"B", 1}});
    const auto result = count_election(ballots, by_order(Method::stv, 2), no_seed);
    CHECK(result.threshold == "4");
    const auto& event = result.rounds[0].events[0];
    CHECK(event.candidate == 0);
    REQUIRE(event.transfers.size() == 4);
    CHECK(event.transfers[0].votes == "2.1425");
    CHECK(event.transfers[1].votes == "0.4285");
    CHECK(event.transfers[2].to == Destination::exhausted);
    CHECK(event.transfers[2].votes == "0.4285");
    CHECK(event.transfers[3].to == Destination::residue);
    CHECK(event.transfers[3].votes == "0.0005");
    CHECK(votes(result.rounds[1], 0) == "4");
    CHECK(votes(result.rounds[1], 1) == "3.1425");
    CHECK(result.rounds[1].residue == "0.0005");
    CHECK(winners(result) == Names{"A", "B"});
}

TEST_CASE("the two thresholds differ as documented") {
    const auto ballots = profile(3, {{"A", 4}, {"B", 3}, {"C", 3}});
    auto rules = by_order(Method::stv, 2);
    CHECK(count_election(ballots, rules, no_seed).threshold == "4");
    rules.threshold = Threshold::droop_fractional;
    CHECK(count_election(ballots, rules, no_seed).threshold == "3.3334");
    rules.decimals = 0;
    CHECK(count_election(ballots, rules, no_seed).threshold == "4");
    rules.decimals = 6;
    CHECK(count_election(ballots, rules, no_seed).threshold == "3.333334");
}

TEST_CASE("a seed breaks ties as anybody computes it with sha256sum, and without a seed a tie is refused") {
    const auto ballots = profile(3, {{"A", 1}, {"B", 1}, {"C", 1}});
    const Rules rules{.method = Method::plurality, .seats = 1};
    CHECK(reason_of([&] { count_election(ballots, rules, no_seed); }) == "count.tie_seed");
    // printf %s 00ff:1:a | sha256sum, and so on: the smallest wins
    const Bytes seed{0x00, 0xFF};
    std::string best;
    std::string expected;
    for (const std::string id : {"a", "b", "c"}) {
        const auto key = to_hex(sha256(as_bytes("00ff:1:" + id)));
        if (best.empty() || key < best) {
            best = key;
            expected = id;
        }
    }
    const auto result = count_election(ballots, rules, seed);
    REQUIRE(result.winners.size() == 1);
    CHECK(ballots.candidates[result.winners[0]].id == expected);
    CHECK(result.rounds[0].events[0].tied.size() == 3);
    // Another seed, another order: over 64 seeds each of the three wins at least once.
    std::vector<bool> won(3, false);
    for (std::uint8_t i = 0; i < 64; ++i) won[count_election(ballots, rules, Bytes{i}).winners[0]] = true;
    CHECK(won == std::vector<bool>{true, true, true});
}

TEST_CASE("candidate order elects the first of the tied and eliminates the last") {
    const auto ballots = profile(3, {{"A", 2}, {"B", 2}, {"C", 2}});
    CHECK(winners(count_election(ballots, by_order(Method::plurality, 1), no_seed)) == Names{"A"});
    const auto irv = count_election(ballots, by_order(Method::irv, 1), no_seed);
    CHECK(irv.rounds[0].events[0].candidate == 2);
    CHECK(irv.rounds[0].events[0].tied.size() == 3);
}

TEST_CASE("equal votes that need no choice need no seed") {
    const auto ballots = profile(3, {{"A", 2}, {"B", 2}, {"C", 1}});
    const auto result = count_election(ballots, {.method = Method::plurality, .seats = 2}, no_seed);
    CHECK(winners(result) == Names{"A", "B"});
    CHECK(result.rounds[0].events[0].tied.empty());
}

TEST_CASE("as many candidates as seats are all elected, and fewer leave a seat open") {
    const auto ballots = profile(2, {{"A", 5}, {"B", 1}});
    CHECK(winners(count_election(ballots, by_order(Method::stv, 2), no_seed)) == Names{"A", "B"});
    const auto result = count_election(ballots, by_order(Method::stv, 3), no_seed);
    CHECK(winners(result) == Names{"A", "B"});
    CHECK(result.unfilled_seats == 1);
}

TEST_CASE("ballots and candidates that contradict themselves are refused") {
    const auto rules = by_order(Method::stv, 1);
    const auto refused = [&](const Profile& bad, const Rules& by) {
        return reason_of([&] { count_election(bad, by, no_seed); });
    };
    const auto good = profile(2, {{"AB", 1}});
    REQUIRE(refused(good, rules) == "");
    CHECK(refused(profile(0, {}), rules) == "count.candidates");
    CHECK(refused(profile(2, {{"AC", 1}}), rules) == "count.ballot");
    CHECK(refused(profile(2, {{"ABA", 1}}), rules) == "count.ballot");
    CHECK(refused(profile(2, {{"A", 0}}), rules) == "count.ballot");
    CHECK(refused(profile(2, {{"A", max_total_weight}, {"B", 1}}), rules) == "count.too_many");
    CHECK(refused(profile(2, {{"A", 1}, {"B", UINT64_MAX}}), rules) == "count.too_many");
    auto twice = good;
    twice.candidates[1].id = "a";
    CHECK(refused(twice, rules) == "count.candidates");
    auto unknown = rules;
    unknown.write_ins = {"z"};
    CHECK(refused(good, unknown) == "count.candidates");
    auto withdrawn = good;
    withdrawn.withdrawn = {2};
    CHECK(refused(withdrawn, rules) == "count.candidates");
}

TEST_CASE("the largest number of ballots is counted exactly") {
    auto rules = by_order(Method::stv, 2);
    rules.decimals = 6;
    const auto ballots =
        profile(3, {{"AB", 700'000'000'000}, {"AC", 1}, {"B", 99'999'999'999}, {"C", 200'000'000'000}});
    const auto result = count_election(ballots, rules, no_seed);
    CHECK(result.threshold == "333333333334");
    CHECK(result.rounds[0].events[0].transfers[0].votes == "366666300000");  // 0.523809 of each
    CHECK(winners(result) == Names{"A", "B"});
}

TEST_CASE("the result is the same canonical JSON every time and names candidates by id") {
    const auto ballots = profile(3, {{"AB", 5}, {"C", 2}, {"B", 1}});
    const auto rules = by_order(Method::stv, 2);
    const auto json = result_json(count_election(ballots, rules, no_seed));
    CHECK(canonical_json(json) == canonical_json(result_json(count_election(ballots, rules, no_seed))));
    CHECK(json.at("winners") == Json::array({"a", "b"}));
    CHECK(json.at("rules") == rules_json(rules));
    CHECK(json.at("rounds").at(0).at("events").at(0).at("transfers").at(0) ==
          Json{{"to", "candidate"}, {"candidate", "b"}, {"votes", "2"}});
    CHECK(parse_canonical_json(as_bytes(canonical_json(json))) == json);
}

TEST_CASE("the text for people shows each round, why, and who is elected") {
    const auto result =
        count_election(profile(3, {{"A", 4}, {"B", 3}, {"CB", 2}, {"", 1}}), by_order(Method::irv, 1), no_seed);
    CHECK(rounds_text(result) ==
          "Test\n"
          "irv, 1 seat; 10 ballots: 9 valid, 1 blank, 0 invalid\n"
          "\n"
          "Round 1 (threshold 5)\n"
          "  A                                   4\n"
          "  B                                   3\n"
          "  C                                   2         eliminated\n"
          "  - \"C\" has the fewest votes (2) and is eliminated.\n"
          "\n"
          "Round 2 (threshold 5)\n"
          "  A                                   4\n"
          "  B                                   5         elected\n"
          "  - \"B\" has 5 of 9 votes still in play, more than half, and is elected.\n"
          "\n"
          "Elected:\n"
          "  1. B\n");
}
