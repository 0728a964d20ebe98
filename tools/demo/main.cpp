// uvdemo: casts a real election again, from an empty folder to a finished package, on a simulated clock.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

#include "tools/console/console.h"
#include "tools/demo/demo_office.h"
#include "tools/demo/election_data.h"
#include "tools/demo/electorate.h"
#include "uvpki/files.h"

namespace {

using namespace uvpki;
using Table = std::vector<std::vector<std::string>>;

struct Arguments {
    std::string elections;
    std::string election = "gnome_26";
    std::string out = "build/demo";
    int threads = 0;
};

std::string seconds_since(std::chrono::steady_clock::time_point start) {
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    char text[32];
    std::snprintf(text, sizeof text, "%.1f s", elapsed.count());
    return text;
}

/// Runs one phase with a progress bar and notes how long it took.
template <typename Body>
void phase(const char* label, Table& times, Body body) {
    const auto start = std::chrono::steady_clock::now();
    {
        console::ProgressBar bar(label);
        body([&](std::int64_t done, std::int64_t total) { bar.update(done, total); });
    }
    times.push_back({label, seconds_since(start)});
    std::fprintf(stdout, "%-44s %s\n", label, times.back()[1].c_str());
    std::fflush(stdout);
}

bool same_winners(const demo::ElectionData& data, const election::Results& results) {
    std::vector<std::string> names;
    for (const auto winner : results.contests.at(0).result.winners)
        names.push_back(data.contest.candidates.at(winner).name);
    auto expected = data.known_winners;
    std::ranges::sort(names);
    std::ranges::sort(expected);
    return names == expected;
}

void print_summary(const demo::ElectionData& data, const election::Results& results, std::size_t epochs) {
    const auto count = [](std::int64_t n) { return std::to_string(n); };
    const auto& totals = results.totals;
    std::printf("\n%s\n\n", data.title.c_str());
    std::fputs(console::format_table({"ballots", "number"}, {{"on the roll", count(totals.roll)},
                                                             {"claimed a token", count(totals.claimed)},
                                                             {"redeemed it", count(totals.redeemed)},
                                                             {"cast", count(totals.cast)},
                                                             {"valid", count(totals.valid)},
                                                             {"blank", count(totals.blank)},
                                                             {"invalid", count(totals.invalid)},
                                                             {"epochs", count(static_cast<std::int64_t>(epochs))}})
                   .c_str(),
               stdout);
    Table winners;
    for (const auto winner : results.contests.at(0).result.winners)
        winners.push_back({std::to_string(winners.size() + 1), data.contest.candidates.at(winner).name});
    std::printf("\n%s", console::format_table({"elected", "name"}, winners).c_str());
}

console::ExitCode run(const Arguments& arguments) {
    const auto data = demo::load_election_data(arguments.elections, arguments.election);
    const std::filesystem::path out = arguments.out;
    std::filesystem::remove_all(out);
    make_folder(out);

    SimulatedClock clock(parse_rfc3339("2026-03-02T09:00:00Z"));
    SystemRandom random;
    const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    const int threads = arguments.threads > 0 ? arguments.threads : 8 * cores;
    demo::DemoOffice office(out, clock, random, cores);
    Table times;

    phase("root, authority, officer, registrar, TSA", times, [&](auto) { office.found_authority(); });
    phase("trustees' key ceremony, 2 of 3", times, [&](auto) { office.hold_ceremony(data, 2); });
    phase("roll, token keys, manifest", times, [&](auto) { office.define_election(data); });

    std::vector<std::string> codes;
    for (const auto& invitation : office.invitations()) codes.push_back(invitation.code);
    demo::Electorate electorate(data, std::move(codes), office.registrar().issuer(), clock, random, threads);
    phase("voters enrol", times, [&](const demo::OnProgress& on_progress) {
        electorate.enrol(office.registrar(), office.trust(), on_progress);
    });
    clock.set(office.manifest()->claim.opens + std::chrono::hours(1));
    phase("voters claim blind-signed tokens", times, [&](const demo::OnProgress& on_progress) {
        electorate.claim(office.manifest(), office.registrar(), on_progress);
    });

    clock.set(office.manifest()->voting.opens);
    std::size_t epochs = 0;
    phase("voters redeem and cast, epochs close", times, [&](const demo::OnProgress& on_progress) {
        const auto total = static_cast<std::int64_t>(electorate.size());
        const auto batch = electorate.size() / 5 + 1;
        std::int64_t voted = 0;
        while (const auto count = electorate.vote_next(
                   batch, office.manifest(), office.trust(), office.ballot_box(),
                   [&](std::int64_t done, std::int64_t) { on_progress(voted + done, total); })) {
            voted += static_cast<std::int64_t>(count);
            clock.advance(Seconds(office.manifest()->epoch_seconds));
            epochs += office.close_epochs(ballot_box::BallotBox::EpochKind::regular);
        }
    });

    clock.set(office.manifest()->voting.closes + Seconds(60));
    epochs += office.close_epochs(ballot_box::BallotBox::EpochKind::last);
    std::optional<election::Results> results;
    phase("trustees release, count, package", times,
          [&](const demo::OnProgress& on_progress) { results = office.finish(on_progress); });
    save_file(out / "sample-receipt.p7m", electorate.sample_receipt());

    print_summary(data, *results, epochs);
    if (electorate.receipts() != results->totals.cast)
        fail(ErrorCode::verification_failed, "demo.receipts",
             std::to_string(electorate.receipts()) + " receipts were given but " +
                 std::to_string(results->totals.cast) + " ballots counted");
    if (!same_winners(data, *results))
        fail(ErrorCode::verification_failed, "demo.winners", "the winners are not those that the source names");
    std::printf("\nThe winners are those that the source of the ballots names.\n");
    return console::ExitCode::good;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Casts a real election again, from an empty folder to a finished package, on a simulated clock."};
    Arguments arguments;
    app.add_option("--elections", arguments.elections, "folder with NAME.blt, NAME.rules.json and NAME.known.json")
        ->required();
    app.add_option("--election", arguments.election, "which of them")->capture_default_str();
    app.add_option("--out", arguments.out, "folder for everything that is made; emptied first")->capture_default_str();
    app.add_option("--threads", arguments.threads, "voters at the same time; default 8 per core")->check(CLI::Range(1, 256));
    app.footer("Example:\n  uvdemo --elections tests/vectors/elections --election gnome_26 --out build/demo");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& problem) {
        return problem.get_exit_code() == 0 ? app.exit(problem)
                                            : (app.exit(problem), static_cast<int>(console::ExitCode::bad_use));
    }
    return console::run_program("uvdemo", [&] { return run(arguments); });
}
