// Counting a file of ballots from anywhere, with the same code that counts our own elections.

#include <array>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tools/uvaudit/commands.h"
#include "uvpki/count/ballot_file.h"
#include "uvpki/count/count.h"
#include "uvpki/count/rounds_html.h"
#include "uvpki/encoding.h"
#include "uvpki/files.h"
#include "uvpki/json.h"

namespace uvpki::audit {

namespace {

using console::ExitCode;
using namespace std::string_view_literals;

/// The value that the option's word stands for, or the default for an empty one.
template <typename Value, std::size_t size>
Value choice(const std::string& option, const std::string& word,
             const std::array<std::pair<std::string_view, Value>, size>& table, Value otherwise) {
    if (word.empty()) return otherwise;
    std::string known;
    for (const auto& [name, value] : table) {
        if (name == word) return value;
        known += (known.empty() ? "" : ", ") + std::string(name);
    }
    fail_input("usage", option + " must be one of: " + known);
}

count::MarkRules mark_rules(const CountArguments& arguments) {
    using count::Duplicate, count::Overvote;
    constexpr std::array overvotes{std::pair{"refuse"sv, Overvote::refuse}, std::pair{"skip"sv, Overvote::skip},
                                   std::pair{"exhaust"sv, Overvote::exhaust}, std::pair{"equal"sv, Overvote::equal}};
    constexpr std::array duplicates{std::pair{"refuse"sv, Duplicate::refuse}, std::pair{"skip"sv, Duplicate::skip},
                                    std::pair{"exhaust"sv, Duplicate::exhaust}};
    count::MarkRules rules;
    rules.overvote = choice("--overvotes", arguments.overvotes, overvotes, Overvote::refuse);
    rules.duplicate = choice("--duplicates", arguments.duplicates, duplicates, Duplicate::refuse);
    if (arguments.skipped_ranks >= 0) rules.skipped_ranks = static_cast<std::uint32_t>(arguments.skipped_ranks);
    return rules;
}

count::BallotFileOptions file_options(const CountArguments& arguments) {
    using count::CsvColumns;
    constexpr std::array columns{std::pair{"candidates"sv, CsvColumns::candidates},
                                 std::pair{"ranks"sv, CsvColumns::ranks}};
    count::BallotFileOptions options;
    if (!arguments.format.empty()) options.format = count::parse_ballot_format(arguments.format);
    options.contest = arguments.contest;
    options.csv.columns = choice("--columns", arguments.columns, columns, CsvColumns::candidates);
    options.csv.first_column = static_cast<std::uint32_t>(arguments.first_column);
    options.csv.skipped_label = arguments.skipped_label;
    options.csv.overvote_label = arguments.overvote_label;
    options.csv.marks = mark_rules(arguments);
    return options;
}

count::Rules rules_from(const CountArguments& arguments) {
    if (!arguments.rules_file.empty()) {
        const auto file = parse_json(load_file(arguments.rules_file, 1 << 20));
        return count::parse_rules(file.is_object() && file.contains("rules") ? file.at("rules") : file);
    }
    Json rules = {{"method", arguments.method}, {"seats", arguments.seats}};
    if (!arguments.threshold.empty()) rules["threshold"] = arguments.threshold;
    if (arguments.decimals >= 0) rules["decimals"] = arguments.decimals;
    if (!arguments.strength.empty()) rules["strength"] = arguments.strength;
    if (arguments.max_choices > 0) rules["max_choices"] = arguments.max_choices;
    if (!arguments.tie_break.empty()) rules["tie_break"] = arguments.tie_break;
    return count::parse_rules(rules);
}

}  // namespace

ExitCode count_ballots(const CountArguments& arguments) {
    const auto rules = rules_from(arguments);
    const auto options = file_options(arguments);
    const std::filesystem::path file = arguments.file;
    const auto profile =
        count::parse_ballot_file(file.filename().string(), load_file(file, count::max_ballot_file), options);
    const auto result = count::count_election(profile, rules, parse_hex(arguments.seed));
    if (!arguments.html.empty()) save_file(arguments.html, count::rounds_html(result.title, {&result}));
    const auto text = arguments.output == Output::json ? canonical_json(count::result_json(result)) + "\n"
                                                       : count::rounds_text(result);
    std::fputs(text.c_str(), stdout);
    return ExitCode::good;
}

}  // namespace uvpki::audit
