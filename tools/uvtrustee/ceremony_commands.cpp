#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "tools/console/trust_files.h"
#include "tools/uvtrustee/commands.h"
#include "tools/uvtrustee/output.h"
#include "tools/uvtrustee/trustee_files.h"
#include "uvpki/encoding.h"
#include "uvpki/files.h"

namespace uvpki::trustee {

namespace {

using threshold::Board;
using threshold::step_name;

constexpr const char* checklist =
    "Before the ceremony\n"
    "  [ ] The machine has no network, no camera looks at the screen or the keyboard.\n"
    "  [ ] This program was installed from the published package, and its checksum was compared.\n"
    "  [ ] The root's fingerprint was compared with the one that the authority published on paper.\n"
    "  [ ] The plan's SHA-256 was read aloud, and everybody has the same.\n"
    "During the ceremony\n"
    "  [ ] Every trustee works on a machine of his own; only signed messages (*.p7m) are carried.\n"
    "  [ ] The USB sticks are new, and used for nothing else.\n"
    "  [ ] Passwords are typed or come from a file of one's own; they are never said, shown or written on a command "
    "line.\n"
    "  [ ] After each round everybody runs `uvtrustee status` and compares the messages' SHA-256.\n"
    "After the ceremony\n"
    "  [ ] Everybody compares the transcript's SHA-256 with `uvtrustee conclude`.\n"
    "  [ ] Each trustee has made a backup, which destroys the state, and keeps two copies in two places.\n"
    "  [ ] Each trustee has rehearsed from the copy that will be used, not from the original.\n"
    "  [ ] The password of the backup is kept apart from it.\n"
    "After the election\n"
    "  [ ] The final checkpoint was taken from the published log, and is the one that others see.\n"
    "  [ ] Nobody releases for a second checkpoint.\n";

constexpr Step all_steps[] = {Step::commit, Step::reveal, Step::deal, Step::complaint, Step::justify, Step::confirm};

threshold::Plan load_plan(const std::string& file) {
    const auto content = load_file(file, 4 << 20);
    return console::naming_file(file, [&] { return threshold::parse_plan(content); });
}

/// "NAME=SIGNING.pem,ENCRYPTION.pem"
threshold::Trustee parse_trustee(const std::string& text) {
    const auto equals = text.find('=');
    const auto comma = text.find(',', equals == std::string::npos ? 0 : equals);
    if (equals == std::string::npos || comma == std::string::npos)
        fail_input("usage", "a trustee is given as NAME=SIGNING.pem,ENCRYPTION.pem");
    return {text.substr(0, equals), console::load_certificate(text.substr(equals + 1, comma - equals - 1)),
            console::load_certificate(text.substr(comma + 1))};
}

std::string called(const Board& board, int trustee) {
    return "trustee " + std::to_string(trustee) + " (" +
           board.plan().trustees[static_cast<std::size_t>(trustee - 1)].name + ")";
}

bool is_posted(const Board& board, Step step, int trustee) {
    return std::ranges::any_of(board.posted(),
                               [&](const auto& posted) { return posted.step == step && posted.trustee == trustee; });
}

/// The step for which messages are awaited, and from whom; nullopt when everybody has confirmed. Who neither confirmed
/// nor complained is awaited for both, and is listed under confirm.
struct Awaited {
    Step step{};
    std::vector<int> trustees;
};
std::optional<Awaited> find_awaited(const Board& board) {
    for (const auto step : {Step::commit, Step::reveal, Step::deal})
        if (auto missing = board.missing(step); !missing.empty()) return Awaited{step, std::move(missing)};
    if (auto missing = board.missing(Step::complaint); !missing.empty())
        return Awaited{Step::confirm, std::move(missing)};
    if (auto missing = board.missing(Step::justify); !missing.empty())
        return Awaited{Step::justify, std::move(missing)};
    if (auto missing = board.missing(Step::confirm); !missing.empty())
        return Awaited{Step::confirm, std::move(missing)};
    return std::nullopt;
}

std::string awaited_text(const Board& board) {
    const auto awaited = find_awaited(board);
    if (!awaited) return "Everybody has confirmed: the ceremony can be concluded.";
    std::string text = "Step " + std::string(step_name(awaited->step)) + " awaits ";
    for (std::size_t i = 0; i < awaited->trustees.size(); ++i)
        text += (i == 0 ? "" : ", ") + called(board, awaited->trustees[i]);
    return text + ".";
}

Json awaited_json(const Board& board) {
    const auto awaited = find_awaited(board);
    if (!awaited) return nullptr;
    return {{"step", step_name(awaited->step)}, {"trustees", awaited->trustees}};
}

/// What this trustee has to do now; nullopt when he has to wait or is done.
std::optional<Step> find_due(const Board& board, int trustee) {
    const auto awaited = find_awaited(board);
    if (!awaited || std::ranges::find(awaited->trustees, trustee) == awaited->trustees.end()) return std::nullopt;
    return awaited->step;
}

struct StepKeys {
    x509::PrivateKey signing;
    x509::PrivateKey encryption;
};

StepKeys load_keys(const StepArguments& arguments) {
    return {console::load_key(arguments.key, arguments.key_password_file, "the signing key " + arguments.key),
            console::load_key(arguments.encryption_key, arguments.encryption_key_password_file,
                              "the encryption key " + arguments.encryption_key)};
}

/// The message of the step that is due: one that was signed before, or a new one, kept in the state before it is
/// returned.
struct Made {
    Step step{};
    Bytes message;
};
Made make_message(const Board& board, Step due, const StepArguments& arguments, const StateFile& file,
                  const Clock& clock, Random& random, const x509::TrustStore& trust) {
    std::optional<KeptState> kept;
    if (file.exists()) {
        kept = file.load();
        if (kept->secret.plan != board.plan_hash() || kept->secret.trustee != arguments.index)
            fail_input("threshold.state", arguments.state + " is the state of another ceremony or trustee");
        // In the answering round the trustee may have signed a complaint before he confirms.
        for (const auto step : {due, Step::complaint})
            if (const auto found = kept->messages.find(step); found != kept->messages.end() &&
                                                              !is_posted(board, step, arguments.index) &&
                                                              (step == due || due == Step::confirm))
                return {step, found->second};
    } else if (due != Step::commit) {
        fail(ErrorCode::not_found, "file.missing",
             arguments.state + " is missing: the state made by the first step is needed");
    }
    const auto keys = load_keys(arguments);
    Made made{due, {}};
    switch (due) {
        case Step::commit: {
            auto opening = threshold::make_commit(board, arguments.index, keys.signing, clock, random);
            kept.emplace(KeptState{std::move(opening.state), {}});
            made.message = std::move(opening.message);
            break;
        }
        case Step::reveal:
            made.message = threshold::make_reveal(board, kept->secret, keys.signing, clock);
            break;
        case Step::deal:
            made.message = threshold::make_deal(board, kept->secret, keys.signing, clock, random);
            break;
        case Step::justify:
            made.message = threshold::make_justify(board, kept->secret, keys.signing, clock);
            break;
        case Step::complaint:
        case Step::confirm: {
            made.message = threshold::make_answer(board, kept->secret, keys.signing, keys.encryption, clock);
            Board copy(board.plan(), trust);
            made.step = copy.add(made.message).step;
            break;
        }
    }
    kept->messages[made.step] = made.message;
    file.save(*kept);
    return made;
}

void require_new_file(const std::string& path) {
    if (std::filesystem::exists(path)) fail(ErrorCode::conflict, "file.exists", path + " exists already");
}

}  // namespace

ExitCode make_plan(const PlanArguments& arguments) {
    const auto clock = console::make_clock(arguments.common.at);
    threshold::Plan plan;
    plan.election = arguments.election;
    plan.needed = arguments.needed;
    plan.attempt = arguments.attempt;
    plan.time = clock->now();
    for (const auto& trustee : arguments.trustees) plan.trustees.push_back(parse_trustee(trustee));
    if (!arguments.previous.empty()) plan.previous = sha256(load_file(arguments.previous, 4 << 20));
    const auto encoded = threshold::encode_plan(plan);
    const Board board(plan, load_trust(arguments.common));
    require_new_file(arguments.out);
    save_file(arguments.out, encoded);
    if (arguments.common.output == Output::json) {
        print_json({{"election", plan.election}, {"plan", arguments.out}, {"sha256", to_hex(board.plan_hash())}});
    } else {
        print("Plan for " + plan.election + ": " + std::to_string(plan.needed) + " of " +
              std::to_string(plan.trustees.size()) +
              " trustees open the election.\nSHA-256 to read aloud: " + to_hex(board.plan_hash()) + "\n\n" + checklist);
    }
    return ExitCode::good;
}

ExitCode show_status(const BoardArguments& arguments) {
    const auto board = load_board(load_plan(arguments.plan), load_trust(arguments.common), arguments.board);
    const auto faults = threshold::check_board(board);
    if (arguments.common.output == Output::json) {
        auto posted = Json::array(), list = Json::array();
        for (const auto& message : board.posted())
            posted.push_back(
                {{"sha256", to_hex(message.hash)}, {"step", step_name(message.step)}, {"trustee", message.trustee}});
        for (const auto& fault : faults)
            list.push_back(
                {{"message", fault.finding.message}, {"rule", fault.finding.rule}, {"trustee", fault.trustee}});
        print_json({{"awaited", awaited_json(board)},
                    {"election", board.plan().election},
                    {"faults", list},
                    {"plan", to_hex(board.plan_hash())},
                    {"posted", posted}});
        return faults.empty() ? ExitCode::good : ExitCode::found_bad;
    }
    std::vector<std::string> header{"trustee", "name"};
    for (const auto step : all_steps) header.emplace_back(step_name(step));
    std::vector<std::vector<std::string>> rows;
    for (int trustee = 1; trustee <= static_cast<int>(board.plan().trustees.size()); ++trustee) {
        std::vector<std::string> row{std::to_string(trustee),
                                     board.plan().trustees[static_cast<std::size_t>(trustee - 1)].name};
        const auto due = find_due(board, trustee);
        for (const auto step : all_steps)
            row.emplace_back(is_posted(board, step, trustee) ? "posted" : due == step ? "awaited" : "-");
        rows.push_back(std::move(row));
    }
    print("Election " + board.plan().election + ", plan " + to_hex(board.plan_hash()) + "\n\n" +
          console::format_table(header, rows) + "\n");
    for (const auto& message : board.posted())
        print(to_hex(message.hash) + "  " + message_file_name(message.step, message.trustee) + "\n");
    for (const auto& fault : faults) print("\nBAD  " + fault.finding.message + " (" + fault.finding.rule + ")");
    print(faults.empty() ? "\n" + awaited_text(board) + "\n"
                         : "\nThe ceremony cannot go on: record it with `uvtrustee fail` and make a new plan.\n");
    return faults.empty() ? ExitCode::good : ExitCode::found_bad;
}

ExitCode do_step(const StepArguments& arguments) {
    const auto clock = console::make_clock(arguments.common.at);
    SystemRandom random;
    const auto plan = load_plan(arguments.plan);
    const auto trust = load_trust(arguments.common);
    const auto board = load_board(plan, trust, arguments.board);
    if (arguments.index < 1 || arguments.index > static_cast<int>(plan.trustees.size()))
        fail_input("usage", "the plan has no trustee " + std::to_string(arguments.index));
    const auto faults = threshold::check_board(board);
    if (!faults.empty()) fail(ErrorCode::verification_failed, faults[0].finding.rule, faults[0].finding.message);
    const auto due = find_due(board, arguments.index);
    std::string written;
    if (due) {
        const bool first = !std::filesystem::exists(arguments.state);
        const StateFile file(
            arguments.state,
            console::read_password(arguments.state_password_file, "the state " + arguments.state,
                                   first ? console::PasswordUse::create : console::PasswordUse::existing),
            random);
        const auto made = make_message(board, *due, arguments, file, *clock, random, trust);
        written = message_file_name(made.step, arguments.index);
        save_file(std::filesystem::path(arguments.board) / written, made.message);
    }
    const auto now = load_board(plan, trust, arguments.board);
    if (arguments.common.output == Output::json) {
        print_json({{"awaited", awaited_json(now)}, {"written", written.empty() ? Json(nullptr) : Json(written)}});
    } else {
        print(written.empty() ? "There is nothing to do for " + called(now, arguments.index) + " now.\n"
                              : "Wrote " + written + ".\n");
        print(awaited_text(now) + "\n");
    }
    return ExitCode::good;
}

ExitCode conclude(const BoardArguments& arguments) {
    const auto board = load_board(load_plan(arguments.plan), load_trust(arguments.common), arguments.board);
    const auto transcript = threshold::conclude(board);
    save_file(arguments.out, transcript.json());
    if (arguments.common.output == Output::json)
        print_json({{"election", transcript.plan().election},
                    {"joint_key", to_hex(transcript.joint_key())},
                    {"sha256", to_hex(transcript.hash())},
                    {"transcript", arguments.out}});
    else
        print("The trustees of " + transcript.plan().election +
              " have an election key that nobody holds.\n"
              "Transcript, SHA-256 to read aloud: " +
              to_hex(transcript.hash()) +
              "\n"
              "Next: each trustee runs `uvtrustee backup`, then `uvtrustee rehearse`.\n");
    return ExitCode::good;
}

ExitCode record_failure(const BoardArguments& arguments) {
    const auto board = load_board(load_plan(arguments.plan), load_trust(arguments.common), arguments.board);
    for (const int trustee : arguments.absent)
        if (trustee < 1 || trustee > static_cast<int>(board.plan().trustees.size()))
            fail_input("usage", "the plan has no trustee " + std::to_string(trustee));
    if (threshold::check_board(board).empty() && arguments.absent.empty())
        fail(ErrorCode::forbidden, "ceremony.sound", "nobody broke a rule; name with --absent who stopped answering");
    require_new_file(arguments.out);
    const auto record = threshold::encode_failure(board, arguments.absent);
    save_file(arguments.out, record);
    if (arguments.common.output == Output::json)
        print_json({{"record", arguments.out}, {"sha256", to_hex(sha256(record))}});
    else
        print("Recorded. The next plan names it: uvtrustee plan --attempt " + std::to_string(board.plan().attempt + 1) +
              " --previous " + arguments.out + " ...\n");
    return ExitCode::good;
}

ExitCode make_backup(const BackupArguments& arguments) {
    const auto& step = arguments.step;
    SystemRandom random;
    const auto board = load_board(load_plan(step.plan), load_trust(step.common), step.board);
    const auto transcript = threshold::conclude(board);
    const StateFile file(step.state, console::read_password(step.state_password_file, "the state " + step.state),
                         random);
    const auto kept = file.load();
    if (kept.secret.trustee != step.index)
        fail_input("threshold.state", step.state + " is the state of trustee " + std::to_string(kept.secret.trustee));
    const auto key = console::load_key(step.encryption_key, step.encryption_key_password_file,
                                       "the encryption key " + step.encryption_key);
    const auto backup = threshold::make_backup(board, transcript, kept.secret, key);
    require_new_file(arguments.out);
    const auto password =
        console::read_password(arguments.password_file, "the backup " + arguments.out, console::PasswordUse::create);
    save_backup(arguments.out, backup, password, random);
    // The state goes only when what is on the disk has been shown to be the share.
    const auto again = load_backup(arguments.out, password);
    const auto challenge = as_bytes(transcript.plan().election);
    const auto findings = threshold::check_rehearsal(threshold::make_rehearsal_request(again, challenge), transcript,
                                                     step.index, challenge);
    if (!findings.empty()) fail(ErrorCode::verification_failed, findings[0].rule, findings[0].message);
    file.destroy();
    if (step.common.output == Output::json)
        print_json({{"backup", arguments.out}, {"trustee", backup.trustee}});
    else
        print("Share of trustee " + std::to_string(backup.trustee) + " kept in " + arguments.out + "; " + step.state +
              " is destroyed.\nKeep two copies in two places, and the password apart from them.\n");
    return ExitCode::good;
}

ExitCode print_checklist(const Common& common) {
    if (common.output == Output::json)
        print_json({{"checklist", checklist}});
    else
        print(checklist);
    return ExitCode::good;
}

}  // namespace uvpki::trustee
