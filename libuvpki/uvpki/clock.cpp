#include "uvpki/clock.h"

#include <cstdio>

#include "uvpki/error.h"

namespace uvpki {

namespace {

int parse_number(std::string_view text, std::size_t at, std::size_t digits) {
    int value = 0;
    for (std::size_t i = at; i < at + digits; ++i) {
        if (text[i] < '0' || text[i] > '9') return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

}  // namespace

Time SystemClock::now() const {
    return std::chrono::floor<Seconds>(std::chrono::system_clock::now());
}

std::string format_rfc3339(Time time) {
    const auto day = std::chrono::floor<Days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{time - day};
    char text[40];
    std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                  static_cast<int>(clock.seconds().count()));
    return text;
}

Time parse_rfc3339(std::string_view text) {
    const auto refuse = [&] {
        fail_input("time.format", "'" + std::string(text.substr(0, 40)) + "' is not a time like 2026-11-20T15:36:00Z");
    };
    if (text.size() != 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
        text[16] != ':' || text[19] != 'Z')
        refuse();
    const int year = parse_number(text, 0, 4), month = parse_number(text, 5, 2), day = parse_number(text, 8, 2);
    const int hour = parse_number(text, 11, 2), minute = parse_number(text, 14, 2), second = parse_number(text, 17, 2);
    if (year < 0 || month < 0 || day < 0 || hour < 0 || minute < 0 || second < 0) refuse();
    const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (!date.ok() || hour > 23 || minute > 59 || second > 59) refuse();
    return std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} + Seconds{second};
}

Time add_years(Time time, int years) {
    const auto day = std::chrono::floor<Days>(time);
    std::chrono::year_month_day date{day};
    date += std::chrono::years{years};
    if (!date.ok()) date = date.year() / date.month() / std::chrono::last;
    return std::chrono::sys_days{date} + (time - day);
}

}  // namespace uvpki
