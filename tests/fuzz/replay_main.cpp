// uvfuzz-replay TARGET FOLDER...: runs the target once over every file below the folders, as a normal test. A file
// named good-* must be accepted and one named bad-* refused; a rule that does not hold, or an input that takes longer
// than ten seconds, fails the run and is named.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/fuzz/targets.h"
#include "uvpki/files.h"

namespace {

using namespace uvpki;

struct Replay {
    fuzz::Target* target = nullptr;
    std::size_t inputs = 0, accepted = 0, failures = 0;

    void fail(const std::filesystem::path& path, const char* why) {
        ++failures;
        std::printf("%s: %s\n", path.c_str(), why);
    }

    void run(const std::filesystem::path& path) {
        const auto input = load_file(path);
        const auto start = std::chrono::steady_clock::now();
        ++inputs;
        try {
            const bool is_accepted = target(input);
            accepted += is_accepted ? 1 : 0;
            const auto name = path.filename().string();
            if (!is_accepted && name.starts_with("good-")) fail(path, "must be accepted, but was refused");
            if (is_accepted && name.starts_with("bad-")) fail(path, "must be refused, but was accepted");
        } catch (const std::exception& error) {
            fail(path, error.what());
        }
        if (std::chrono::steady_clock::now() - start > std::chrono::seconds(10))
            fail(path, "took more than ten seconds");
    }
};

}  // namespace

int main(int count, char** arguments) {
    if (count < 3) {
        std::fprintf(stderr, "usage: uvfuzz-replay TARGET FOLDER...\n");
        return 2;
    }
    Replay replay;
    for (const auto& [name, run] : fuzz::all_targets)
        if (std::string_view(name) == arguments[1]) replay.target = run;
    if (replay.target == nullptr) {
        std::fprintf(stderr, "uvfuzz-replay: no target %s\n", arguments[1]);
        return 2;
    }
    for (int i = 2; i < count; ++i) {
        const auto before = replay.inputs;
        if (std::filesystem::is_regular_file(arguments[i])) {
            replay.run(arguments[i]);
            continue;
        }
        for (const auto& entry : std::filesystem::recursive_directory_iterator(arguments[i]))
            if (entry.is_regular_file()) replay.run(entry.path());
        if (replay.inputs == before) replay.fail(arguments[i], "holds no input");
    }
    std::printf("%s: %zu inputs, %zu accepted, %zu failures\n", arguments[1], replay.inputs, replay.accepted,
                replay.failures);
    if (replay.accepted == 0) std::printf("%s: no input was accepted, so nothing was checked\n", arguments[1]);
    return replay.failures == 0 && replay.accepted > 0 ? 0 : 1;
}
