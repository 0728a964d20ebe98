#include "tools/console/console.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "uvpki/encoding.h"

namespace uvpki::console {

namespace {

/// Switches the terminal's echo off for as long as it lives.
class EchoOff {
public:
    explicit EchoOff(int terminal) : terminal_(terminal) {
        known_ = ::tcgetattr(terminal_, &before_) == 0;
        if (!known_) return;
        auto silent = before_;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        ::tcsetattr(terminal_, TCSAFLUSH, &silent);
    }
    ~EchoOff() {
        if (known_) ::tcsetattr(terminal_, TCSAFLUSH, &before_);
    }
    EchoOff(const EchoOff&) = delete;
    EchoOff& operator=(const EchoOff&) = delete;

private:
    int terminal_;
    termios before_{};
    bool known_ = false;
};

SecretBytes ask(int terminal, std::string_view prompt) {
    const auto show = [&](std::string_view text) {
        if (::write(terminal, text.data(), text.size()) < 0) fail_input("password.none", "the terminal cannot be written to");
    };
    show(prompt);
    SecretBytes line(std::size_t{1024});
    std::size_t size = 0;
    {
        const EchoOff silent(terminal);
        char c = 0;
        while (size < line.size() && ::read(terminal, &c, 1) == 1 && c != '\n' && c != '\r')
            line.writable()[size++] = static_cast<std::uint8_t>(c);
    }
    show("\n");
    if (size == 0) fail_input("password.none", "no password was given");
    return SecretBytes(line.view().first(size));
}

std::size_t display_width(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string duration_text(std::int64_t seconds) {
    char text[32];
    std::snprintf(text, sizeof text, "%lld:%02lld", static_cast<long long>(seconds / 60),
                  static_cast<long long>(seconds % 60));
    return text;
}

}  // namespace

ExitCode exit_code_of(const Error& error) {
    return error.code() == ErrorCode::verification_failed ? ExitCode::found_bad : ExitCode::bad_use;
}

int run_program(std::string_view program, const std::function<ExitCode()>& body) {
    const auto say = [&](const std::string& text) {
        std::fprintf(stderr, "%.*s: %s\n", static_cast<int>(program.size()), program.data(), visible(text).c_str());
    };
    try {
        const auto code = body();
        if (std::fflush(stdout) != 0) fail(ErrorCode::unavailable, "output.unwritable", "standard output cannot be written");
        return static_cast<int>(code);
    } catch (const Error& error) {
        say(error.what());
        if (std::getenv("UVPKI_DEBUG") != nullptr)
            for (const auto& step : error.steps()) say("  while " + step);
        return static_cast<int>(exit_code_of(error));
    } catch (const std::exception& other) {
        say(std::string("unexpected failure: ") + other.what());
        return static_cast<int>(ExitCode::bad_use);
    }
}

ProgressBar::ProgressBar(std::string label)
    : label_(std::move(label)), visible_(::isatty(STDERR_FILENO) == 1), started_(std::chrono::steady_clock::now()) {}

ProgressBar::~ProgressBar() { finish(); }

void ProgressBar::update(std::int64_t done, std::int64_t total) {
    if (!visible_) return;
    const auto now = std::chrono::steady_clock::now();
    if (drawn_ && done < total && now - last_drawn_ < std::chrono::milliseconds(100)) return;
    last_drawn_ = now;
    drawn_ = true;
    constexpr int width = 30;
    const double share = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 1.0;
    const int filled = std::clamp(static_cast<int>(share * width), 0, width);
    const auto elapsed = std::chrono::duration_cast<std::chrono::seconds>(now - started_).count();
    const auto left = done > 0 ? static_cast<std::int64_t>(static_cast<double>(elapsed) * (1.0 - share) / share) : 0;
    std::fprintf(stderr, "\r%-24s [%s%s] %3d%%  %lld/%lld  %s%s\x1b[K", label_.c_str(),
                 std::string(static_cast<std::size_t>(filled), '#').c_str(),
                 std::string(static_cast<std::size_t>(width - filled), '.').c_str(), static_cast<int>(share * 100),
                 static_cast<long long>(done), static_cast<long long>(total), duration_text(elapsed).c_str(),
                 done < total ? ("  " + duration_text(left) + " left").c_str() : "");
    std::fflush(stderr);
}

void ProgressBar::finish() {
    if (drawn_) std::fputc('\n', stderr);
    drawn_ = false;
}

std::string format_table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths;
    for (const auto& title : header) widths.push_back(display_width(title));
    for (const auto& row : rows)
        for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i)
            widths[i] = std::max(widths[i], display_width(visible(row[i])));
    std::string text;
    const auto add = [&](const std::vector<std::string>& row) {
        std::string line;
        for (std::size_t i = 0; i < widths.size(); ++i) {
            const auto cell = i < row.size() ? visible(row[i]) : std::string();
            const std::string fill(widths[i] - display_width(cell), ' ');
            const bool number = !cell.empty() && cell.find_first_not_of("0123456789.,%") == std::string::npos;
            line += (number ? fill + cell : cell + fill) + (i + 1 < widths.size() ? "  " : "");
        }
        while (!line.empty() && line.back() == ' ') line.pop_back();
        text += line + "\n";
    };
    add(header);
    std::vector<std::string> rule;
    for (const auto width : widths) rule.emplace_back(width, '-');
    add(rule);
    for (const auto& row : rows) add(row);
    return text;
}

std::string visible(std::string_view text) {
    const bool good = is_utf8(text);
    std::string shown;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte != 0x7F && (byte < 0x80 || good)) {
            shown += c;
            continue;
        }
        char escaped[8];
        std::snprintf(escaped, sizeof escaped, "\\x%02x", byte);
        shown += escaped;
    }
    return shown;
}

SecretBytes read_password(const std::string& file, std::string_view purpose, PasswordUse use) {
    if (!file.empty()) return load_password_file(file);
    const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (terminal < 0)
        fail_input("password.none", "a password for " + std::string(purpose) +
                                        " is needed: name a file with --password-file, or use a terminal");
    const std::unique_ptr<const int, void (*)(const int*)> closer(&terminal, [](const int* fd) { ::close(*fd); });
    auto password = ask(terminal, "Password for " + std::string(purpose) + ": ");
    if (use == PasswordUse::create) {
        const auto again = ask(terminal, "The same again: ");
        if (!equal(password.view(), again.view())) fail_input("password.differ", "the two passwords differ");
        if (password.size() < 12) fail_input("password.short", "a password has at least 12 characters");
    }
    return password;
}

std::unique_ptr<Clock> make_clock(const std::string& at) {
    if (at.empty()) return std::make_unique<SystemClock>();
    return std::make_unique<SimulatedClock>(parse_rfc3339(at));
}

}  // namespace uvpki::console
