// uvaudit count as people call it: every format, the page, exit codes, and one line for what is wrong.
#include <filesystem>

#include "support.h"
#include "tests/support/command.h"
#include "uvpki/count/ballot_file.h"
#include "uvpki/count/rounds_html.h"

using namespace uvpki;
using namespace count_test;

namespace {

const std::string vectors = std::filesystem::path(UVPKI_VECTORS) / "elections";

test::CommandResult count_file(const test::TempFolder& folder, const std::string& arguments) {
    return test::run_command(folder.path(), std::string(UVPKI_BIN) + "/uvaudit count " + arguments);
}

void check_refused(const test::CommandResult& result, const std::string& reason) {
    CAPTURE(result.output);
    CHECK(result.exit_code == 2);
    CHECK(result.output.starts_with("uvaudit: "));
    CHECK(result.output.ends_with("(" + reason + ")\n"));
    CHECK(std::count(result.output.begin(), result.output.end(), '\n') == 1);
}

}  // namespace

TEST_CASE("uvaudit counts every format and writes the page that the library makes") {
    const test::TempFolder folder;
    const auto debian =
        count_file(folder, vectors + "/debian_2010.soi --method schulze --json --html rounds.html --tie-break seed");
    REQUIRE(debian.exit_code == 0);
    const auto profile = count::parse_ballot_file("debian_2010.soi", as_bytes(vector_text("debian_2010.soi")));
    const auto result = count::count_election(profile, vector_rules("debian_2010"), {});
    CHECK(debian.output == canonical_json(count::result_json(result)) + "\n");
    CHECK(to_text(load_file(folder / "rounds.html")) == count::rounds_html(result.title, {&result}));

    const auto csv = count_file(folder, vectors + "/rctab_generic_csv.cvr.csv --first-column 4 --rules " + vectors +
                                            "/rctab_generic_csv.rules.json");
    CHECK(csv.exit_code == 0);
    CHECK(csv.output.ends_with("Elected:\n  1. Cucumber\n"));
    const auto records = count_file(folder, vectors +
                                                "/rctab_whole_threshold.cvr.json --method stv --seats 3 "
                                                "--overvotes skip --duplicates skip --skipped-ranks 1 "
                                                "--contest 'test set multi winner whole'");
    CHECK(records.output.find("(threshold 8)") != std::string::npos);
    const auto margins = count_file(folder, vectors +
                                                "/gnome_26.blt --method schulze --seats 7 --strength margins "
                                                "--tie-break candidate-order");
    CHECK(margins.output.find("margin of its weakest link") != std::string::npos);
    save_file(folder / "names", std::string_view("1st,2nd\nBob,Ann\nnone,Ann\nBob,none\n"));
    const auto names = count_file(folder,
                                  "names --format csv --columns ranks --skipped-label none --skipped-ranks 1 "
                                  "--method irv --max-choices 2");
    CHECK(names.output.ends_with("Elected:\n  1. Bob\n"));
}

TEST_CASE("uvaudit refuses in one line what it cannot count, and says which option decides") {
    const test::TempFolder folder;
    check_refused(count_file(folder, "nowhere.blt --method irv"), "file.missing");
    check_refused(count_file(folder, vectors + "/maemo.blt"), "audit.method");
    check_refused(count_file(folder, vectors + "/maemo.blt --method borda"), "count.rules");
    check_refused(count_file(folder, vectors + "/maemo.blt --method irv --format csv"), "ranked_csv.rank");
    check_refused(count_file(folder, vectors + "/maemo.blt --method irv --format xlsx"), "ballots.format");
    check_refused(count_file(folder, vectors + "/maemo.blt --method irv --overvotes maybe"), "usage");
    check_refused(count_file(folder, vectors + "/maemo.blt --method irv --seats 0"), "usage");
    check_refused(count_file(folder, vectors + "/maemo.blt --method stv --seats 3 --html nowhere/a.html"),
                  "file.unwritable");
    const auto gap = count_file(folder, vectors + "/rctab_skipped_first_choice.cvr.json --method irv");
    check_refused(gap, "ballot.skipped_rank");
    CHECK(gap.output.find("--skipped-ranks N") != std::string::npos);
    check_refused(count_file(folder, vectors + "/rctab_skipped_first_choice.cvr.json --method irv --skipped-ranks 4"),
                  "ballot.overvote");
}
