#include "uvpki/count/marks.h"

#include <algorithm>
#include <map>

#include "uvpki/error.h"

namespace uvpki::count {
namespace {

std::string at_rank(const std::string& where, std::uint32_t rank) {
    return where + ": at rank " + std::to_string(rank) + " ";
}

/// Adds the candidates of one rank; false when the ballot ends here.
bool add_rank(RankedBallot& ballot, std::vector<std::uint32_t>& ranks, std::uint32_t rank,
              const std::vector<std::uint32_t>& candidates, const MarkRules& rules, const std::string& where) {
    std::vector<std::uint32_t> added;
    for (const auto candidate : candidates) {
        if (std::count(ballot.ranking.begin(), ballot.ranking.end(), candidate) == 0) {
            added.push_back(candidate);
        } else if (rules.duplicate == Duplicate::refuse) {
            fail_input("ballot.duplicate", at_rank(where, rank) +
                                               "a candidate stands that has a better rank already; say whether the "
                                               "rules pass over such a rank (--duplicates skip) or end the ballot "
                                               "there (exhaust).");
        } else if (rules.duplicate == Duplicate::exhaust) {
            return false;
        }
    }
    ballot.ranking.insert(ballot.ranking.end(), added.begin(), added.end());
    if (!added.empty()) {
        const auto next = ranks.empty() ? 1 : ranks.back() + 1;
        ranks.insert(ranks.end(), added.size(), next);
    }
    return true;
}

}  // namespace

RankedBallot rank_marks(std::vector<Mark> marks, const std::vector<std::uint32_t>& overvoted, const MarkRules& rules,
                        const std::string& where) {
    std::map<std::uint32_t, std::vector<std::uint32_t>> by_rank;
    for (const auto rank : overvoted) by_rank[rank];
    for (const auto& mark : marks) by_rank[mark.rank].push_back(mark.candidate);
    RankedBallot ballot;
    std::vector<std::uint32_t> ranks;
    std::uint32_t last = 0;
    for (auto& [rank, candidates] : by_rank) {
        const auto skipped = rank - last - 1;
        if (skipped > 0 && !rules.skipped_ranks) {
            fail_input("ballot.skipped_rank", at_rank(where, rank) +
                                                  "the ballot goes on after a rank left out; say how many ranks may "
                                                  "be left out in a row (--skipped-ranks N).");
        }
        if (rules.skipped_ranks && skipped > *rules.skipped_ranks) break;
        last = rank;
        std::sort(candidates.begin(), candidates.end());
        if (std::adjacent_find(candidates.begin(), candidates.end()) != candidates.end()) {
            fail_input("ballot.duplicate", at_rank(where, rank) + "a candidate stands twice.");
        }
        const bool named = std::find(overvoted.begin(), overvoted.end(), rank) != overvoted.end();
        if (named || candidates.size() > 1) {
            if (rules.overvote == Overvote::skip) continue;
            if (rules.overvote == Overvote::exhaust) break;
            if (rules.overvote == Overvote::refuse || named) {
                fail_input("ballot.overvote", at_rank(where, rank) +
                                                  "several candidates are marked; say whether the rules pass over "
                                                  "such a rank (--overvotes skip), end the ballot there (exhaust) or "
                                                  "take them as equal (equal).");
            }
        }
        if (!add_rank(ballot, ranks, rank, candidates, rules, where)) break;
    }
    if (!ranks.empty() && ranks.back() < ranks.size()) ballot.ranks = std::move(ranks);
    return ballot;
}

RankedBallot unordered_marks(std::vector<std::uint32_t> candidates, const std::string& where) {
    std::sort(candidates.begin(), candidates.end());
    if (std::adjacent_find(candidates.begin(), candidates.end()) != candidates.end()) {
        fail_input("ballot.duplicate", where + ": a candidate is marked twice.");
    }
    RankedBallot ballot{.ranking = std::move(candidates)};
    if (ballot.ranking.size() > 1) ballot.ranks.assign(ballot.ranking.size(), 1);
    return ballot;
}

}  // namespace uvpki::count
