#include "uvpki/csv.h"

#include "uvpki/encoding.h"
#include "uvpki/error.h"

namespace uvpki {

std::vector<CsvRow> parse_csv(std::string_view text, CsvLimits limits) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    std::size_t line = 1;
    const auto refuse = [&](std::string_view reason, const std::string& what) {
        fail_input(reason, "line " + std::to_string(line) + ": " + what);
    };
    std::vector<CsvRow> rows;
    CsvRow row{line, {}};
    std::string field;
    bool quoted = false, was_quoted = false;
    const auto end_field = [&] {
        if (!is_utf8(field)) refuse("csv.encoding", "the text is not UTF-8 (save the file as UTF-8 and try again)");
        if (field.find('\0') != std::string::npos) refuse("csv.encoding", "a field holds a zero byte");
        if (row.fields.size() >= limits.columns) refuse("csv.too_large", "too many columns");
        row.fields.push_back(std::move(field));
        field.clear();
        was_quoted = false;
    };
    const auto end_row = [&] {
        const bool empty = row.fields.empty() && field.empty() && !was_quoted;
        if (!empty) {
            end_field();
            if (rows.size() >= limits.rows) refuse("csv.too_large", "too many rows");
            rows.push_back(std::move(row));
        }
        row = CsvRow{line + 1, {}};
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted) {
            if (c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
                field += '"';
                ++i;
            } else if (c == '"') {
                quoted = false;
            } else {
                if (c == '\n') ++line;
                field += c;
            }
        } else if (c == '"') {
            if (!field.empty() || was_quoted) refuse("csv.quote", "a quote stands inside an unquoted field");
            quoted = was_quoted = true;
        } else if (c == ',') {
            end_field();
        } else if (c == '\n' || (c == '\r' && (i + 1 == text.size() || text[i + 1] == '\n'))) {
            if (c == '\r' && i + 1 < text.size()) ++i;
            end_row();
            ++line;
        } else {
            if (was_quoted) refuse("csv.quote", "text follows a closing quote");
            field += c;
        }
        if (field.size() > limits.field_bytes) refuse("csv.too_large", "a field is too long");
    }
    if (quoted) refuse("csv.quote", "a quoted field is not closed");
    end_row();
    return rows;
}

std::string format_csv_row(const std::vector<std::string>& fields) {
    std::string line;
    for (const auto& raw : fields) {
        if (&raw != &fields.front()) line += ',';
        std::string field = raw;
        if (!field.empty() && std::string_view("=+-@\t\r").find(field.front()) != std::string_view::npos)
            field.insert(field.begin(), '\'');
        if (field.find_first_of(",\"\r\n") == std::string::npos) {
            line += field;
            continue;
        }
        line += '"';
        for (const char c : field) {
            if (c == '"') line += '"';
            line += c;
        }
        line += '"';
    }
    return line + "\n";
}

}  // namespace uvpki
