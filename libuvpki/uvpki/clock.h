#pragma once
// Time as an argument: whoever needs "now" is handed a Clock. Times are whole seconds in UTC.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace uvpki {

using Time = std::chrono::sys_seconds;
using Seconds = std::chrono::seconds;
using Days = std::chrono::days;

/// A certificate's "no well-defined expiration date". RFC 5280, section 4.1.2.5: 99991231235959Z.
inline constexpr Time no_expiry{Seconds{253402300799}};

class Clock {
public:
    virtual ~Clock() = default;
    virtual Time now() const = 0;
};

class SystemClock final : public Clock {
public:
    Time now() const override;
};

/// A clock that stands still until it is moved; thread-safe. For the demo, rehearsals and tests.
class SimulatedClock final : public Clock {
public:
    explicit SimulatedClock(Time start) : seconds_(start.time_since_epoch().count()) {}
    Time now() const override { return Time{Seconds{seconds_.load()}}; }
    void set(Time time) { seconds_.store(time.time_since_epoch().count()); }
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

inline std::int64_t unix_seconds(Time time) { return time.time_since_epoch().count(); }
inline Time from_unix_seconds(std::int64_t seconds) { return Time{Seconds{seconds}}; }

}  // namespace uvpki
