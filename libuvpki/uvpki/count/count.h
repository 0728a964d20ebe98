#pragma once
// The one entry to counting: ballots and published rules in, result with every round out. A pure function of its
// arguments in whole numbers: no clock, no randomness, no floating point; ballots may come in any order. Thread-safe.

#include "uvpki/bytes.h"
#include "uvpki/count/ballots.h"
#include "uvpki/count/result.h"
#include "uvpki/count/rules.h"

namespace uvpki::count {

/// `tie_seed`: the bytes published for ties (the final checkpoint's root hash); may be empty as long as no tie has to
/// be broken by it. Throws invalid_input "count.rules", "count.candidates" (none, too many, ids empty or twice,
/// unknown write-in, bad withdrawn), "count.ballot" (unknown or repeated candidate, weight 0), "count.too_many",
/// "count.tie_seed".
Result count_election(const Profile& profile, const Rules& rules, ByteView tie_seed);

}  // namespace uvpki::count
