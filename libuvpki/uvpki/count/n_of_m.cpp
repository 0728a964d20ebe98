// N of m (block vote): one vote for each candidate chosen, at most n choices; the most votes win. That n holds was
// checked before, ballots with more choices are counted as invalid and do not come here.
#include "uvpki/count/most_votes.h"

namespace uvpki::count {

void count_n_of_m(const Contest& contest, Result& result) {
    elect_most_votes(contest, votes_of_all_choices(contest), result);
}

}  // namespace uvpki::count
