// The Schulze method (M. Schulze, "The Schulze Method of Voting", arXiv:1804.02973, section 2): candidates are compared
// one against one, and whoever has the stronger path of victories to the other than back is ranked above. With winning
// votes it gives what the Debian constitution, appendix A.6, gives apart from its quorum and default option.
#include <algorithm>
#include <deque>

#include "uvpki/count/contest.h"
#include "uvpki/error.h"

namespace uvpki::count {
namespace {

constexpr std::size_t most_paths_told = 10;

/// How strong a victory is: more votes, then less opposition (with margins: the margin, and no more).
struct Link {
    std::uint64_t votes = 0;
    std::uint64_t opposition = 0;
    bool operator==(const Link&) const = default;
};

bool weaker(const Link& a, const Link& b) {
    return a.votes != b.votes ? a.votes < b.votes : a.opposition > b.opposition;
}

class Comparison {
public:
    explicit Comparison(const Contest& contest);

    std::size_t size() const { return stand_.size(); }
    std::uint32_t candidate(std::size_t i) const { return stand_[i]; }
    bool ranked_by_anybody(std::size_t i) const { return ranked_[i] > 0; }
    std::uint64_t preferred(std::size_t a, std::size_t b) const { return preferred_[a * size() + b]; }
    bool victory(std::size_t a, std::size_t b) const { return preferred(a, b) > preferred(b, a); }
    /// Whether a is ranked above b: its strongest path to b is stronger than the one back.
    bool above(std::size_t a, std::size_t b) const { return path_[a * size() + b] > path_[b * size() + a]; }
    Link path(std::size_t a, std::size_t b) const { return strengths_[path_[a * size() + b]]; }
    /// Who stands on a strongest path from a to b between them: the fewest, and of these the first in candidate order.
    std::vector<std::size_t> between(std::size_t a, std::size_t b) const;
    Pairwise table() const;

private:
    void count_preferences(const Contest& contest);
    void find_paths();
    Link link(std::size_t a, std::size_t b) const;

