#include "uvpki/count/tie.h"

#include <algorithm>
#include <utility>

#include "uvpki/digest.h"
#include "uvpki/encoding.h"
#include "uvpki/error.h"

namespace uvpki::count {

std::vector<std::uint32_t> TieRule::order(std::vector<std::uint32_t> tied, std::uint32_t round) const {
    std::sort(tied.begin(), tied.end());
    if (tied.size() < 2 || rules_.tie_break == TieBreak::candidate_order) return tied;
    if (seed_.empty()) {
        fail_input("count.tie_seed", "Round " + std::to_string(round) + " has a tie between \"" +
                                         candidates_[tied[0]].name + "\" and \"" + candidates_[tied[1]].name +
                                         "\" that the rules break by a seed, and no seed was given.");
    }
    const std::string prefix = to_hex(seed_) + ":" + std::to_string(round) + ":";
    std::vector<std::pair<Sha256, std::uint32_t>> keys;
    for (const auto candidate : tied) {
        keys.emplace_back(sha256(as_bytes(prefix + candidates_[candidate].id)), candidate);
    }
    std::sort(keys.begin(), keys.end());
    for (std::size_t i = 0; i < keys.size(); ++i) tied[i] = keys[i].second;
    return tied;
}

std::string TieRule::description() const {
    return rules_.tie_break == TieBreak::seed ? "the published tie seed" : "the order of the candidates";
}

}  // namespace uvpki::count
