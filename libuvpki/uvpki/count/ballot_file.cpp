#include "uvpki/count/ballot_file.h"

#include <algorithm>
#include <array>

#include "uvpki/count/blt.h"
#include "uvpki/count/cvr.h"
#include "uvpki/count/preflib.h"
#include "uvpki/count/text.h"
#include "uvpki/error.h"

namespace uvpki::count {
namespace {

using namespace std::string_view_literals;

constexpr std::array format_names{std::pair{"blt"sv, BallotFormat::blt}, std::pair{"preflib"sv, BallotFormat::preflib},
                                  std::pair{"cvr"sv, BallotFormat::cvr}, std::pair{"csv"sv, BallotFormat::csv}};
constexpr std::array endings{std::pair{".blt"sv, BallotFormat::blt},     std::pair{".soc"sv, BallotFormat::preflib},
                             std::pair{".soi"sv, BallotFormat::preflib}, std::pair{".toc"sv, BallotFormat::preflib},
                             std::pair{".toi"sv, BallotFormat::preflib}, std::pair{".json"sv, BallotFormat::cvr},
                             std::pair{".csv"sv, BallotFormat::csv}};

}  // namespace

BallotFormat parse_ballot_format(std::string_view name) {
    for (const auto& [known, format] : format_names) {
        if (known == name) return format;
    }
    fail_input("ballots.format", "The format must be one of: blt, preflib, cvr, csv.");
}

BallotFormat find_ballot_format(std::string_view file_name, ByteView content) {
    std::string lower(file_name);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    for (const auto& [ending, format] : endings) {
        if (lower.ends_with(ending)) return format;
    }
    auto text = as_text(content);
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    text = text.substr(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    if (text.starts_with('{')) return BallotFormat::cvr;
    if (text.starts_with("# ") && text.substr(0, 4096).find("\n# DATA TYPE:") != std::string_view::npos) {
        return BallotFormat::preflib;
    }
    if (!text.empty() && (text[0] == '#' || (text[0] >= '0' && text[0] <= '9'))) return BallotFormat::blt;
    fail_input("ballots.format",
               "Neither the file's name nor its beginning tells its format: say it with --format (blt, "
               "preflib, cvr or csv).");
}

Profile parse_ballot_file(std::string_view file_name, ByteView content, const BallotFileOptions& options) {
    switch (options.format ? *options.format : find_ballot_format(file_name, content)) {
        case BallotFormat::blt:
            return parse_blt(as_text(content));
        case BallotFormat::preflib:
            return parse_preflib(as_text(content));
        case BallotFormat::cvr:
            return parse_cvr(content, {.contest = options.contest, .marks = options.csv.marks});
        case BallotFormat::csv:
            return parse_ranked_csv(as_text(content), options.csv);
    }
    fail_input("ballots.format", "The format is unknown.");
}

}  // namespace uvpki::count
