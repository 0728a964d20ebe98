// Single transferable vote with the weighted inclusive Gregory method: everybody who reaches the threshold is elected
// and the surplus moves on as a fraction of every ballot; else the last is eliminated. Rounds as RCTab reports them.
#include <algorithm>

#include "uvpki/count/transfer.h"
#include "uvpki/error.h"

namespace uvpki::count {
namespace {

/// Droop: the smallest number of votes that only `seats` candidates can reach, in whole votes or in units.
Units droop(const Rules& rules, Units active) {
    const Units step = rules.threshold == Threshold::droop_whole ? units_per_vote(rules.decimals) : 1;
    return (active / step / (Units{rules.seats} + 1) + 1) * step;
}

/// Who is elected now, the most votes first; equal votes in candidate order, since all of them get a seat.
std::vector<std::uint32_t> find_elected(const TransferCount& count, std::size_t seats, Units threshold) {
    auto elected = count.standing();
    if (elected.size() > seats) {
        std::erase_if(elected, [&](auto candidate) { return count.votes(candidate) < threshold; });
        if (elected.size() > seats) {
            fail(ErrorCode::internal, "count.threshold", "More candidates reached the threshold than seats are left.");
        }
    }
    std::stable_sort(elected.begin(), elected.end(), [&](auto a, auto b) { return count.votes(a) > count.votes(b); });
    return elected;
}

Event election(const TransferCount& count, std::uint32_t candidate, Units threshold) {
    Event event;
    event.candidate = candidate;
    event.explanation = count.name(candidate) + " has " + count.text(count.votes(candidate)) + " votes";
    event.explanation += count.votes(candidate) >= threshold
                             ? ", reaches the threshold of " + count.text(threshold) + " and is elected."
                             : " and is elected because no more candidates stand than seats are left.";
    return event;
}

}  // namespace

void count_stv(const Contest& contest, Result& result) {
    TransferCount count(contest, contest.rules.decimals);
    const Units threshold = droop(contest.rules, count.active());
    for (bool finished = false; !finished;) {
        auto round = count.open_round();
        round.threshold = count.text(threshold);
        const std::size_t seats = contest.rules.seats - result.winners.size();
        // The last round has no event: it shows where the last surpluses went.
        finished = seats == 0 || count.standing().empty();
        if (!finished) {
            if (count.has_write_ins()) {
                round.events = count.eliminate_write_ins();
            } else if (const auto elected = find_elected(count, seats, threshold); !elected.empty()) {
                for (const auto candidate : elected) {
                    round.events.push_back(election(count, candidate, threshold));
                    result.winners.push_back(candidate);
                }
            } else {
                round.events.push_back(count.eliminate_lowest(round.number));
            }
            count.settle(round, threshold);
        }
        result.rounds.push_back(std::move(round));
    }
    result.unfilled_seats = contest.rules.seats - static_cast<std::uint32_t>(result.winners.size());
}

}  // namespace uvpki::count
