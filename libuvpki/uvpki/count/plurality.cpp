// Plurality: one vote per ballot, for its first choice; the most votes win.
#include "uvpki/count/most_votes.h"

namespace uvpki::count {

void count_plurality(const Contest& contest, Result& result) {
    std::vector<Units> votes(contest.candidates.size(), 0);
    for (const auto& ballot : contest.ballots) {
        if (!ballot.ranking.empty()) votes[ballot.ranking.front()] += ballot.weight;
    }
    elect_most_votes(contest, votes, result);
}

}  // namespace uvpki::count
