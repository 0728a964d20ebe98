#include "uvpki/service/sqlite_database.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "uvpki/service/sqlite_connection.h"

namespace uvpki::service {

namespace {

using SteadyClock = std::chrono::steady_clock;

bool is_busy(const Error& error) {
    return error.reason() == "store.busy";
}

// Never opens the file itself: closing any descriptor of it would drop the POSIX locks that SQLite holds in this
// process.
void create_private_file(const std::filesystem::path& path) {
    if (::mknod(path.c_str(), S_IFREG | 0600, 0) == 0) return;
    if (errno != EEXIST)
        fail(ErrorCode::unavailable, "store.cannot_open", "the store's file cannot be created: " + path.string());
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode))
        fail(ErrorCode::unavailable, "store.cannot_open", "the store is not a regular file: " + path.string());
    if ((info.st_mode & 0077) != 0 && ::chmod(path.c_str(), info.st_mode & 0700) != 0)
        fail(ErrorCode::unavailable, "store.cannot_open",
             "the store's file may be read by others and its mode cannot be changed: " + path.string());
}

/// A mutex that serves in order of arrival, so that a busy writer thread does not starve the others.
class WriterTurn {
public:
    void take() {
        std::unique_lock lock(mutex_);
        if (owner_ == std::this_thread::get_id())
            fail(ErrorCode::internal, "store.nested", "a transaction was begun inside another one of the same thread");
        const auto mine = next_ticket_++;
        changed_.wait(lock, [&] { return serving_ == mine; });
        owner_ = std::this_thread::get_id();
    }
    void give_back() {
        const std::lock_guard lock(mutex_);
        owner_ = {};
        ++serving_;
        changed_.notify_all();
    }

private:
    std::mutex mutex_;  ///< guards everything below
    std::condition_variable changed_;
    std::uint64_t next_ticket_ = 0;
    std::uint64_t serving_ = 0;
    std::thread::id owner_;
};

class TurnGuard {
public:
    explicit TurnGuard(WriterTurn& turn) : turn_(turn) { turn_.take(); }
    TurnGuard(const TurnGuard&) = delete;
    TurnGuard& operator=(const TurnGuard&) = delete;
    ~TurnGuard() { turn_.give_back(); }

private:
    WriterTurn& turn_;
};

class SqliteTransaction final : public Transaction {
public:
    explicit SqliteTransaction(SqliteConnection& connection) : connection_(connection) {}

    void execute_script(std::string_view sql) override {
        require_active();
        connection_.run_script(sql);
    }
    bool is_active() const override { return connection_.in_transaction(); }
    Dialect dialect() const override { return Dialect::sqlite; }

protected:
    std::int64_t run(std::string_view sql, std::span<const Value> values, const Visitor* visit) override {
        require_active();
        return connection_.run(sql, values, visit);
    }

private:
    // After the engine has ended the transaction by itself, a further statement would be committed on its own.
    void require_active() const {
        if (!is_active())
            fail(ErrorCode::unavailable, "store.aborted", "the store has ended the transaction; nothing was stored");
    }

    SqliteConnection& connection_;
};

class SqliteDatabase final : public Database {
public:
    SqliteDatabase(std::filesystem::path path, SqliteOptions options)
        : path_(std::move(path)), options_(options), writer_(open_connection()) {
        mark_as_ours();
    }

    void erase_traces() override {
        const TurnGuard turn(turn_);
        writer_->run("VACUUM", {}, nullptr);
        // First column of the answer: 1 if a reader or writer was in the way.
        const Value blocked = writer_->single("PRAGMA wal_checkpoint(TRUNCATE)");
        if (std::get<std::int64_t>(blocked) != 0)
            fail(ErrorCode::unavailable, "store.busy", "a reader kept the store's write-ahead log from being emptied");
    }

    std::vector<Finding> check_integrity() override {
        std::vector<Finding> findings;
        const Transaction::Visitor visit = [&](const Row& row) {
            if (row.text(0) != "ok") findings.push_back({"store.corrupt", row.text(0)});
        };
        const TurnGuard turn(turn_);
        try {
            writer_->run("PRAGMA integrity_check", {}, &visit);
        } catch (const Error& error) {
            if (error.reason() != "store.corrupt") throw;
            findings.push_back({error.reason(), error.message()});
        }
        return findings;
    }

protected:
    void run_transaction(const Work& work) override {
        const TurnGuard turn(turn_);
        const auto deadline = SteadyClock::now() + options_.busy_timeout;
        for (;;) {
            try {
                // IMMEDIATE takes the write lock at once: nothing that was read can be overtaken by another process.
                return attempt(*writer_, "BEGIN IMMEDIATE", work);
            } catch (const Error& error) {
                if (!is_busy(error) || SteadyClock::now() >= deadline) throw;
            }
        }
    }

