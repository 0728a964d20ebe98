#include "tests/unit/election/expect.h"

using namespace uvpki;
using namespace uvpki::testing;

namespace {

election::Plaintext example() {
    return {.election = "test-2026",
            .manifest = sha256(as_bytes("manifest")),
            .style = "north",
            .ballot = sha256(as_bytes("key")),
            .contests = {{"mayor", {"m1"}}, {"council", {}}}};
}

std::string reason(const std::string& text) {
    return reason_of([&] { election::parse_plaintext(as_bytes(text), static_cast<std::int64_t>(text.size())); });
}

}  // namespace

TEST_CASE("a plaintext has exactly the size asked for and is read back") {
    const auto text = election::format_plaintext(example(), 512);
    CHECK(text.size() == 512);
    const auto read = election::parse_plaintext(text.view(), 512);
    CHECK(read.election == "test-2026");
    CHECK(read.style == "north");
    CHECK(read.ballot == example().ballot);
    CHECK(read.manifest == example().manifest);
    REQUIRE(read.contests.size() == 2);
    CHECK(read.contests[0].choices == std::vector<std::string>{"m1"});
    CHECK(equal(election::format_plaintext(read, 512).view(), text.view()));
}

TEST_CASE("T5: a plaintext that does not fit is refused, one that fits exactly is not") {
    const auto smallest = [] {
        for (std::int64_t size = 0;; ++size)
            if (reason_of([&] { election::format_plaintext(example(), size); }).empty()) return size;
    }();
    CHECK(smallest > 200);
    CHECK(as_text(election::format_plaintext(example(), smallest).view()).find("\"pad\":\"\"") != std::string::npos);
    CHECK(reason_of([&] { election::format_plaintext(example(), smallest - 1); }) == "ballot.plaintext.size");
    CHECK(reason_of([&] { election::format_plaintext(example(), -5); }) == "ballot.plaintext.size");
}

TEST_CASE("T42: plaintexts of any other form are refused") {
    const auto good = to_text(election::format_plaintext(example(), 512).view());
    REQUIRE(reason(good).empty());
    CHECK(reason_of([&] { election::parse_plaintext(as_bytes(good), 511); }) == "ballot.plaintext.size");
    const auto with = [&](const std::string& from, const std::string& to) {
        auto text = good;
        const auto at = text.find(from);
        REQUIRE(at != std::string::npos);
        return reason(text.replace(at, from.size(), to));
    };
    CHECK(with("\"pad\":\"0", "\"pad\":\"1") == "ballot.plaintext.pad");
    CHECK(with("{\"ballot\"", "{ \"ballot\"") == "ballot.plaintext.malformed");
    CHECK(with("\"north\"", "17") == "ballot.plaintext.malformed");
    CHECK(with("\"north\"}", "\"north\",\"x\":1}") == "ballot.plaintext.malformed");
    CHECK(with("\"style\":\"north\"", "\"stile\":\"north\"") == "ballot.plaintext.malformed");
    CHECK(with("[\"m1\"]", "[1]") == "ballot.plaintext.malformed");
    CHECK(with("[\"m1\"]", "\"m1\"") == "ballot.plaintext.malformed");
    CHECK(with("\"id\":\"mayor\"", "\"id\":\"mayor\",\"no\":0") == "ballot.plaintext.malformed");
    CHECK(with("m1", std::string(33, 'm')) == "ballot.plaintext.malformed");
    CHECK(with("m1", "\xFF\xFE") == "ballot.plaintext.malformed");
    CHECK(reason(std::string(20000, '[')) == "ballot.plaintext.malformed");
    CHECK(reason("") == "ballot.plaintext.malformed");
    std::string many = "[";
    for (int i = 0; i < 201; ++i) many += (i == 0 ? "\"a\"" : ",\"a\"");
    CHECK(with("[\"m1\"]", many + "]") == "ballot.plaintext.malformed");
}

TEST_CASE("T5: the required size holds the longest possible vote of the longest style") {
    const auto& manifest = shared_election().manifest;
    const auto size = election::required_plaintext_size(manifest);
    CHECK(size % 64 == 0);
    const election::Plaintext longest{
        .election = manifest.id, .style = "north", .contests = {{"mayor", {"m1"}}, {"council", {"c1", "c2", "c3"}}}};
    CHECK(reason_of([&] { election::format_plaintext(longest, size); }).empty());
    auto wider = manifest;
    wider.contests[1].candidates[0].id = std::string(32, 'c');
    wider.contests[1].candidates[1].id = std::string(32, 'd');
    CHECK(election::required_plaintext_size(wider) > size);
}
