// uvbench: what the hot paths cost beside the bare primitives that they cannot do without, and beside other people's
// programs. Prints a table; writes [{"limit_per_second","name","per_second","ratio"}]. docs/performance.md explains it.

#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "tests/bench/rows.h"
#include "uvpki/error.h"
#include "uvpki/files.h"
#include "uvpki/json.h"

namespace {

using namespace uvpki;

constexpr const char* usage =
    "Usage: uvbench [--json FILE] [--quick] [--check]\n"
    "  --json FILE  also write the figures as JSON\n"
    "  --quick      shorter, less exact, without the other programs\n"
    "  --check      exit with 1 when a ratio is below its target\n"
    "Example: uvbench --json build/bench.json\n";

struct Options {
    std::string json;
    bool quick = false;
    bool check = false;
};

/// False when the command line is wrong.
bool read_options(int argc, char** argv, Options& options) {
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "--json" && i + 1 < argc) {
            options.json = argv[++i];
        } else if (word == "--quick") {
            options.quick = true;
        } else if (word == "--check") {
            options.check = true;
        } else {
            return false;
        }
    }
    return true;
}

int print(const std::vector<bench::Row>& rows) {
    int missed = 0;
    std::printf("%-28s %12s %12s %8s %8s\n", "", "per second", "limit", "ratio", "target");
    for (const auto& row : rows) {
        std::printf("%-28s %12.0f %12.0f %8.2f", row.name.c_str(), row.per_second, row.limit_per_second, row.ratio());
        if (row.target > 0) std::printf(" %8.2f%s", row.target, row.is_missed() ? "  MISSED" : "");
        std::printf("\n");
        missed += row.is_missed() ? 1 : 0;
    }
    return missed;
}

void save(const std::vector<bench::Row>& rows, const std::string& file) {
    auto list = Json::array();
    for (const auto& row : rows)
        list.push_back({{"name", row.name},
                        {"per_second", row.per_second},
                        {"limit_per_second", row.limit_per_second},
                        {"ratio", row.ratio()}});
    save_file(file, list.dump(2) + "\n");
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    if (argc == 2 && std::string_view(argv[1]) == "--help") {
        std::fputs(usage, stdout);
        return 0;
    }
    if (!read_options(argc, argv, options)) {
        std::fputs(usage, stderr);
        return 2;
    }
    try {
        bench::Effort effort;
        if (options.quick) effort = {.rounds = 15, .batch_seconds = 0.003, .peer_ballots = 0};
        auto rows = bench::measure_one_core(effort);
        const auto add = [&](const std::vector<bench::Row>& more) {
            rows.insert(rows.end(), more.begin(), more.end());
        };
        add({bench::measure_stored_issuing()});
        add(bench::measure_two_threads());
        if (!options.quick) add(bench::measure_peers(effort));
        const int missed = print(rows);
        if (!options.json.empty()) save(rows, options.json);
        return options.check && missed > 0 ? 1 : 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "uvbench: %s\n", error.what());
        return 2;
    }
}
