#include "tools/demo/election_data.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "uvpki/count/blt.h"
#include "uvpki/csv.h"
#include "uvpki/error.h"
#include "uvpki/files.h"
#include "uvpki/json.h"

namespace uvpki::demo {

namespace {

std::string numbered(const char* form, std::size_t number) {
    char text[32];
    std::snprintf(text, sizeof text, form, number);
    return text;
}

/// BLT names candidates by number; "c01" keeps their order when ids are sorted as text.
std::string candidate_id(std::size_t index, std::size_t count) {
    return numbered(count < 100 ? "c%02zu" : "c%03zu", index + 1);
}

std::string election_id(std::string name) {
    std::ranges::replace(name, '_', '-');
    return name;
}

}  // namespace

ElectionData load_election_data(const std::filesystem::path& folder, const std::string& name) {
    const auto blt = load_file(folder / (name + ".blt"));
    const auto profile = count::parse_blt(as_text(blt));
    const auto rules = parse_json(load_file(folder / (name + ".rules.json")));
    const auto known = parse_json(load_file(folder / (name + ".known.json")));

    ElectionData data;
    data.id = election_id(name);
    data.title = rules.at("title").get<std::string>();
    data.contest.id = contest_id;
    data.contest.title = data.title;
    data.contest.rules = count::parse_rules(rules.at("rules"));
    const auto candidates = profile.candidates.size();
    const auto write_ins = std::exchange(data.contest.rules.write_ins, {});
    for (std::size_t i = 0; i < candidates; ++i) {
        const auto id = candidate_id(i, candidates);
        data.contest.candidates.push_back({id, profile.candidates[i].name});
        if (std::ranges::find(write_ins, profile.candidates[i].id) != write_ins.end())
            data.contest.rules.write_ins.push_back(id);
    }
    for (const auto& winner : known.at("winners")) data.known_winners.push_back(winner.get<std::string>());

    const auto add_voter = [&](Participation participation, std::vector<std::string> choices) {
        data.voters.push_back({numbered("V%06zu", data.voters.size() + 1), participation, std::move(choices)});
    };
    for (const auto& ballot : profile.ballots) {
        std::vector<std::string> choices;
        for (const auto index : ballot.ranking) choices.push_back(candidate_id(index, candidates));
        for (std::uint64_t i = 0; i < ballot.weight; ++i) add_voter(Participation::votes, choices);
    }
    const auto abstaining = std::clamp<std::size_t>(data.voters.size() / 50, 2, 50);
    for (std::size_t i = 0; i < abstaining; ++i) {
        add_voter(Participation::never_enrols, {});
        add_voter(Participation::only_enrols, {});
        add_voter(Participation::only_claims, {});
        add_voter(Participation::only_redeems, {});
    }
    return data;
}

std::string roll_csv(const ElectionData& data) {
    std::string csv = format_csv_row({"voter_id", "name", "style"});
    for (const auto& voter : data.voters)
        csv += format_csv_row({voter.voter_id, "Voter " + voter.voter_id.substr(1), style_id});
    return csv;
}

}  // namespace uvpki::demo
