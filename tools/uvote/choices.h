#pragma once
// What a voter types as choices, turned into candidate ids, and shown again by name. Stateless functions, thread-safe.

#include <string>
#include <vector>

#include "uvpki/election/ballot.h"

namespace uvpki::voter {

/// From "CONTEST=candidate,candidate" (repeated for the same contest: further choices), in the ballot's order; contests
/// that are not mentioned are blank. A candidate is an id, or a name that only one candidate of the contest has. Throws
/// invalid_input "vote.usage", "vote.contest", "vote.candidate" or the first finding of check_vote.
std::vector<election::ContestChoices> parse_choices(const election::Manifest& manifest, std::string_view style,
                                                    const std::vector<std::string>& texts);

/// Contests and choices by name, a line each, blank contests named as such.
std::string describe_choices(const election::Manifest& manifest, const std::vector<election::ContestChoices>& contests);

/// The first 16 hex digits of the manifest's SHA-256 in groups of four, to compare with the published ones (T39).
std::string short_hash(const Sha256& digest);

}  // namespace uvpki::voter
