#include "uvpki/election/results.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "uvpki/count/blt.h"
#include "uvpki/count/count.h"
#include "uvpki/csv.h"
#include "uvpki/encoding.h"
#include "uvpki/error.h"

namespace uvpki::election {

namespace {

/// One voter's choices of one contest as candidate indexes; the ballot was found valid, so every id is known.
count::RankedBallot ranked(const Contest& contest, const std::vector<std::string>& choices) {
    count::RankedBallot ballot;
    for (const auto& choice : choices) {
        const auto found = std::ranges::find(contest.candidates, choice, &Candidate::id);
        if (found == contest.candidates.end())
            fail(ErrorCode::internal, "results.candidate", "a valid ballot names no candidate of contest " + contest.id);
        ballot.ranking.push_back(static_cast<std::uint32_t>(found - contest.candidates.begin()));
    }
    return ballot;
}

count::Profile contest_profile(const Contest& contest, const std::vector<const OpenedBallot*>& counted) {
    count::Profile profile;
    profile.title = contest.title;
    profile.seats = contest.rules.seats;
    for (const auto& candidate : contest.candidates) profile.candidates.push_back({candidate.id, candidate.name});
    std::map<std::vector<std::uint32_t>, std::uint64_t> grouped;
    for (const auto* ballot : counted)
        for (const auto& part : ballot->contests)
            if (part.contest == contest.id) ++grouped[ranked(contest, part.choices).ranking];
    for (const auto& [ranking, weight] : grouped) profile.ballots.push_back({ranking, weight});
    return profile;
}

std::map<std::string, std::int64_t> merge_small(const std::map<std::string, std::int64_t>& groups, std::int64_t smallest) {
    std::map<std::string, std::int64_t> merged;
    for (const auto& [style, count] : groups) merged[count < smallest ? "other" : style] += count;
    return merged;
}

}  // namespace

Results compute_results(const VerifiedManifest& manifest, const std::vector<OpenedBallot>& opened, const Totals& known,
                        const Sha256& log_root, std::int64_t log_size, ByteView tie_seed) {
    Results results;
    results.election = manifest->id;
    results.manifest = manifest.digest();
    results.log_root = log_root;
    results.log_size = log_size;
    results.totals = known;
    results.totals.cast = static_cast<std::int64_t>(opened.size());
    results.totals.valid = results.totals.blank = results.totals.invalid = 0;

    std::vector<const OpenedBallot*> in_order;
    for (const auto& ballot : opened) in_order.push_back(&ballot);
    std::ranges::sort(in_order, {}, [](const OpenedBallot* ballot) { return ballot->leaf; });

    // By x coordinate: (x, y) and (x, -y) agree on the same secret.
    std::set<Bytes> seen_points;
    std::map<std::string, std::int64_t> by_style;
    std::vector<const OpenedBallot*> counted;
    for (const auto* ballot : in_order) {
        ++by_style[ballot->style];
        if (ballot->status == OpenedBallot::Status::invalid) {
            results.invalid.push_back({ballot->leaf, ballot->invalid_because ? ballot->invalid_because->rule : "ballot"});
            continue;
        }
        // T13, and after the vote was judged: a copied envelope, which is never valid, must not displace its original.
        if (!seen_points.insert(to_bytes(ByteView(ballot->ephemeral_point).subspan(1, 32))).second) {
            results.invalid.push_back({ballot->leaf, "ballot.repeated_ephemeral"});
            continue;
        }
        ++(ballot->status == OpenedBallot::Status::blank ? results.totals.blank : results.totals.valid);
        counted.push_back(ballot);
    }
    results.totals.invalid = static_cast<std::int64_t>(results.invalid.size());
    results.cast_by_style = merge_small(by_style, manifest->report_min_group);

    for (const auto& contest : manifest->contests) {
        const auto profile = contest_profile(contest, counted);
        results.contests.push_back(
            {contest.id, count::count_election(profile, contest.rules, tie_seed), count::format_blt(profile)});
    }
    return results;
}

std::string format_results(const Results& results) {
    auto invalid = Json::array();
    for (const auto& ballot : results.invalid) invalid.push_back({{"leaf", to_hex(ballot.leaf)}, {"rule", ballot.rule}});
    auto contests = Json::array();
    for (const auto& contest : results.contests)
        contests.push_back({{"id", contest.contest}, {"result", count::result_json(contest.result)}});
    const auto& totals = results.totals;
    return canonical_json({{"cast_by_style", results.cast_by_style},
                           {"contests", contests},
                           {"election", results.election},
                           {"invalid", invalid},
                           {"log", {{"root", to_hex(results.log_root)}, {"size", results.log_size}}},
                           {"manifest", to_hex(results.manifest)},
                           {"totals",
                            {{"blank", totals.blank},
                             {"cast", totals.cast},
                             {"claimed", totals.claimed},
                             {"invalid", totals.invalid},
                             {"redeemed", totals.redeemed},
                             {"roll", totals.roll},
                             {"valid", totals.valid}}},
                           {"version", 1}});
}

std::string results_csv(const VerifiedManifest& manifest, const Results& results) {
    std::string csv = format_csv_row({"contest", "round", "candidate", "name", "votes", "elected"});
    for (const auto& part : results.contests) {
        const auto* contest = manifest->find_contest(part.contest);
        for (const auto& round : part.result.rounds)
            for (const auto& tally : round.tallies) {
                const auto& candidate = contest->candidates.at(tally.candidate);
                const bool elected_now = std::ranges::any_of(round.events, [&](const count::Event& event) {
                    return event.kind == count::EventKind::elected && event.candidate == tally.candidate;
                });
                csv += format_csv_row({contest->id, std::to_string(round.number), candidate.id, candidate.name,
                                       tally.votes, tally.elected || elected_now ? "yes" : "no"});
            }
    }
    return csv;
}

}  // namespace uvpki::election
