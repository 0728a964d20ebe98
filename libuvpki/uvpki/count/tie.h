#pragma once
// Who goes before whom when votes are equal and a choice must be made. Private to counting.

#include <vector>

#include "uvpki/bytes.h"
#include "uvpki/count/ballots.h"
#include "uvpki/count/rules.h"

namespace uvpki::count {

class TieRule {
public:
    /// The arguments must outlive the object.
    TieRule(const Rules& rules, const std::vector<Candidate>& candidates, ByteView seed)
        : rules_(rules), candidates_(candidates), seed_(seed) {}

    /// The tied candidates, the preferred first: seats go to the first, elimination takes the last. By candidate
    /// order, or by ascending SHA-256 of the text "<seed in lower-case hex>:<round>:<candidate id>", which anybody
    /// repeats with `printf %s | sha256sum`. Throws invalid_input "count.tie_seed" when the seed is needed and empty.
    std::vector<std::uint32_t> order(std::vector<std::uint32_t> tied, std::uint32_t round) const;

    /// "the published tie seed" or "the order of the candidates", for explanations.
    std::string description() const;

private:
    const Rules& rules_;
    const std::vector<Candidate>& candidates_;
    ByteView seed_;
};

}  // namespace uvpki::count
