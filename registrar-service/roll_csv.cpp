#include "registrar-service/roll_csv.h"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>

#include "uvpki/csv.h"
#include "uvpki/encoding.h"

namespace uvpki::registrar {

namespace {

constexpr std::size_t most_voter_id_bytes = 64;
constexpr std::size_t most_name_bytes = 200;
constexpr std::size_t most_email_bytes = 254;  // RFC 5321, section 4.5.3.1.3, without the angle brackets

/// Which field of a row is which; fields in the order of `names`.
struct Columns {
    static constexpr std::array<std::string_view, 4> names{"voter_id", "name", "style", "email"};
    std::array<std::optional<std::size_t>, 4> position{};
    std::size_t count = 0;

    std::string take(CsvRow& row, std::size_t which) const {
        return position[which] ? std::move(row.fields[*position[which]]) : std::string();
    }
};

Columns read_header(const CsvRow& row) {
    const auto refuse = [&](const std::string& what) {
        fail_input("roll.csv.header", "line " + std::to_string(row.line) + ": " + what +
                                          "; the columns are voter_id,name,style and optionally email");
    };
    Columns columns;
    columns.count = row.fields.size();
    for (std::size_t i = 0; i < row.fields.size(); ++i) {
        const auto found = std::ranges::find(Columns::names, row.fields[i]);
        if (found == Columns::names.end()) refuse("column " + std::to_string(i + 1) + " has an unknown name");
        auto& position = columns.position[static_cast<std::size_t>(found - Columns::names.begin())];
        if (position) refuse("the column " + row.fields[i] + " is there twice");
        position = i;
    }
    for (std::size_t i = 0; i < 3; ++i)
        if (!columns.position[i]) refuse("the column " + std::string(Columns::names[i]) + " is missing");
    return columns;
}

/// What a person is called or known by: something to see, nothing that can be mistaken (T40).
std::string check_text(std::string_view what, std::string_view value, std::size_t most) {
    const auto refuse = [&](const std::string& rule) {
        return "roll.csv." + std::string(what) + ": the " + std::string(what) + " " + rule;
    };
    if (value.empty()) return refuse("is empty");
    if (value.size() > most) return refuse("is longer than " + std::to_string(most) + " bytes");
    if (!is_printable_utf8(value)) return refuse("holds a control, bidirectional or invisible character");
    if (value.front() == ' ' || value.back() == ' ') return refuse("begins or ends with a space");
    return {};
}

std::string check_email(std::string_view email) {
    if (email.empty()) return {};
    if (auto refusal = check_text("email", email, most_email_bytes); !refusal.empty()) return refusal;
    const auto at = email.find('@');
    const bool plain = email.find_first_of(" ,;<>()\"") == std::string_view::npos;
    if (at == 0 || at == std::string_view::npos || at + 1 == email.size() || email.rfind('@') != at || !plain)
        return "roll.csv.email: this is not an e-mail address";
    return {};
}

std::string check_line(const RollLine& line) {
    if (auto refusal = check_text("voter_id", line.person.voter_id, most_voter_id_bytes); !refusal.empty())
        return refusal;
    if (auto refusal = check_text("name", line.person.name, most_name_bytes); !refusal.empty()) return refusal;
    if (!is_identifier(line.style, 1, 32))
        return "roll.csv.style: a style has 1 to 32 lower-case letters, digits and hyphens";
    return check_email(line.person.email);
}

}  // namespace

std::vector<RollLine> parse_roll_csv(std::string_view csv) {
    if (csv.size() > max_roll_csv_size) fail_input("roll.csv.too_large", "the file is larger than 256 MiB");
    auto rows = parse_csv(csv);
    if (rows.empty()) fail_input("roll.csv.header", "line 1: the file has no header line");
    const auto columns = read_header(rows.front());
    std::vector<RollLine> lines;
    lines.reserve(rows.size() - 1);
    std::unordered_map<std::string, std::size_t> first_line;
    for (std::size_t i = 1; i < rows.size(); ++i) {
        auto& row = rows[i];
        RollLine line;
        line.line = row.line;
        if (row.fields.size() != columns.count) {
            line.refusal = "roll.csv.fields: the line has " + std::to_string(row.fields.size()) +
                           " fields, the header " + std::to_string(columns.count);
            lines.push_back(std::move(line));
            continue;
        }
        line.person = {.voter_id = columns.take(row, 0), .name = columns.take(row, 1), .email = columns.take(row, 3)};
        line.style = columns.take(row, 2);
        line.refusal = check_line(line);
        if (line.refusal.empty()) {
            const auto [first, is_new] = first_line.emplace(to_lower(line.person.voter_id), line.line);
            if (!is_new)
                line.refusal = "roll.csv.duplicate: this voter_id is on line " + std::to_string(first->second) + " too";
        }
        lines.push_back(std::move(line));
    }
    return lines;
}

}  // namespace uvpki::registrar
