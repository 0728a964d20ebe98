#include "uvpki/count/cvr.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "uvpki/count/text.h"
#include "uvpki/error.h"
#include "uvpki/json.h"

namespace uvpki::count {
namespace {

const Json* find_member(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found == object.end() ? nullptr : &*found;
}

[[noreturn]] void refuse(std::string_view reason, const std::string& where, const std::string& message) {
    fail_input(reason, where + ": " + message);
}

const Json& required(const Json& object, const char* name, const std::string& where) {
    if (!object.is_object()) refuse("cvr.malformed", where, "an object is expected.");
    if (const auto* member = find_member(object, name)) return *member;
    refuse("cvr.malformed", where, std::string("the member ") + name + " is missing.");
}

const std::string& text(const Json& object, const char* name, const std::string& where) {
    const auto& member = required(object, name, where);
    if (!member.is_string()) refuse("cvr.malformed", where, std::string(name) + " must be a text.");
    return member.get_ref<const std::string&>();
}

std::string text_or(const Json& object, const char* name, const std::string& other, const std::string& where) {
    return find_member(object, name) == nullptr ? other : text(object, name, where);
}

const Json& list(const Json& object, const char* name, const std::string& where) {
    static const Json none = Json::array();
    if (!object.is_object()) refuse("cvr.malformed", where, "an object is expected.");
    const auto* member = find_member(object, name);
    if (member == nullptr) return none;
    if (!member->is_array()) refuse("cvr.malformed", where, std::string(name) + " must be a list.");
    return *member;
}

/// The contest that is asked for and its election's candidates.
struct Found {
    const Json* contest = nullptr;
    const Json* election = nullptr;
};

Found find_contest(const Json& report, const std::string& wanted) {
    const std::string where = "The report";
    Found found;
    for (const auto& election : list(report, "Election", where)) {
        for (const auto& contest : list(election, "Contest", where + "'s Election")) {
            const auto place = where + "'s Contest";
            if (!wanted.empty() && text(contest, "@id", place) != wanted &&
                text_or(contest, "Name", "", place) != wanted)
                continue;
            if (found.contest != nullptr) {
                refuse("cvr.contest", where,
                       wanted.empty() ? "it has several contests; say which with --contest."
                                      : "several contests have the name \"" + wanted + "\".");
            }
            found = {&contest, &election};
        }
    }
    if (found.contest == nullptr) {
        refuse("cvr.contest", where, wanted.empty() ? "it has no contest." : "it has no contest \"" + wanted + "\".");
    }
    return found;
}

std::string name_of(const Json& selection, const Json& election, const std::string& where) {
    std::string name;
    for (const auto& id : list(selection, "CandidateIds", where)) {
        const auto& candidates = list(election, "Candidate", "The report's Election");
        const auto found = std::find_if(candidates.begin(), candidates.end(), [&](const Json& candidate) {
            return text(candidate, "@id", "The report's Candidate") == id;
        });
        if (found == candidates.end()) refuse("cvr.contest", where, "it names a candidate who is not in the report.");
        name += (name.empty() ? "" : " / ") + text(*found, "Name", "The report's Candidate");
    }
    if (!name.empty()) return name;
    if (find_member(selection, "Selection") != nullptr) return text(selection, "Selection", where);  // a ballot measure
    const auto* write_in = find_member(selection, "IsWriteIn");
    if (write_in != nullptr && *write_in == true) return "Write-in " + text(selection, "@id", where);
    refuse("cvr.contest", where, "it has no name.");
}

class Records {
public:
    Records(const Json& report, const CvrOptions& options) : report_(report), options_(options) {
        const auto found = find_contest(report, options.contest);
        contest_id_ = text(*found.contest, "@id", "The report's Contest");
        profile_.title = text_or(*found.contest, "Name", "", "The report's Contest");
        if (!profile_.title.empty() && !is_name(profile_.title)) {
            refuse("cvr.name", "The contest's Name", "it is too long or holds control or invisible characters.");
        }
        for (const auto& selection : list(*found.contest, "ContestSelection", "The contest")) {
            const auto id = text(selection, "@id", "A selection of the contest");
            const auto where = "Selection " + std::to_string(profile_.candidates.size() + 1) + " of the contest";
            const auto name = name_of(selection, *found.election, where);
            if (!is_name(name) || !is_name(id))
                refuse("cvr.name", where,
                       "its name or @id is empty, too long or holds control or invisible characters.");
            if (!numbers_.emplace(id, static_cast<std::uint32_t>(profile_.candidates.size())).second) {
                refuse("cvr.contest", where, "its @id is used twice.");
            }
            profile_.candidates.push_back({.id = id, .name = name});
        }
        if (profile_.candidates.empty() || profile_.candidates.size() > max_candidates) {
            refuse("cvr.contest", "The contest", "it must have 1 to 1000 selections.");
        }
        if (const auto name = find_repeated_name(profile_.candidates)) {
            refuse("cvr.name", "The contest", "two selections have the name \"" + *name + "\".");
        }
    }

