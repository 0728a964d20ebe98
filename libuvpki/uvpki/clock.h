#pragma once
// Time as an argument: whoever needs "now" is handed a Clock. Times are whole seconds in UTC.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace uvpki {

/// A point in time: whole seconds since 1970, UTC.
using Time = std::chrono::sys_seconds;
/// A span of whole seconds.
using Seconds = std::chrono::seconds;
/// A span of whole days of 86,400 seconds.
using Days = std::chrono::days;

/// A certificate's "no well-defined expiration date". RFC 5280, section 4.1.2.5: 99991231235959Z.
inline constexpr Time no_expiry{Seconds{253402300799}};

/// Whoever needs the time is handed one of these.
class Clock {
public:
    virtual ~Clock() = default;
    virtual Time now() const = 0;
};

/// The machine's clock; thread-safe.
class SystemClock final : public Clock {
public:
    Time now() const override;
};

/// A clock that stands still until it is moved; thread-safe. For the demo, rehearsals and tests.
class SimulatedClock final : public Clock {
public:
    /// Stands at `start`.
    explicit SimulatedClock(Time start) : seconds_(start.time_since_epoch().count()) {}
    Time now() const override { return Time{Seconds{seconds_.load()}}; }
    /// Moves the clock, also backwards.
    void set(Time time) { seconds_.store(time.time_since_epoch().count()); }
    /// Moves the clock on.
    void advance(Seconds by) { seconds_.fetch_add(by.count()); }

private:
    std::atomic<std::int64_t> seconds_;
};

/// "2026-11-20T15:36:00Z" (RFC 3339, UTC, whole seconds).
std::string format_rfc3339(Time time);

/// Exactly the form that format_rfc3339 writes, years 0000-9999; throws invalid_input "time.format" otherwise.
Time parse_rfc3339(std::string_view text);

/// Whole years later on the calendar; 29 February becomes 28 February where needed.
Time add_years(Time time, int years);

/// Seconds since 1970-01-01T00:00:00Z.
inline std::int64_t unix_seconds(Time time) {
    return time.time_since_epoch().count();
}
/// The time so many seconds after 1970-01-01T00:00:00Z.
inline Time from_unix_seconds(std::int64_t seconds) {
    return Time{Seconds{seconds}};
}

}  // namespace uvpki