    void run_read(const Work& work) override {
        const Lease lease(*this);
        attempt(*lease.connection, "BEGIN DEFERRED", work);
    }

private:
    struct Lease {
        explicit Lease(SqliteDatabase& owner) : database(owner), connection(owner.take_reader()) {}
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;
        ~Lease() { database.give_reader(std::move(connection)); }
        SqliteDatabase& database;
        std::unique_ptr<SqliteConnection> connection;
    };

    static void attempt(SqliteConnection& connection, std::string_view begin, const Work& work) {
        connection.run(begin, {}, nullptr);
        try {
            SqliteTransaction transaction(connection);
            work(transaction);
            if (!transaction.is_active())
                fail(ErrorCode::unavailable, "store.aborted",
                     "the store has ended the transaction; nothing was stored");
            connection.run("COMMIT", {}, nullptr);
        } catch (...) {
            connection.roll_back();
            throw;
        }
    }

    std::unique_ptr<SqliteConnection> open_connection() const {
        auto connection = std::make_unique<SqliteConnection>(path_, options_.busy_timeout);
        if (sqlite3_db_readonly(connection->handle(), "main") == 1)
            fail(ErrorCode::unavailable, "store.read_only", "the store cannot be written to: " + path_.string());
        use_write_ahead_log(*connection);
        // recursive_triggers: without it INSERT OR REPLACE deletes rows past the triggers of an append-only table.
        connection->run_script(
            "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON;"
            "PRAGMA recursive_triggers = ON; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;");
        if (options_.page_limit > 0)
            connection->single("PRAGMA max_page_count = " + std::to_string(options_.page_limit));
        return connection;
    }

    // The change to WAL does not call the busy handler when two processes open a new file at once.
    void use_write_ahead_log(SqliteConnection& connection) const {
        const auto deadline = SteadyClock::now() + options_.busy_timeout;
        for (;;) {
            try {
                if (std::get<std::string>(connection.single("PRAGMA journal_mode = WAL")) == "wal") return;
                fail(ErrorCode::unavailable, "store.cannot_open",
                     "the store's file system cannot hold a write-ahead log: " + path_.string());
            } catch (const Error& error) {
                if (!is_busy(error) || SteadyClock::now() >= deadline) throw;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
    }

    void mark_as_ours() {
        run_transaction([this](Transaction& transaction) {
            const auto id = transaction.query("PRAGMA application_id").at(0).integer(0);
            if (id == options_.application_id) return;
            const auto tables = transaction.query("SELECT count(*) FROM sqlite_master").at(0).integer(0);
            if (id != 0 || tables != 0)
                fail(ErrorCode::conflict, "store.foreign",
                     "the file holds a database of another program: " + path_.string());
            transaction.execute_script("PRAGMA application_id = " + std::to_string(options_.application_id));
        });
    }

    std::unique_ptr<SqliteConnection> take_reader() {
        {
            std::unique_lock lock(readers_mutex_);
            reader_free_.wait(lock, [&] { return !idle_readers_.empty() || readers_out_ < options_.readers; });
            ++readers_out_;
            if (!idle_readers_.empty()) {
                auto connection = std::move(idle_readers_.back());
                idle_readers_.pop_back();
                return connection;
            }
        }
        try {
            auto connection = open_connection();
            connection->run_script("PRAGMA query_only = ON");
            return connection;
        } catch (...) {
            give_reader(nullptr);
            throw;
        }
    }

    void give_reader(std::unique_ptr<SqliteConnection> connection) {
        const std::lock_guard lock(readers_mutex_);
        --readers_out_;
        if (connection) idle_readers_.push_back(std::move(connection));
        reader_free_.notify_one();
    }

    const std::filesystem::path path_;
    const SqliteOptions options_;
    WriterTurn turn_;  ///< whoever has it may use writer_
    std::unique_ptr<SqliteConnection> writer_;
    std::mutex readers_mutex_;  ///< guards idle_readers_ and readers_out_
    std::condition_variable reader_free_;
    std::vector<std::unique_ptr<SqliteConnection>> idle_readers_;
    std::size_t readers_out_ = 0;
};

}  // namespace

std::unique_ptr<Database> open_sqlite(const std::filesystem::path& path, SqliteOptions options) {
    return during("opening the store " + path.string(), [&]() -> std::unique_ptr<Database> {
        if (options.readers == 0) fail(ErrorCode::internal, "store.readers", "a store needs at least one reader");
        create_private_file(path);
        return std::make_unique<SqliteDatabase>(path, options);
    });
}

}  // namespace uvpki::service
