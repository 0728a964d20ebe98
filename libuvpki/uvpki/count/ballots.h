#pragma once
// The ballots of one contest as numbers: who stands and who was ranked how by how many. No method, no rule, no voter.
// Plain values.

#include <cstdint>
#include <string>
#include <vector>

namespace uvpki::count {

inline constexpr std::uint32_t max_candidates = 1000;
/// The sum of all weights; together with at most 6 decimals every tally fits 64 bits.
inline constexpr std::uint64_t max_total_weight = 1'000'000'000'000;

/// Somebody who can be voted for.
struct Candidate {
    std::string id;    ///< stable, unique in the contest; part of the tie rule
    std::string name;  ///< for people
    bool operator==(const Candidate&) const = default;
};

/// Equal ballots may stand together as one with a weight, or one by one: no method sees a difference.
struct RankedBallot {
    /// Indexes into Profile::candidates, the most preferred first, none twice; empty is a blank ballot. For plurality,
    /// approval and n-of-m: the candidates chosen.
    std::vector<std::uint32_t> ranking;
    std::uint64_t weight = 1;
    /// Only where candidates share a rank: the rank of each entry of `ranking`, ascending from 1 without gaps. Empty: a
    /// strict order. Of the ranked methods schulze alone counts shared ranks.
    std::vector<std::uint32_t> ranks = {};
    bool operator==(const RankedBallot&) const = default;
};

/// All ballots of one contest and what they are about.
struct Profile {
    std::string title;
    std::uint32_t seats = 1;  ///< what the file says; the count goes by Rules::seats
    std::vector<Candidate> candidates;
    std::vector<std::uint32_t> withdrawn;  ///< indexes into candidates, ascending
    std::vector<RankedBallot> ballots;
    bool operator==(const Profile&) const = default;
};

}  // namespace uvpki::count
