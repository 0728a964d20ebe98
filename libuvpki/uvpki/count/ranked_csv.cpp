#include "uvpki/count/ranked_csv.h"

#include <algorithm>
#include <map>

#include "uvpki/count/text.h"
#include "uvpki/csv.h"
#include "uvpki/error.h"

namespace uvpki::count {
namespace {

class Sheet {
public:
    Sheet(std::vector<CsvRow> rows, const RankedCsvOptions& options) : rows_(std::move(rows)), options_(options) {
        if (rows_.empty())
            fail_input("ranked_csv.header", "The CSV file is empty: its first line must name the columns.");
        const auto columns = rows_.front().fields.size();
        if (options.first_column < 1 || options.first_column > columns) {
            fail_input("ranked_csv.header", "The CSV file has " + std::to_string(columns) +
                                                " columns; choices cannot "
                                                "begin at column " +
                                                std::to_string(options.first_column) + ".");
        }
        first_ = options.first_column - 1;
        if (columns - first_ > max_candidates)
            fail_input("ranked_csv.header", "There are more than 1000 choice columns.");
        for (const auto& row : rows_) {
            if (row.fields.size() != columns) {
                fail_input("ranked_csv.row", where(row) + " has " + std::to_string(row.fields.size()) +
                                                 " fields, the first line " + std::to_string(columns) + ".");
            }
        }
    }

    Profile read() {
        options_.columns == CsvColumns::candidates ? name_candidates_by_column() : name_candidates_by_cells();
        if (profile_.candidates.empty()) fail_input("ranked_csv.name", "No cell of the CSV file names a candidate.");
        if (const auto name = find_repeated_name(profile_.candidates)) {
            fail_input("ranked_csv.header", "Two columns of the CSV file have the name \"" + *name + "\".");
        }
        for (std::size_t i = 1; i < rows_.size(); ++i) read_ballot(rows_[i]);
        return std::move(profile_);
    }

private:
    static std::string where(const CsvRow& row) { return "Line " + std::to_string(row.line) + " of the CSV file"; }

    std::string cell(const CsvRow& row, std::size_t column) const {
        return where(row) + ", column " + std::to_string(column + 1);
    }

    /// The cell of a rank column without the file's words for "nothing"; empty for nothing.
    std::string_view choice(const CsvRow& row, std::size_t column) const {
        const auto text = trim(row.fields[column]);
        return text == options_.skipped_label ? std::string_view() : text;
    }

    void add_candidate(std::string_view name) {
        profile_.candidates.push_back(
            {.id = "c" + std::to_string(profile_.candidates.size() + 1), .name = std::string(name)});
    }

    void name_candidates_by_column() {
        const auto& header = rows_.front();
        for (auto column = first_; column < header.fields.size(); ++column) {
            const auto name = trim(header.fields[column]);
            if (!is_name(name)) {
                fail_input(
                    "ranked_csv.name",
                    cell(header, column) + ": the name is empty, too long or holds control or invisible characters.");
            }
            add_candidate(name);
        }
    }

    void name_candidates_by_cells() {
        for (std::size_t i = 1; i < rows_.size(); ++i) {
            for (auto column = first_; column < rows_[i].fields.size(); ++column) {
                const auto name = choice(rows_[i], column);
                if (name.empty() || name == options_.overvote_label) continue;
                if (!is_name(name)) {
                    fail_input(
                        "ranked_csv.name",
                        cell(rows_[i], column) + ": the name is too long or holds control or invisible characters.");
                }
                numbers_.emplace(name, 0);
                if (numbers_.size() > max_candidates) {
                    fail_input("ranked_csv.name",
                               cell(rows_[i], column) + ": this is the 1001st name; at most 1000 stand.");
                }
            }
        }
        for (auto& [name, number] : numbers_) {
            number = static_cast<std::uint32_t>(profile_.candidates.size());
            add_candidate(name);
        }
    }

    void read_ballot(const CsvRow& row) {
        std::vector<Mark> marks;
        std::vector<std::uint32_t> overvoted;
        for (auto column = first_; column < row.fields.size(); ++column) {
            const auto index = static_cast<std::uint32_t>(column - first_);
            if (options_.columns == CsvColumns::ranks) {
                const auto name = choice(row, column);
                if (!name.empty() && name == options_.overvote_label) {
                    overvoted.push_back(index + 1);
                } else if (!name.empty()) {
                    marks.push_back({.rank = index + 1, .candidate = numbers_.find(name)->second});
                }
                continue;
            }
            const auto text = trim(row.fields[column]);
            if (text.empty()) continue;
            const auto rank = find_whole_number(text, max_candidates);
            if (!rank || *rank == 0) {
                fail_input("ranked_csv.rank", cell(row, column) +
                                                  ": a rank is expected, a whole number from 1 to 1000 or nothing (say "
                                                  "where the choices begin with --first-column, or --columns ranks if "
                                                  "the cells hold names).");
            }
            marks.push_back({.rank = static_cast<std::uint32_t>(*rank), .candidate = index});
        }
        profile_.ballots.push_back(rank_marks(std::move(marks), overvoted, options_.marks, where(row)));
    }

    std::vector<CsvRow> rows_;
    const RankedCsvOptions& options_;
    std::size_t first_ = 0;
    std::map<std::string, std::uint32_t, std::less<>> numbers_;  ///< by name, where columns are ranks
    Profile profile_;
};

}  // namespace

Profile parse_ranked_csv(std::string_view text, const RankedCsvOptions& options) {
    if (text.size() > options.bytes) fail_input("ranked_csv.too_large", "The CSV file is too large.");
    return Sheet(parse_csv(text, {.rows = options.ballots + 1, .columns = 2 * max_candidates}), options).read();
}

}  // namespace uvpki::count