    bool margins_;
    std::vector<std::uint32_t> stand_;
    std::vector<std::uint64_t> ranked_;
    std::vector<std::uint64_t> preferred_;
    std::vector<Link> strengths_;      ///< the weakest first; 0 is no victory
    std::vector<std::uint32_t> link_;  ///< per pair, the index of its victory's strength
    std::vector<std::uint32_t> path_;  ///< per pair, the index of its strongest path's strength
};

Comparison::Comparison(const Contest& contest) : margins_(contest.rules.strength == Strength::margins) {
    for (std::uint32_t candidate = 0; candidate < contest.candidates.size(); ++candidate) {
        if (!contest.withdrawn[candidate]) stand_.push_back(candidate);
    }
    ranked_.assign(size(), 0);
    preferred_.assign(size() * size(), 0);
    count_preferences(contest);
    find_paths();
}

/// a is preferred on every ballot that ranks it, but for those that rank b too and not below a: so a ballot costs the
/// square of what it ranks, however many stand.
void Comparison::count_preferences(const Contest& contest) {
    std::vector<std::size_t> place(contest.candidates.size(), 0);
    for (std::size_t i = 0; i < size(); ++i) place[stand_[i]] = i;
    std::vector<std::uint64_t> not_below(size() * size(), 0);
    for (const auto& ballot : contest.ballots) {
        const auto& ranking = ballot.ranking;
        for (std::size_t i = 0; i < ranking.size(); ++i) {
            const auto a = place[ranking[i]];
            ranked_[a] += ballot.weight;
            for (std::size_t j = 0; j < ranking.size(); ++j) {
                if (j < i || (!ballot.ranks.empty() && ballot.ranks[j] <= ballot.ranks[i])) {
                    not_below[a * size() + place[ranking[j]]] += ballot.weight;
                }
            }
        }
    }
    for (std::size_t a = 0; a < size(); ++a) {
        for (std::size_t b = 0; b < size(); ++b) {
            if (a != b) preferred_[a * size() + b] = ranked_[a] - not_below[a * size() + b];
        }
    }
}

Link Comparison::link(std::size_t a, std::size_t b) const {
    if (!victory(a, b)) return {};
    if (margins_) return {.votes = preferred(a, b) - preferred(b, a)};
    return {.votes = preferred(a, b), .opposition = preferred(b, a)};
}

void Comparison::find_paths() {
    const auto n = size();
    strengths_ = {Link{}};
    for (std::size_t a = 0; a < n; ++a) {
        for (std::size_t b = 0; b < n; ++b) {
            if (a != b && victory(a, b)) strengths_.push_back(link(a, b));
        }
    }
    std::sort(strengths_.begin(), strengths_.end(), weaker);
    strengths_.erase(std::unique(strengths_.begin(), strengths_.end()), strengths_.end());
    link_.assign(n * n, 0);
    for (std::size_t a = 0; a < n; ++a) {
        for (std::size_t b = 0; b < n; ++b) {
            if (a == b || !victory(a, b)) continue;
            const auto found = std::lower_bound(strengths_.begin(), strengths_.end(), link(a, b), weaker);
            link_[a * n + b] = static_cast<std::uint32_t>(found - strengths_.begin());
        }
    }
    // Floyd and Warshall with minimum and maximum, as in Schulze's section 2.3.1.
    path_ = link_;
    for (std::size_t via = 0; via < n; ++via) {
        for (std::size_t a = 0; a < n; ++a) {
            const auto there = path_[a * n + via];
            if (there == 0) continue;
            for (std::size_t b = 0; b < n; ++b) {
                path_[a * n + b] = std::max(path_[a * n + b], std::min(there, path_[via * n + b]));
            }
        }
    }
    for (std::size_t a = 0; a < n; ++a) path_[a * n + a] = 0;
}

std::vector<std::size_t> Comparison::between(std::size_t a, std::size_t b) const {
    const auto n = size();
    const auto needed = path_[a * n + b];
    std::vector<std::size_t> from(n, n);
    from[a] = a;
    for (std::deque<std::size_t> next{a}; !next.empty() && from[b] == n; next.pop_front()) {
        for (std::size_t to = 0; to < n; ++to) {
            if (from[to] != n || link_[next.front() * n + to] < needed) continue;
            from[to] = next.front();
            next.push_back(to);
        }
    }
    std::vector<std::size_t> passed;
    if (from[b] == n) fail(ErrorCode::internal, "count.path", "A strongest path has no links.");
    for (auto step = from[b]; step != a; step = from[step]) passed.push_back(step);
    std::reverse(passed.begin(), passed.end());
    return passed;
}

Pairwise Comparison::table() const {
    Pairwise table{.candidates = stand_, .preferred = preferred_, .paths = {}, .opposition = {}};
    for (const auto index : path_) {
        table.paths.push_back(strengths_[index].votes);
        if (!margins_) table.opposition.push_back(strengths_[index].opposition);
    }
    return table;
}

/// The sentences about who is elected, and why.
class Explainer {
public:
    Explainer(const Contest& contest, const Comparison& comparison) : contest_(contest), comparison_(comparison) {}

    /// `others`: everybody else who stood when the round began.
    std::string election(std::size_t winner, const std::vector<std::size_t>& others) const {
        const auto name = name_of(winner);
        if (others.empty()) return name + " stands alone and is elected.";
        const auto count = std::to_string(others.size());
        if (std::all_of(others.begin(), others.end(), [&](auto b) { return comparison_.victory(winner, b); })) {
            auto text = name + " is preferred to " + (others.size() == 1 ? "the one other" : "each of the " + count) +
                        (others.size() == 1 ? "" : " others") + " who stand" + (others.size() == 1 ? "s" : "") +
                        ", one against one, and is elected: ";
            return text + list(others, [&](auto b) {
                       return name_of(b) + " by " + votes(winner, b) + " to " + votes(b, winner);
                   });
        }
        return name + " has to each of the " + count +
               " others who stand a path of victories as strong as the one back, or stronger, and is elected: " +
               list(others, [&](auto b) { return paths(winner, b); });
    }

private:
    std::string name_of(std::size_t i) const {
        return "\"" + contest_.candidates[comparison_.candidate(i)].name + "\"";
    }
    std::string votes(std::size_t a, std::size_t b) const { return std::to_string(comparison_.preferred(a, b)); }

    template <typename Tell>
    std::string list(const std::vector<std::size_t>& others, Tell&& tell) const {
        std::string text;
        for (std::size_t i = 0; i < others.size() && i < most_paths_told; ++i) {
            text += (i == 0 ? "" : "; ") + tell(others[i]);
        }
        if (others.size() > most_paths_told) {
            text += "; and " + std::to_string(others.size() - most_paths_told) + " more";
        }
        return text + ".";
    }

