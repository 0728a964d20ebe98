#include "tools/uvote/commands.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "ballot-service/ballot_box.h"
#include "registrar-service/registrar.h"
#include "tools/console/trust_files.h"
#include "tools/uvote/choices.h"
#include "tools/uvote/voter.h"
#include "uvpki/encoding.h"
#include "uvpki/files.h"
#include "uvpki/json.h"

namespace uvpki::voter {

namespace {

void print(const std::string& text) {
    std::fputs(text.c_str(), stdout);
}
void print_json(const Json& value) {
    print(canonical_json(value) + "\n");
}

/// Two programs on one state could each make a ballot key and lose the vote; the second is refused.
class StateLock {
public:
    explicit StateLock(const std::string& state) {
        const auto path = state + ".lock";
        descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (descriptor_ < 0) fail(ErrorCode::unavailable, "file.unwritable", path + " cannot be written");
        if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
            ::close(descriptor_);
            fail(ErrorCode::conflict, "state.busy", "another uvote is at work with " + state);
        }
    }
    ~StateLock() { ::close(descriptor_); }
    StateLock(const StateLock&) = delete;
    StateLock& operator=(const StateLock&) = delete;

private:
    int descriptor_ = -1;
};

enum class StateUse { existing, may_be_new };

/// Everything that a command works with; services are opened when they are asked for.
class Desk {
public:
    Desk(const Common& common, StateUse use) : common_(common), clock_(console::make_clock(common.at)) {
        if (!common.manifest.empty()) {
            text_ = load_file(common.manifest);
            // The arc of an unsigned manifest is believed only as far as the signature, checked below, bears it out.
            arc_ = console::naming_file(common.manifest, [&] { return election::parse_manifest(text_).arc; });
        }
        const bool fresh = !std::filesystem::exists(common.state);
        if (fresh && use == StateUse::existing)
            fail(ErrorCode::not_found, "state.missing",
                 common.state + " does not exist: enrol first, or name your state file");
        if (fresh) make_folder(std::filesystem::absolute(common.state).parent_path(), FileMode::secret);
    }

    void set_arc(const std::string& arc) {
        if (!arc.empty()) arc_ = arc;
    }

    const x509::TrustStore& trust() {
        if (!trust_) {
            trust_ = console::load_trust(common_.chain, arc_.empty() ? x509::Arc() : x509::Arc(arc_), common_.root);
            if (common_.root.empty() && common_.output == Output::text)
                std::fprintf(stderr, "Root %s: compare it with the one that the authority published, or give --root.\n",
                             to_hex(trust_->root().fingerprint()).c_str());
        }
        return *trust_;
    }

    const election::VerifiedManifest& manifest() {
        if (!manifest_) {
            if (common_.manifest.empty()) fail_input("usage", "--manifest is needed");
            const auto signature = load_file(common_.manifest + ".p7s");
            manifest_ = console::naming_file(common_.manifest,
                                             [&] { return election::verify_manifest(text_, signature, trust()); });
        }
        return *manifest_;
    }

    Voter& voter() {
        if (!voter_) {
            lock_ = std::make_unique<StateLock>(common_.state);
            const bool fresh = !std::filesystem::exists(common_.state);
            auto password =
                console::read_password(common_.password_file, "your voter's state " + common_.state,
                                       fresh ? console::PasswordUse::create : console::PasswordUse::existing);
            file_ = std::make_unique<EncryptedStateFile>(common_.state, std::move(password), random_);
            voter_ = std::make_unique<Voter>(*file_, *clock_, random_);
        }
        return *voter_;
    }

    /// "ISSUER=FOLDER" or "FOLDER"; in the latter case the registrar says itself who it is.
    const Registrars& registrars() {
        if (!registrars_.empty()) return registrars_;
        if (common_.registrars.empty()) fail_input("usage", "--registrar is needed");
        const auto& files = common_.registrar_password_files;
        if (files.size() > 1 && files.size() != common_.registrars.size())
            fail_input("usage", "give --registrar-password-file once, or once for each --registrar");
        for (std::size_t i = 0; i < common_.registrars.size(); ++i) {
            const auto& text = common_.registrars[i];
            const auto equals = text.find('=');
            const auto folder = equals == std::string::npos ? text : text.substr(equals + 1);
            const auto password =
                console::read_password(files.empty() ? "" : files[files.size() > 1 ? i : 0], "the registrar " + folder);
            auto service = registrar::Registrar::open(folder, password, *clock_, random_);
            if (equals != std::string::npos && text.substr(0, equals) != service->issuer())
                fail_input("usage",
                           folder + " is the registrar " + service->issuer() + ", not " + text.substr(0, equals));
            first_issuer_ = first_issuer_.empty() ? service->issuer() : first_issuer_;
            if (!registrars_.emplace(service->issuer(), service.get()).second)
                fail_input("usage", "the registrar " + service->issuer() + " is named twice");
            services_.push_back(std::move(service));
        }
        return registrars_;
    }
    const std::string& first_issuer() {
        registrars();
        return first_issuer_;
    }

