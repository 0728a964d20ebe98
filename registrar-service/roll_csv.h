#pragma once
// Voters from a CSV file: which columns there are, and what each line may hold. Private to the registrar; knows no
// store. Stateless functions.

#include <string>
#include <vector>

#include "registrar-service/state.h"

namespace uvpki::registrar {

inline constexpr std::size_t max_roll_csv_size = 256u << 20;

struct RollLine {
    std::size_t line = 0;
    Person person;
    std::string style;
    std::string refusal;  ///< rule and sentence; empty when the line itself is good
};

/// One per data line, in order. Throws invalid_input "csv..." (not UTF-8, broken quotes), "roll.csv.header" or
/// "roll.csv.too_large" when the file as a whole cannot be read, with the line.
std::vector<RollLine> parse_roll_csv(std::string_view csv);

}  // namespace uvpki::registrar
