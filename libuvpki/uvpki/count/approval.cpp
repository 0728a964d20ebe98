// Approval: one vote for each candidate chosen, as many choices as one likes; the most votes win.
#include "uvpki/count/most_votes.h"

namespace uvpki::count {

void count_approval(const Contest& contest, Result& result) {
    elect_most_votes(contest, votes_of_all_choices(contest), result);
}

}  // namespace uvpki::count
