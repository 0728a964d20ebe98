#include "tests/unit/election/expect.h"
#include "uvpki/election/epoch.h"
#include "uvpki/files.h"
#include "uvpki/merkle/tree.h"

using namespace uvpki;
using namespace uvpki::testing;

namespace {

Sha256 numbered(int n) {
    return sha256(as_bytes(std::to_string(n)));
}

}  // namespace

TEST_CASE("epoch files are numbered from 0001 and ballots lie in folders by their first two digits") {
    CHECK(election::epoch_list_path(7) == "epochs/0007.sha256");
    CHECK(election::epoch_token_path(12345) == "epochs/12345.tsr");
    CHECK(reason_of([] { election::epoch_list_path(0); }) == "epoch.number");
    Sha256 leaf{};
    leaf[0] = 0xAB;
    CHECK(election::ballot_path(leaf) == "ballots/ab/ab" + std::string(62, '0') + ".p7m");
}

TEST_CASE("T2: the list of an epoch is the same whatever the order of arrival, and is read back sorted") {
    std::vector<Sha256> leaves;
    for (int i = 0; i < 50; ++i) leaves.push_back(numbered(i));
    const auto text = election::format_epoch_list(leaves);
    std::ranges::reverse(leaves);
    CHECK(election::format_epoch_list(leaves) == text);
    std::ranges::sort(leaves);
    CHECK(election::parse_epoch_list(text) == leaves);
    CHECK(election::parse_epoch_list("").empty());
}

TEST_CASE("epoch lists of any other form are refused with the line number") {
    const auto good = election::format_epoch_list({numbered(1), numbered(2), numbered(3)});
    const auto line = good.size() / 3;
    const auto reason = [](const std::string& text) { return reason_of([&] { election::parse_epoch_list(text); }); };
    REQUIRE(reason(good).empty());
    CHECK(reason(good.substr(0, good.size() - 1)) == "epoch.list");
    CHECK(reason(good + "\n") == "epoch.list");
    CHECK(reason(good.substr(line) + good.substr(0, line)) == "epoch.list");
    CHECK(reason(good.substr(0, line) + good) == "epoch.list");
    for (const std::size_t at : {std::size_t{0}, std::size_t{64}, std::size_t{66}, std::size_t{75}, line - 1}) {
        auto bad = good;
        bad[at] = bad[at] == 'x' ? 'y' : 'x';
        CHECK(reason(bad) == "epoch.list");
    }
    auto upper = good;
    for (auto& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    CHECK(reason(upper) == "epoch.list");
    CHECK(reason_of([] { election::format_epoch_list({numbered(1), numbered(1)}); }) == "epoch.list");
    try {
        auto bad = good;
        bad[2 * line] = 'x';
        election::parse_epoch_list(bad);
        FAIL("accepted");
    } catch (const Error& error) {
        CHECK(error.message().find("line 3") != std::string::npos);
    }
}

TEST_CASE("sha256sum -c accepts a list that lies beside its ballots") {
    const test::TempFolder folder;
    const auto content = as_bytes("ballot");
    const auto leaf = sha256(content);
    const auto path = folder / election::ballot_path(leaf);
    make_folder(path.parent_path());
    save_file_relaxed(path, content);
    save_file_relaxed(folder / "list.sha256", as_bytes(election::format_epoch_list({leaf})));
    CHECK(test::run_command(folder.path(), "sha256sum --strict -c list.sha256").exit_code == 0);
}

TEST_CASE("a roll commitment depends on entry, name, style and salt, and needs a salt of 32 octets") {
    const election::RollEntry entry{"0f8fad5b-d9cb-469f-a165-70867728950e", "Anna Müller", "north", Bytes(32, 9)};
    const auto text =
        std::string(R"({"entry":"0f8fad5b-d9cb-469f-a165-70867728950e","name":"Anna Müller","style":"north"})");
    CHECK(election::roll_commitment(entry) == sha256({Bytes(32, 9), as_bytes(text)}));
    auto other = entry;
    other.style = "south";
    CHECK(election::roll_commitment(other) != election::roll_commitment(entry));
    other = entry;
    other.salt.pop_back();
    CHECK(reason_of([&] { election::roll_commitment(other); }) == "commitments.salt");
    CHECK(election::claim_commitment(Bytes(32, 9), as_bytes(text)) == election::roll_commitment(entry));
    CHECK(reason_of([] { election::claim_commitment({}, as_bytes("x")); }) == "commitments.salt");
}

TEST_CASE("commitment lists are sorted, without repeats, and have the root of their tree") {
    std::vector<Sha256> list{numbered(3), numbered(1), numbered(2)};
    const auto text = election::format_commitments(list);
    std::ranges::sort(list);
    CHECK(election::parse_commitments(text) == list);
    CHECK(election::commitments_root(list) == merkle::Tree(list).root());
    const auto reason = [](const std::string& bad) { return reason_of([&] { election::parse_commitments(bad); }); };
    CHECK(reason("").empty());
    CHECK(reason(text.substr(1)) == "commitments.malformed");
    CHECK(reason(text + text) == "commitments.malformed");
    CHECK(reason(text.substr(0, 65) + text.substr(0, 65)) == "commitments.malformed");
    CHECK(reason(std::string(64, 'A') + "\n") == "commitments.malformed");
    CHECK(reason(std::string(64, 'g') + "\n") == "commitments.malformed");
    CHECK(reason(std::string(64, 'a') + "\r\n") == "commitments.malformed");
    CHECK(reason_of([] { election::format_commitments({numbered(1), numbered(1)}); }) == "commitments.malformed");
}

TEST_CASE("summaries of roll and claims are read back, and their counts must add up") {
    const election::RollSummary roll{"test-2026", 70, {{"north", 40}, {"south", 30}}, numbered(1)};
    const auto text = election::format_roll_summary(roll);
    const auto read = election::parse_roll_summary(as_bytes(text));
    CHECK(election::format_roll_summary(read) == text);
    CHECK(read.styles == roll.styles);
    auto wrong = roll;
    wrong.size = 71;
    CHECK(reason_of([&] { election::parse_roll_summary(as_bytes(election::format_roll_summary(wrong))); }) ==
          "roll.malformed");
    const election::ClaimsSummary claims{"test-2026", "registrar", 2, {{"north", 2}}, numbered(2)};
    const auto claims_text = election::format_claims_summary(claims);
    CHECK(election::format_claims_summary(election::parse_claims_summary(as_bytes(claims_text))) == claims_text);
    CHECK(reason_of([&] { election::parse_claims_summary(as_bytes(text)); }) == "claims.malformed");
    CHECK(reason_of([&] { election::parse_roll_summary(as_bytes(claims_text)); }) == "roll.malformed");
    CHECK(reason_of([&] { election::parse_roll_summary(as_bytes(" " + text)); }) == "roll.malformed");
    CHECK(reason_of([&] { election::parse_roll_summary({}); }) == "roll.malformed");
    auto negative = claims;
    negative.styles = {{"north", 3}, {"south", -1}};
    CHECK(reason_of([&] { election::parse_claims_summary(as_bytes(election::format_claims_summary(negative))); }) ==
          "claims.malformed");
}
