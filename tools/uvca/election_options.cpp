#include "tools/uvca/options.h"

namespace uvpki::uvca {

namespace {

void add_draft_commands(Options& options, CLI::App* group, DraftArguments& draft) {
    const auto command = [&](const char* name, const char* what, const std::string& example,
                             ExitCode (*act)(const DraftArguments&)) {
        auto* sub = options.command(group, name, what, "election " + std::string(name) + " board-2026" + example,
                                    [&draft, act] { return act(draft); });
        options.acting(sub, draft.common);
        sub->add_option("ELECTION", draft.election, "the election's id: lower-case letters, digits, hyphens")
            ->required();
        return sub;
    };
    auto* sub = command("create", "Begin a draft", " --title 'Board election 2026'", create_election);
    sub->add_option("--title", draft.title, "what voters read")->required();

    sub = command("contest", "Add a contest with its counting rule",
                  " --id board --title 'The board' --method stv --seats 3 \\\n    --candidates candidates.csv",
                  add_contest);
    sub->add_option("--id", draft.contest, "the contest's id")->required();
    sub->add_option("--title", draft.title, "what voters read")->required();
    sub->add_option("--candidates", draft.candidates, "CSV with the columns id and name; or add them one by one");
    auto* rules =
        sub->add_option("--rules", draft.rules, "JSON file with the counting rule (docs/formats/counting.md)");
    sub->add_option("--method", draft.method, "plurality, approval, n-of-m, irv, stv or schulze")->excludes(rules);
    sub->add_option("--seats", draft.seats, "how many are elected; default 1")->excludes(rules);
    sub->add_option("--max-choices", draft.max_choices, "most choices on a ballot")->excludes(rules);
    sub->add_option("--threshold", draft.threshold, "stv: droop-whole or droop-fractional")->excludes(rules);
    sub->add_option("--decimals", draft.decimals, "stv: digits after the point")->excludes(rules);
    sub->add_option("--strength", draft.strength, "schulze: winning-votes or margins")->excludes(rules);
    sub->add_option("--tie-break", draft.tie_break, "seed or candidate-order")->excludes(rules);

    sub = command("candidate", "Add a candidate to a contest", " --contest board --id ada --name 'Ada Lovelace'",
                  add_candidate);
    sub->add_option("--contest", draft.contest, "the contest's id")->required();
    sub->add_option("--id", draft.candidate, "the candidate's id")->required();
    sub->add_option("--name", draft.name, "what voters read")->required();

    sub = command("style", "Add a ballot style: the contests of a district", " --id all --contest board", add_style);
    sub->add_option("--id", draft.style, "the style's id")->required();
    sub->add_option("--contest", draft.contests, "in the order of the ballot; once for each")->required();

    sub = command("schedule", "Set the windows (RFC 3339, UTC)",
                  " --claim-opens 2026-05-01T00:00:00Z --claim-closes 2026-05-08T00:00:00Z \\\n"
                  "    --voting-opens 2026-05-09T06:00:00Z --voting-closes 2026-05-11T18:00:00Z \\\n"
                  "    --final-epoch-until 2026-05-12T18:00:00Z",
                  set_schedule);
    sub->add_option("--claim-opens", draft.claim_opens, "voters may claim their right to a ballot from then on")
        ->required();
    sub->add_option("--claim-closes", draft.claim_closes, "until then")->required();
    sub->add_option("--voting-opens", draft.voting_opens, "ballots are accepted from then on")->required();
    sub->add_option("--voting-closes", draft.voting_closes, "until then")->required();
    sub->add_option("--final-epoch-until", draft.final_epoch_until, "nothing published later is counted")->required();
    sub->add_option("--epoch-seconds", draft.epoch_seconds, "ballots are published at most this often")
        ->capture_default_str();
    sub->add_option("--epoch-min-ballots", draft.epoch_min_ballots, "and at least so many together")
        ->capture_default_str();

    sub = command("roll", "Set the frozen roll that the registrar sent", " --roll roll.json", set_roll);
    sub->add_option("--roll", draft.roll, "roll.json")->required();

    sub = command("token-keys", "Set a registrar's blind-signing keys, one for each style",
                  " --issuer registrar-1 --key all=registrar-1-all.pem", set_token_keys);
    sub->add_option("--issuer", draft.issuer, "the registrar's id")->required();
    sub->add_option("--key", draft.keys, "STYLE=FILE (PEM public key); once for each style")->required();

    sub =
        command("ballot-service", "Set Ballot CA and log key of the ballot service",
                " --ballot-ca ballot-ca.pem --log-origin log.example/board-2026 \\\n    --log-key \"$(cat log.vkey)\"",
                set_ballot_service);
    sub->add_option("--ballot-ca", draft.ballot_ca, "its certificate, issued by this authority")->required();
    sub->add_option("--log-origin", draft.log_origin, "the log's name")->required();
    sub->add_option("--log-key", draft.log_key, "the log's verifier key (NAME+HASH+KEY)")->required();

    sub = command("ceremony", "Set the trustees' ceremony and rehearsals, after verifying them",
                  " --transcript transcript.json --board board \\\n"
                  "    --rehearsal rehearsal-1.csr --rehearsal rehearsal-2.csr --rehearsal rehearsal-3.csr",
                  set_ceremony);
    sub->add_option("--transcript", draft.transcript, "transcript.json of the ceremony")->required();
    sub->add_option("--board", draft.board, "folder with the ceremony's messages (*.p7m)")->required();
    sub->add_option("--rehearsal", draft.rehearsals, "trustee 1's, then trustee 2's ...")->required();
}

void add_officer(CLI::App* sub, ElectionArguments& election) {
    auto* signature = sub->add_option("--signature", election.signature, "detached CMS signature made elsewhere");
    sub->add_option("--officer-cert", election.officer_certificate, "the officer's certificate")->excludes(signature);
    sub->add_option("--officer-key", election.officer_key, "the officer's key (encrypted PKCS#8 PEM)")
        ->excludes(signature);
    sub->add_option("--officer-password-file", election.officer_password_file, "its password; else asked")
        ->excludes(signature);
    sub->add_option("--out", election.out, "write the signature here too");
}

}  // namespace

void add_election_commands(Options& options, ElectionCommandLine& line) {
    auto* group = options.group("election", "Define elections and lead them from draft to archive");
    add_draft_commands(options, group, line.draft);

    auto& election = line.election;
    enum class Uses { store, keys };
    const auto command = [&](const char* name, const char* what, const std::string& example, Uses uses,
                             ExitCode (*act)(const ElectionArguments&)) {
        auto* sub = options.command(group, name, what, "election " + std::string(name) + example,
                                    [&election, act] { return act(election); });
        if (uses == Uses::keys)
            options.acting(sub, election.common);
        else
            options.reading(sub, election.common);
        if (!example.empty()) sub->add_option("ELECTION", election.election, "the election's id")->required();
        return sub;
    };
    auto* sub = command("freeze", "Fix the manifest: draft -> ready", " board-2026 --out manifest.json", Uses::keys,
                        freeze_election);
    sub->add_option("--out", election.out, "write the manifest here too");
    options.dry_run(sub, election.common);

    sub = command("activate", "Sign the manifest as an officer and open the election: ready -> open",
                  " board-2026 --officer-cert officer.pem --officer-key officer-key.pem \\\n"
                  "    --out manifest.json.p7s",
                  Uses::keys, activate_election);
    add_officer(sub, election);
    options.dry_run(sub, election.common);

    command("close", "Close after voting: open -> closed", " board-2026", Uses::keys, close_election);

    sub = command("results", "Record the results of the count: closed -> tallied", " board-2026 --results results.json",
                  Uses::keys, record_results);
    sub->add_option("--results", election.results, "results.json")->required();

    sub = command("certify", "Sign the results as an officer: tallied -> certified",
                  " board-2026 --officer-cert officer.pem --officer-key officer-key.pem \\\n"
                  "    --out results.json.p7s",
                  Uses::keys, certify_election);
    add_officer(sub, election);

    command("archive", "Archive: certified -> archived", " board-2026", Uses::keys, archive_election);
    command("list", "List all elections", "", Uses::store, list_elections);
    command("show", "Show one election, what it lacks and what to be warned of", " board-2026", Uses::store,
            show_election);
}

}  // namespace uvpki::uvca
