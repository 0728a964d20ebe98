#pragma once
// What the counting tests share: profiles in one line, vectors by name, winners as names.

#include <doctest/doctest.h>
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/reason.h"
#include "uvpki/count/blt.h"
#include "uvpki/count/count.h"
#include "uvpki/error.h"
#include "uvpki/files.h"

namespace count_test {

using uvpki::test::reason_of;

inline std::string vector_text(const std::string& name) {
    return uvpki::to_text(uvpki::load_file(std::filesystem::path(UVPKI_VECTORS) / "elections" / name));
}

inline uvpki::Json vector_json(const std::string& name) {
    return uvpki::parse_json(uvpki::as_bytes(vector_text(name)));
}

inline uvpki::count::Rules vector_rules(const std::string& name) {
    return uvpki::count::parse_rules(vector_json(name + ".rules.json").at("rules"));
}

/// Candidates A, B, C, ... with ids a, b, c, ...; each ballot a text such as "ACB" with its weight.
inline uvpki::count::Profile profile(std::size_t candidates,
                                     const std::vector<std::pair<std::string, std::uint64_t>>& ballots) {
    uvpki::count::Profile result;
    result.title = "Test";
    for (std::size_t i = 0; i < candidates; ++i) {
        result.candidates.push_back(
            {.id = std::string(1, static_cast<char>('a' + i)), .name = std::string(1, static_cast<char>('A' + i))});
    }
    for (const auto& [ranking, weight] : ballots) {
        uvpki::count::RankedBallot ballot{.ranking = {}, .weight = weight};
        for (const char c : ranking) ballot.ranking.push_back(static_cast<std::uint32_t>(c - 'A'));
        result.ballots.push_back(ballot);
    }
    return result;
}

inline std::vector<std::string> winners(const uvpki::count::Result& result) {
    std::vector<std::string> names;
    for (const auto winner : result.winners) names.push_back(result.candidates.at(winner).name);
    return names;
}

inline std::string votes(const uvpki::count::Round& round, std::uint32_t candidate) {
    for (const auto& tally : round.tallies) {
        if (tally.candidate == candidate) return tally.votes;
    }
    return "";
}

/// "12.5" as 12500000: millionths, exactly.
inline std::uint64_t millionths(const std::string& text) {
    const auto point = text.find('.');
    auto digits = point == std::string::npos ? std::string() : text.substr(point + 1);
    REQUIRE(digits.size() <= 6);
    digits.resize(6, '0');
    return std::stoull(text.substr(0, point)) * 1'000'000 + std::stoull(digits);
}

}  // namespace count_test
