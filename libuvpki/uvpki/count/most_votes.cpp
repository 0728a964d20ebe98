#include "uvpki/count/most_votes.h"

#include <algorithm>

namespace uvpki::count {
namespace {

Event elected(const Contest& contest, std::uint32_t candidate, Units votes) {
    Event event;
    event.candidate = candidate;
    event.explanation = "\"" + contest.candidates[candidate].name + "\" is elected with " + format_votes(votes, 0) +
                        (votes == 1 ? " vote." : " votes.");
    return event;
}

}  // namespace

std::vector<Units> votes_of_all_choices(const Contest& contest) {
    std::vector<Units> votes(contest.candidates.size(), 0);
    for (const auto& ballot : contest.ballots) {
        for (const auto candidate : ballot.ranking) votes[candidate] += ballot.weight;
    }
    return votes;
}

void elect_most_votes(const Contest& contest, const std::vector<Units>& votes, Result& result) {
    Round round;
    Units exhausted = 0;
    for (const auto& ballot : contest.ballots) {
        if (ballot.ranking.empty()) exhausted += ballot.weight;
    }
    round.exhausted = format_votes(exhausted, 0);
    round.residue = "0";
    std::vector<std::uint32_t> order;
    for (std::uint32_t candidate = 0; candidate < votes.size(); ++candidate) {
        if (contest.withdrawn[candidate]) continue;
        round.tallies.push_back({.candidate = candidate, .votes = format_votes(votes[candidate], 0)});
        if (votes[candidate] > 0) order.push_back(candidate);
    }
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return votes[a] > votes[b]; });

    const std::size_t seats = std::min<std::size_t>(contest.rules.seats, order.size());
    for (std::size_t seat = 0; seat < seats;) {
        // Everybody with as many votes as the next in line: elected together, unless the seats do not suffice.
        const Units level = votes[order[seat]];
        std::vector<std::uint32_t> equal;
        for (std::size_t i = seat; i < order.size() && votes[order[i]] == level; ++i) equal.push_back(order[i]);
        std::vector<std::uint32_t> tied;
        if (equal.size() > seats - seat) {
            tied = equal;
            equal = contest.tie.order(std::move(equal), round.number);
            equal.resize(seats - seat);
        }
        for (const auto candidate : equal) {
            auto event = elected(contest, candidate, level);
            if (!tied.empty()) {
                event.explanation += " " + std::to_string(tied.size()) + " candidates have this many votes for " +
                                     std::to_string(equal.size()) + (equal.size() == 1 ? " seat" : " seats") + "; " +
                                     contest.tie.description() + " decides.";
            }
            event.tied = tied;
            round.events.push_back(std::move(event));
            result.winners.push_back(candidate);
        }
        seat += equal.size();
    }
    result.rounds.push_back(std::move(round));
    result.unfilled_seats = contest.rules.seats - static_cast<std::uint32_t>(result.winners.size());
}

}  // namespace uvpki::count
