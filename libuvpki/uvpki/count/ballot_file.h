#pragma once
// Ballots from a file of any format that we read; each format has a reader of its own. Stateless, thread-safe.

#include <optional>
#include <string_view>

#include "uvpki/bytes.h"
#include "uvpki/count/ranked_csv.h"

namespace uvpki::count {

/// The formats that we read.
enum class BallotFormat { blt, preflib, cvr, csv };

/// What a file cannot say itself.
struct BallotFileOptions {
    std::optional<BallotFormat> format = std::nullopt;  ///< found by find_ballot_format when absent
    std::string contest = {};                           ///< cvr: which, see parse_cvr
    RankedCsvOptions csv = {};                          ///< its marks hold for cvr too
};

inline constexpr std::size_t max_ballot_file = 256u << 20;

/// "blt", "preflib", "cvr", "csv". Throws invalid_input "ballots.format".
BallotFormat parse_ballot_format(std::string_view name);

/// By the name's ending (.blt; .soc .soi .toc .toi; .json; .csv), else by the first characters. Throws invalid_input
/// "ballots.format" when neither tells.
BallotFormat find_ballot_format(std::string_view file_name, ByteView content);

/// Throws what the format's reader throws, and "ballots.format".
Profile parse_ballot_file(std::string_view file_name, ByteView content, const BallotFileOptions& options = {});

}  // namespace uvpki::count
