#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tools/console/trust_files.h"
#include "tools/uvtrustee/commands.h"
#include "tools/uvtrustee/output.h"
#include "tools/uvtrustee/trustee_files.h"
#include "uvpki/cms/signed_data.h"
#include "uvpki/election/manifest.h"
#include "uvpki/encoding.h"
#include "uvpki/files.h"
#include "uvpki/merkle/checkpoint.h"

namespace uvpki::trustee {

namespace {

using threshold::VerifiedTranscript;

constexpr std::size_t small_file = 1 << 20;

/// What a release stands on, each part verified with the one before.
struct Closing {
    election::VerifiedManifest manifest;
    std::string checkpoint;
    Sha256 root{};
};

Closing load_closing(const ClosingFiles& files, const VerifiedTranscript& transcript, const x509::TrustStore& trust) {
    const auto text = load_file(files.manifest);
    const auto signature = load_file(files.manifest + ".p7s");
    auto manifest =
        console::naming_file(files.manifest, [&] { return election::verify_manifest(text, signature, trust); });
    if (manifest->ceremony_transcript != transcript.hash())
        fail(ErrorCode::verification_failed, "release.ceremony",
             files.manifest + " names another ceremony than this transcript");
    const auto note = load_file(files.checkpoint, small_file);
    const auto verified = console::naming_file(files.checkpoint, [&] {
        return merkle::verify_checkpoint(as_text(note), merkle::LogVerifier::parse_vkey(manifest->log_key));
    });
    if (verified.checkpoint().origin != manifest->log_origin)
        fail(ErrorCode::verification_failed, "release.log", files.checkpoint + " belongs to another log");
    const auto root = verified.checkpoint().root;
    return {std::move(manifest), to_text(note), root};
}

/// One trustee releases for one root (T28): the first is remembered beside the backup before anything leaves.
void remember_root(const std::string& backup, const Sha256& root) {
    const auto file = backup + ".released";
    if (std::filesystem::exists(file)) {
        const auto known = load_file(file, small_file);
        if (as_text(known) != to_hex(root) + "\n")
            fail(ErrorCode::conflict, "release.other_root",
                 "this share was released for the checkpoint with root " +
                     console::visible(as_text(known).substr(0, 64)) + " and is released for no other");
        return;
    }
    save_file(file, to_hex(root) + "\n", FileMode::secret);
}

std::pair<int, std::string> parse_numbered(const std::string& text) {
    const auto equals = text.find('=');
    const auto number = text.substr(0, equals);
    if (equals == std::string::npos || number.empty() || number.size() > 2 ||
        number.find_first_not_of("0123456789") != std::string::npos)
        fail_input("usage", "a request is given as INDEX=FILE");
    return {std::stoi(number), text.substr(equals + 1)};
}

std::string numbered(const char* stem, int trustee, const char* ending) {
    return std::string(stem) + "-" + std::to_string(trustee) + ending;
}

}  // namespace

ExitCode rehearse(const RehearsalArguments& arguments) {
    const auto backup = load_backup(arguments.backup,
                                    console::read_password(arguments.password_file, "the backup " + arguments.backup));
    save_file(arguments.out, threshold::make_rehearsal_request(backup, as_bytes(backup.election)));
    if (arguments.output == Output::json)
        print_json({{"election", backup.election}, {"request", arguments.out}, {"trustee", backup.trustee}});
    else
        print("Trustee " + std::to_string(backup.trustee) + " rehearsed for " + console::visible(backup.election) +
              ": " + arguments.out + "\n");
    return ExitCode::good;
}

ExitCode check_rehearsals(const CheckRehearsalArguments& arguments) {
    const auto trust = load_trust(arguments.common);
    const auto transcript = load_transcript(arguments.ceremony.transcript, arguments.ceremony.board, trust);
    const auto challenge = as_bytes(transcript.plan().election);
    std::map<int, Bytes> requests;
    for (const auto& text : arguments.requests) {
        const auto [trustee, file] = parse_numbered(text);
        transcript.called(trustee);
        if (!requests.emplace(trustee, load_file(file, small_file)).second)
            fail_input("usage", "trustee " + std::to_string(trustee) + " is given twice");
    }
    auto rows = std::vector<std::vector<std::string>>();
    auto list = Json::array();
    bool good = true;
    for (int trustee = 1; trustee <= static_cast<int>(transcript.plan().trustees.size()); ++trustee) {
        const auto request = requests.find(trustee);
        std::string verdict = "not rehearsed", rule = "threshold.rehearsal.missing";
        if (request != requests.end()) {
            const auto findings = threshold::check_rehearsal(request->second, transcript, trustee, challenge);
            verdict = findings.empty() ? "good" : "BAD: " + findings[0].message;
            rule = findings.empty() ? "" : findings[0].rule;
        }
        good = good && verdict == "good";
        rows.push_back(
            {std::to_string(trustee), transcript.plan().trustees[static_cast<std::size_t>(trustee - 1)].name, verdict});
        list.push_back({{"good", verdict == "good"}, {"rule", rule}, {"trustee", trustee}});
    }
    if (good) threshold::verify_rehearsal(requests, transcript, challenge);
    if (arguments.common.output == Output::json)
        print_json({{"complete", good}, {"election", transcript.plan().election}, {"rehearsals", list}});
    else
        print(console::format_table({"trustee", "name", "rehearsal"}, rows) +
              (good ? "\nEvery stored share works: the election may be activated.\n"
                    : "\nThe election must not be activated yet.\n"));
    return good ? ExitCode::good : ExitCode::found_bad;
}

ExitCode release(const ReleaseArguments& arguments) {
    const auto clock = console::make_clock(arguments.common.at);
    SystemRandom random;
    const auto trust = load_trust(arguments.common);
    const auto transcript = load_transcript(arguments.ceremony.transcript, arguments.ceremony.board, trust);
    const auto closing = load_closing(arguments.closing, transcript, trust);
    if (clock->now() < closing.manifest->final_epoch_until)
        fail(ErrorCode::forbidden, "release.too_early",
             "no share is released before " + format_rfc3339(closing.manifest->final_epoch_until) +
                 ", when the last ballots are published");
    const auto certificate = console::load_certificate(arguments.certificate);
    trust.verify_path(
        certificate,
        {.role = x509::Role::trustee, .time = clock->now(), .revocation = x509::PathRules::Revocation::if_listed});
    const auto counting = console::load_certificate(arguments.counting_certificate);
    console::naming_file(arguments.counting_certificate, [&] {
        return trust.verify_path(counting, {.role = x509::Role::trustee_enc,
                                            .time = clock->now(),
                                            .revocation = x509::PathRules::Revocation::if_listed});
    });
    const auto backup = load_backup(arguments.backup,
                                    console::read_password(arguments.password_file, "the backup " + arguments.backup));
    const auto key = console::load_key(arguments.key, arguments.key_password_file, "the signing key " + arguments.key);
    const auto message =
        threshold::make_release(backup, transcript, {closing.root, counting}, certificate, key, *clock, random);
    const auto signature = cms::sign(as_bytes(closing.checkpoint), certificate, key, *clock);
    remember_root(arguments.backup, closing.root);
    make_folder(arguments.out);
    const auto folder = std::filesystem::path(arguments.out);
    const auto checkpoint_file = folder / numbered("checkpoint", backup.trustee, ".p7m");
    const auto release_file = folder / numbered("release", backup.trustee, ".p7m");
    save_file(checkpoint_file, signature);
    save_file(release_file, message);
    if (arguments.common.output == Output::json)
        print_json({{"checkpoint", checkpoint_file.string()},
                    {"release", release_file.string()},
                    {"root", to_hex(closing.root)},
                    {"trustee", backup.trustee}});
    else
        print("Signed the final checkpoint (" + checkpoint_file.string() + ") and released the share for\nroot " +
              to_hex(closing.root) + " alone, readable only by " + counting.subject_text() + " (" +
              release_file.string() + ").\n");
    return ExitCode::good;
}

ExitCode open_releases(const OpenArguments& arguments) {
    const auto clock = console::make_clock(arguments.common.at);
    const auto trust = load_trust(arguments.common);
    const auto transcript = load_transcript(arguments.ceremony.transcript, arguments.ceremony.board, trust);
    const auto closing = load_closing(arguments.closing, transcript, trust);
    const auto key = console::load_key(arguments.counting_key, arguments.counting_key_password_file,
                                       "the counting officer's key " + arguments.counting_key);
    std::vector<threshold::VerifiedShare> shares;
    std::vector<std::vector<std::string>> rows;
    auto list = Json::array();
    bool all_good = true;
    for (const auto& file : arguments.releases) {
        const auto message = load_file(file, small_file);
        std::string verdict, rule;
        try {
            auto share =
                threshold::open_release(message, key, transcript, trust, {.root = closing.root, .time = clock->now()});
            const bool repeated =
                std::ranges::any_of(shares, [&](const auto& s) { return s.trustee() == share.trustee(); });
            verdict = "good: " + transcript.called(share.trustee()) + (repeated ? ", again" : "");
            if (!repeated) shares.push_back(std::move(share));
        } catch (const Error& error) {
            if (error.code() == ErrorCode::internal || error.code() == ErrorCode::unavailable) throw;
            verdict = "BAD: " + error.message();
            rule = error.reason();
            all_good = false;
        }
        rows.push_back({file, verdict});
        list.push_back({{"file", file}, {"good", rule.empty()}, {"message", verdict}, {"rule", rule}});
    }
    const bool enough = shares.size() >= static_cast<std::size_t>(transcript.plan().needed);
    if (enough) {
        const auto election_key = threshold::combine(shares, transcript);
        // From here on these are public: the package carries them.
        make_folder(arguments.out);
        const auto folder = std::filesystem::path(arguments.out);
        for (const auto& share : shares)
            save_file(folder / numbered("share", share.trustee(), ".pem"),
                      to_pem("PRIVATE KEY", x509::PrivateKey::from_p256_scalar(share.scalar()).to_pkcs8().view()));
        save_file(folder / "election-key.pem", to_pem("PRIVATE KEY", election_key.to_pkcs8().view()));
    }
    const auto needed = std::to_string(transcript.plan().needed);
    if (arguments.common.output == Output::json)
        print_json({{"election", transcript.plan().election}, {"opened", enough}, {"releases", list}});
    else
        print(console::format_table({"release", "verdict"}, rows) +
              (enough ? "\nThe election key is in " + arguments.out + "/election-key.pem.\n"
                      : "\nOnly " + std::to_string(shares.size()) + " good shares; " + needed + " are needed.\n"));
    return enough && all_good ? ExitCode::good : ExitCode::found_bad;
}

}  // namespace uvpki::trustee
