#include "uvpki/count/count.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "uvpki/count/contest.h"
#include "uvpki/error.h"

namespace uvpki::count {
namespace {

std::vector<bool> marked_withdrawn(const Profile& profile) {
    std::vector<bool> marks(profile.candidates.size(), false);
    for (const auto candidate : profile.withdrawn) {
        if (candidate >= marks.size() || marks[candidate]) {
            fail_input("count.candidates", "A withdrawn candidate is unknown or listed twice.");
        }
        marks[candidate] = true;
    }
    return marks;
}

std::vector<bool> marked_write_ins(const Profile& profile, const Rules& rules) {
    std::unordered_map<std::string, std::size_t> index;
    for (std::size_t i = 0; i < profile.candidates.size(); ++i) {
        const auto& id = profile.candidates[i].id;
        if (id.empty() || !index.emplace(id, i).second) {
            fail_input("count.candidates", "The candidate id \"" + id + "\" is empty or used twice.");
        }
    }
    std::vector<bool> marks(profile.candidates.size(), false);
    for (const auto& id : rules.write_ins) {
        const auto found = index.find(id);
        if (found == index.end()) fail_input("count.candidates", "The write-in \"" + id + "\" is no candidate.");
        marks[found->second] = true;
    }
    return marks;
}

void require_ranks(const RankedBallot& ballot, std::uint64_t number) {
    if (ballot.ranks.empty()) return;
    bool sound = ballot.ranks.size() == ballot.ranking.size() && ballot.ranks.front() == 1 &&
                 ballot.ranks.back() < ballot.ranks.size();
    for (std::size_t i = 1; sound && i < ballot.ranks.size(); ++i) {
        sound = ballot.ranks[i] - ballot.ranks[i - 1] <= 1;
    }
    if (!sound) {
        fail_input("count.ballot", "Ballot " + std::to_string(number) + " has ranks that do not go up by one from 1.");
    }
}

/// Shared ranks mean something where pairs are compared, and nothing where no order counts.
void require_countable(const RankedBallot& ballot, Method method, std::uint64_t number) {
    if (ballot.ranks.empty() || method == Method::schulze || method == Method::approval || method == Method::n_of_m)
        return;
    fail_input("count.ballot", "Ballot " + std::to_string(number) + " ranks candidates equally, which the method " +
                                   std::string(method_name(method)) + " cannot count.");
}

/// The order without the withdrawn; who shares a rank stands in candidate order, so that equal ballots look equal.
RankedBallot struck(const RankedBallot& ballot, const std::vector<bool>& withdrawn) {
    RankedBallot left{.ranking = ballot.ranking, .weight = ballot.weight};
    if (ballot.ranks.empty()) {
        std::erase_if(left.ranking, [&](auto candidate) { return withdrawn[candidate]; });
        return left;
    }
    left.ranking.clear();
    std::uint32_t rank = 0;
    for (std::size_t i = 0, last = 0; i < ballot.ranking.size(); ++i) {
        if (withdrawn[ballot.ranking[i]]) continue;
        if (ballot.ranks[i] != last) ++rank;
        last = ballot.ranks[i];
        left.ranking.push_back(ballot.ranking[i]);
        left.ranks.push_back(rank);
    }
    if (rank == left.ranking.size()) left.ranks.clear();
    for (std::size_t from = 0; from < left.ranks.size();) {
        auto to = from;
        while (to < left.ranks.size() && left.ranks[to] == left.ranks[from]) ++to;
        const auto begin = left.ranking.begin();
        std::sort(begin + static_cast<std::ptrdiff_t>(from), begin + static_cast<std::ptrdiff_t>(to));
        from = to;
    }
    return left;
}

void require_ballot(const RankedBallot& ballot, std::vector<std::uint64_t>& last_seen, std::uint64_t number) {
    if (ballot.weight == 0) fail_input("count.ballot", "Ballot " + std::to_string(number) + " has the weight 0.");
    for (const auto candidate : ballot.ranking) {
        if (candidate >= last_seen.size()) {
            fail_input("count.ballot", "Ballot " + std::to_string(number) + " names an unknown candidate.");
        }
        if (std::exchange(last_seen[candidate], number) == number) {
            fail_input("count.ballot", "Ballot " + std::to_string(number) + " names a candidate twice.");
        }
    }
    require_ranks(ballot, number);
}

/// Sorts ballots into valid, blank and invalid. Equal ones are joined: ballots are rounded one by one, whatever their
/// number, so this changes no result, and it makes the order of the ballots irrelevant.
std::vector<RankedBallot> valid_ballots(const Profile& profile, const Rules& rules, const std::vector<bool>& withdrawn,
                                        Result& result) {
    const auto allowed = choices_allowed(rules, profile.candidates.size());
    using Order = std::pair<std::vector<std::uint32_t>, std::vector<std::uint32_t>>;
    std::map<Order, std::uint64_t> joined;
    std::vector<std::uint64_t> last_seen(profile.candidates.size(), 0);
    std::uint64_t number = 0;
    for (const auto& ballot : profile.ballots) {
        require_ballot(ballot, last_seen, ++number);
        if (ballot.weight > max_total_weight - result.ballots) {
            fail_input("count.too_many", "There are more than 1,000,000,000,000 ballots.");
        }
        result.ballots += ballot.weight;
        if (ballot.ranking.empty()) {
            result.blank += ballot.weight;
        } else if (ballot.ranking.size() > allowed) {
            result.invalid += ballot.weight;
        } else {
            result.valid += ballot.weight;
            require_countable(ballot, rules.method, number);
            auto left = struck(ballot, withdrawn);
            // Only the first choice counts in plurality; approval and n-of-m know no order.
            if (rules.method == Method::plurality && left.ranking.size() > 1) left.ranking.resize(1);
            joined[{std::move(left.ranking), std::move(left.ranks)}] += ballot.weight;
        }
    }
    std::vector<RankedBallot> ballots;
    for (const auto& [order, weight] : joined) {
        ballots.push_back({.ranking = order.first, .weight = weight, .ranks = order.second});
    }
    return ballots;
}

void count_by_method(const Contest& contest, Result& result) {
    switch (contest.rules.method) {
        case Method::plurality:
            return count_plurality(contest, result);
        case Method::approval:
            return count_approval(contest, result);
        case Method::n_of_m:
            return count_n_of_m(contest, result);
        case Method::irv:
            return count_irv(contest, result);
        case Method::stv:
            return count_stv(contest, result);
        case Method::schulze:
            return count_schulze(contest, result);
    }
    fail_input("count.rules", "The counting method is unknown.");
}

}  // namespace

Result count_election(const Profile& profile, const Rules& rules, ByteView tie_seed) {
    require_sound(rules);
    if (profile.candidates.empty() || profile.candidates.size() > max_candidates) {
        fail_input("count.candidates", "A contest needs 1 to 1000 candidates.");
    }
    Result result;
    result.title = profile.title;
    result.rules = rules;
    result.candidates = profile.candidates;
    result.withdrawn = profile.withdrawn;
    std::sort(result.withdrawn.begin(), result.withdrawn.end());
    auto withdrawn = marked_withdrawn(profile);
    auto write_in = marked_write_ins(profile, rules);
    auto ballots = valid_ballots(profile, rules, withdrawn, result);
    const Contest contest{.candidates = profile.candidates,
                          .rules = rules,
                          .tie = TieRule(rules, profile.candidates, tie_seed),
                          .withdrawn = std::move(withdrawn),
                          .write_in = std::move(write_in),
                          .ballots = std::move(ballots)};
    const bool any = std::any_of(contest.ballots.begin(), contest.ballots.end(),
                                 [](const RankedBallot& ballot) { return !ballot.ranking.empty(); });
    if (any) {
        count_by_method(contest, result);
    } else {
        result.unfilled_seats = rules.seats;
        result.note = "No valid ballot names a candidate who stands: nobody is elected.";
    }
    if (!result.rounds.empty()) result.threshold = result.rounds.back().threshold;
    return result;
}

}  // namespace uvpki::count
