#include "uvpki/count/decimal.h"

#include "uvpki/error.h"

namespace uvpki::count {
namespace {
__extension__ typedef unsigned __int128 Wide;
}

Units units_per_vote(std::uint32_t decimals) {
    Units units = 1;
    for (std::uint32_t i = 0; i < decimals; ++i) units *= 10;
    return units;
}

Units multiply_divide(Units a, Units b, Units divisor) {
    if (divisor == 0) fail(ErrorCode::internal, "count.overflow", "A share of no votes at all was asked for.");
    const Wide quotient = Wide{a} * Wide{b} / Wide{divisor};
    if (quotient > Wide{UINT64_MAX}) fail(ErrorCode::internal, "count.overflow", "A tally exceeds 64 bits.");
    return static_cast<Units>(quotient);
}

std::string format_votes(Units votes, std::uint32_t decimals) {
    const Units one = units_per_vote(decimals);
    std::string text = std::to_string(votes / one);
    if (votes % one == 0) return text;
    std::string fraction = std::to_string(votes % one);
    fraction.insert(0, decimals - fraction.size(), '0');
    fraction.erase(fraction.find_last_not_of('0') + 1);
    return text + "." + fraction;
}

}  // namespace uvpki::count
