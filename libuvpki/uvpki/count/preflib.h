#pragma once
// PrefLib's files of preferences: .soc and .soi (strict orders, complete or not), .toc and .toi (with ties). The reader
// is strict, bounded, repairs nothing and names the line of what it refuses. Stateless, thread-safe.

#include <string_view>

#include "uvpki/count/ballots.h"

namespace uvpki::count {

/// How much parse_preflib reads.
struct PreflibLimits {
    std::size_t bytes = 256u << 20;
    std::size_t orders = 10'000'000;
};

/// Header lines "# KEY: value" (DATA TYPE, NUMBER ALTERNATIVES, NUMBER VOTERS, NUMBER UNIQUE ORDERS and one ALTERNATIVE
/// NAME i for each are required; others are passed over, TITLE is the title), then "count: 1,2,{3,4}" per order. Ids
/// become "c1", "c2", ... by the alternatives' numbers; seats 1. A data set converted to strict orders lost its ties:
/// its winner proves nothing about the election it was made from.
///
/// Throws invalid_input with the line number: "preflib.encoding", "preflib.too_large", "preflib.header",
/// "preflib.name", "preflib.order" (syntax), "preflib.candidate" (no such number), "preflib.duplicate", "preflib.ties"
/// (braces in a strict data type), "preflib.incomplete" (somebody missing in soc or toc), "preflib.totals" (the
/// header's numbers of voters or orders are not those of the file).
Profile parse_preflib(std::string_view text, PreflibLimits limits = {});

}  // namespace uvpki::count
