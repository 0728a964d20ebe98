#pragma once
// How a contest is counted, as published in the signed manifest before anybody votes. docs/formats/counting.md says
// what each rule does. Plain values; the JSON form is the published one.
//
//   {"method": "stv", "seats": 3, "threshold": "droop-whole", "decimals": 4, "tie_break": "seed"}
//
//   method             "plurality" | "approval" | "n-of-m" | "irv" | "stv" | "schulze"; required
//   seats              1-1000, required; 1 for irv
//   max_choices        1-1000, optional: a ballot with more choices is invalid. Absent: plurality 1, n-of-m the number
//                      of seats, other methods as many as there are candidates. Plurality counts the first choice
//                      alone, so with more than 1 it gives the first preferences of ranked ballots.
//   threshold          stv only: "droop-whole" (default) | "droop-fractional"
//   decimals           stv only, 0-6, default 4: digits after the point in all vote arithmetic
//   tie_break          "seed" (default) | "candidate-order"
//   strength           schulze only: "winning-votes" (default) | "margins": what makes a defeat strong
//   batch_elimination  irv only, default false: everybody who cannot catch up any more is eliminated at once
//   write_ins          irv and stv, optional: ids of candidates that stand for undeclared write-in votes

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "uvpki/json.h"

namespace uvpki::count {

/// How choices become winners.
enum class Method { plurality, approval, n_of_m, irv, stv, schulze };
/// The votes that elect under STV.
enum class Threshold { droop_whole, droop_fractional };
/// What makes a victory of one candidate over another strong under Schulze.
enum class Strength { winning_votes, margins };
/// Who goes before whom when votes are equal.
enum class TieBreak { seed, candidate_order };

inline constexpr std::uint32_t max_seats = 1000;
inline constexpr std::uint32_t max_decimals = 6;

/// The published rules of one contest.
struct Rules {
    Method method = Method::plurality;
    std::uint32_t seats = 1;
    std::uint32_t max_choices = 0;  ///< 0: the method's own limit, see above
    Threshold threshold = Threshold::droop_whole;
    std::uint32_t decimals = 4;
    Strength strength = Strength::winning_votes;
    TieBreak tie_break = TieBreak::seed;
    bool batch_elimination = false;
    std::vector<std::string> write_ins = {};
    bool operator==(const Rules&) const = default;
};

/// Throws invalid_input "count.rules": a member unknown or not for this method, of the wrong type or out of range.
Rules parse_rules(const Json& value);

/// Only the members that mean something for the method, so that equal rules have equal canonical JSON.
Json rules_json(const Rules& rules);

/// Throws invalid_input "count.rules" where parse_rules would.
void require_sound(const Rules& rules);

/// The limit on choices in force for this number of candidates.
std::uint32_t choices_allowed(const Rules& rules, std::size_t candidates);

/// Whether the order of a ballot's choices counts: irv, stv, schulze.
bool is_ranked(Method method);

/// "plurality", "n-of-m", ...
std::string_view method_name(Method method);
/// Throws invalid_input "count.rules".
Method parse_method(std::string_view name);

}  // namespace uvpki::count
