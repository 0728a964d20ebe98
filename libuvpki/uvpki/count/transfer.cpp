#include "uvpki/count/transfer.h"

#include <algorithm>
#include <utility>

namespace uvpki::count {

TransferCount::TransferCount(const Contest& contest, std::uint32_t decimals)
    : contest_(contest),
      decimals_(decimals),
      one_(units_per_vote(decimals)),
      stands_(contest.candidates.size(), false),
      elected_(contest.candidates.size(), false),
      votes_(contest.candidates.size(), 0) {
    for (const auto& ballot : contest.ballots) {
        if (ballot.ranking.empty()) {
            exhausted_ += ballot.weight * one_;
        } else {
            piles_.push_back({.ranking = &ballot.ranking, .weight = ballot.weight, .value = one_, .position = 0});
            votes_[ballot.ranking.front()] += ballot.weight * one_;
        }
    }
    bool written_in = false;
    for (std::uint32_t i = 0; i < votes_.size(); ++i) written_in |= contest.write_in[i] && votes_[i] > 0;
    for (std::uint32_t candidate = 0; candidate < votes_.size(); ++candidate) {
        if (contest.withdrawn[candidate] || (contest.write_in[candidate] && !written_in)) continue;
        stands_[candidate] = true;
        standing_.push_back(candidate);
    }
}

bool TransferCount::has_write_ins() const {
    return std::any_of(standing_.begin(), standing_.end(),
                       [&](auto candidate) { return contest_.write_in[candidate]; });
}

Units TransferCount::active() const {
    Units sum = 0;
    for (const auto candidate : standing_) sum += votes_[candidate];
    return sum;
}

std::vector<std::uint32_t> TransferCount::lowest() const {
    Units fewest = UINT64_MAX;
    for (const auto candidate : standing_) fewest = std::min(fewest, votes_[candidate]);
    std::vector<std::uint32_t> found;
    for (const auto candidate : standing_) {
        if (votes_[candidate] == fewest) found.push_back(candidate);
    }
    return found;
}

Event TransferCount::eliminate_lowest(std::uint32_t round) const {
    const auto tied = lowest();
    Event event;
    event.kind = EventKind::eliminated;
    event.candidate = contest_.tie.order(tied, round).back();
    event.explanation = name(event.candidate) + " has the fewest votes (" + text(votes_[event.candidate]) + ")";
    if (tied.size() > 1) {
        event.tied = tied;
        event.explanation += ", as many as " + std::to_string(tied.size() - 1) + " other" +
                             (tied.size() > 2 ? "s" : "") + ", stands last by " + contest_.tie.description() + ",";
    }
    event.explanation += " and is eliminated.";
    return event;
}

std::vector<Event> TransferCount::eliminate_write_ins() const {
    std::vector<Event> events;
    for (const auto candidate : standing_) {
        if (!contest_.write_in[candidate]) continue;
        Event event;
        event.kind = EventKind::eliminated;
        event.candidate = candidate;
        event.explanation = name(candidate) + " (" + text(votes_[candidate]) +
                            ") stands for undeclared write-ins, which nobody can win, and is eliminated first.";
        events.push_back(std::move(event));
    }
    return events;
}

Round TransferCount::open_round() {
    Round round;
    round.number = ++rounds_;
    for (std::uint32_t candidate = 0; candidate < votes_.size(); ++candidate) {
        if (!stands_[candidate] && !elected_[candidate]) continue;
        round.tallies.push_back(
            {.candidate = candidate, .votes = text(votes_[candidate]), .elected = elected_[candidate]});
    }
    round.exhausted = text(exhausted_);
    round.residue = text(residue_);
    return round;
}

std::optional<std::uint32_t> TransferCount::holder(const Pile& pile) const {
    if (pile.position == pile.ranking->size()) return std::nullopt;
    return (*pile.ranking)[pile.position];
}

void TransferCount::settle(Round& round, Units threshold) {
    std::vector<std::optional<Outgoing>> outgoing(votes_.size());
    for (const auto& event : round.events) {
        const Units tally = votes_[event.candidate];
        Units fraction = one_;
        Units surplus = tally;
        if (event.kind == EventKind::elected) {
            surplus = tally > threshold ? tally - threshold : 0;
            fraction = surplus == 0 ? 0 : multiply_divide(surplus, one_, tally);
            elected_[event.candidate] = true;
        }
        stands_[event.candidate] = false;
        outgoing[event.candidate] =
            Outgoing{.fraction = fraction, .surplus = surplus, .to = std::vector<Units>(votes_.size(), 0)};
    }
    std::erase_if(standing_, [&](auto candidate) { return !stands_[candidate]; });

    for (auto& pile : piles_) {
        const auto from = holder(pile);
        if (!from || !outgoing[*from]) continue;
        auto& source = *outgoing[*from];
        if (source.fraction != one_) pile.value = multiply_divide(pile.value, source.fraction, one_);
        if (pile.value == 0) {
            pile.position = pile.ranking->size();
            continue;
        }
        while (pile.position < pile.ranking->size() && !stands_[(*pile.ranking)[pile.position]]) ++pile.position;
        const Units moved = pile.value * pile.weight;
        if (const auto to = holder(pile)) {
            source.to[*to] += moved;
        } else {
            source.exhausted += moved;
        }
    }
    for (auto& event : round.events) complete(event, *outgoing[event.candidate], votes_[event.candidate]);
}

void TransferCount::complete(Event& event, const Outgoing& outgoing, Units tally) {
    Units moved = outgoing.exhausted;
    for (std::uint32_t to = 0; to < outgoing.to.size(); ++to) {
        if (outgoing.to[to] == 0) continue;
        moved += outgoing.to[to];
        votes_[to] += outgoing.to[to];
        event.transfers.push_back({.candidate = to, .votes = text(outgoing.to[to])});
    }
    exhausted_ += outgoing.exhausted;
    if (outgoing.exhausted > 0) {
        event.transfers.push_back({.to = Destination::exhausted, .votes = text(outgoing.exhausted)});
    }
    const Units lost = outgoing.surplus - moved;
    residue_ += lost;
    if (lost > 0) event.transfers.push_back({.to = Destination::residue, .votes = text(lost)});

    if (event.kind == EventKind::eliminated) {
        votes_[event.candidate] = 0;
        return;
    }
    votes_[event.candidate] = tally - outgoing.surplus;
    if (outgoing.surplus == 0) {
        event.explanation += " There is no surplus to pass on.";
        return;
    }
    event.explanation += " Of the surplus of " + text(outgoing.surplus) + ", " + text(moved) +
                         " moves on: each ballot keeps going with " + text(outgoing.fraction) +
                         " of its value (surplus by tally, rounded down to " + std::to_string(decimals_) +
                         " decimals), rounded down again";
    event.explanation += lost == 0 ? "." : "; " + text(lost) + " is left over.";
}

}  // namespace uvpki::count
