#pragma once
// Epochs: the only way ballots become public. A list in sha256sum format sorted by hash, with one RFC 3161 token over
// it.

#include <string>
#include <vector>

#include "uvpki/digest.h"

namespace uvpki::election {

/// "ballots/ab/<64 hex>.p7m"
std::string ballot_path(const Sha256& leaf);
/// "epochs/0007.sha256"; epoch numbers start at 1.
std::string epoch_list_path(std::int64_t number);
/// "epochs/0007.tsr"
std::string epoch_token_path(std::int64_t number);

/// One line "<64 hex>  ballots/ab/<64 hex>.p7m\n" per leaf, ascending, so that `sha256sum -c` works in the package.
std::string format_epoch_list(std::vector<Sha256> leaves);
/// Strict inverse: throws invalid_input "epoch.list" with the line number (order, repeats, path that does not fit).
std::vector<Sha256> parse_epoch_list(std::string_view text);

}  // namespace uvpki::election
