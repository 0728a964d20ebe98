#pragma once
// The rows of the table: what each is made of is written in docs/performance.md.

#include <vector>

#include "tests/bench/measure.h"

namespace uvpki::bench {

struct Effort {
    int rounds = 61;
    double batch_seconds = 0.005;
    std::size_t peer_ballots = 300;
};

/// Issuing, accepting, claiming, auditing: one core, each beside its bare primitives.
std::vector<Row> measure_one_core(const Effort& effort);
/// The whole pipeline with its records in a real store, many requests at once. Wall time.
Row measure_stored_issuing();
/// Auditing by two threads beside twice one thread; empty on a machine with one core.
std::vector<Row> measure_two_threads();
/// Belenios and cfssl, where they are installed, beside ours in the same minutes. Says on standard error what is left
/// out and why.
std::vector<Row> measure_peers(const Effort& effort);

}  // namespace uvpki::bench
