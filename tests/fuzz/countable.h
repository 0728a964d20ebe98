#pragma once
// What must hold of ballots that any reader accepts: they can be counted, and their page holds nothing but text.

#include "tests/fuzz/expect.h"
#include "uvpki/count/count.h"
#include "uvpki/count/marks.h"
#include "uvpki/count/rounds_html.h"

namespace uvpki::fuzz {

inline void require_countable(const count::Profile& profile) {
    if (profile.candidates.size() > 12 || profile.ballots.size() > 200) return;
    const count::Rules rules{.method = count::Method::schulze, .seats = 2, .max_choices = 1000};
    const auto result = count::count_election(profile, rules, as_bytes("seed"));
    require(result.valid + result.blank + result.invalid == result.ballots, "every ballot is of one kind");
    const auto page = count::rounds_html(result.title, {&result});
    require(page.find("<script") == std::string::npos, "names stay text on the page");
}

/// Rules that settle every contradiction.
inline constexpr count::MarkRules lenient{count::Overvote::equal, count::Duplicate::skip, 1000};

}  // namespace uvpki::fuzz
