#include "uvpki/csv.h"

#include "tests/fuzz/expect.h"
#include "tests/fuzz/targets.h"

namespace uvpki::fuzz {

bool csv(ByteView input) {
    const auto rows = accepted([&] { return parse_csv(as_text(input)); });
    if (!rows) return false;
    std::string text;
    for (const auto& row : *rows) text += format_csv_row(row.fields);
    const auto again = parse_csv(text);
    std::string twice;
    for (const auto& row : again) twice += format_csv_row(row.fields);
    require(text == twice, "a table that was written once is written the same again");
    return true;
}

}  // namespace uvpki::fuzz
