#pragma once
// Private to the SQLite store, not installed: one connection with its statement cache, and the one place where
// SQLite's result codes become Errors. A connection is used by one thread at a time.

#include <sqlite3.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "uvpki/service/database.h"

namespace uvpki::service {

namespace sqlite {

struct CloseConnection {
    void operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
};
struct FinalizeStatement {
    void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
using Handle = std::unique_ptr<sqlite3, CloseConnection>;
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

}  // namespace sqlite

class SqliteConnection {
public:
    SqliteConnection(const std::filesystem::path& path, std::chrono::milliseconds busy_timeout);

    std::int64_t run(std::string_view sql, std::span<const Value> values, const Transaction::Visitor* visit);
    void run_script(std::string_view sql);
    /// A statement that gives one value or nothing, such as a PRAGMA.
    Value single(std::string_view sql);

    bool in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }
    void roll_back() noexcept;
    sqlite3* handle() const { return handle_.get(); }
    /// Throws what `code` means, with SQLite's own words.
    [[noreturn]] void fail_with(int code) const;

private:
    struct Cached {
        sqlite::Statement statement;
        Row::Names names;
        bool in_use = false;
    };

    Cached prepare(std::string_view sql, unsigned flags);
    void bind(sqlite3_stmt* statement, std::span<const Value> values) const;
    std::int64_t step_all(Cached& cached, std::span<const Value> values, const Transaction::Visitor* visit);
    static int on_busy(void* self, int attempts) noexcept;

    std::chrono::milliseconds busy_timeout_;
    std::chrono::steady_clock::time_point busy_since_{};
    sqlite::Handle handle_;
    std::map<std::string, Cached, std::less<>> statements_;  ///< finalized before the handle is closed
};

}  // namespace uvpki::service
