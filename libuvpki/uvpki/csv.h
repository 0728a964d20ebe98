#pragma once
// CSV as people's spreadsheets write it (RFC 4180), UTF-8 only, and CSV out that a spreadsheet will not run as a
// formula.

#include <string>
#include <string_view>
#include <vector>

namespace uvpki {

/// What a table may have at most.
struct CsvLimits {
    std::size_t rows = 2'000'000;
    std::size_t columns = 256;
    std::size_t field_bytes = 4096;
};

/// One row and where it stands.
struct CsvRow {
    std::size_t line = 0;  ///< 1-based line of the file on which the row starts
    std::vector<std::string> fields;
};

/// All rows, the header included; empty lines are passed over; a UTF-8 byte order mark is dropped. Throws invalid_input
/// "csv.encoding", "csv.quote", "csv.too_large" with the line number.
std::vector<CsvRow> parse_csv(std::string_view text, CsvLimits limits = {});

/// One line ended by \n. Fields that start with = + - @ tab or carriage return get a leading apostrophe.
std::string format_csv_row(const std::vector<std::string>& fields);

}  // namespace uvpki