    std::string strength(std::size_t a, std::size_t b) const {
        const auto path = comparison_.path(a, b);
        if (path.votes == 0) return "none";
        std::string text;
        for (const auto step : comparison_.between(a, b)) text += (text.empty() ? "through " : " and ") + name_of(step);
        if (text.empty()) text = "directly";
        if (contest_.rules.strength == Strength::margins) return text + " by " + std::to_string(path.votes);
        return text + " " + std::to_string(path.votes) + " to " + std::to_string(path.opposition);
    }

    std::string paths(std::size_t winner, std::size_t other) const {
        const auto there = strength(winner, other);
        const auto back = strength(other, winner);
        return "to " + name_of(other) + " " + there + ", back " + back;
    }

    const Contest& contest_;
    const Comparison& comparison_;
};

/// First preferences: for people, and for the recount of them; a ballot whose first rank is shared has none.
Round open_round(const Contest& contest, const Result& result, std::uint32_t number) {
    std::vector<Units> votes(contest.candidates.size(), 0);
    Units without = 0;
    for (const auto& ballot : contest.ballots) {
        const bool shared = ballot.ranks.size() > 1 && ballot.ranks[1] == 1;
        (ballot.ranking.empty() || shared ? without : votes[ballot.ranking.front()]) += ballot.weight;
    }
    Round round;
    round.number = number;
    round.exhausted = format_votes(without, 0);
    round.residue = "0";
    for (std::uint32_t candidate = 0; candidate < votes.size(); ++candidate) {
        if (contest.withdrawn[candidate]) continue;
        const bool elected = std::count(result.winners.begin(), result.winners.end(), candidate) != 0;
        round.tallies.push_back(
            {.candidate = candidate, .votes = format_votes(votes[candidate], 0), .elected = elected});
    }
    return round;
}

/// Those above whom nobody of the list is ranked.
std::vector<std::size_t> top(const Comparison& comparison, const std::vector<std::size_t>& standing) {
    auto found = standing;
    std::erase_if(found, [&](auto b) {
        return std::any_of(standing.begin(), standing.end(), [&](auto a) { return comparison.above(a, b); });
    });
    return found;
}

}  // namespace

void count_schulze(const Contest& contest, Result& result) {
    const Comparison comparison(contest);
    const Explainer explainer(contest, comparison);
    std::vector<std::size_t> standing;
    for (std::size_t i = 0; i < comparison.size(); ++i) {
        if (comparison.ranked_by_anybody(i)) standing.push_back(i);
    }
    while (result.winners.size() < contest.rules.seats && !standing.empty()) {
        auto round = open_round(contest, result, static_cast<std::uint32_t>(result.rounds.size() + 1));
        const std::size_t seats = contest.rules.seats - result.winners.size();
        std::vector<std::uint32_t> elected;
        for (const auto i : top(comparison, standing)) elected.push_back(comparison.candidate(i));
        std::vector<std::uint32_t> tied;
        if (elected.size() > seats) {
            tied = elected;
            elected = contest.tie.order(tied, round.number);
            elected.resize(seats);
        }
        for (const auto candidate : elected) {
            const auto winner = std::find_if(standing.begin(), standing.end(),
                                             [&](auto i) { return comparison.candidate(i) == candidate; });
            auto others = standing;
            others.erase(others.begin() + (winner - standing.begin()));
            Event event;
            event.candidate = candidate;
            event.tied = tied;
            event.explanation = explainer.election(*winner, others);
            if (!tied.empty()) {
                event.explanation += " Nobody is ranked above any of " + std::to_string(tied.size()) +
                                     " candidates, for " + std::to_string(seats) +
                                     (seats == 1 ? " seat; " : " seats; ") + contest.tie.description() + " decides.";
            }
            round.events.push_back(std::move(event));
        }
        for (const auto candidate : elected) {
            result.winners.push_back(candidate);
            std::erase_if(standing, [&](auto i) { return comparison.candidate(i) == candidate; });
        }
        result.rounds.push_back(std::move(round));
    }
    result.pairwise = comparison.table();
    result.unfilled_seats = contest.rules.seats - static_cast<std::uint32_t>(result.winners.size());
}

}  // namespace uvpki::count
