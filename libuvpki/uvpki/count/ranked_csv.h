#pragma once
// Ballots as a spreadsheet: one line per ballot, either a column per candidate with the rank in the cell (as RCTab's
// "generic CSV" and survey programs write it) or a column per rank with the name in the cell (as scanners export it).
// Strict and bounded; names line and column of what it refuses. Stateless, thread-safe.

#include <string>
#include <string_view>

#include "uvpki/count/marks.h"

namespace uvpki::count {

/// What a column stands for.
enum class CsvColumns { candidates, ranks };

/// How a spreadsheet is laid out, and how much is read.
struct RankedCsvOptions {
    CsvColumns columns = CsvColumns::candidates;
    std::uint32_t first_column = 1;   ///< where the choices begin; what stands before (ids, precincts) is passed over
    std::string skipped_label = {};   ///< cells of a rank column that mean "nothing"; an empty cell always does
    std::string overvote_label = {};  ///< cells of a rank column that mean "more than one"
    MarkRules marks = {};
    std::size_t bytes = 256u << 20;
    std::size_t ballots = 10'000'000;
};

/// The first line names the columns. Candidates have the ids "c1", "c2", ... in the order of the columns, or of their
/// names (by bytes) where columns are ranks. The title is empty, seats 1. Throws invalid_input "csv.*" (see parse_csv),
/// "ranked_csv.too_large", "ranked_csv.header", "ranked_csv.row" (another number of fields), "ranked_csv.rank",
/// "ranked_csv.name", and what rank_marks throws.
Profile parse_ranked_csv(std::string_view text, const RankedCsvOptions& options = {});

}  // namespace uvpki::count
