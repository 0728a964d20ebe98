// uvote: a voter's program: enrol once, claim the right to vote, vote, keep a receipt, check it later.

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <functional>

#include "tools/uvote/commands.h"
#include "uvpki/version.h"

namespace {

using namespace uvpki;
using namespace uvpki::voter;

const std::string exit_codes = "Exit codes: 0 good, 1 checked and found bad, 2 bad use or unreadable input.";

std::string default_state() {
    const char* home = std::getenv("HOME");
    return std::string(home != nullptr ? home : ".") + "/.local/share/uvote/state";
}

void add_own_options(CLI::App* sub, Common& common) {
    sub->add_option("--state", common.state, "your encrypted state; or set UVOTE_STATE")
        ->envname("UVOTE_STATE")
        ->capture_default_str();
    sub->add_option("--password-file", common.password_file, "file with your state's password; else asked");
    sub->add_option("--chain", common.chain, "the authority's certificates (PEM), root first")
        ->required()
        ->delimiter(',');
    sub->add_option("--root", common.root, "SHA-256 fingerprint of the root that you trust");
    sub->add_option("--at", common.at, "for rehearsals: this time instead of the clock's (2026-03-02T09:00:00Z)");
    sub->add_flag_callback(
        "--json", [&common] { common.output = Output::json; }, "print canonical JSON");
}

CLI::Option* add_manifest(CLI::App* sub, Common& common) {
    return sub->add_option("--manifest", common.manifest, "manifest.json, with manifest.json.p7s beside it");
}

void add_registrar(CLI::App* sub, Common& common) {
    sub->add_option("--registrar", common.registrars, "the registrar's folder, or ISSUER=FOLDER; once for each")
        ->required();
    sub->add_option("--registrar-password-file", common.registrar_password_files, "file with its password; else asked");
}

CLI::Option* add_ballot_box(CLI::App* sub, Common& common) {
    auto* option = sub->add_option("--ballot-box", common.ballot_box, "the ballot box's folder");
    sub->add_option("--ballot-box-password-file", common.ballot_box_password_file,
                    "file with its password; else asked");
    return option;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Enrol once, claim your right to vote, vote, keep a receipt, check it later.", "uvote"};
    app.set_version_flag("--version", "uvote " + std::string(uvpki::version));
    app.require_subcommand(1);
    app.footer(
        "The way through: enrol, claim, redeem, vote, check. `uvote status` says where you are and lists the "
        "candidates.\n"
        "Every command may be repeated: after a crash it goes on where it was.\nPage: docs/voter.md\n\n" +
        exit_codes);
    std::function<console::ExitCode()> body;
    Common common;
    common.state = default_state();
    const auto add = [&](const char* name, const char* what, const std::string& example,
                         const std::function<console::ExitCode()>& act) {
        auto* sub = app.add_subcommand(name, what);
        sub->footer("Example:\n  uvote " + example + "\n\n" + exit_codes);
        sub->callback([&body, act] { body = act; });
        add_own_options(sub, common);
        return sub;
    };

    std::string invitation, arc;
    auto* sub =
        add("enrol", "Make your voter's key and get your voter certificate",
            "enrol CODE --chain chain.pem --registrar registrar", [&] { return enrol(common, invitation, arc); });
    sub->add_option("INVITATION", invitation, "the one-time code that you were sent; - reads it from standard input")
        ->required();
    sub->add_option("--arc", arc, "the authority's OID arc, when it has one of its own and there is no manifest yet");
    add_manifest(sub, common);
    add_registrar(sub, common);

    std::string style;
    sub = add("claim", "Claim your right to vote: from then on it is on this device alone",
              "claim --style all --manifest manifest.json --chain chain.pem --registrar registrar",
              [&] { return claim(common, style); });
    sub->add_option("--style", style, "your ballot style, as in your invitation")->required();
    add_manifest(sub, common)->required();
    add_registrar(sub, common);

    sub = add("redeem", "Get an anonymous ballot certificate for what you claimed",
              "redeem --manifest manifest.json --chain chain.pem --ballot-box ballot-box",
              [&] { return redeem(common); });
    add_manifest(sub, common)->required();
    add_ballot_box(sub, common)->required();

    VoteArguments voting;
    sub =
        add("vote", "Seal your choices and cast the ballot",
            "vote --choice board=c07,c03,c11 --manifest manifest.json --chain chain.pem --ballot-box ballot-box", [&] {
                voting.common = common;
                return vote(voting);
            });
    add_manifest(sub, common)->required();
    add_ballot_box(sub, common);
    sub->add_option("--choice", voting.choices,
                    "CONTEST=CANDIDATE,... best first; by id or name; CONTEST= leaves it blank");
    sub->add_flag_callback(
        "--yes", [&] { voting.confirmation = VoteArguments::Confirmation::given; }, "do not ask again");
    auto* seal_only =
        sub->add_option("--seal-only", voting.seal_only, "write the sealed ballot to this file, do not send it");
    sub->add_flag_callback(
           "--send", [&] { voting.ballot = VoteArguments::Ballot::sealed_before; },
           "send the ballot that was sealed before")
        ->excludes(seal_only);

    sub =
        add("check", "Verify your receipt and ask where your ballot stands",
            "check --manifest manifest.json --chain chain.pem --ballot-box ballot-box", [&] { return check(common); });
    add_manifest(sub, common)->required();
    add_ballot_box(sub, common);

    sub = add("status", "Say where you are, and list the candidates",
              "status --manifest manifest.json --chain chain.pem", [&] { return show_status(common); });
    add_manifest(sub, common)->required();

    std::string out;
    sub = add("receipt", "Write your receipt to a file, for others to check",
              "receipt --out receipt.p7m --manifest manifest.json --chain chain.pem",
              [&] { return save_receipt(common, out); });
    sub->add_option("--out", out, "the receipt (CMS)")->required();
    add_manifest(sub, common)->required();

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& problem) {
        if (problem.get_exit_code() == 0) return app.exit(problem);
        return console::run_program("uvote", [&]() -> console::ExitCode { fail_input("usage", problem.what()); });
    }
    return console::run_program("uvote", body);
}
