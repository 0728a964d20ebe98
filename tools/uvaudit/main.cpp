// uvaudit: checks election packages, single ballots and receipts, and counts files of ballots. Reads files only: no
// clock, no network, no configuration.

#include <CLI/CLI.hpp>
#include <functional>
#include <thread>

#include "tools/uvaudit/commands.h"
#include "uvpki/version.h"

namespace {

using namespace uvpki;

constexpr const char* exit_codes = "Exit codes: 0 good, 1 checked and found bad, 2 bad use or unreadable input.";

void add_count_options(CLI::App* command, audit::CountArguments& count) {
    command->add_option("FILE", count.file, "ballots: BLT, PrefLib, NIST cast vote records (JSON) or ranked CSV")
        ->required();
    command->add_option("--format", count.format, "blt, preflib, cvr or csv; default: by the file's name or beginning");
    auto* rules = command->add_option("--rules", count.rules_file, "JSON file with the counting rules");
    command->add_option("--method", count.method, "plurality, approval, n-of-m, irv, stv or schulze")->excludes(rules);
    command->add_option("--seats", count.seats, "how many are elected; default 1")
        ->check(CLI::Range(1, 1000))
        ->excludes(rules);
    command->add_option("--max-choices", count.max_choices, "a ballot with more choices is invalid")
        ->check(CLI::Range(1, 1000))
        ->excludes(rules);
    command->add_option("--threshold", count.threshold, "stv: droop-whole or droop-fractional")->excludes(rules);
    command->add_option("--decimals", count.decimals, "stv: digits after the point, 0 to 6")
        ->check(CLI::Range(0, 6))
        ->excludes(rules);
    command->add_option("--strength", count.strength, "schulze: winning-votes or margins")->excludes(rules);
    command->add_option("--tie-break", count.tie_break, "seed or candidate-order")->excludes(rules);
    command->add_option("--seed", count.seed, "published seed for ties, hex");
    command->add_option("--overvotes", count.overvotes,
                        "cvr, csv: several candidates at one rank: refuse (default), skip, exhaust or equal");
    command->add_option("--duplicates", count.duplicates,
                        "cvr, csv: a candidate ranked again: refuse (default), skip or exhaust");
    command
        ->add_option("--skipped-ranks", count.skipped_ranks,
                     "cvr, csv: a ballot ends before a gap of more ranks than this; default: gaps are refused")
        ->check(CLI::Range(0, 1000));
    command->add_option("--contest", count.contest, "cvr: id or name of the contest, if the report has several");
    command->add_option("--columns", count.columns,
                        "csv: candidates (default; cells hold ranks) or ranks (cells hold names)");
    command->add_option("--first-column", count.first_column, "csv: where the choices begin; default 1")
        ->check(CLI::Range(1, 2000));
    command->add_option("--skipped-label", count.skipped_label, "csv, columns ranks: the word for a rank left out");
    command->add_option("--overvote-label", count.overvote_label, "csv, columns ranks: the word for an overvoted rank");
    command->add_option("--html", count.html, "write the rounds as an accessible web page too");
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Checks election packages, single ballots and receipts, and counts files of ballots.", "uvaudit"};
    app.set_version_flag("--version", "uvaudit " + std::string(uvpki::version));
    app.require_subcommand(1);
    app.footer(
        "Examples:\n  uvaudit verify build/demo/election\n"
        "  uvaudit verify-ballot ballots/ab/LEAF.p7m --package .\n"
        "  uvaudit count votes.blt --method stv --seats 3\n\n" +
        std::string(exit_codes));
    std::function<console::ExitCode()> body;
    bool json = false;
    const auto output = [&json] { return json ? audit::Output::json : audit::Output::text; };

    audit::VerifyArguments verify;
    verify.threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    auto* command = app.add_subcommand("verify", "Check a whole election package and recount it");
    command->add_option("PACKAGE", verify.package, "the package's folder")->required();
    command->add_option("--root", verify.root, "SHA-256 fingerprint (hex) of the root certificate you trust");
    command->add_option("-j,--threads", verify.threads, "workers for the ballots; default: all cores")
        ->check(CLI::Range(1, 256));
    command->add_option("--annex", verify.annex, "sealed annex with the named roll and claims, for sworn auditors");
    command->add_option("--annex-key", verify.annex_key, "the auditor's private key (encrypted PKCS#8 PEM)");
    command->add_option("--annex-password-file", verify.annex_password_file,
                        "file with the key's password; else asked");
    command->add_flag("--json", json, "report as canonical JSON");
    command->footer("Example:\n  uvaudit verify election --root 3f0a... -j 4\n\n" + std::string(exit_codes));
    command->callback([&] {
        body = [&] {
            verify.output = output();
            return audit::verify_package(verify);
        };
    });

    audit::BallotArguments ballot;
    const auto add_ballot_options = [&](CLI::App* sub, const char* what) {
        sub->add_option("FILE", ballot.file, what)->required();
        sub->add_option("--package", ballot.package, "the election package")->required();
        sub->add_option("--root", ballot.root, "SHA-256 fingerprint (hex) of the root certificate you trust");
        sub->add_flag("--json", json, "report as canonical JSON");
    };
    command =
        app.add_subcommand("verify-ballot", "Check one eBallot; shows the vote once the election key is published");
    add_ballot_options(command, "the eBallot (.p7m)");
    command->footer("Example:\n  uvaudit verify-ballot election/ballots/ab/LEAF.p7m --package election\n\n" +
                    std::string(exit_codes));
    command->callback([&] {
        body = [&] {
            ballot.output = output();
            return audit::verify_ballot(ballot);
        };
    });
    command = app.add_subcommand("verify-receipt", "Check a receipt, and that its promise was kept");
    add_ballot_options(command, "the receipt (.p7m)");
    command->footer("Example:\n  uvaudit verify-receipt receipt.p7m --package election\n\n" + std::string(exit_codes));
    command->callback([&] {
        body = [&] {
            ballot.output = output();
            return audit::verify_receipt(ballot);
        };
    });

    audit::CountArguments count;
    command = app.add_subcommand("count", "Count a file of ballots and explain every round");
    add_count_options(command, count);
    command->add_flag("--json", json, "result as canonical JSON");
    command->footer(
        "Examples:\n  uvaudit count votes.blt --method stv --seats 3\n"
        "  uvaudit count votes.soi --method schulze --html rounds.html\n"
        "  uvaudit count cvr.json --contest mayor --method irv --overvotes exhaust --skipped-ranks 1\n"
        "  uvaudit count survey.csv --first-column 4 --rules rules.json --json\n\n" +
        std::string(exit_codes));
    command->callback([&] {
        body = [&] {
            if (count.rules_file.empty() && count.method.empty())
                fail_input("audit.method", "count needs --method or --rules");
            count.output = output();
            return audit::count_ballots(count);
        };
    });

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& problem) {
        if (problem.get_exit_code() == 0) return app.exit(problem);
        return console::run_program("uvaudit", [&]() -> console::ExitCode { fail_input("usage", problem.what()); });
    }
    return console::run_program("uvaudit", body);
}
