#include "uvpki/service/group_commit.h"

namespace uvpki::service {

GroupCommit::GroupCommit(Database& database, GroupCommitOptions options)
    : database_(database), options_(options), writer_([this] { write_until_stopped(); }) {}

GroupCommit::~GroupCommit() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        work_arrived_.notify_all();
    }
    writer_.join();
    std::unique_lock lock(mutex_);
    callers_left_.wait(lock, [&] { return callers_ == 0; });
}

std::uint64_t GroupCommit::commits() const {
    const std::lock_guard lock(mutex_);
    return commits_;
}

std::size_t GroupCommit::waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
}

void GroupCommit::wait_for(std::function<void(Transaction&)> work) {
    if (std::this_thread::get_id() == writer_.get_id())
        fail(ErrorCode::internal, "store.nested", "work of a group commit submitted further work");
    Request request(std::move(work));
    {
        std::unique_lock lock(mutex_);
        if (stopping_) fail(ErrorCode::unavailable, "store.closing", "the store is being closed; nothing was stored");
        waiting_.push_back(&request);
        work_arrived_.notify_one();
        ++callers_;
        request.wake.wait(lock, [&] { return request.done; });
        if (--callers_ == 0) callers_left_.notify_all();
    }
    if (request.error) throw Error(*request.error);
    if (request.foreign) std::rethrow_exception(request.foreign);
}

void GroupCommit::write_until_stopped() {
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            work_arrived_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
            if (waiting_.empty()) return;
        }
        std::vector<Request*> batch;
        commit(batch);
        const std::lock_guard lock(mutex_);
        for (Request* request : batch) {
            request->done = true;
            // Under the lock: the request is gone as soon as its caller sees `done`.
            request->wake.notify_one();
        }
    }
}

void GroupCommit::take_waiting(std::vector<Request*>& batch) {
    const std::lock_guard lock(mutex_);
    while (!waiting_.empty() && batch.size() < options_.most_per_commit) {
        batch.push_back(waiting_.front());
        waiting_.pop_front();
    }
}

void GroupCommit::run(Transaction& transaction, Request& request) {
    request.error.reset();
    request.foreign = nullptr;
    // An Error is copied rather than kept as exception_ptr, so that no exception object is shared between threads.
    try {
        transaction.nested([&] { request.work(transaction); });
    } catch (const Error& error) {
        if (!transaction.is_active()) throw;
        request.error = error;
    } catch (...) {
        if (!transaction.is_active()) throw;
        request.foreign = std::current_exception();
    }
}

void GroupCommit::commit(std::vector<Request*>& batch) {
    try {
        database_.transaction([&](Transaction& transaction) {
            // Taken only now that the write lock is held: what arrived while we waited for it comes along.
            take_waiting(batch);
            for (Request* request : batch) run(transaction, *request);
        });
        const std::lock_guard lock(mutex_);
        ++commits_;
    } catch (const Error& error) {
        if (batch.empty()) take_waiting(batch);  // the transaction could not even begin
        if (batch.size() > 1 && (error.reason() == "store.full" || error.reason() == "store.aborted"))
            return commit_alone(batch);
        for (Request* request : batch) request->error = error;
    } catch (...) {
        if (batch.empty()) take_waiting(batch);
        for (Request* request : batch) {
            request->error.reset();
            request->foreign = std::current_exception();
        }
    }
}

// One request that does not fit on the disk makes the engine end the whole transaction; the others may well fit.
void GroupCommit::commit_alone(const std::vector<Request*>& batch) {
    for (Request* request : batch) {
        try {
            database_.transaction([&](Transaction& transaction) { run(transaction, *request); });
            const std::lock_guard lock(mutex_);
            ++commits_;
        } catch (const Error& error) {
            request->error = error;
        } catch (...) {
            request->error.reset();
            request->foreign = std::current_exception();
        }
    }
}

}  // namespace uvpki::service
