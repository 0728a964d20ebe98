#pragma once
// What the readers of ballot files share: blanks, whole numbers, names. Private to counting.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "uvpki/count/ballots.h"

namespace uvpki::count {

inline constexpr std::string_view blanks = " \t";
inline constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// The first line of `rest` without its end (LF or CRLF); `rest` becomes what follows.
std::string_view take_line(std::string_view& rest);

std::string_view trim(std::string_view text);

/// Decimal digits alone, at most `most`; nothing else is a number.
std::optional<std::uint64_t> find_whole_number(std::string_view text, std::uint64_t most);

/// A name that people can be shown: not empty, printable, at most 1000 bytes.
bool is_name(std::string_view text);

/// The name that an earlier candidate has too, or nothing.
std::optional<std::string> find_repeated_name(const std::vector<Candidate>& candidates);

}  // namespace uvpki::count
