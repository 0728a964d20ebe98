#pragma once
// What a count gives: winners, and every round with its tallies, who was elected or eliminated, where the votes went,
// and a sentence that says why. Plain values. Votes are exact decimal strings without trailing zeros: "14866",
// "177.5192".

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "uvpki/count/ballots.h"
#include "uvpki/count/rules.h"
#include "uvpki/json.h"

namespace uvpki::count {

/// What one candidate has in one round.
struct Tally {
    std::uint32_t candidate = 0;
    std::string votes;
    bool elected = false;  ///< in an earlier round
};

/// Where votes go.
enum class Destination { candidate, exhausted, residue };

/// Votes that move from a candidate to one destination.
struct Transfer {
    Destination to = Destination::candidate;
    std::uint32_t candidate = 0;  ///< with Destination::candidate only
    std::string votes;            ///< never "0"
};

/// What happens to a candidate in a round.
enum class EventKind { elected, eliminated };

/// One candidate elected or eliminated, with the votes that move because of it.
struct Event {
    EventKind kind = EventKind::elected;
    std::uint32_t candidate = 0;
    std::vector<std::uint32_t> tied;  ///< everybody between whom the tie rule had to choose; empty if it had not to
    std::vector<Transfer> transfers;  ///< candidates first in their order, then exhausted, then residue
    std::string explanation;
};

/// Tallies + exhausted + residue equal the valid ballots, exactly (approval and n-of-m have several votes per ballot).
struct Round {
    std::uint32_t number = 1;
    std::string threshold;       ///< votes that elect; empty where the method has none
    std::vector<Tally> tallies;  ///< elected before or still standing, in candidate order
    std::string exhausted;       ///< value of ballots with no candidate left to go to
    std::string residue;         ///< what rounding down left over
    std::vector<Event> events;   ///< in the order in which they take effect
};

/// Schulze: everybody who stands against everybody else. The tables are rows one after the other, row and column in the
/// order of `candidates`, the diagonal 0.
struct Pairwise {
    std::vector<std::uint32_t> candidates;  ///< who stand, in candidate order
    std::vector<std::uint64_t> preferred;   ///< ballots that rank row above column
    /// Strength of the strongest path from row to column, that is of its weakest link: the votes for it, or its margin;
    /// 0 if there is no path.
    std::vector<std::uint64_t> paths;
    std::vector<std::uint64_t> opposition;  ///< winning-votes: the votes against that link; empty for margins

    /// One figure of one of the tables. Rows and columns from 0.
    std::uint64_t at(const std::vector<std::uint64_t>& table, std::size_t row, std::size_t column) const {
        return table.at(row * candidates.size() + column);
    }
};

/// The outcome of a count with every round.
struct Result {
    std::string title;
    Rules rules;
    std::vector<Candidate> candidates;
    std::vector<std::uint32_t> withdrawn;
    std::vector<std::uint32_t> winners;  ///< in order of election
    std::uint32_t unfilled_seats = 0;
    std::string threshold;      ///< of the last round; empty where the method has none
    std::uint64_t ballots = 0;  ///< valid + blank + invalid
    std::uint64_t valid = 0;
    std::uint64_t blank = 0;           ///< no choice at all
    std::uint64_t invalid = 0;         ///< more choices than the rules allow
    std::vector<Round> rounds;         ///< empty if there is no valid ballot
    std::optional<Pairwise> pairwise;  ///< schulze with a valid ballot only
    std::string note;                  ///< why there are no rounds; empty otherwise
};

/// Wider tables are left to the JSON form: people do not read them.
inline constexpr std::size_t max_table_candidates = 30;

/// The result with candidates by id; canonical_json of it is the same bytes for the same profile, rules and seed.
Json result_json(const Result& result);

/// For people: totals, each round with its tallies and sentences, winners. Ends with \n.
std::string rounds_text(const Result& result);

}  // namespace uvpki::count
