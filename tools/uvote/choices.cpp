#include "tools/uvote/choices.h"

#include <algorithm>

#include "tools/console/console.h"
#include "uvpki/encoding.h"
#include "uvpki/error.h"

namespace uvpki::voter {

namespace {

const election::Candidate& find_candidate(const election::Contest& contest, std::string_view text) {
    const election::Candidate* found = nullptr;
    for (const auto& candidate : contest.candidates) {
        if (candidate.id == text) return candidate;
        if (candidate.name != text) continue;
        if (found != nullptr)
            fail_input("vote.candidate",
                       "contest '" + contest.id + "' has several candidates of that name: use the id");
        found = &candidate;
    }
    if (found == nullptr)
        fail_input("vote.candidate", "contest '" + contest.id + "' has no candidate '" + std::string(text) + "'");
    return *found;
}

}  // namespace

std::vector<election::ContestChoices> parse_choices(const election::Manifest& manifest, std::string_view style,
                                                    const std::vector<std::string>& texts) {
    const auto* rules = manifest.find_style(style);
    if (rules == nullptr) fail_input("vote.style", "the election has no ballot style '" + std::string(style) + "'");
    std::vector<election::ContestChoices> contests;
    for (const auto& id : rules->contests) contests.push_back({id, {}});
    for (const auto& text : texts) {
        const auto equals = text.find('=');
        if (equals == std::string::npos)
            fail_input("vote.usage", "a choice is given as CONTEST=CANDIDATE,CANDIDATE,...");
        const auto id = text.substr(0, equals);
        const auto contest = std::ranges::find(contests, id, &election::ContestChoices::contest);
        if (contest == contests.end())
            fail_input("vote.contest", "your ballot (style '" + std::string(style) + "') has no contest '" + id + "'");
        for (std::size_t from = equals + 1; from < text.size();) {
            const auto comma = std::min(text.find(',', from), text.size());
            contest->choices.push_back(find_candidate(*manifest.find_contest(id), text.substr(from, comma - from)).id);
            from = comma + 1;
        }
    }
    const auto findings = election::check_vote(manifest, style, contests);
    if (!findings.empty()) fail_input(findings[0].rule, findings[0].message);
    return contests;
}

std::string describe_choices(const election::Manifest& manifest,
                             const std::vector<election::ContestChoices>& contests) {
    std::string text;
    for (const auto& chosen : contests) {
        const auto* contest = manifest.find_contest(chosen.contest);
        text += console::visible(contest->title) + " (" + chosen.contest + ")\n";
        if (chosen.choices.empty()) text += "      BLANK: no choice here\n";
        for (std::size_t i = 0; i < chosen.choices.size(); ++i) {
            const auto& candidate =
                *std::ranges::find(contest->candidates, chosen.choices[i], &election::Candidate::id);
            text +=
                "  " + std::to_string(i + 1) + ".  " + console::visible(candidate.name) + " (" + candidate.id + ")\n";
        }
    }
    return text;
}

std::string short_hash(const Sha256& digest) {
    const auto hex = to_hex(digest);
    return hex.substr(0, 4) + " " + hex.substr(4, 4) + " " + hex.substr(8, 4) + " " + hex.substr(12, 4);
}

}  // namespace uvpki::voter