    bool has_ballot_box() const { return !common_.ballot_box.empty(); }
    api::BallotApi& ballot_box() {
        if (!box_) {
            if (!has_ballot_box()) fail_input("usage", "--ballot-box is needed");
            box_ = ballot_box::BallotBox::open(
                common_.ballot_box,
                console::read_password(common_.ballot_box_password_file, "the ballot box " + common_.ballot_box),
                *clock_, random_);
        }
        return *box_;
    }

private:
    const Common& common_;
    std::unique_ptr<Clock> clock_;
    SystemRandom random_;
    Bytes text_;
    std::string arc_;
    std::optional<x509::TrustStore> trust_;
    std::optional<election::VerifiedManifest> manifest_;
    std::unique_ptr<StateLock> lock_;
    std::unique_ptr<EncryptedStateFile> file_;
    std::unique_ptr<Voter> voter_;
    std::vector<std::unique_ptr<registrar::Registrar>> services_;
    Registrars registrars_;
    std::string first_issuer_;
    std::unique_ptr<ballot_box::BallotBox> box_;
};

std::string manifest_line(const election::VerifiedManifest& manifest) {
    return console::visible(manifest->title) + " (" + manifest->id + ")\nManifest " + short_hash(manifest.digest()) +
           "  <- compare it with the published one\n";
}

Json manifest_json(const election::VerifiedManifest& manifest) {
    return {{"election", manifest->id}, {"manifest", to_hex(manifest.digest())}};
}

Json receipt_json(const election::VerifiedManifest& manifest, const election::Receipt& receipt) {
    auto json = manifest_json(manifest);
    json["latest_epoch"] = receipt.latest_epoch;
    json["leaf"] = to_hex(receipt.leaf);
    return json;
}

std::string receipt_text(const election::Receipt& receipt) {
    return "Your ballot is " + to_hex(receipt.leaf) + "\nIt will be in epoch " + std::to_string(receipt.latest_epoch) +
           " or the last one, at the latest.\n";
}

std::string next_command(Step step) {
    switch (step) {
        case Step::nothing:
            return "uvote enrol INVITATION";
        case Step::enrolled:
            return "uvote claim --style STYLE";
        case Step::claimed:
            return "uvote redeem, when voting is open";
        case Step::redeemed:
            return "uvote vote --choice CONTEST=CANDIDATE,...";
        case Step::sealed:
            return "uvote vote --send";
        case Step::cast:
            return "uvote check";
    }
    fail(ErrorCode::internal, "voter.step", "unknown step");
}

/// Asks on the terminal; without one, --yes is needed.
void confirm(const VoteArguments& arguments, const std::string& question) {
    if (arguments.confirmation == VoteArguments::Confirmation::given) return;
    if (::isatty(STDIN_FILENO) != 1)
        fail_input("vote.confirm", "there is no terminal to confirm on: look at the choices and add --yes");
    std::printf("%s [yes/no] ", question.c_str());
    std::fflush(stdout);
    std::string answer;
    std::getline(std::cin, answer);
    if (answer != "yes" && answer != "y")
        fail(ErrorCode::forbidden, "vote.confirm", "not confirmed; nothing was sealed or sent");
}

/// Shows the choices, asks, and seals them into the state.
void seal_choices(Desk& desk, const VoteArguments& arguments) {
    const auto& manifest = desk.manifest();
    auto& voter = desk.voter();
    const auto step = voter.step(manifest->id);
    if (step == Step::sealed || step == Step::cast)
        fail(ErrorCode::conflict, "vote.sealed",
             step == Step::cast
                 ? "this device has cast its ballot already; it cannot be changed"
                 : "this device has sealed a ballot already: send it with `uvote vote --send`; it cannot be changed");
    const auto style = voter.find_style(manifest->id);
    if (step != Step::redeemed || !style)
        fail(ErrorCode::forbidden, "voter.step", "for election " + manifest->id + " this comes only after redeeming");
    const auto contests = parse_choices(manifest.manifest(), *style, arguments.choices);
    if (arguments.common.output == Output::text)
        print(manifest_line(manifest) + "\n" + describe_choices(manifest.manifest(), contests) + "\n");
    for (const auto& contest : contests)
        if (contest.choices.empty())
            std::fprintf(stderr, "Note: contest '%s' is left blank.\n", contest.contest.c_str());
    confirm(arguments, arguments.seal_only.empty() ? "Cast this ballot? It cannot be changed afterwards."
                                                   : "Seal this ballot? It cannot be changed afterwards.");
    voter.seal(manifest, contests);
}

/// "-" keeps the code out of the list of processes and the shell's history.
std::string read_invitation(const std::string& text) {
    if (text != "-") return text;
    std::string line;
    if (!std::getline(std::cin, line) || line.empty() || line.size() > 256)
        fail_input("usage", "standard input holds no invitation code");
    if (line.back() == '\r') line.pop_back();
    return line;
}

}  // namespace

