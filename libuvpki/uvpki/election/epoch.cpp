#include "uvpki/election/epoch.h"

#include <algorithm>

#include "uvpki/encoding.h"
#include "uvpki/error.h"

namespace uvpki::election {

namespace {

constexpr std::size_t line_size = 64 + 2 + 11 + 64 + 4 + 1;  // hex, two spaces, "ballots/ab/", hex, ".p7m", line end

std::string epoch_path(std::int64_t number, std::string_view ending) {
    if (number < 1) fail_input("epoch.number", "Epochs are numbered from 1");
    auto digits = std::to_string(number);
    if (digits.size() < 4) digits.insert(0, 4 - digits.size(), '0');
    return "epochs/" + digits + std::string(ending);
}

std::string list_line(const Sha256& leaf) {
    return to_hex(leaf) + "  " + ballot_path(leaf) + "\n";
}

[[noreturn]] void refuse_line(std::size_t line, std::string_view rule) {
    fail_input("epoch.list", "Epoch list, line " + std::to_string(line) + ": " + std::string(rule));
}

}  // namespace

std::string ballot_path(const Sha256& leaf) {
    const auto hex = to_hex(leaf);
    return "ballots/" + hex.substr(0, 2) + "/" + hex + ".p7m";
}

std::string epoch_list_path(std::int64_t number) {
    return epoch_path(number, ".sha256");
}

std::string epoch_token_path(std::int64_t number) {
    return epoch_path(number, ".tsr");
}

std::string format_epoch_list(std::vector<Sha256> leaves) {
    std::ranges::sort(leaves);
    if (std::ranges::adjacent_find(leaves) != leaves.end())
        fail_input("epoch.list", "A ballot stands twice in the list of an epoch");
    std::string text;
    text.reserve(leaves.size() * line_size);
    for (const auto& leaf : leaves) text += list_line(leaf);
    return text;
}

std::vector<Sha256> parse_epoch_list(std::string_view text) {
    std::vector<Sha256> leaves;
    leaves.reserve(text.size() / line_size);
    for (std::size_t line = 1; !text.empty(); ++line, text.remove_prefix(line_size)) {
        if (text.size() < line_size) refuse_line(line, "it is cut off or too short");
        Sha256 leaf{};
        try {
            leaf = parse_sha256_hex(text.substr(0, 64));
        } catch (const Error&) {
            refuse_line(line, "it does not start with 64 hex digits");
        }
        // Comparing with what we would write also refuses capitals, another path and a missing line end.
        if (text.substr(0, line_size) != list_line(leaf))
            refuse_line(line, "hash, path and line end do not fit together");
        if (!leaves.empty() && leaf == leaves.back()) refuse_line(line, "the ballot stands twice");
        if (!leaves.empty() && leaf < leaves.back()) refuse_line(line, "the lines are not in ascending order");
        leaves.push_back(leaf);
    }
    return leaves;
}

}  // namespace uvpki::election
