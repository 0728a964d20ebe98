// The life of an election after its draft, and looking at elections.

#include <nlohmann/json.hpp>

#include "ca-service/elections.h"
#include "tools/console/trust_files.h"
#include "tools/uvca/context.h"
#include "uvpki/cms/signed_data.h"
#include "uvpki/encoding.h"
#include "uvpki/files.h"

namespace uvpki::uvca {

namespace {

constexpr std::size_t largest_signature = 64 * 1024;
constexpr std::size_t largest_results = 256u << 20;

/// The officer's detached signature: from a file, or made now with the officer's key.
Bytes officer_signature(const ElectionArguments& arguments, ByteView text, const Clock& clock) {
    if (!arguments.signature.empty()) return load_file(arguments.signature, largest_signature);
    if (arguments.officer_certificate.empty() || arguments.officer_key.empty())
        fail_input("usage", "give --officer-cert and --officer-key, or --signature with a file");
    const auto certificate = console::load_certificate(arguments.officer_certificate);
    const auto key =
        console::load_key(arguments.officer_key, arguments.officer_password_file, "the key " + arguments.officer_key);
    return cms::sign(text, certificate, key, clock,
                     {.content = cms::Content::detached, .signing_time = cms::SigningTime::present});
}

ExitCode report_state(const ElectionArguments& arguments, ca::Elections& elections, const std::string& text) {
    const auto overview = elections.overview(arguments.election);
    report(arguments.common.output, text,
           {{"dry_run", is_rehearsal(arguments.common)},
            {"election", arguments.election},
            {"state", ca::election_state_name(overview.state)}});
    return ExitCode::good;
}

std::string required_manifest(ca::Elections& elections, const std::string& id) {
    auto text = elections.find_manifest_text(id);
    if (!text)
        fail(ErrorCode::forbidden, "election.state",
             "election " + id + " is draft: activating needs one that is ready");
    return std::move(*text);
}

std::string window_text(const election::Window& window) {
    return format_rfc3339(window.opens) + " to " + format_rfc3339(window.closes);
}

std::string manifest_summary(const election::Manifest& manifest) {
    std::string text = "Claim      " + window_text(manifest.claim) + "\nVoting     " + window_text(manifest.voting) +
                       "\nRoll       " + std::to_string(manifest.roll_size) + " voters\nTrustees   " +
                       std::to_string(manifest.trustee_threshold) + " of " + std::to_string(manifest.trustees.size()) +
                       "\nManifest   " + to_hex(election::manifest_digest(manifest)) + "\n";
    for (const auto& contest : manifest.contests)
        text += "Contest    " + contest.id + ": " + console::visible(contest.title) + ", " +
                std::string(count::method_name(contest.rules.method)) + ", " + std::to_string(contest.rules.seats) +
                " of " + std::to_string(contest.candidates.size()) + "\n";
    return text;
}

}  // namespace

ExitCode freeze_election(const ElectionArguments& arguments) {
    const auto& common = arguments.common;
    if (is_rehearsal(common)) {
        auto session = open_for_reading(common);
        auto& elections = session.authority.elections();
        const auto overview = elections.overview(arguments.election);
        if (overview.state != ca::ElectionState::draft)
            fail(ErrorCode::forbidden, "election.state",
                 "election " + overview.id + " is " + std::string(ca::election_state_name(overview.state)) +
                     ": freezing needs one that is draft");
        const auto warnings = elections.warnings(arguments.election);
        report(
            common.output,
            findings_text(overview.missing, "MISSING") + findings_text(warnings, "WARNING") +
                (overview.missing.empty() ? "The election can be frozen." : "The election cannot be frozen yet.") +
                " Nothing was changed.",
            {{"dry_run", true}, {"missing", findings_json(overview.missing)}, {"warnings", findings_json(warnings)}});
        return overview.missing.empty() ? ExitCode::good : ExitCode::found_bad;
    }
    auto session = open_authority(common);
    auto& elections = session.authority.elections();
    const auto warnings = elections.warnings(arguments.election);
    const auto text = elections.freeze(arguments.election, common.actor);
    if (!arguments.out.empty()) save_file(arguments.out, text);
    report(common.output,
           findings_text(warnings, "WARNING") + manifest_summary(election::parse_manifest(as_bytes(text))) +
               "Frozen. An officer reads the manifest and activates it (uvca election activate).",
           {{"election", arguments.election},
            {"manifest", to_hex(sha256(as_bytes(text)))},
            {"state", "ready"},
            {"warnings", findings_json(warnings)}});
    return ExitCode::good;
}

ExitCode activate_election(const ElectionArguments& arguments) {
    const auto& common = arguments.common;
    auto session = is_rehearsal(common) ? open_for_reading(common) : open_authority(common);
    auto& elections = session.authority.elections();
    const auto text = required_manifest(elections, arguments.election);
    const auto signature = officer_signature(arguments, as_bytes(text), *session.clock);
    if (is_rehearsal(common)) {
        const auto verified = election::verify_manifest(as_bytes(text), signature, session.authority.trust());
        return report_state(arguments, elections,
                            manifest_summary(verified.manifest()) + "The signature of " +
                                console::visible(verified.signer().subject_text()) + " holds. Nothing was changed.");
    }
    const auto verified = elections.activate(arguments.election, signature, common.actor);
    if (!arguments.out.empty()) save_file(arguments.out, signature);
    return report_state(arguments, elections,
                        "Open, signed by " + console::visible(verified.signer().subject_text()) + ".");
}

ExitCode close_election(const ElectionArguments& arguments) {
    auto session = open_authority(arguments.common);
    session.authority.elections().close(arguments.election, arguments.common.actor);
    return report_state(arguments, session.authority.elections(), "Closed.");
}

ExitCode record_results(const ElectionArguments& arguments) {
    const auto results = load_file(arguments.results, largest_results);
    auto session = open_authority(arguments.common);
    console::naming_file(arguments.results, [&] {
        session.authority.elections().record_results(arguments.election, as_text(results), arguments.common.actor);
    });
    return report_state(arguments, session.authority.elections(), "Results are recorded.");
}

ExitCode certify_election(const ElectionArguments& arguments) {
    auto session = open_authority(arguments.common);
    auto& elections = session.authority.elections();
    const auto results = elections.find_results_text(arguments.election);
    if (!results)
        fail(ErrorCode::forbidden, "election.state",
             "election " + arguments.election + " has no results yet: certifying needs one that is tallied");
    const auto signature = officer_signature(arguments, as_bytes(*results), *session.clock);
    elections.certify(arguments.election, signature, arguments.common.actor);
    if (!arguments.out.empty()) save_file(arguments.out, signature);
    return report_state(arguments, elections, "The results are certified.");
}

ExitCode archive_election(const ElectionArguments& arguments) {
    auto session = open_authority(arguments.common);
    session.authority.elections().archive(arguments.election, arguments.common.actor);
    return report_state(arguments, session.authority.elections(), "Archived.");
}

ExitCode list_elections(const ElectionArguments& arguments) {
    auto session = open_for_reading(arguments.common);
    std::vector<std::vector<std::string>> rows;
    auto list = Json::array();
    for (const auto& overview : session.authority.elections().list()) {
        rows.push_back({overview.id, std::string(ca::election_state_name(overview.state)),
                        std::to_string(overview.missing.size()), console::visible(overview.title)});
        list.push_back({{"id", overview.id},
                        {"missing", overview.missing.size()},
                        {"state", ca::election_state_name(overview.state)},
                        {"title", overview.title}});
    }
    if (arguments.common.output == Output::json)
        print_json(list);
    else
        print(console::format_table({"election", "state", "open points", "title"}, rows));
    return ExitCode::good;
}

ExitCode show_election(const ElectionArguments& arguments) {
    auto session = open_for_reading(arguments.common);
    auto& elections = session.authority.elections();
    const auto overview = elections.overview(arguments.election);
    const auto manifest = elections.find_manifest_text(arguments.election);
    const auto warnings =
        session.authority.is_installed() ? elections.warnings(arguments.election) : std::vector<Finding>{};
    Json json{{"id", overview.id},
              {"missing", findings_json(overview.missing)},
              {"state", ca::election_state_name(overview.state)},
              {"title", overview.title},
              {"warnings", findings_json(warnings)}};
    if (manifest) json["manifest"] = to_hex(sha256(as_bytes(*manifest)));
    report(arguments.common.output,
           console::visible(overview.title) + "\nElection   " + overview.id + "\nState      " +
               std::string(ca::election_state_name(overview.state)) + "\n" +
               (manifest ? manifest_summary(election::parse_manifest(as_bytes(*manifest))) : "") +
               findings_text(overview.missing, "MISSING") + findings_text(warnings, "WARNING"),
           json);
    return ExitCode::good;
}

}  // namespace uvpki::uvca