    Profile read() {
        const auto& records = list(report_, "CVR", "The report");
        if (records.size() > options_.records) refuse("cvr.too_many", "The report", "there are too many records.");
        for (const auto& record : records) {
            where_ = "Record " + std::to_string(++number_) + " of the report";
            if (const auto* contest = find_voted_contest(record)) read_ballot(*contest);
        }
        return std::move(profile_);
    }

private:
    /// The contest in the record's current snapshot; null when the voter's ballot did not have it.
    const Json* find_voted_contest(const Json& record) const {
        const auto& current = text(record, "CurrentSnapshotId", where_);
        const Json* snapshot = nullptr;
        for (const auto& candidate : list(record, "CVRSnapshot", where_)) {
            if (text(candidate, "@id", where_) != current) continue;
            if (snapshot != nullptr) refuse("cvr.snapshot", where_, "two snapshots have the @id \"" + current + "\".");
            snapshot = &candidate;
        }
        if (snapshot == nullptr)
            refuse("cvr.snapshot", where_, "no snapshot has the @id that CurrentSnapshotId names.");
        const Json* voted = nullptr;
        for (const auto& contest : list(*snapshot, "CVRContest", where_)) {
            if (text(contest, "ContestId", where_) != contest_id_) continue;
            if (voted != nullptr) refuse("cvr.malformed", where_, "the contest stands twice in one snapshot.");
            voted = &contest;
        }
        return voted;
    }

    void read_ballot(const Json& contest) {
        std::vector<Mark> marks;
        std::size_t with_rank = 0;
        for (const auto& selection : list(contest, "CVRContestSelection", where_)) {
            for (const auto& position : list(selection, "SelectionPosition", where_)) {
                if (!counts(selection, position)) continue;
                const auto rank = rank_of(selection, position);
                with_rank += rank ? 1 : 0;
                marks.push_back({.rank = rank.value_or(1), .candidate = candidate_of(selection)});
            }
        }
        if (with_rank != 0 && with_rank != marks.size()) {
            refuse("cvr.rank", where_, "some marks have a rank and some have none.");
        }
        if (with_rank == 0) {
            std::vector<std::uint32_t> chosen;
            for (const auto& mark : marks) chosen.push_back(mark.candidate);
            profile_.ballots.push_back(unordered_marks(std::move(chosen), where_));
        } else {
            profile_.ballots.push_back(rank_marks(std::move(marks), {}, options_.marks, where_));
        }
    }

    bool counts(const Json& selection, const Json& position) const {
        for (const auto* object : {&selection, &position}) {
            for (const auto& status : list(*object, "Status", where_)) {
                if (status == "needs-adjudication")
                    refuse("cvr.adjudication", where_, "a mark still needs adjudication.");
            }
        }
        const auto& indication = text(position, "HasIndication", where_);
        const auto allocable = text_or(position, "IsAllocable", "unknown", where_);
        const auto known = [](const std::string& word) { return word == "yes" || word == "no" || word == "unknown"; };
        if (!known(indication) || !known(allocable)) {
            refuse("cvr.malformed", where_, "HasIndication and IsAllocable must be yes, no or unknown.");
        }
        if (allocable == "no" || (allocable == "unknown" && indication == "no")) return false;
        if (allocable == "unknown" && indication == "unknown") {
            refuse("cvr.indication", where_, "it is unknown whether a position is marked, and whether it counts.");
        }
        if (find_member(position, "FractionalVotes") != nullptr) {
            refuse("cvr.votes", where_, "fractions of votes are not counted.");
        }
        if (required(position, "NumberVotes", where_) != 1) {
            refuse("cvr.votes", where_, "NumberVotes of a mark that counts must be 1.");
        }
        return true;
    }

    std::optional<std::uint32_t> rank_of(const Json& selection, const Json& position) const {
        const auto* rank = find_member(position, "Rank");
        if (rank == nullptr) rank = find_member(selection, "Rank");
        if (rank == nullptr) return std::nullopt;
        if (!rank->is_number_integer() || *rank < 1 || *rank > max_candidates) {
            refuse("cvr.malformed", where_, "a Rank must be a whole number from 1 to 1000.");
        }
        return rank->get<std::uint32_t>();
    }

    std::uint32_t candidate_of(const Json& selection) const {
        if (find_member(selection, "ContestSelectionId") == nullptr) {
            refuse("cvr.selection", where_,
                   "a marked selection has no ContestSelectionId (a write-in must be one of the "
                   "contest's selections).");
        }
        const auto found = numbers_.find(text(selection, "ContestSelectionId", where_));
        if (found == numbers_.end()) refuse("cvr.selection", where_, "a mark is for no selection of the contest.");
        return found->second;
    }

    const Json& report_;
    const CvrOptions& options_;
    std::string contest_id_;
    std::unordered_map<std::string, std::uint32_t> numbers_;
    Profile profile_;
    std::size_t number_ = 0;
    std::string where_;
};

}  // namespace

Profile parse_cvr(ByteView text_of_report, const CvrOptions& options) {
    const auto report = parse_json(text_of_report, {.bytes = options.bytes});
    if (!report.is_object() || text(report, "@type", "The report") != "CVR.CastVoteRecordReport") {
        refuse("cvr.malformed", "The file", "it is no NIST cast vote record report (@type CVR.CastVoteRecordReport).");
    }
    return Records(report, options).read();
}

}  // namespace uvpki::count
