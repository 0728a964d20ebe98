#pragma once
// What the uvtrustee program does, one function per command, without the reading of command lines. Each prints to
// stdout (JSON with Output::json) and throws Error. One thread.

#include <string>
#include <vector>

#include "tools/console/console.h"

namespace uvpki::trustee {

using console::ExitCode;

enum class Output { text, json };

/// What every command may be given.
struct Common {
    std::vector<std::string> trust;  ///< PEM files, root first
    std::string root;                ///< fingerprint that the root must have; may be empty
    std::string arc;                 ///< the authority's OID arc; empty: the documentation arc
    std::string at;                  ///< RFC 3339 time instead of the clock's
    Output output = Output::text;
};

// ---- the ceremony ----

struct PlanArguments {
    Common common;
    std::string election;
    int needed = 0;
    std::vector<std::string> trustees;  ///< NAME=SIGNING.pem,ENCRYPTION.pem
    int attempt = 1;
    std::string previous;  ///< failure record of the attempt before
    std::string out;
};
ExitCode make_plan(const PlanArguments& arguments);

struct BoardArguments {
    Common common;
    std::string plan;
    std::string board;
    std::string out;          ///< conclude: the transcript; fail: the failure record
    std::vector<int> absent;  ///< fail: trustees who stopped answering
};
ExitCode show_status(const BoardArguments& arguments);
/// Writes the transcript once everybody has confirmed.
ExitCode conclude(const BoardArguments& arguments);
/// Writes the record of a failed attempt, for the next plan.
ExitCode record_failure(const BoardArguments& arguments);

struct StepArguments {
    Common common;
    std::string plan;
    std::string board;
    int index = 0;
    std::string state;
    std::string key;
    std::string encryption_key;
    std::string state_password_file;
    std::string key_password_file;
    std::string encryption_key_password_file;
};
/// Does the one step that is due for this trustee, or says who is awaited.
ExitCode do_step(const StepArguments& arguments);

struct BackupArguments {
    StepArguments step;  ///< without `key`
    std::string out;
    std::string password_file;  ///< of the backup
};
/// Writes the share under a password, proves that it can be used, and only then destroys the state.
ExitCode make_backup(const BackupArguments& arguments);

ExitCode print_checklist(const Common& common);

// ---- rehearsal and release ----

struct RehearsalArguments {
    std::string backup;
    std::string password_file;
    std::string out;
    Output output = Output::text;
};
ExitCode rehearse(const RehearsalArguments& arguments);

/// Transcript and board, with which everything after the ceremony is checked.
struct CeremonyFiles {
    std::string transcript;
    std::string board;
};

struct CheckRehearsalArguments {
    Common common;
    CeremonyFiles ceremony;
    std::vector<std::string> requests;  ///< INDEX=FILE
};
ExitCode check_rehearsals(const CheckRehearsalArguments& arguments);

/// The signed manifest (with its signature beside it, .p7s) and the final checkpoint.
struct ClosingFiles {
    std::string manifest;
    std::string checkpoint;
};

struct ReleaseArguments {
    Common common;
    CeremonyFiles ceremony;
    ClosingFiles closing;
    std::string backup;
    std::string password_file;
    std::string certificate;
    std::string key;
    std::string key_password_file;
    std::string counting_certificate;
    std::string out;  ///< folder
};
/// Refused (forbidden "release.too_early") before the manifest's final_epoch_until, and (conflict "release.other_root")
/// for a second checkpoint.
ExitCode release(const ReleaseArguments& arguments);

struct OpenArguments {
    Common common;
    CeremonyFiles ceremony;
    ClosingFiles closing;
    std::vector<std::string> releases;
    std::string counting_key;
    std::string counting_key_password_file;
    std::string out;  ///< folder
};
/// found_bad when a release is bad, also when the others sufficed for the key.
ExitCode open_releases(const OpenArguments& arguments);

}  // namespace uvpki::trustee
