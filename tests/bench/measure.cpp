#include "tests/bench/measure.h"

#include <time.h>

#include <algorithm>
#include <cstdio>

namespace uvpki::bench {

namespace {

double seconds_of(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Reading the clock costs a good part of the shortest piece of work.
constexpr int calls_between_looks = 4;

double batch(const Race::Call& call, double batch_seconds) {
    const double start = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    double elapsed = 0;
    int calls = 0;
    do {
        for (int i = 0; i < calls_between_looks; ++i) call();
        calls += calls_between_looks;
        elapsed = seconds_of(CLOCK_THREAD_CPUTIME_ID) - start;
    } while (elapsed < batch_seconds);
    return elapsed / calls;
}

}  // namespace

double thread_seconds() {
    return seconds_of(CLOCK_THREAD_CPUTIME_ID);
}
double wall_seconds() {
    return seconds_of(CLOCK_MONOTONIC);
}

double undisturbed_seconds() {
    unsigned long long running = 0, waiting = 0;
    if (auto* file = std::fopen("/proc/thread-self/schedstat", "r")) {
        if (std::fscanf(file, "%llu %llu", &running, &waiting) != 2) waiting = 0;
        std::fclose(file);
    }
    return wall_seconds() - 1e-9 * static_cast<double>(waiting);
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    const auto middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::size_t Race::add(Call call) {
    contestants_.push_back({std::move(call), {}});
    return contestants_.size() - 1;
}

void Race::run(int rounds, double batch_seconds) {
    for (auto& contestant : contestants_) contestant.call();
    for (int round = 0; round < rounds; ++round)
        for (auto& contestant : contestants_) contestant.batches.push_back(batch(contestant.call, batch_seconds));
}

double Race::seconds(std::size_t contestant) const {
    return median(contestants_.at(contestant).batches);
}

}  // namespace uvpki::bench
