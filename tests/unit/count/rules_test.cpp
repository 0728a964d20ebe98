// The published form of the counting rules.
#include "support.h"

using namespace uvpki;
using namespace uvpki::count;
using namespace count_test;

namespace {

Rules parse(const std::string& text) {
    return parse_rules(parse_json(as_bytes(text)));
}

std::string reason(const std::string& text) {
    return reason_of([&] { parse(text); });
}

}  // namespace

TEST_CASE("rules read from JSON are written to the same JSON") {
    for (const std::string text :
         {R"({"decimals":4,"method":"stv","seats":3,"threshold":"droop-whole","tie_break":"seed"})",
          R"({"decimals":0,"max_choices":5,"method":"stv","seats":1000,"threshold":"droop-fractional",)"
          R"("tie_break":"candidate-order","write_ins":["c4"]})",
          R"({"batch_elimination":true,"method":"irv","seats":1,"tie_break":"seed"})",
          R"({"max_choices":1,"method":"plurality","seats":2,"tie_break":"seed"})",
          R"({"method":"approval","seats":2,"tie_break":"seed"})",
          R"({"max_choices":5,"method":"schulze","seats":3,"strength":"margins","tie_break":"seed"})",
          R"({"method":"schulze","seats":1,"strength":"winning-votes","tie_break":"candidate-order"})",
          R"({"max_choices":3,"method":"n-of-m","seats":2,"tie_break":"candidate-order"})"}) {
        CAPTURE(text);
        CHECK(canonical_json(rules_json(parse(text))) == text);
    }
}

TEST_CASE("what is left out takes the documented default") {
    const auto stv = parse(R"({"method":"stv","seats":2})");
    CHECK(stv.threshold == Threshold::droop_whole);
    CHECK(stv.decimals == 4);
    CHECK(stv.tie_break == TieBreak::seed);
    CHECK(choices_allowed(stv, 9) == 9);
    CHECK(choices_allowed(parse(R"({"method":"plurality","seats":2})"), 9) == 1);
    CHECK(choices_allowed(parse(R"({"method":"n-of-m","seats":2})"), 9) == 2);
    CHECK(choices_allowed(parse(R"({"method":"n-of-m","seats":2,"max_choices":4})"), 9) == 4);
    CHECK(choices_allowed(parse(R"({"method":"approval","seats":2})"), 9) == 9);
    const auto schulze = parse(R"({"method":"schulze","seats":2})");
    CHECK(schulze.strength == Strength::winning_votes);
    CHECK(choices_allowed(schulze, 9) == 9);
}

TEST_CASE("rules that are incomplete, unknown or out of range are refused") {
    REQUIRE(reason(R"({"method":"stv","seats":2})") == "");
    for (const std::string text : {R"([])",
                                   R"({"method":"stv"})",
                                   R"({"seats":2})",
                                   R"({"method":"borda","seats":2})",
                                   R"({"method":1,"seats":2})",
                                   R"({"method":"stv","seats":0})",
                                   R"({"method":"stv","seats":-1})",
                                   R"({"method":"stv","seats":1001})",
                                   R"({"method":"stv","seats":"2"})",
                                   R"({"method":"stv","seats":9007199254740991})",
                                   R"({"method":"irv","seats":2})",
                                   R"({"method":"stv","seats":2,"decimals":7})",
                                   R"({"method":"irv","seats":1,"decimals":4})",
                                   R"({"method":"stv","seats":2,"threshold":"hare"})",
                                   R"({"method":"plurality","seats":2,"threshold":"droop-whole"})",
                                   R"({"method":"stv","seats":2,"tie_break":"coin"})",
                                   R"({"method":"stv","seats":2,"max_choices":0})",
                                   R"({"method":"stv","seats":2,"batch_elimination":true})",
                                   R"({"method":"irv","seats":1,"batch_elimination":1})",
                                   R"({"method":"irv","seats":1,"write_ins":"c1"})",
                                   R"({"method":"irv","seats":1,"write_ins":["c1","c1"]})",
                                   R"({"method":"approval","seats":1,"write_ins":["c1"]})",
                                   R"({"method":"schulze","seats":2,"strength":"losing-votes"})",
                                   R"({"method":"stv","seats":2,"strength":"margins"})",
                                   R"({"method":"schulze","seats":2,"write_ins":["c1"]})",
                                   R"({"method":"schulze","seats":2,"decimals":4})",
                                   R"({"method":"stv","seats":2,"title":"x"})"}) {
        CAPTURE(text);
        CHECK(reason(text) == "count.rules");
    }
}

TEST_CASE("rules put together in a program are checked like published ones") {
    const auto two = profile(2, {{"A", 1}});
    CHECK(reason_of([&] { count_election(two, {.method = Method::irv, .seats = 1}, {}); }) == "");
    CHECK(reason_of([&] { count_election(two, {.method = Method::irv, .seats = 2}, {}); }) == "count.rules");
    CHECK(reason_of([&] { count_election(two, {.method = Method::stv, .seats = 1, .decimals = 7}, {}); }) ==
          "count.rules");
}
