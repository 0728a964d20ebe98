#include "uvpki/count/rules.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "uvpki/count/ballots.h"
#include "uvpki/error.h"

namespace uvpki::count {
namespace {

using namespace std::string_view_literals;

constexpr std::array methods{std::pair{Method::plurality, "plurality"sv},
                             std::pair{Method::approval, "approval"sv},
                             std::pair{Method::n_of_m, "n-of-m"sv},
                             std::pair{Method::irv, "irv"sv},
                             std::pair{Method::stv, "stv"sv},
                             std::pair{Method::schulze, "schulze"sv}};
constexpr std::array thresholds{std::pair{Threshold::droop_whole, "droop-whole"sv},
                                std::pair{Threshold::droop_fractional, "droop-fractional"sv}};
constexpr std::array strengths{std::pair{Strength::winning_votes, "winning-votes"sv},
                               std::pair{Strength::margins, "margins"sv}};
constexpr std::array tie_breaks{std::pair{TieBreak::seed, "seed"sv},
                                std::pair{TieBreak::candidate_order, "candidate-order"sv}};

template <typename Table, typename Value>
std::string_view name_of(const Table& table, Value value) {
    for (const auto& [entry, name] : table) {
        if (entry == value) return name;
    }
    fail(ErrorCode::internal, "count.rules", "A counting rule has no name.");
}

template <typename Table>
auto value_of(const Table& table, std::string_view member, std::string_view text) {
    for (const auto& [value, name] : table) {
        if (name == text) return value;
    }
    std::string known;
    for (const auto& [value, name] : table) known += (known.empty() ? "" : ", ") + std::string(name);
    fail_input("count.rules", "The rules' member \"" + std::string(member) + "\" must be one of: " + known + ".");
}

bool has_write_ins(Method method) {
    return method == Method::irv || method == Method::stv;
}

void require(bool holds, const char* message) {
    if (!holds) fail_input("count.rules", message);
}

const std::string& text_member(const Json& value, const std::string& name) {
    if (!value.is_string()) fail_input("count.rules", "The rules' member \"" + name + "\" must be a text.");
    return value.get_ref<const std::string&>();
}

std::uint32_t number_member(const Json& value, const std::string& name, std::uint32_t low, std::uint32_t high) {
    if (!value.is_number_integer() || value < low || value > high) {
        fail_input("count.rules", "The rules' member \"" + name + "\" must be a whole number from " +
                                      std::to_string(low) + " to " + std::to_string(high) + ".");
    }
    return value.get<std::uint32_t>();
}

void read_member(Rules& rules, const std::string& name, const Json& value) {
    const bool stv = rules.method == Method::stv;
    if (name == "seats") {
        rules.seats = number_member(value, name, 1, max_seats);
    } else if (name == "max_choices") {
        rules.max_choices = number_member(value, name, 1, max_candidates);
    } else if (name == "tie_break") {
        rules.tie_break = value_of(tie_breaks, name, text_member(value, name));
    } else if (name == "threshold" && stv) {
        rules.threshold = value_of(thresholds, name, text_member(value, name));
    } else if (name == "decimals" && stv) {
        rules.decimals = number_member(value, name, 0, max_decimals);
    } else if (name == "strength" && rules.method == Method::schulze) {
        rules.strength = value_of(strengths, name, text_member(value, name));
    } else if (name == "batch_elimination" && rules.method == Method::irv) {
        require(value.is_boolean(), "The rules' member \"batch_elimination\" must be true or false.");
        rules.batch_elimination = value.get<bool>();
    } else if (name == "write_ins" && has_write_ins(rules.method)) {
        require(value.is_array(), "The rules' member \"write_ins\" must be a list of candidate ids.");
        for (const auto& id : value) rules.write_ins.push_back(text_member(id, name));
    } else {
        fail_input("count.rules", "The rules' member \"" + name + "\" is not known for the method " +
                                      std::string(method_name(rules.method)) + ".");
    }
}

}  // namespace

bool is_ranked(Method method) {
    return has_write_ins(method) || method == Method::schulze;
}

std::string_view method_name(Method method) {
    return name_of(methods, method);
}

Method parse_method(std::string_view name) {
    return value_of(methods, "method", name);
}

Rules parse_rules(const Json& value) {
    require(value.is_object(), "Counting rules must be a JSON object.");
    require(value.contains("method"), "Counting rules need the member \"method\".");
    require(value.contains("seats"), "Counting rules need the member \"seats\".");
    Rules rules;
    rules.method = parse_method(text_member(value.at("method"), "method"));
    for (const auto& [name, member] : value.items()) {
        if (name != "method") read_member(rules, name, member);
    }
    require_sound(rules);
    return rules;
}

void require_sound(const Rules& rules) {
    require(rules.seats >= 1 && rules.seats <= max_seats, "The number of seats must be from 1 to 1000.");
    require(rules.method != Method::irv || rules.seats == 1, "The method irv fills exactly one seat.");
    require(rules.max_choices <= max_candidates, "The number of choices must be at most 1000.");
    require(rules.decimals <= max_decimals, "Votes are counted with at most 6 decimals.");
    require(rules.method == Method::schulze || rules.strength == Strength::winning_votes,
            "The strength of defeats belongs to the method schulze.");
    require(rules.method == Method::irv || !rules.batch_elimination, "Batch elimination belongs to the method irv.");
    require(has_write_ins(rules.method) || rules.write_ins.empty(), "Write-ins belong to the methods irv and stv.");
    require(rules.write_ins.size() <= max_candidates, "There are more write-ins than candidates may stand.");
    auto ids = rules.write_ins;
    std::sort(ids.begin(), ids.end());
    require(std::adjacent_find(ids.begin(), ids.end()) == ids.end(), "A write-in is listed twice.");
}

Json rules_json(const Rules& rules) {
    Json value{{"method", method_name(rules.method)},
               {"seats", rules.seats},
               {"tie_break", name_of(tie_breaks, rules.tie_break)}};
    if (rules.max_choices != 0) value["max_choices"] = rules.max_choices;
    if (rules.method == Method::stv) {
        value["threshold"] = name_of(thresholds, rules.threshold);
        value["decimals"] = rules.decimals;
    }
    if (rules.method == Method::schulze) value["strength"] = name_of(strengths, rules.strength);
    if (rules.method == Method::irv) value["batch_elimination"] = rules.batch_elimination;
    if (!rules.write_ins.empty()) value["write_ins"] = rules.write_ins;
    return value;
}

std::uint32_t choices_allowed(const Rules& rules, std::size_t candidates) {
    if (rules.max_choices != 0) return rules.max_choices;
    if (rules.method == Method::plurality) return 1;
    if (rules.method == Method::n_of_m) return rules.seats;
    return static_cast<std::uint32_t>(candidates);
}

}  // namespace uvpki::count
