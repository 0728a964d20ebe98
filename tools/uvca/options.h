#pragma once
// The command line of uvca: how commands are declared and the options that several of them share. Private to main.cpp
// and election_options.cpp, the only files that know CLI11.

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <functional>
#include <string>

#include "tools/uvca/commands.h"

namespace uvpki::uvca {

inline const std::string exit_codes = "Exit codes: 0 good, 1 checked and found bad, 2 bad use or unreadable input.";

class Options {
public:
    explicit Options(CLI::App& app) : app_(app) {}

    CLI::App* command(CLI::App* group, const char* name, const char* what, const std::string& example,
                      const std::function<ExitCode()>& act) {
        auto* sub = group->add_subcommand(name, what);
        sub->footer("Example:\n  uvca " + example + "\n\n" + exit_codes);
        sub->callback([this, act] { body_ = act; });
        return sub;
    }
    CLI::App* command(const char* name, const char* what, const std::string& example,
                      const std::function<ExitCode()>& act) {
        return command(&app_, name, what, example, act);
    }
    CLI::App* group(const char* name, const char* what) {
        auto* sub = app_.add_subcommand(name, what);
        sub->require_subcommand(1);
        sub->footer("`uvca " + std::string(name) + " COMMAND --help` shows an example of each.\n\n" + exit_codes);
        return sub;
    }

    void json(CLI::App* sub, Output& output) {
        sub->add_flag_callback(
            "--json", [&output] { output = Output::json; }, "print canonical JSON");
    }
    void dry_run(CLI::App* sub, Common& common) {
        sub->add_flag_callback(
            "--dry-run", [&common] { common.mode = Mode::rehearse; }, "check and show everything, change nothing");
    }
    /// For commands that only look.
    void reading(CLI::App* sub, Common& common) {
        sub->add_option("--folder", common.folder, "the authority's folder; else UVCA_FOLDER");
        sub->add_option("--at", common.at, "for rehearsals: this time instead of the clock's (2026-03-02T09:00:00Z)");
        json(sub, common.output);
    }
    /// For commands that use the authority's keys.
    void acting(CLI::App* sub, Common& common) {
        reading(sub, common);
        sub->add_option("--password-file", common.password_file,
                        "file with the password of the authority's keys; else UVCA_PASSWORD_FILE,"
                        " else asked");
        sub->add_option("--actor", common.actor, "who acts, for the audit log; else UVCA_ACTOR");
    }
    void root(CLI::App* sub, Common& common) {
        sub->add_option("--folder", common.folder, "the root's folder; else UVCA_ROOT_FOLDER");
        sub->add_option("--password-file", common.password_file, "file with the root key's password; else asked");
        sub->add_option("--at", common.at, "for rehearsals: this time instead of the clock's (2026-03-02T09:00:00Z)");
        json(sub, common.output);
    }
    const std::function<ExitCode()>& body() const { return body_; }

private:
    CLI::App& app_;
    std::function<ExitCode()> body_;
};

/// What the environment says where the command line says nothing.
inline Common common_from_environment(const char* folder_variable) {
    const auto value = [](const char* name) {
        const char* found = std::getenv(name);
        return std::string(found == nullptr ? "" : found);
    };
    Common common;
    common.folder = value(folder_variable);
    if (const auto actor = value("UVCA_ACTOR"); !actor.empty()) common.actor = actor;
    return common;
}
/// The same for what opens the authority.
inline Common authority_from_environment() {
    auto common = common_from_environment("UVCA_FOLDER");
    const char* file = std::getenv("UVCA_PASSWORD_FILE");
    common.password_file = file == nullptr ? "" : file;
    return common;
}

/// What the election commands read; lives as long as the program.
struct ElectionCommandLine {
    DraftArguments draft;
    ElectionArguments election;
};
/// Defined in election_options.cpp.
void add_election_commands(Options& options, ElectionCommandLine& line);

}  // namespace uvpki::uvca
