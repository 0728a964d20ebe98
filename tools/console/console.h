#pragma once
// What all command-line programs share: exit codes, error lines, progress bars, tables, passwords. The only place that
// knows exit codes. Not thread-safe unless said.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "uvpki/clock.h"
#include "uvpki/error.h"
#include "uvpki/secret.h"

namespace uvpki::console {

/// The exit codes of every program.
enum class ExitCode {
    good = 0,
    found_bad = 1,   ///< the thing that was checked is not good
    bad_use = 2,     ///< wrong arguments, unreadable or malformed input, or an act that is not allowed now
};

/// verification_failed is found_bad; everything else bad_use.
ExitCode exit_code_of(const Error& error);

/// Runs `body` and turns what it throws into one line on stderr ("uvca: message (reason)") and an exit code. Steps of the
/// error are shown only when the environment has UVPKI_DEBUG.
int run_program(std::string_view program, const std::function<ExitCode()>& body);

/// A progress bar on stderr when that is a terminal, nothing otherwise. update() may be called very often.
class ProgressBar {
public:
    explicit ProgressBar(std::string label);
    ~ProgressBar();
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;
    void update(std::int64_t done, std::int64_t total);
    /// Ends the line; done by the destructor too.
    void finish();

private:
    std::string label_;
    bool visible_;
    bool drawn_ = false;
    std::chrono::steady_clock::time_point started_;
    std::chrono::steady_clock::time_point last_drawn_;
};

/// Columns aligned for people; numbers (cells of digits only) to the right.
std::string format_table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows);

/// Text safe for a terminal: control characters and what is not UTF-8 are shown as \xNN.
std::string visible(std::string_view text);

/// From the file when one is given (see load_password_file), else asked on the terminal without echo; asked twice for a
/// new one. Throws invalid_input "password.none" when there is neither a file nor a terminal.
enum class PasswordUse { existing, create };
SecretBytes read_password(const std::string& file, std::string_view purpose, PasswordUse use = PasswordUse::existing);

/// The system's clock, or one that stands still at an RFC 3339 time: for rehearsals (`--at`).
std::unique_ptr<Clock> make_clock(const std::string& at);

}  // namespace uvpki::console