ExitCode enrol(const Common& common, const std::string& invitation, const std::string& arc) {
    Desk desk(common, StateUse::may_be_new);
    desk.set_arc(arc);
    const auto& issuer = desk.first_issuer();
    const auto& trust = desk.trust();
    const auto certificate =
        desk.voter().enrol(issuer, read_invitation(invitation), *desk.registrars().at(issuer), trust);
    if (common.output == Output::json)
        print_json({{"fingerprint", to_hex(certificate.fingerprint())},
                    {"issuer", issuer},
                    {"not_after", format_rfc3339(certificate.not_after())},
                    {"serial", certificate.serial_hex()},
                    {"step", step_name(Step::enrolled)}});
    else
        print("Enrolled with " + issuer + ". Your voter certificate is valid until " +
              format_rfc3339(certificate.not_after()) + ".\nNext: " + next_command(Step::enrolled) + "\n");
    return ExitCode::good;
}

ExitCode claim(const Common& common, const std::string& style) {
    Desk desk(common, StateUse::existing);
    const auto& manifest = desk.manifest();
    if (common.output == Output::text) {
        print(manifest_line(manifest));
        print(
            "From now on your right to vote is on this device alone: a device lost after the claim is a lost vote.\n"
            "Enrolling again gives no second one. Keep a copy of " +
            common.state + ".\n\n");
        std::fflush(stdout);
    }
    desk.voter().claim(manifest, style, desk.registrars());
    if (common.output == Output::json) {
        auto json = manifest_json(manifest);
        json["step"] = step_name(Step::claimed);
        json["style"] = style;
        print_json(json);
    } else {
        print("Claimed for style " + style + ". Next: " + next_command(Step::claimed) + " (" +
              format_rfc3339(manifest->voting.opens) + " to " + format_rfc3339(manifest->voting.closes) + ")\n");
    }
    return ExitCode::good;
}

ExitCode redeem(const Common& common) {
    Desk desk(common, StateUse::existing);
    const auto& manifest = desk.manifest();
    desk.voter().redeem(manifest, desk.trust(), desk.ballot_box());
    if (common.output == Output::json) {
        auto json = manifest_json(manifest);
        json["step"] = step_name(Step::redeemed);
        print_json(json);
    } else {
        print(manifest_line(manifest) +
              "You have an anonymous ballot certificate. Next: " + next_command(Step::redeemed) + "\n");
    }
    return ExitCode::good;
}

ExitCode vote(const VoteArguments& arguments) {
    const auto& common = arguments.common;
    const bool made_now = arguments.ballot == VoteArguments::Ballot::made_now;
    if (made_now == arguments.choices.empty())
        fail_input("usage",
                   "give your choices with --choice (CONTEST= for a blank one), or --send what was sealed before");
    Desk desk(common, StateUse::existing);
    const auto& manifest = desk.manifest();
    // Whatever is missing is said before anything is sealed.
    if (arguments.seal_only.empty()) desk.ballot_box();
    if (made_now) seal_choices(desk, arguments);
    if (!arguments.seal_only.empty()) {
        const auto ballot = desk.voter().find_ballot(manifest->id);
        if (!ballot) fail(ErrorCode::not_found, "vote.none", "this device has sealed no ballot for " + manifest->id);
        save_file(arguments.seal_only, *ballot);
        const auto leaf = to_hex(sha256(*ballot));
        if (common.output == Output::json) {
            auto json = manifest_json(manifest);
            json["file"] = arguments.seal_only;
            json["leaf"] = leaf;
            print_json(json);
        } else {
            print("Sealed, not sent: " + arguments.seal_only + "\nYour ballot is " + leaf + "\nSend it before " +
                  format_rfc3339(manifest->voting.closes) + " with `uvote vote --send`.\n");
        }
        return ExitCode::good;
    }
    const auto receipt = desk.voter().cast(manifest, desk.trust(), desk.ballot_box());
    if (common.output == Output::json)
        print_json(receipt_json(manifest, receipt));
    else
        print("Cast. " + receipt_text(receipt) +
              "The receipt is kept; the key that made the ballot is forgotten.\nNext: " + next_command(Step::cast) +
              "\n");
    return ExitCode::good;
}

