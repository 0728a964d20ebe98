// Filling in an election's draft from what officers type and from the files that others send.

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "ca-service/elections.h"
#include "tools/console/trust_files.h"
#include "tools/uvca/context.h"
#include "uvpki/blind/blind_key.h"
#include "uvpki/count/rules.h"
#include "uvpki/csv.h"
#include "uvpki/encoding.h"
#include "uvpki/files.h"

namespace uvpki::uvca {

namespace {

constexpr std::size_t largest_part = 16u << 20;
constexpr std::size_t most_messages = 1000;

count::Rules rules_from(const DraftArguments& arguments) {
    if (!arguments.rules.empty()) {
        const auto text = load_file(arguments.rules, largest_part);
        return console::naming_file(arguments.rules, [&] { return count::parse_rules(parse_json(text)); });
    }
    if (arguments.method.empty()) fail_input("usage", "give --method, or --rules with a file");
    Json json{{"method", arguments.method}, {"seats", arguments.seats.value_or(1)}};
    if (arguments.max_choices) json["max_choices"] = *arguments.max_choices;
    if (arguments.decimals) json["decimals"] = *arguments.decimals;
    if (!arguments.threshold.empty()) json["threshold"] = arguments.threshold;
    if (!arguments.strength.empty()) json["strength"] = arguments.strength;
    if (!arguments.tie_break.empty()) json["tie_break"] = arguments.tie_break;
    return count::parse_rules(json);
}

std::vector<election::Candidate> candidates_from(const std::string& path) {
    if (path.empty()) return {};
    const auto text = load_file(path, largest_part);
    return console::naming_file(path, [&] {
        const auto rows = parse_csv(as_text(text));
        if (rows.empty()) fail_input("csv.columns", "the file is empty: it needs the columns id and name");
        const auto column = [&](const char* name) {
            const auto& header = rows.front().fields;
            const auto found = std::ranges::find(header, name);
            if (found == header.end()) fail_input("csv.columns", std::string("the column ") + name + " is missing");
            return static_cast<std::size_t>(found - header.begin());
        };
        const auto id = column("id");
        const auto name = column("name");
        std::vector<election::Candidate> candidates;
        for (auto row = rows.begin() + 1; row != rows.end(); ++row) {
            if (row->fields.size() != rows.front().fields.size())
                fail_input("csv.columns", "line " + std::to_string(row->line) + " has another number of columns");
            candidates.push_back({row->fields[id], row->fields[name]});
        }
        return candidates;
    });
}

Time required_time(const std::string& text, const char* option) {
    try {
        return parse_rfc3339(text);
    } catch (const Error& error) {
        fail_input(error.reason(), std::string(option) + ": " + error.message());
    }
}

/// Opens the authority, changes one draft, says so.
template <typename Change>
ExitCode change_draft(const DraftArguments& arguments, const std::string& what, Change change) {
    auto session = open_authority(arguments.common);
    change(session.authority.elections());
    const auto overview = session.authority.elections().overview(arguments.election);
    report(arguments.common.output,
           what + " (" + std::to_string(overview.missing.size()) + " points open before freezing)",
           {{"election", arguments.election},
            {"missing", findings_json(overview.missing)},
            {"state", ca::election_state_name(overview.state)}});
    return ExitCode::good;
}

/// A registrar's key for one style, "STYLE=FILE", PEM "PUBLIC KEY"; the manifest holds its published form.
election::TokenKey token_key_from(const std::string& issuer, const std::string& text) {
    const auto equals = text.find('=');
    if (equals == std::string::npos) fail_input("usage", "a token key is given as STYLE=FILE");
    const auto file = text.substr(equals + 1);
    const auto content = load_file(file, largest_part);
    const auto key = console::naming_file(
        file, [&] { return blind::BlindPublicKey::parse_spki(parse_single_pem(as_text(content), "PUBLIC KEY")); });
    return {issuer, text.substr(0, equals), key.spki(), key.key_id()};
}

/// Every *.p7m of the folder in the order of names.
std::vector<Bytes> load_board(const std::string& folder) {
    if (!std::filesystem::is_directory(folder))
        fail(ErrorCode::not_found, "board.missing", folder + " is not a folder with the ceremony's messages");
    std::vector<std::filesystem::path> files;
    for (const auto& item : std::filesystem::directory_iterator(folder))
        if (item.path().extension() == ".p7m") files.push_back(item.path());
    if (files.size() > most_messages)
        fail_input("board.too_large", folder + " holds more messages than a ceremony has");
    std::ranges::sort(files);
    std::vector<Bytes> messages;
    for (const auto& file : files) messages.push_back(load_file(file, largest_part));
    return messages;
}

}  // namespace

ExitCode create_election(const DraftArguments& arguments) {
    return change_draft(arguments, "Created the draft " + arguments.election, [&](ca::Elections& elections) {
        elections.create(arguments.election, arguments.title, arguments.common.actor);
    });
}

ExitCode add_contest(const DraftArguments& arguments) {
    const election::Contest contest{.id = arguments.contest,
                                    .title = arguments.title,
                                    .candidates = candidates_from(arguments.candidates),
                                    .rules = rules_from(arguments)};
    return change_draft(
        arguments,
        "Added the contest " + contest.id + " with " + std::to_string(contest.candidates.size()) + " candidates",
        [&](ca::Elections& elections) { elections.add_contest(arguments.election, contest, arguments.common.actor); });
}

ExitCode add_candidate(const DraftArguments& arguments) {
    return change_draft(arguments, "Added the candidate " + arguments.candidate, [&](ca::Elections& elections) {
        elections.add_candidate(arguments.election, arguments.contest, {arguments.candidate, arguments.name},
                                arguments.common.actor);
    });
}

ExitCode add_style(const DraftArguments& arguments) {
    return change_draft(arguments, "Added the ballot style " + arguments.style, [&](ca::Elections& elections) {
        elections.add_style(arguments.election, arguments.style, arguments.contests, arguments.common.actor);
    });
}

ExitCode set_schedule(const DraftArguments& arguments) {
    ca::Elections::Schedule schedule;
    schedule.claim = {required_time(arguments.claim_opens, "--claim-opens"),
                      required_time(arguments.claim_closes, "--claim-closes")};
    schedule.voting = {required_time(arguments.voting_opens, "--voting-opens"),
                       required_time(arguments.voting_closes, "--voting-closes")};
    schedule.final_epoch_until = required_time(arguments.final_epoch_until, "--final-epoch-until");
    schedule.epoch_seconds = arguments.epoch_seconds;
    schedule.epoch_min_ballots = arguments.epoch_min_ballots;
    return change_draft(arguments, "Set the schedule", [&](ca::Elections& elections) {
        elections.set_schedule(arguments.election, schedule, arguments.common.actor);
    });
}

ExitCode set_roll(const DraftArguments& arguments) {
    const auto text = load_file(arguments.roll, largest_part);
    const auto roll = console::naming_file(arguments.roll, [&] { return election::parse_roll_summary(text); });
    return change_draft(
        arguments, "Set the roll of " + std::to_string(roll.size) + " voters",
        [&](ca::Elections& elections) { elections.set_roll(arguments.election, roll, arguments.common.actor); });
}

ExitCode set_token_keys(const DraftArguments& arguments) {
    std::vector<election::TokenKey> keys;
    for (const auto& key : arguments.keys) keys.push_back(token_key_from(arguments.issuer, key));
    return change_draft(arguments, "Set the token keys of " + arguments.issuer, [&](ca::Elections& elections) {
        elections.add_token_issuer(arguments.election, arguments.issuer, keys, arguments.common.actor);
    });
}

ExitCode set_ballot_service(const DraftArguments& arguments) {
    const auto ballot_ca = console::load_certificate(arguments.ballot_ca);
    return change_draft(arguments, "Set the ballot service", [&](ca::Elections& elections) {
        elections.set_ballot_service(arguments.election, ballot_ca, arguments.log_origin, arguments.log_key,
                                     arguments.common.actor);
    });
}

ExitCode set_ceremony(const DraftArguments& arguments) {
    const auto transcript = load_file(arguments.transcript, largest_part);
    const auto messages = load_board(arguments.board);
    std::vector<Bytes> rehearsals;
    for (const auto& file : arguments.rehearsals) rehearsals.push_back(load_request(file));
    return change_draft(arguments, "Verified and set the trustees' ceremony", [&](ca::Elections& elections) {
        elections.set_ceremony(arguments.election, messages, transcript, rehearsals, arguments.common.actor);
    });
}

}  // namespace uvpki::uvca
