#pragma once
// Where each ranked ballot lies and what it is still worth, round by round: the part that IRV and STV share. Private to
// counting. One object per count, one thread.

#include <optional>
#include <string>

#include "uvpki/count/contest.h"

namespace uvpki::count {

class TransferCount {
public:
    /// Every ballot on its first choice, worth 1. Write-ins without any vote do not stand. `contest` must outlive this.
    TransferCount(const Contest& contest, std::uint32_t decimals);

    const std::vector<std::uint32_t>& standing() const { return standing_; }
    bool has_write_ins() const;
    Units votes(std::uint32_t candidate) const { return votes_[candidate]; }
    /// The votes of all standing candidates.
    Units active() const;
    std::string text(Units votes) const { return format_votes(votes, decimals_); }
    std::string name(std::uint32_t candidate) const { return "\"" + contest_.candidates[candidate].name + "\""; }

    /// The standing candidates with the fewest votes, in candidate order.
    std::vector<std::uint32_t> lowest() const;
    /// The event that eliminates one of the lowest, by the tie rule if there are several.
    Event eliminate_lowest(std::uint32_t round) const;
    /// The events that eliminate all write-ins that stand, in candidate order.
    std::vector<Event> eliminate_write_ins() const;

    /// A new round with its tallies, the ballots as they lie now.
    Round open_round();
    /// Moves the ballots of everybody elected or eliminated in the round, all at once, and completes its events with
    /// transfers and how they came about. Elected: by the weighted inclusive Gregory rule over `threshold`.
    void settle(Round& round, Units threshold);

private:
    struct Pile {
        const std::vector<std::uint32_t>* ranking;
        Units weight;
        Units value;
        std::size_t position;
    };
    struct Outgoing {
        Units fraction;  ///< of each ballot's value, in units
        Units surplus;
        std::vector<Units> to;
        Units exhausted = 0;
    };

    std::optional<std::uint32_t> holder(const Pile& pile) const;
    void complete(Event& event, const Outgoing& outgoing, Units tally);

    const Contest& contest_;
    std::uint32_t decimals_;
    Units one_;
    std::vector<Pile> piles_;
    std::vector<std::uint32_t> standing_;
    std::vector<bool> stands_;
    std::vector<bool> elected_;
    std::vector<Units> votes_;
    Units exhausted_ = 0;
    Units residue_ = 0;
    std::uint32_t rounds_ = 0;
};

}  // namespace uvpki::count
