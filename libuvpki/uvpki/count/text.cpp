#include "uvpki/count/text.h"

#include <algorithm>
#include <charconv>
#include <unordered_set>

#include "uvpki/encoding.h"

namespace uvpki::count {

std::string_view take_line(std::string_view& rest) {
    const auto end = std::min(rest.find('\n'), rest.size());
    auto line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::optional<std::uint64_t> find_whole_number(std::string_view text, std::uint64_t most) {
    if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
    std::uint64_t value = 0;
    const auto [stop, status] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (status != std::errc{} || stop != text.data() + text.size() || value > most) return std::nullopt;
    return value;
}

bool is_name(std::string_view text) {
    return !trim(text).empty() && text.size() <= 1000 && is_printable_utf8(text);
}

std::optional<std::string> find_repeated_name(const std::vector<Candidate>& candidates) {
    std::unordered_set<std::string_view> seen;
    for (const auto& candidate : candidates) {
        if (!seen.insert(candidate.name).second) return candidate.name;
    }
    return std::nullopt;
}

}  // namespace uvpki::count
