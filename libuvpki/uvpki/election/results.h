#pragma once
// Results: opened ballots counted by the manifest's rules, reconciled with roll, claims and epochs. Deterministic:
// whoever computes them from the same package gets the same bytes.

#include <map>
#include <string>
#include <vector>

#include "uvpki/count/result.h"
#include "uvpki/election/ballot.h"
#include "uvpki/election/manifest.h"
#include "uvpki/json.h"

namespace uvpki::election {

/// The numbers that must fit together: cast = valid + blank + invalid.
struct Totals {
    std::int64_t roll = 0;
    std::int64_t claimed = 0;
    std::int64_t redeemed = 0;  ///< ballot certificates issued (from the ballot service; cast <= redeemed <= claimed)
    std::int64_t cast = 0;
    std::int64_t valid = 0;
    std::int64_t blank = 0;
    std::int64_t invalid = 0;
};

/// A ballot that was not counted, and the rule it breaks.
struct InvalidBallot {
    Sha256 leaf{};
    std::string rule;
};

/// The count of one contest.
struct ContestResult {
    std::string contest;
    count::Result result;
    std::string blt;  ///< the counted ballots of this contest as BLT
};

/// What results/results.json says.
struct Results {
    std::string election;
    Sha256 manifest{};
    Sha256 log_root{};
    std::int64_t log_size = 0;
    Totals totals;
    std::map<std::string, std::int64_t> cast_by_style;  ///< styles under report_min_group merged into "other"
    std::vector<InvalidBallot> invalid;                 ///< sorted by leaf
    std::vector<ContestResult> contests;                ///< manifest order
};

/// T13: of otherwise valid ballots with one ephemeral x coordinate all but the smallest leaf are invalid
/// "ballot.repeated_ephemeral". The tie seed is SHA-256 of the final checkpoint's text. `opened` may come in any order.
Results compute_results(const VerifiedManifest& manifest, const std::vector<OpenedBallot>& opened, const Totals& known,
                        const Sha256& log_root, std::int64_t log_size, ByteView tie_seed);

/// Canonical JSON for results/results.json.
std::string format_results(const Results& results);
/// CSV for people: contest, candidate, round tallies, elected.
std::string results_csv(const VerifiedManifest& manifest, const Results& results);

}  // namespace uvpki::election
