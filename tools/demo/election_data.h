#pragma once
// The real election that the demo casts again: its ballots (BLT), its counting rule (a JSON file beside it, because BLT
// does not say) and the winners that its source names. One made-up voter per real ballot, and a few who abstain.

#include <filesystem>
#include <string>
#include <vector>

#include "uvpki/count/ballots.h"
#include "uvpki/count/rules.h"
#include "uvpki/election/manifest.h"

namespace uvpki::demo {

inline constexpr const char* style_id = "all";
inline constexpr const char* contest_id = "board";

/// How far a simulated voter goes.
enum class Participation { never_enrols, only_enrols, only_claims, only_redeems, votes };

struct PlannedVoter {
    std::string voter_id;
    Participation participation = Participation::votes;
    std::vector<std::string> choices;  ///< candidate ids, most preferred first
};

struct ElectionData {
    std::string id;
    std::string title;
    election::Contest contest;
    std::vector<PlannedVoter> voters;
    std::vector<std::string> known_winners;  ///< names, from the source of the ballots
};

/// Reads FOLDER/NAME.blt, NAME.rules.json and NAME.known.json. Throws as the readers of those formats.
ElectionData load_election_data(const std::filesystem::path& folder, const std::string& name);

/// The roll for the registrar: voter_id,name,style.
std::string roll_csv(const ElectionData& data);

}  // namespace uvpki::demo
