// The rule book for what a vote may say: the client asks it before encrypting, the count after opening (T49).

#include <algorithm>
#include <set>

#include "uvpki/count/rules.h"
#include "uvpki/election/ballot.h"

namespace uvpki::election {

namespace {

void check_contest(const Contest& contest, const std::vector<std::string>& choices, std::vector<Finding>& findings) {
    std::set<std::string_view> known;
    for (const auto& candidate : contest.candidates) known.insert(candidate.id);
    std::set<std::string_view> chosen;
    const auto allowed = count::choices_allowed(contest.rules, contest.candidates.size());
    if (choices.size() > allowed)
        findings.push_back({"vote.choices", "Contest " + contest.id + " has " + std::to_string(choices.size()) +
                                                " choices where " + std::to_string(allowed) + " are allowed"});
    for (const auto& choice : choices) {
        if (!known.contains(choice)) {
            findings.push_back({"vote.candidate", "Contest " + contest.id + " names a candidate that does not stand"});
        } else if (!chosen.insert(choice).second) {
            findings.push_back({"vote.repeated", "Contest " + contest.id + " names candidate " + choice + " twice"});
        }
    }
}

}  // namespace

std::vector<Finding> check_vote(const Manifest& manifest, std::string_view style,
                                const std::vector<ContestChoices>& contests) {
    std::vector<Finding> findings;
    const Style* expected = manifest.find_style(style);
    if (expected == nullptr) {
        findings.push_back({"vote.style", "The ballot style does not exist in this election"});
        return findings;
    }
    for (const auto& vote : contests) {
        const Contest* contest = manifest.find_contest(vote.contest);
        if (contest == nullptr) {
            findings.push_back({"vote.contest", "The vote names a contest that does not exist in this election"});
        } else {
            check_contest(*contest, vote.choices, findings);
        }
    }
    if (!std::ranges::equal(contests, expected->contests, {}, &ContestChoices::contest))
        findings.push_back(
            {"vote.style", "The vote does not hold exactly the contests of style " + expected->id + " in their order"});
    return findings;
}

}  // namespace uvpki::election
