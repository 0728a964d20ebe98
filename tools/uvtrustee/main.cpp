// uvtrustee: a trustee's part in the key ceremony, by files carried by hand: plan, steps, backup, rehearsal, release.

#include <CLI/CLI.hpp>
#include <functional>

#include "tools/uvtrustee/commands.h"
#include "uvpki/version.h"

namespace {

using namespace uvpki;
using namespace uvpki::trustee;

const std::string exit_codes = "Exit codes: 0 good, 1 checked and found bad, 2 bad use or unreadable input.";

/// The options that several commands share, each added in one place.
class Options {
public:
    explicit Options(CLI::App& app) : app_(app) {}

    CLI::App* command(const char* name, const char* what, const std::string& example,
                      const std::function<console::ExitCode()>& act) {
        auto* sub = app_.add_subcommand(name, what);
        sub->footer("Example:\n  uvtrustee " + example + "\n\n" + exit_codes);
        sub->callback([this, act] { body_ = act; });
        return sub;
    }
    void json(CLI::App* sub, Output& output) {
        sub->add_flag_callback(
            "--json", [&output] { output = Output::json; }, "print canonical JSON");
    }
    void common(CLI::App* sub, Common& common) {
        sub->add_option("--trust", common.trust, "PEM files with the authority's certificates, the root first")
            ->required()
            ->delimiter(',');
        sub->add_option("--root", common.root, "SHA-256 fingerprint of the root that you trust");
        sub->add_option("--arc", common.arc, "the authority's OID arc, when it has one of its own");
        sub->add_option("--at", common.at, "for rehearsals: this time instead of the clock's (2026-03-02T09:00:00Z)");
        json(sub, common.output);
    }
    void board(CLI::App* sub, std::string& plan, std::string& board) {
        sub->add_option("--plan", plan, "the ceremony's plan")->required();
        sub->add_option("--board", board, "folder with everybody's messages (*.p7m)")->required();
    }
    void ceremony(CLI::App* sub, CeremonyFiles& files) {
        sub->add_option("--transcript", files.transcript, "transcript.json of the ceremony")->required();
        sub->add_option("--board", files.board, "folder with the ceremony's messages (*.p7m)")->required();
    }
    void closing(CLI::App* sub, ClosingFiles& files) {
        sub->add_option("--manifest", files.manifest, "manifest.json, with manifest.json.p7s beside it")->required();
        sub->add_option("--checkpoint", files.checkpoint, "the log's final checkpoint")->required();
    }
    /// Files of state and keys, each with a password of its own.
    void secrets(CLI::App* sub, StepArguments& step) {
        sub->add_option("--index", step.index, "your number in the plan, from 1")->required();
        sub->add_option("--state", step.state, "your state between the steps (encrypted)")->required();
        sub->add_option("--state-password-file", step.state_password_file,
                        "file with the state's password; else asked");
        sub->add_option("--enc-key", step.encryption_key, "your encryption key (encrypted PKCS#8 PEM)")->required();
        sub->add_option("--enc-key-password-file", step.encryption_key_password_file, "its password; else asked");
    }
    const std::function<console::ExitCode()>& body() const { return body_; }

private:
    CLI::App& app_;
    std::function<console::ExitCode()> body_;
};

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"A trustee's part in the key ceremony and after closing, by files carried by hand.", "uvtrustee"};
    app.set_version_flag("--version", "uvtrustee " + std::string(uvpki::version));
    app.require_subcommand(1);
    app.footer(
        "The way through: plan, step (until all have confirmed), conclude, backup, rehearse, check-rehearsal;\n"
        "after closing: release, and open by the counting officer. Passwords are asked, or read from a file.\n"
        "Page: docs/trustee.md\n\n" +
        exit_codes);
    Options options(app);

    PlanArguments plan;
    auto* sub = options.command("plan", "Write down who takes part and how many are needed to open the election",
                                "plan --election board-2026 --needed 2 --trustee 'Ada=ada.pem,ada-enc.pem' \\\n"
                                "    --trustee 'Bo=bo.pem,bo-enc.pem' --trustee 'Cy=cy.pem,cy-enc.pem' \\\n"
                                "    --trust root.pem,chain.pem --out plan.json",
                                [&] { return make_plan(plan); });
    options.common(sub, plan.common);
    sub->add_option("--election", plan.election, "the election's id")->required();
    sub->add_option("--needed", plan.needed, "how many trustees open the election; more than half")->required();
    sub->add_option("--trustee", plan.trustees, "NAME=SIGNING.pem,ENCRYPTION.pem; once for each, in order")->required();
    sub->add_option("--attempt", plan.attempt, "number of this attempt")->capture_default_str();
    sub->add_option("--previous", plan.previous, "record of the failed attempt before (uvtrustee fail)");
    sub->add_option("--out", plan.out, "the plan")->required();

    StepArguments step;
    sub = options.command("step", "Do the step of the ceremony that is due for you",
                          "step --plan plan.json --board board --index 1 --state ada.state --key ada-key.pem \\\n"
                          "    --enc-key ada-enc-key.pem --trust root.pem,chain.pem",
                          [&] { return do_step(step); });
    options.common(sub, step.common);
    options.board(sub, step.plan, step.board);
    options.secrets(sub, step);
    sub->add_option("--key", step.key, "your signing key (encrypted PKCS#8 PEM)")->required();
    sub->add_option("--key-password-file", step.key_password_file, "its password; else asked");

    BoardArguments board;
    sub = options.command("status", "Show what is posted, who is awaited, and what is wrong",
                          "status --plan plan.json --board board --trust root.pem,chain.pem",
                          [&] { return show_status(board); });
    options.common(sub, board.common);
    options.board(sub, board.plan, board.board);

    sub = options.command("conclude", "Write the transcript once everybody has confirmed",
                          "conclude --plan plan.json --board board --trust root.pem,chain.pem --out transcript.json",
                          [&] { return conclude(board); });
    options.common(sub, board.common);
    options.board(sub, board.plan, board.board);
    sub->add_option("--out", board.out, "the transcript")->required();

    sub = options.command(
        "fail", "Put a failed attempt on record, for the plan of the next one",
        "fail --plan plan.json --board board --trust root.pem,chain.pem --absent 3 --out failure-1.json",
        [&] { return record_failure(board); });
    options.common(sub, board.common);
    options.board(sub, board.plan, board.board);
    sub->add_option("--absent", board.absent, "number of a trustee who stopped answering");
    sub->add_option("--out", board.out, "the record")->required();

    BackupArguments backup;
    sub = options.command("backup", "Keep your share under a password and destroy the ceremony's state",
                          "backup --plan plan.json --board board --index 1 --state ada.state \\\n"
                          "    --enc-key ada-enc-key.pem --trust root.pem,chain.pem --out ada.share",
                          [&] { return make_backup(backup); });
    options.common(sub, backup.step.common);
    options.board(sub, backup.step.plan, backup.step.board);
    options.secrets(sub, backup.step);
    sub->add_option("--password-file", backup.password_file, "file with the backup's new password; else asked");
    sub->add_option("--out", backup.out, "the backup")->required();

    RehearsalArguments rehearsal;
    sub = options.command("rehearse", "Prove from the backup that your share works",
                          "rehearse --backup ada.share --out rehearsal-1.csr", [&] { return rehearse(rehearsal); });
    sub->add_option("--backup", rehearsal.backup, "your share")->required();
    sub->add_option("--password-file", rehearsal.password_file, "file with the backup's password; else asked");
    sub->add_option("--out", rehearsal.out, "the proof, a certification request")->required();
    options.json(sub, rehearsal.output);

    CheckRehearsalArguments checking;
    sub = options.command("check-rehearsal", "Check the proofs of all trustees",
                          "check-rehearsal --transcript transcript.json --board board --trust root.pem,chain.pem \\\n"
                          "    --request 1=rehearsal-1.csr --request 2=rehearsal-2.csr --request 3=rehearsal-3.csr",
                          [&] { return check_rehearsals(checking); });
    options.common(sub, checking.common);
    options.ceremony(sub, checking.ceremony);
    sub->add_option("--request", checking.requests, "INDEX=FILE; once for each trustee")->required();

    ReleaseArguments releasing;
    sub = options.command("release", "After closing: sign the final checkpoint and release your share for it",
                          "release --transcript transcript.json --board board --trust root.pem,chain.pem \\\n"
                          "    --manifest manifest.json --checkpoint checkpoint --backup ada.share --cert ada.pem \\\n"
                          "    --key ada-key.pem --counting-cert counting.pem --out release",
                          [&] { return release(releasing); });
    options.common(sub, releasing.common);
    options.ceremony(sub, releasing.ceremony);
    options.closing(sub, releasing.closing);
    sub->add_option("--backup", releasing.backup, "your share")->required();
    sub->add_option("--password-file", releasing.password_file, "file with the backup's password; else asked");
    sub->add_option("--cert", releasing.certificate, "your signing certificate (PEM), also a renewed one")->required();
    sub->add_option("--key", releasing.key, "your signing key (encrypted PKCS#8 PEM)")->required();
    sub->add_option("--key-password-file", releasing.key_password_file, "its password; else asked");
    sub->add_option("--counting-cert", releasing.counting_certificate, "the counting officer's encryption certificate")
        ->required();
    sub->add_option("--out", releasing.out, "folder for checkpoint-N.p7m and release-N.p7m")->required();

    OpenArguments opening;
    sub = options.command("open", "Counting officer: open the releases and put the election key together",
                          "open --transcript transcript.json --board board --trust root.pem,chain.pem \\\n"
                          "    --manifest manifest.json --checkpoint checkpoint --release release-1.p7m \\\n"
                          "    --release release-3.p7m --counting-key counting-key.pem --out-shares shares",
                          [&] { return open_releases(opening); });
    options.common(sub, opening.common);
    options.ceremony(sub, opening.ceremony);
    options.closing(sub, opening.closing);
    sub->add_option("--release", opening.releases, "a trustee's release; once for each")->required();
    sub->add_option("--counting-key", opening.counting_key, "the counting officer's key (encrypted PKCS#8 PEM)")
        ->required();
    sub->add_option("--counting-key-password-file", opening.counting_key_password_file, "its password; else asked");
    sub->add_option("--out-shares", opening.out, "folder for share-N.pem and election-key.pem")->required();

    Common checklist;
    sub = options.command("checklist", "Print the checklist for the ceremony", "checklist",
                          [&] { return print_checklist(checklist); });
    options.json(sub, checklist.output);

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& problem) {
        if (problem.get_exit_code() == 0) return app.exit(problem);
        return console::run_program("uvtrustee", [&]() -> console::ExitCode { fail_input("usage", problem.what()); });
    }
    return console::run_program("uvtrustee", options.body());
}
