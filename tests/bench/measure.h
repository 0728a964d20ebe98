#pragma once
// Fair measuring on a machine that others use too: the contestants take turns in short batches, so that load hits all
// alike, each is timed in processor time of its own thread, and medians over the rounds count. One thread.

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace uvpki::bench {

/// Seconds of processor time that this thread has used.
double thread_seconds();
/// Seconds that have passed.
double wall_seconds();
/// Seconds that have passed but for those in which this thread could have run and other programs had the processor:
/// waiting for a lock counts, waiting for neighbours does not. (Linux's schedstat; without it all counts.)
double undisturbed_seconds();

double median(std::vector<double> values);

/// One line of the table: what we need for one piece of work, what the bare primitives need for it.
struct Row {
    std::string name;
    double per_second = 0;
    double limit_per_second = 0;
    double target = 0;  ///< the least ratio that is promised; 0: none
    double ratio() const { return per_second / limit_per_second; }
    bool is_missed() const { return ratio() < target; }
};

class Race {
public:
    using Call = std::function<void()>;

    /// Later contestants may be others' limits; returns the contestant's number.
    std::size_t add(Call call);
    /// Every contestant once without counting, then `rounds` batches of this many seconds of processor time each.
    void run(int rounds, double batch_seconds);
    /// Median seconds of one call.
    double seconds(std::size_t contestant) const;

private:
    struct Contestant {
        Call call;
        std::vector<double> batches;
    };
    std::vector<Contestant> contestants_;
};

/// Takes the elements in turn, so that no work is done on warm data of a moment ago.
template <typename T>
class Turns {
public:
    explicit Turns(std::vector<T> elements) : elements_(std::move(elements)) {}
    const T& next() { return elements_[at_++ % elements_.size()]; }
    const std::vector<T>& all() const { return elements_; }

private:
    std::vector<T> elements_;
    std::size_t at_ = 0;
};

}  // namespace uvpki::bench
