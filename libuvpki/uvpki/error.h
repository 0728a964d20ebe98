#pragma once
// The one exception type of the project. `reason` is a stable dotted word ("x509.path.expired") that callers, tests and
// problem documents rely on; `message` is one sentence a client may see; `steps` say what the program was doing (log
// only).

#include <concepts>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace uvpki {

/// What kind of failure it is: what a caller can do about it.
enum class ErrorCode {
    invalid_input,        ///< the caller's bytes, text or arguments break a rule
    verification_failed,  ///< well-formed, but a signature, chain, token or proof does not hold
    forbidden,            ///< the caller may not do this, or not now
    not_found,
    conflict,     ///< contradicts what is already stored
    unavailable,  ///< try again later: store busy, disk full, file unreadable
    internal,     ///< a library call failed or an invariant broke
};

/// The failure of a call; see the comment of this file for its parts.
class Error : public std::exception {
public:
    /// `reason` is the dotted word, `message` the sentence that a client may see.
    Error(ErrorCode code, std::string reason, std::string message);

    ErrorCode code() const noexcept { return code_; }
    const std::string& reason() const noexcept { return reason_; }
    const std::string& message() const noexcept { return message_; }
    const std::vector<std::string>& steps() const noexcept { return steps_; }
    /// Says what the program was doing, innermost first.
    void add_step(std::string step) { steps_.push_back(std::move(step)); }

    /// "message (reason)"
    const char* what() const noexcept override { return what_.c_str(); }

private:
    ErrorCode code_;
    std::string reason_;
    std::string message_;
    std::string what_;
    std::vector<std::string> steps_;
};

/// Throws an Error made of these.
[[noreturn]] void fail(ErrorCode code, std::string_view reason, std::string message);

/// Shorthand for the commonest failure: outside bytes that break a rule.
[[noreturn]] inline void fail_input(std::string_view reason, std::string message) {
    fail(ErrorCode::invalid_input, reason, std::move(message));
}

/// Runs `action`; an Error that passes through is told what was being done.
template <std::invocable Action>
decltype(auto) during(std::string_view step, Action&& action) {
    try {
        return std::forward<Action>(action)();
    } catch (Error& error) {
        error.add_step(std::string(step));
        throw;
    }
}

/// One thing that a check_ function found: the rule that is broken and a sentence about how.
struct Finding {
    std::string rule;  ///< stable dotted word, as Error::reason
    std::string message;
    bool operator==(const Finding&) const = default;
};

}  // namespace uvpki