ExitCode check(const Common& common) {
    Desk desk(common, StateUse::existing);
    const auto& manifest = desk.manifest();
    const auto kept = desk.voter().find_receipt(manifest->id);
    if (!kept) fail(ErrorCode::not_found, "receipt.none", "this device has no receipt for election " + manifest->id);
    const auto receipt = election::verify_receipt(*kept, manifest, desk.trust());
    if (desk.voter().find_leaf(manifest->id) != receipt.leaf)
        fail(ErrorCode::verification_failed, "voter.receipt", "the receipt is for another ballot");
    auto json = receipt_json(manifest, receipt);
    std::string stands = "The ballot box was not asked (--ballot-box).";
    bool good = true;
    if (desk.has_ballot_box()) {
        const auto status = desk.ballot_box().status(manifest->id, receipt.leaf);
        using State = api::BallotStatus::State;
        if (status.state == State::published) {
            good = status.epoch <= receipt.latest_epoch;
            stands = good ? "Published in epoch " + std::to_string(status.epoch) + "."
                          : "BAD: published in epoch " + std::to_string(status.epoch) + ", later than promised.";
            json["state"] = "published";
            json["epoch"] = status.epoch;
        } else if (status.state == State::accepted) {
            stands = "Accepted; not published yet.";
            json["state"] = "accepted";
        } else {
            good = false;
            stands =
                "BAD: the ballot box does not know your ballot. Keep the receipt (uvote receipt --out FILE): it proves "
                "to\n"
                "anybody that the ballot was accepted.";
            json["state"] = "unknown";
        }
    }
    json["good"] = good;
    if (common.output == Output::json)
        print_json(json);
    else
        print(manifest_line(manifest) + "The receipt is right. " + receipt_text(receipt) + stands + "\n");
    return good ? ExitCode::good : ExitCode::found_bad;
}

ExitCode show_status(const Common& common) {
    Desk desk(common, StateUse::existing);
    const auto& manifest = desk.manifest();
    const auto step = desk.voter().step(manifest->id);
    const auto style = desk.voter().find_style(manifest->id);
    if (common.output == Output::json) {
        auto json = manifest_json(manifest);
        json["step"] = step_name(step);
        json["style"] = style ? Json(*style) : Json(nullptr);
        print_json(json);
    } else {
        print(manifest_line(manifest) + "Claiming is open " + format_rfc3339(manifest->claim.opens) + " to " +
              format_rfc3339(manifest->claim.closes) + ", voting " + format_rfc3339(manifest->voting.opens) + " to " +
              format_rfc3339(manifest->voting.closes) + ".\n\nYou are at: " + std::string(step_name(step)) +
              (style ? " (style " + *style + ")" : "") + "\nNext: " + next_command(step) + "\n");
        for (const auto& id : manifest->styles)
            if (!style || id.id == *style)
                for (const auto& contest_id : id.contests) {
                    const auto& contest = *manifest->find_contest(contest_id);
                    print("\n" + console::visible(contest.title) + "  --choice " + contest.id + "=...\n");
                    for (const auto& candidate : contest.candidates)
                        print("  " + candidate.id + "  " + console::visible(candidate.name) + "\n");
                }
    }
    return ExitCode::good;
}

ExitCode save_receipt(const Common& common, const std::string& out) {
    Desk desk(common, StateUse::existing);
    const auto& manifest = desk.manifest();
    const auto kept = desk.voter().find_receipt(manifest->id);
    if (!kept) fail(ErrorCode::not_found, "receipt.none", "this device has no receipt for election " + manifest->id);
    const auto receipt = election::verify_receipt(*kept, manifest, desk.trust());
    save_file(out, *kept);
    if (common.output == Output::json)
        print_json(receipt_json(manifest, receipt));
    else
        print("Receipt written to " + out + ". " + receipt_text(receipt));
    return ExitCode::good;
}

}  // namespace uvpki::voter
