#pragma once
// Many requests, one commit: callers hand their work to one writer thread, which runs all that waits in one
// transaction, so that a disk flush is paid once for many. Not a job queue: submit() blocks until the work is
// durable. Thread-safe.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <vector>

#include "uvpki/service/database.h"

namespace uvpki::service {

struct GroupCommitOptions {
    std::size_t most_per_commit = 256;
};

class GroupCommit {
public:
    /// The database must outlive this object.
    explicit GroupCommit(Database& database, GroupCommitOptions options = {});
    GroupCommit(const GroupCommit&) = delete;
    GroupCommit& operator=(const GroupCommit&) = delete;
    /// Finishes everything that was submitted and waits until its callers have their answers.
    ~GroupCommit();

    /// Runs `work(Transaction&)` on the writer thread under a savepoint of its own and returns its result once the
    /// commit is durable. If the work throws, it alone is undone and its exception comes out here; if the commit
    /// fails, everybody in it gets that error. The work may run more than once and touches only its transaction and
    /// its own captures. Throws unavailable "store.closing" during destruction, internal "store.nested" when called
    /// from within work.
    template <std::invocable<Transaction&> Work>
    auto submit(Work&& work) {
        using Result = std::invoke_result_t<Work&, Transaction&>;
        if constexpr (std::is_void_v<Result>) {
            wait_for([&](Transaction& transaction) { work(transaction); });
        } else {
            static_assert(!std::is_reference_v<Result>, "a result must not refer into the transaction");
            std::optional<Result> result;
            wait_for([&](Transaction& transaction) { result.emplace(work(transaction)); });
            return std::move(*result);
        }
    }

    /// How many transactions were committed so far.
    std::uint64_t commits() const;
    /// How many requests wait for the writer at this moment.
    std::size_t waiting() const;

private:
    struct Request {
        explicit Request(std::function<void(Transaction&)> to_run) : work(std::move(to_run)) {}
        std::function<void(Transaction&)> work;
        std::optional<Error> error;
        std::exception_ptr foreign;
        bool done = false;  ///< guarded by mutex_, as is the wake-up
        std::condition_variable wake;
    };

    void wait_for(std::function<void(Transaction&)> work);
    void write_until_stopped();
    void take_waiting(std::vector<Request*>& batch);
    void commit(std::vector<Request*>& batch);
    void commit_alone(const std::vector<Request*>& batch);
    static void run(Transaction& transaction, Request& request);

    Database& database_;
    const GroupCommitOptions options_;
    mutable std::mutex mutex_;  ///< guards everything below but the thread
    std::condition_variable work_arrived_;
    std::deque<Request*> waiting_;  ///< each lives on its caller's stack until it is done
    std::uint64_t commits_ = 0;
    std::size_t callers_ = 0;  ///< threads inside wait_for, which still need this object
    std::condition_variable callers_left_;
    bool stopping_ = false;
    std::thread writer_;
};

}  // namespace uvpki::service
