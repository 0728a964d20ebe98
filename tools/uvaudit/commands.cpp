#include "tools/uvaudit/commands.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "uvpki/cms/enveloped_data.h"
#include "uvpki/election/ballot.h"
#include "uvpki/election/epoch.h"
#include "uvpki/election/package.h"
#include "uvpki/election/receipt.h"
#include "uvpki/encoding.h"
#include "uvpki/files.h"
#include "uvpki/json.h"

namespace uvpki::audit {

namespace {

using console::ExitCode;

void print(const std::string& text) { std::fputs(text.c_str(), stdout); }
void print_json(const Json& value) { print(canonical_json(value) + "\n"); }

std::string number(std::int64_t value) { return std::to_string(value); }

std::optional<Sha256> fingerprint_from(const std::string& hex) {
    if (hex.empty()) return std::nullopt;
    return parse_sha256_hex(hex);
}

Bytes open_annex(const VerifyArguments& arguments) {
    if (arguments.annex_key.empty())
        fail_input("audit.annex_key", "--annex needs --annex-key, the auditor's private key");
    const auto password = console::read_password(arguments.annex_password_file, "the auditor's key");
    const auto key = x509::PrivateKey::parse_encrypted_pem(as_text(load_file(arguments.annex_key, 1 << 16)), password);
    const auto envelope = cms::parse_envelope(load_file(arguments.annex, std::size_t{1} << 31));
    return to_bytes(cms::open_envelope(envelope, key).view());
}

Json report_json(const election::PackageReport& report) {
    auto findings = Json::array();
    for (const auto& finding : report.findings)
        findings.push_back({{"file", finding.file}, {"message", finding.message}, {"rule", finding.rule}});
    Json json = {{"election", report.election},
                 {"findings", findings},
                 {"good", report.findings.empty()},
                 {"root", to_hex(report.root)},
                 {"title", report.title}};
    if (report.results) json["results"] = Json::parse(election::format_results(*report.results));
    return json;
}

void print_report(const election::PackageReport& report, const VerifyArguments& arguments) {
    print("election  " + console::visible(report.title) + " (" + report.election + ")\n");
    print("root      " + to_hex(report.root) +
          (arguments.root.empty() ? "  <- compare it with the one the authority published\n" : "  as given\n"));
    for (const auto& finding : report.findings)
        print("BAD  " + console::visible(finding.file) + ": " + console::visible(finding.message) + " (" + finding.rule +
              ")\n");
    const auto& totals = report.totals;
    print("\n" + console::format_table({"ballots", "number"}, {{"on the roll", number(totals.roll)},
                                                              {"claimed", number(totals.claimed)},
                                                              {"cast", number(totals.cast)},
                                                              {"valid", number(totals.valid)},
                                                              {"blank", number(totals.blank)},
                                                              {"invalid", number(totals.invalid)},
                                                              {"epochs", number(report.epochs)}}));
    if (report.results) {
        std::vector<std::vector<std::string>> winners;
        for (const auto& contest : report.results->contests)
            for (const auto winner : contest.result.winners)
                winners.push_back({contest.contest, contest.result.candidates.at(winner).name});
        print("\n" + console::format_table({"contest", "elected"}, winners));
    }
    print(report.findings.empty()
              ? "\nGOOD: everything in the package holds, and the recount gives the signed results.\n"
              : "\nBAD: " + number(static_cast<std::int64_t>(report.findings.size())) + " findings.\n");
}

/// Manifest, chain and lists of a package, verified: what single ballots and receipts are checked against.
struct Context {
    x509::TrustStore trust;
    election::VerifiedManifest manifest;
};

Context load_context(const std::filesystem::path& package, const std::string& root) {
    const auto text = load_file(package / "manifest.json");
    const auto certificate = x509::Certificate::parse_pem(as_text(load_file(package / "root.pem")));
    if (const auto trusted = fingerprint_from(root); trusted && *trusted != certificate.fingerprint())
        fail(ErrorCode::verification_failed, "package.root", "the package's root is not the one you trust");
    x509::TrustStore trust(certificate, x509::Arc(election::parse_manifest(text).arc));
    for (const auto& ca : x509::parse_certificate_bundle(as_text(load_file(package / "chain.pem"))))
        if (!(ca == certificate)) trust.add_intermediate(ca);
    for (const auto& entry : std::filesystem::directory_iterator(package / "crl"))
        trust.add_crl(x509::Crl::parse_pem(as_text(load_file(entry.path()))));
    auto manifest = election::verify_manifest(text, load_file(package / "manifest.json.p7s"), trust,
                                              x509::PathRules::Revocation::required);
    return {std::move(trust), std::move(manifest)};
}

/// The epoch that lists the leaf, or nothing.
std::optional<std::int64_t> find_epoch(const std::filesystem::path& package, const Sha256& leaf) {
    for (std::int64_t epoch = 1; std::filesystem::exists(package / election::epoch_list_path(epoch)); ++epoch) {
        const auto list = load_file(package / election::epoch_list_path(epoch));
        if (as_text(list).find(to_hex(leaf) + "  ") != std::string_view::npos) return epoch;
    }
    return std::nullopt;
}

std::string status_name(election::OpenedBallot::Status status) {
    switch (status) {
        case election::OpenedBallot::Status::valid: return "valid";
        case election::OpenedBallot::Status::blank: return "blank";
        case election::OpenedBallot::Status::invalid: return "invalid";
    }
    fail(ErrorCode::internal, "audit.status", "unknown status");
}

}  // namespace

ExitCode verify_package(const VerifyArguments& arguments) {
    election::CheckOptions options;
    options.root_fingerprint = fingerprint_from(arguments.root);
    options.threads = arguments.threads;
    if (!arguments.annex.empty()) options.annex = open_annex(arguments);
    election::PackageReport report;
    {
        console::ProgressBar bar("ballots");
        options.on_progress = [&](const election::Progress& progress) { bar.update(progress.done, progress.total); };
        report = election::check_package(arguments.package, options);
    }
    if (arguments.output == Output::json) {
        print_json(report_json(report));
    } else {
        print_report(report, arguments);
    }
    return report.findings.empty() ? ExitCode::good : ExitCode::found_bad;
}

ExitCode verify_ballot(const BallotArguments& arguments) {
    const std::filesystem::path package = arguments.package;
    const auto context = load_context(package, arguments.root);
    const election::BallotVerifier verifier(context.manifest, context.trust);
    const auto ballot = verifier.verify_ballot(election::parse_ballot(load_file(arguments.file, election::max_ballot_size)));
    const auto epoch = find_epoch(package, ballot.leaf());
    Json json = {{"good", true}, {"leaf", to_hex(ballot.leaf())}, {"style", ballot.style()}};
    json["epoch"] = epoch ? Json(*epoch) : Json(nullptr);
    std::string text = "GOOD: an eBallot of " + context.manifest->id + ", style " + ballot.style() + "\nleaf   " +
                       to_hex(ballot.leaf()) + "\nepoch  " + (epoch ? number(*epoch) : "in none: not published") + "\n";
    if (std::filesystem::exists(package / "election-key.pem")) {
        const auto pem = load_file(package / "election-key.pem", 1 << 16);
        const auto key = x509::PrivateKey::parse_pkcs8(SecretBytes(parse_single_pem(as_text(pem), "PRIVATE KEY")));
        const auto opened = election::open_ballot(ballot, context.manifest, key);
        json["status"] = status_name(opened.status);
        text += "vote   " + status_name(opened.status) + "\n";
        if (opened.invalid_because) {
            json["because"] = opened.invalid_because->rule;
            text += "       " + opened.invalid_because->message + " (" + opened.invalid_because->rule + ")\n";
        }
        auto contests = Json::array();
        for (const auto& contest : opened.contests) {
            contests.push_back({{"choices", contest.choices}, {"id", contest.contest}});
            std::string choices;
            for (const auto& choice : contest.choices) choices += (choices.empty() ? "" : ", ") + choice;
            text += "       " + contest.contest + ": " + (choices.empty() ? "no choice" : choices) + "\n";
        }
        json["contests"] = contests;
    }
    if (arguments.output == Output::json) {
        print_json(json);
    } else {
        print(text);
    }
    return ExitCode::good;
}

ExitCode verify_receipt(const BallotArguments& arguments) {
    const std::filesystem::path package = arguments.package;
    const auto context = load_context(package, arguments.root);
    const auto receipt =
        election::verify_receipt(load_file(arguments.file, election::max_ballot_size), context.manifest, context.trust);
    const auto epoch = find_epoch(package, receipt.leaf);
    const bool there = epoch && std::filesystem::exists(package / election::ballot_path(receipt.leaf));
    const bool was_last = !std::filesystem::exists(package / election::epoch_list_path(receipt.latest_epoch + 1));
    const bool kept = there && (*epoch <= receipt.latest_epoch || was_last);
    if (arguments.output == Output::json) {
        Json json = {{"good", kept}, {"latest_epoch", receipt.latest_epoch}, {"leaf", to_hex(receipt.leaf)}};
        json["epoch"] = epoch ? Json(*epoch) : Json(nullptr);
        print_json(json);
    } else {
        print(std::string(kept ? "GOOD: the receipt is genuine and the promise was kept\n"
                               : "BAD: the receipt is genuine and the promise was broken: keep it, it is proof\n") +
              "leaf     " + to_hex(receipt.leaf) + "\npromise  in epoch " + number(receipt.latest_epoch) +
              " or the last one at the latest\nepoch    " + (epoch ? number(*epoch) : "in none") + "\n");
    }
    return kept ? ExitCode::good : ExitCode::found_bad;
}

}  // namespace uvpki::audit
