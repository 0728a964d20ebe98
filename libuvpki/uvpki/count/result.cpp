#include "uvpki/count/result.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "uvpki/error.h"

namespace uvpki::count {
namespace {

Json ids(const Result& result, const std::vector<std::uint32_t>& candidates) {
    Json list = Json::array();
    for (const auto candidate : candidates) list.push_back(result.candidates.at(candidate).id);
    return list;
}

std::string destination(Destination to) {
    switch (to) {
        case Destination::candidate:
            return "candidate";
        case Destination::exhausted:
            return "exhausted";
        case Destination::residue:
            return "residue";
    }
    fail(ErrorCode::internal, "count.transfer", "A transfer goes nowhere.");
}

Json event_json(const Result& result, const Event& event) {
    Json transfers = Json::array();
    for (const auto& transfer : event.transfers) {
        Json entry{{"to", destination(transfer.to)}, {"votes", transfer.votes}};
        if (transfer.to == Destination::candidate) entry["candidate"] = result.candidates.at(transfer.candidate).id;
        transfers.push_back(std::move(entry));
    }
    return {{"event", event.kind == EventKind::elected ? "elected" : "eliminated"},
            {"candidate", result.candidates.at(event.candidate).id},
            {"tied", ids(result, event.tied)},
            {"transfers", std::move(transfers)},
            {"explanation", event.explanation}};
}

Json round_json(const Result& result, const Round& round) {
    Json tallies = Json::array();
    for (const auto& tally : round.tallies) {
        tallies.push_back({{"candidate", result.candidates.at(tally.candidate).id},
                           {"votes", tally.votes},
                           {"status", tally.elected ? "elected" : "standing"}});
    }
    Json events = Json::array();
    for (const auto& event : round.events) events.push_back(event_json(result, event));
    Json value{{"round", round.number},
               {"tallies", std::move(tallies)},
               {"exhausted", round.exhausted},
               {"residue", round.residue},
               {"events", std::move(events)}};
    if (!round.threshold.empty()) value["threshold"] = round.threshold;
    return value;
}

Json table_json(const Pairwise& pairwise, const std::vector<std::uint64_t>& table) {
    Json rows = Json::array();
    const auto columns = pairwise.candidates.size();
    for (std::size_t row = 0; row * columns < table.size(); ++row) {
        const auto begin = table.begin() + static_cast<std::ptrdiff_t>(row * columns);
        rows.push_back(std::vector<std::uint64_t>(begin, begin + static_cast<std::ptrdiff_t>(columns)));
    }
    return rows;
}

Json pairwise_json(const Result& result) {
    const auto& pairwise = *result.pairwise;
    Json value{{"candidates", ids(result, pairwise.candidates)},
               {"preferred", table_json(pairwise, pairwise.preferred)},
               {"paths", table_json(pairwise, pairwise.paths)}};
    if (!pairwise.opposition.empty()) value["opposition"] = table_json(pairwise, pairwise.opposition);
    return value;
}

/// Columns as people see them: code points, not bytes.
std::size_t width(const std::string& text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string left(const std::string& text, std::size_t columns) {
    return text + std::string(columns > width(text) ? columns - width(text) : 0, ' ');
}

/// Right-aligned at the decimal point: `fraction` columns are kept free for what follows it.
std::string votes_column(const std::string& votes, std::size_t columns, std::size_t fraction) {
    const auto point = votes.find('.');
    const std::size_t digits = point == std::string::npos ? 0 : votes.size() - point;
    const std::string padded = votes + std::string(fraction - digits, ' ');
    return std::string(columns > padded.size() ? columns - padded.size() : 0, ' ') + padded;
}

std::string mark(const Round& round, const Tally& tally) {
    if (tally.elected) return "  elected before";
    for (const auto& event : round.events) {
        if (event.candidate == tally.candidate) {
            return event.kind == EventKind::elected ? "  elected" : "  eliminated";
        }
    }
    return "";
}

/// One table as lines of right-aligned numbers; the rows carry numbers and names, the columns numbers.
std::string table_text(const Result& result, const std::vector<std::uint64_t>& table, const std::string& heading,
                       std::size_t names) {
    const auto& pairwise = *result.pairwise;
    std::uint64_t most = 9999;
    for (const auto votes : table) most = std::max(most, votes);
    const auto columns = std::to_string(most).size() + 1;
    const auto cell = [&](const std::string& text) { return std::string(columns - text.size(), ' ') + text; };
    const auto number = [](std::size_t i) { return std::to_string(i + 1); };
    std::string out = "\n" + heading + "\n  " + std::string(5 + names, ' ');
    for (std::size_t i = 0; i < pairwise.candidates.size(); ++i) out += cell(number(i));
    for (std::size_t row = 0; row < pairwise.candidates.size(); ++row) {
        out += "\n  " + left(number(row), 5) + left(result.candidates.at(pairwise.candidates[row]).name, names);
        for (std::size_t column = 0; column < pairwise.candidates.size(); ++column) {
            out += cell(row == column ? "-" : std::to_string(pairwise.at(table, row, column)));
        }
    }
    return out + "\n";
}

std::string pairwise_text(const Result& result, std::size_t names) {
    const auto& pairwise = *result.pairwise;
    if (pairwise.candidates.size() > max_table_candidates) return {};
    auto out = table_text(result, pairwise.preferred, "Ballots that rank the row above the column", names);
    const bool margins = result.rules.strength == Strength::margins;
    out += table_text(result, pairwise.paths,
                      std::string("Strongest path from the row to the column: ") +
                          (margins ? "margin of its weakest link" : "votes for its weakest link"),
                      names);
    if (!margins) out += table_text(result, pairwise.opposition, "Votes against that link", names);
    return out;
}

std::string round_text(const Result& result, const Round& round, std::size_t names) {
    constexpr std::size_t fraction = max_decimals + 1;
    constexpr std::size_t columns = 14 + fraction;
    std::string out = "\nRound " + std::to_string(round.number);
    if (!round.threshold.empty()) out += " (threshold " + round.threshold + ")";
    out += "\n";
    const auto line = [&](const std::string& name, const std::string& votes, const std::string& remark) {
        auto text = "  " + left(name, names) + votes_column(votes, columns, fraction) + remark;
        text.erase(text.find_last_not_of(' ') + 1);
        out += text + "\n";
    };
    for (const auto& tally : round.tallies) {
        line(result.candidates.at(tally.candidate).name, tally.votes, mark(round, tally));
    }
    if (round.exhausted != "0") line("(exhausted)", round.exhausted, "");
    if (round.residue != "0") line("(left over by rounding)", round.residue, "");
    for (const auto& event : round.events) out += "  - " + event.explanation + "\n";
    return out;
}

}  // namespace

Json result_json(const Result& result) {
    Json candidates = Json::array();
    for (const auto& candidate : result.candidates) {
        candidates.push_back({{"id", candidate.id}, {"name", candidate.name}});
    }
    Json rounds = Json::array();
    for (const auto& round : result.rounds) rounds.push_back(round_json(result, round));
    Json value{{"title", result.title},
               {"rules", rules_json(result.rules)},
               {"candidates", std::move(candidates)},
               {"withdrawn", ids(result, result.withdrawn)},
               {"winners", ids(result, result.winners)},
               {"unfilled_seats", result.unfilled_seats},
               {"ballots", result.ballots},
               {"valid", result.valid},
               {"blank", result.blank},
               {"invalid", result.invalid},
               {"rounds", std::move(rounds)}};
    if (!result.threshold.empty()) value["threshold"] = result.threshold;
    if (result.pairwise) value["pairwise"] = pairwise_json(result);
    if (!result.note.empty()) value["note"] = result.note;
    return value;
}

std::string rounds_text(const Result& result) {
    std::size_t names = width("(left over by rounding)");
    for (const auto& candidate : result.candidates) names = std::max(names, width(candidate.name));
    std::string out;
    if (!result.title.empty()) out += result.title + "\n";
    out += std::string(method_name(result.rules.method)) + ", " + std::to_string(result.rules.seats) +
           (result.rules.seats == 1 ? " seat; " : " seats; ") + std::to_string(result.ballots) +
           " ballots: " + std::to_string(result.valid) + " valid, " + std::to_string(result.blank) + " blank, " +
           std::to_string(result.invalid) + " invalid\n";
    if (result.pairwise) out += pairwise_text(result, names);
    for (const auto& round : result.rounds) out += round_text(result, round, names);
    if (!result.note.empty()) out += "\n" + result.note + "\n";
    out += "\nElected:\n";
    std::size_t place = 0;
    for (const auto winner : result.winners) {
        out += "  " + std::to_string(++place) + ". " + result.candidates.at(winner).name + "\n";
    }
    if (result.unfilled_seats > 0) out += "  (seats not filled: " + std::to_string(result.unfilled_seats) + ")\n";
    return out;
}

}  // namespace uvpki::count
