#pragma once
// Votes as whole numbers of units of 10^-decimals, and the one rounding there is: down. Private to counting.

#include <cstdint>
#include <string>

namespace uvpki::count {

using Units = std::uint64_t;

/// 10^decimals: the units of one whole vote.
Units units_per_vote(std::uint32_t decimals);

/// floor(a * b / divisor), the product in 128 bits; the quotient must fit 64 (it does: callers keep a <= divisor or
/// b <= divisor). Throws internal "count.overflow" otherwise.
Units multiply_divide(Units a, Units b, Units divisor);

/// "9452", "177.5192": no trailing zeros.
std::string format_votes(Units votes, std::uint32_t decimals);

}  // namespace uvpki::count
