#pragma once
// One round in which the candidates with the most votes are elected: the end of plurality, approval and n-of-m.
// Private.

#include "uvpki/count/contest.h"

namespace uvpki::count {

/// Votes for everybody on the ballot: what approval and n-of-m count.
std::vector<Units> votes_of_all_choices(const Contest& contest);

/// Fills the result from whole votes per candidate. A candidate without a vote is not elected.
void elect_most_votes(const Contest& contest, const std::vector<Units>& votes, Result& result);

}  // namespace uvpki::count
