// Instant run-off: one seat. Until somebody has more than half of the votes still in play, the last is eliminated and
// the ballots go to their next choice.
#include <algorithm>

#include "uvpki/count/transfer.h"

namespace uvpki::count {
namespace {

/// From the bottom up: as soon as everybody so far has together fewer votes than the next candidate, none of them can
/// catch up any more. Empty unless that holds for at least two.
std::vector<std::uint32_t> hopeless(const TransferCount& count) {
    auto order = count.standing();
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return count.votes(a) < count.votes(b); });
    std::size_t certain = 0;
    Units together = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
        // At the first of several with equal votes the sum does not hold the others yet, as it should be.
        if (together < count.votes(order[i])) certain = i;
        together += count.votes(order[i]);
    }
    if (certain < 2) return {};
    order.resize(certain);
    return order;
}

Event election(const Contest& contest, const TransferCount& count, const Round& round, std::uint32_t candidate) {
    Event event;
    event.candidate = candidate;
    event.explanation = count.name(candidate) + " has " + count.text(count.votes(candidate)) + " of " +
                        count.text(count.active()) + " votes still in play";
    if (count.standing().size() == 1) {
        event.explanation += ", stands alone and is elected.";
    } else if (count.votes(candidate) > count.active() / 2) {
        event.explanation += ", more than half, and is elected.";
    } else {
        event.tied = count.standing();
        event.explanation += ", as many as the other; by " + contest.tie.description() + " it is elected in round " +
                             std::to_string(round.number) + ".";
    }
    return event;
}

std::optional<std::uint32_t> find_winner(const Contest& contest, const TransferCount& count, const Round& round) {
    const auto& standing = count.standing();
    if (standing.size() == 1) return standing.front();
    for (const auto candidate : standing) {
        if (count.votes(candidate) > count.active() / 2) return candidate;
    }
    // Two without a majority have equal votes: the tie rule picks the winner rather than a loser.
    if (standing.size() == 2) return contest.tie.order(standing, round.number).front();
    return std::nullopt;
}

std::vector<Event> eliminations(const Contest& contest, const TransferCount& count, const Round& round) {
    if (contest.rules.batch_elimination) {
        std::vector<Event> events;
        for (const auto candidate : hopeless(count)) {
            Event event;
            event.kind = EventKind::eliminated;
            event.candidate = candidate;
            event.explanation = count.name(candidate) + " (" + count.text(count.votes(candidate)) +
                                ") is eliminated: with everybody below together it cannot catch up with the next.";
            events.push_back(std::move(event));
        }
        if (!events.empty()) return events;
    }
    return {count.eliminate_lowest(round.number)};
}

}  // namespace

void count_irv(const Contest& contest, Result& result) {
    TransferCount count(contest, 0);
    while (result.winners.empty() && !count.standing().empty()) {
        auto round = count.open_round();
        const Units threshold = count.active() / 2 + 1;
        round.threshold = count.text(threshold);
        if (count.has_write_ins()) {
            round.events = count.eliminate_write_ins();
            count.settle(round, threshold);
        } else if (const auto winner = find_winner(contest, count, round)) {
            round.events.push_back(election(contest, count, round, *winner));
            result.winners.push_back(*winner);
        } else {
            round.events = eliminations(contest, count, round);
            count.settle(round, threshold);
        }
        result.rounds.push_back(std::move(round));
    }
    result.unfilled_seats = result.winners.empty() ? 1 : 0;
}

}  // namespace uvpki::count
