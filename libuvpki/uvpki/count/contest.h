#pragma once
// A checked contest on its way through one method, and the methods themselves. Private to counting.

#include <cstdint>
#include <vector>

#include "uvpki/count/ballots.h"
#include "uvpki/count/decimal.h"
#include "uvpki/count/result.h"
#include "uvpki/count/rules.h"
#include "uvpki/count/tie.h"

namespace uvpki::count {

struct Contest {
    const std::vector<Candidate>& candidates;
    const Rules& rules;
    TieRule tie;
    std::vector<bool> withdrawn;        ///< by candidate
    std::vector<bool> write_in;         ///< by candidate
    std::vector<RankedBallot> ballots;  ///< valid, without withdrawn candidates, equal ones joined, sorted
};

/// Each fills rounds, winners and unfilled_seats.
void count_plurality(const Contest& contest, Result& result);
void count_approval(const Contest& contest, Result& result);
void count_n_of_m(const Contest& contest, Result& result);
void count_irv(const Contest& contest, Result& result);
void count_stv(const Contest& contest, Result& result);
void count_schulze(const Contest& contest, Result& result);

}  // namespace uvpki::count
