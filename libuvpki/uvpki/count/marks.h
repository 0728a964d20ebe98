#pragma once
// What a voter marked, and the rules that make a ballot of it where marks contradict each other: ranks left out, two
// candidates with one rank, one candidate with two. Files of others hold such ballots; ours do not. Plain values.

#include <optional>
#include <string>
#include <vector>

#include "uvpki/count/ballots.h"

namespace uvpki::count {

/// What several candidates at one rank mean.
enum class Overvote {
    refuse,   ///< the file is refused, with the ballot that does it
    skip,     ///< the rank is passed over
    exhaust,  ///< the ballot ends before it
    equal,    ///< the candidates share the rank (for schulze)
};
/// What a candidate ranked again means.
enum class Duplicate {
    refuse,
    skip,     ///< the first of the ranks counts
    exhaust,  ///< the ballot ends before the second
};

/// What the election's rules make of contradictions.
struct MarkRules {
    Overvote overvote = Overvote::refuse;
    Duplicate duplicate = Duplicate::refuse;
    /// A ballot ends before a gap of more ranks than this; without a number a gap is refused.
    std::optional<std::uint32_t> skipped_ranks = std::nullopt;
};

/// One mark on a ballot.
struct Mark {
    std::uint32_t rank = 1;  ///< from 1
    std::uint32_t candidate = 0;
};

/// `where` begins the sentence of a refusal ("Line 17 of the CSV file"). `overvoted`: ranks that the file itself calls
/// overvoted without saying for whom. Throws invalid_input "ballot.overvote", "ballot.duplicate",
/// "ballot.skipped_rank".
RankedBallot rank_marks(std::vector<Mark> marks, const std::vector<std::uint32_t>& overvoted, const MarkRules& rules,
                        const std::string& where);

/// Choices without an order, in candidate order: all share one rank. Throws invalid_input "ballot.duplicate".
RankedBallot unordered_marks(std::vector<std::uint32_t> candidates, const std::string& where);

}  // namespace uvpki::count
