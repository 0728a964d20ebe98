// Good and broken BLT files in pairs.
#include <random>

#include "support.h"

using namespace uvpki;
using namespace uvpki::count;
using namespace count_test;

namespace {

const std::string good =
    "3 2\n"
    "4 1 2 0\n"
    "1 0\n"
    "2 3 0\n"
    "0\n"
    "\"Ann\"\n"
    "\"Bob\"\n"
    "\"Cem\"\n"
    "\"Board\"\n";

/// `good` with one piece of text exchanged.
std::string with(const std::string& from, const std::string& to) {
    auto text = good;
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

std::string reason(const std::string& text, BltLimits limits = {}) {
    return reason_of([&] { parse_blt(text, limits); });
}

std::string message(const std::string& text) {
    try {
        parse_blt(text);
    } catch (const Error& error) {
        return error.message();
    }
    return "";
}

}  // namespace

TEST_CASE("a plain BLT file is read as it stands") {
    const auto profile = parse_blt(good);
    CHECK(profile.title == "Board");
    CHECK(profile.seats == 2);
    REQUIRE(profile.candidates.size() == 3);
    CHECK(profile.candidates[2] == Candidate{.id = "c3", .name = "Cem"});
    REQUIRE(profile.ballots.size() == 3);
    CHECK(profile.ballots[0] == RankedBallot{.ranking = {0, 1}, .weight = 4});
    CHECK(profile.ballots[1] == RankedBallot{.ranking = {}, .weight = 1});
    CHECK(profile.withdrawn.empty());
}

TEST_CASE("comments, leading blanks, a withdrawn candidate and a missing last line end are accepted") {
    const auto profile = parse_blt(vector_text("atwood_so.blt"));
    CHECK(profile.title == "Gardening Club Election");
    CHECK(profile.seats == 2);
    CHECK(profile.withdrawn == std::vector<std::uint32_t>{1});
    CHECK(profile.ballots.size() == 10);
    CHECK(profile.ballots[0].ranking == std::vector<std::uint32_t>{3, 0, 2, 1});
    CHECK(profile.candidates[3].name == "Diane");
}

TEST_CASE("CRLF, tabs, a byte order mark, empty lines and comments change nothing") {
    auto text = "\xEF\xBB\xBF# made by hand\r\n\r\n" + with("4 1 2 0\n", "\t4\t1  2 0 # four of them\r\n \t\r\n");
    CHECK(parse_blt(text) == parse_blt(good));
    CHECK(parse_blt(good.substr(0, good.size() - 1)) == parse_blt(good));
}

TEST_CASE("quotes and number signs inside a name belong to the name") {
    const auto profile = parse_blt(with("\"Ann\"", "\"Ann \"No #1\" Lee\" # first"));
    CHECK(profile.candidates[0].name == "Ann \"No #1\" Lee");
    CHECK(parse_blt(format_blt(profile)) == profile);
}

TEST_CASE("the writer's files read back equal") {
    for (const auto* name : {"gnome_26.blt", "maemo.blt", "atwood_so.blt", "2013_minneapolis_park.blt"}) {
        CAPTURE(name);
        const auto profile = parse_blt(vector_text(name));
        CHECK(parse_blt(format_blt(profile)) == profile);
    }
}

TEST_CASE("the writer refuses what the format cannot carry") {
    auto profile = parse_blt(good);
    profile.candidates[0].name = "Ann\" # x";
    CHECK(reason_of([&] { format_blt(profile); }) == "blt.name");
    profile.candidates[0].name = "Ann\nBob";
    CHECK(reason_of([&] { format_blt(profile); }) == "blt.name");
    profile.candidates[0].name = "Ann";
    profile.title = "";
    CHECK(reason_of([&] { format_blt(profile); }) == "blt.title");
    profile.title = "T";
    profile.ballots[0].ranking = {7};
    CHECK(reason_of([&] { format_blt(profile); }) == "blt.candidate");
    profile.ballots[0] = {.ranking = {1}, .weight = 0};
    CHECK(reason_of([&] { format_blt(profile); }) == "blt.weight");
    profile.seats = 4;
    CHECK(reason_of([&] { format_blt(profile); }) == "blt.header");
}

TEST_CASE("each broken file is refused with the rule it breaks") {
    REQUIRE(reason(good) == "");
    CHECK(reason("") == "blt.truncated");
    CHECK(reason("# nothing\n") == "blt.truncated");
    CHECK(reason(with("3 2", "3")) == "blt.header");
    CHECK(reason(with("3 2", "3 2 1")) == "blt.header");
    CHECK(reason(with("3 2", "3 4")) == "blt.header");
    CHECK(reason(with("3 2", "0 0")) == "blt.header");
    CHECK(reason(with("3 2", "1001 1")) == "blt.header");
    CHECK(reason(with("3 2", "3 two")) == "blt.number");
    CHECK(reason(with("3 2", "3 2.5")) == "blt.number");
    CHECK(reason(with("3 2", "+3 2")) == "blt.number");
    CHECK(reason(with("4 1 2 0", "4 1 99999999999999999999 0")) == "blt.number");
    CHECK(reason(with("4 1 2 0", "4 1 4 0")) == "blt.candidate");
    CHECK(reason(with("4 1 2 0", "4 1 -2 0")) == "blt.candidate");
    CHECK(reason(with("4 1 2 0", "4 1 2 1 0")) == "blt.duplicate");
    CHECK(reason(with("4 1 2 0", "4 1=2 0")) == "blt.equal_ranks");
    CHECK(reason(with("4 1 2 0", "4 1 2")) == "blt.ballot");
    CHECK(reason(with("4 1 2 0", "4 1 0 2 0")) == "blt.ballot");
    CHECK(reason(with("4 1 2 0", "4")) == "blt.ballot");
    CHECK(reason(with("2 3 0\n0\n", "2 3 0\n")) == "blt.ballot");
    CHECK(reason(with("4 1 2 0", "0 1 2 0")) == "blt.weight");
    CHECK(reason(with("4 1 2 0", "1000000000001 1 2 0")) == "blt.weight");
    CHECK(reason(with("4 1 2 0", "-1\n-1\n4 1 2 0")) == "blt.withdrawn");
    CHECK(reason(with("4 1 2 0", "-4\n4 1 2 0")) == "blt.withdrawn");
    CHECK(reason(with("4 1 2 0", "-9223372036854775808\n4 1 2 0")) == "blt.withdrawn");
    CHECK(reason(with("2 3 0", "-1\n2 3 0")) == "blt.weight");  // withdrawals stand before the ballots
    CHECK(reason(with("\"Ann\"", "Ann")) == "blt.name");
    CHECK(reason(with("\"Ann\"", "\"Ann")) == "blt.name");
    CHECK(reason(with("\"Ann\"", "\"Ann\" Lee")) == "blt.name");
    CHECK(reason(with("\"Ann\"", "\"\"")) == "blt.name");
    CHECK(reason(with("\"Ann\"", "\"Bob\"")) == "blt.name");
    CHECK(reason(with("\"Ann\"", "\"A\x1B[31mnn\"")) == "blt.name");
    CHECK(reason(with("\"Ann\"", "\"A\xE2\x80\xAEnn\"")) == "blt.name");  // right-to-left override
    CHECK(reason(with("\"Ann\"\n", "")) == "blt.truncated");
    CHECK(reason(with("\"Board\"\n", "")) == "blt.truncated");
    CHECK(reason(with("\"Board\"", "Board")) == "blt.title");
    CHECK(reason(good + "\"more\"\n") == "blt.trailing");
    CHECK(reason(good + "# fine\n\n") == "");
}

TEST_CASE("weights that are sound one by one but not together are refused, the largest allowed are not") {
    CHECK(reason(with("4 1 2 0", "999999999997 1 2 0")) == "");
    CHECK(reason(with("4 1 2 0", "999999999998 1 2 0")) == "blt.weight");
}

TEST_CASE("sizes beyond the limits are refused") {
    CHECK(reason(good, {.bytes = good.size()}) == "");
    CHECK(reason(good, {.bytes = good.size() - 1}) == "blt.too_large");
    CHECK(reason(good, {.ballot_lines = 3}) == "");
    CHECK(reason(good, {.ballot_lines = 2}) == "blt.too_large");
}

TEST_CASE("a Latin-1 file is refused with its line and what to do; the same name in UTF-8 is read") {
    const auto latin = with("\"Bob\"", "\"Timo K\xF6nnecke\"");
    CHECK(reason(latin) == "blt.encoding");
    CHECK(message(latin) == "Line 7 of the BLT file: it is not UTF-8 (is the file in Latin-1? convert it first).");
    CHECK(parse_blt(with("\"Bob\"", "\"Timo Könnecke\"")).candidates[1].name == "Timo Könnecke");
    // A comment is text as well: the file is refused wherever the byte stands.
    CHECK(reason(with("1 0\n", "1 0 # K\xF6nnecke\n")) == "blt.encoding");
}

TEST_CASE("the line of a mistake counts comments and empty lines") {
    CHECK(message(with("2 3 0", "# note\n\n2 8 0")) == "Line 6 of the BLT file: there is no candidate 8.");
}

TEST_CASE("a truncated file is refused at every length") {
    for (std::size_t length = 0; length + 1 < good.size(); ++length) {
        CAPTURE(length);
        CHECK(reason(good.substr(0, length)).starts_with("blt."));
    }
}

TEST_CASE("random bytes and randomly damaged files are refused or read, never anything else") {
    std::mt19937 random(20261120);
    const std::string letters = "0123456789 -=\"#\n\t\r\xF6\xC3(";
    int refused = 0;
    for (int i = 0; i < 2000; ++i) {
        auto text = i % 2 == 0 ? good : std::string(random() % 60, ' ');
        const auto changes = i % 2 == 0 ? 1 + random() % 3 : text.size();
        for (std::size_t j = 0; j < changes; ++j) text[random() % text.size()] = letters[random() % letters.size()];
        const auto why = reason(text);
        if (why.empty()) continue;
        CHECK(why.starts_with("blt."));
        ++refused;
    }
    CHECK(refused > 1000);
}
