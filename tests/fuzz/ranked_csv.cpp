#include "uvpki/count/ranked_csv.h"

#include "tests/fuzz/countable.h"
#include "tests/fuzz/targets.h"

namespace uvpki::fuzz {

bool ranked_csv(ByteView input) {
    bool any = false;
    for (const auto columns : {count::CsvColumns::candidates, count::CsvColumns::ranks}) {
        const auto read = [&](const count::MarkRules& marks) {
            return accepted(
                [&] { return count::parse_ranked_csv(as_text(input), {.columns = columns, .marks = marks}); });
        };
        const auto strict = read({});
        const auto all = read(lenient);
        require(!strict || all == strict, "rules for contradictions change no ballot without one");
        if (all) require_countable(*all);
        any = any || all;
    }
    return any;
}

}  // namespace uvpki::fuzz
