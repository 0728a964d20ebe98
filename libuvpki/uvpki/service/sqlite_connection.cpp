#include "uvpki/service/sqlite_connection.h"

#include <thread>

namespace uvpki::service {

namespace {

constexpr std::size_t most_cached_statements = 256;

[[noreturn]] void fail_code(int extended, const std::string& words) {
    switch (extended) {
        case SQLITE_CONSTRAINT_UNIQUE:
        case SQLITE_CONSTRAINT_PRIMARYKEY:
        case SQLITE_CONSTRAINT_ROWID:
            fail(ErrorCode::conflict, "store.unique", "the store holds such a row already (" + words + ")");
        case SQLITE_CONSTRAINT_FOREIGNKEY:
            fail(ErrorCode::conflict, "store.reference", "a row that is referred to is missing, or is still needed");
        case SQLITE_CONSTRAINT_TRIGGER:
            fail(ErrorCode::forbidden, "store.refused", "the store refuses this: " + words);
        default:
            break;
    }
    switch (extended & 0xFF) {
        case SQLITE_CONSTRAINT:
            fail(ErrorCode::internal, "store.constraint", "a row breaks a rule of the store: " + words);
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            fail(ErrorCode::unavailable, "store.busy", "the store is busy; try again");
        case SQLITE_FULL:
            fail(ErrorCode::unavailable, "store.full", "the store has no space left; nothing was stored");
        case SQLITE_READONLY:
            fail(ErrorCode::unavailable, "store.read_only", "the store cannot be written to");
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            fail(ErrorCode::unavailable, "store.corrupt", "the store's file is damaged: " + words);
        case SQLITE_CANTOPEN:
        case SQLITE_PERM:
        case SQLITE_AUTH:
            fail(ErrorCode::unavailable, "store.cannot_open", "the store's file cannot be opened");
        case SQLITE_IOERR:
            fail(ErrorCode::unavailable, "store.io", "the store's file cannot be read or written: " + words);
        default:
            fail(ErrorCode::internal, "store.sql", "the store rejects a statement: " + words);
    }
}

Value column_value(sqlite3_stmt* statement, int column) {
    switch (sqlite3_column_type(statement, column)) {
        case SQLITE_NULL:
            return std::monostate{};
        case SQLITE_INTEGER:
            return std::int64_t{sqlite3_column_int64(statement, column)};
        case SQLITE_TEXT: {
            const auto* start = sqlite3_column_text(statement, column);
            return to_text({start, static_cast<std::size_t>(sqlite3_column_bytes(statement, column))});
        }
        case SQLITE_BLOB: {
            // "The return value from sqlite3_column_blob() for a zero-length BLOB is a NULL pointer."
            const auto* start = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, column));
            if (start == nullptr) return Bytes{};
            return to_bytes(ByteView(start, static_cast<std::size_t>(sqlite3_column_bytes(statement, column))));
        }
        default:
            fail(ErrorCode::internal, "store.type", "a column holds a floating-point number, which no table has");
    }
}

}  // namespace

SqliteConnection::SqliteConnection(const std::filesystem::path& path, std::chrono::milliseconds busy_timeout)
    : busy_timeout_(busy_timeout) {
    sqlite3* opened = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    handle_.reset(opened);  // also a failed open gives a handle that is to be closed
    if (code != SQLITE_OK) fail_code(code, opened != nullptr ? sqlite3_errmsg(opened) : "no memory");
    sqlite3_extended_result_codes(opened, 1);
    sqlite3_busy_handler(opened, &SqliteConnection::on_busy, this);
    sqlite3_db_config(opened, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(opened, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
}

// SQLite's own busy timeout backs off to 100 ms between attempts and starves beside a process that commits all the
// time.
int SqliteConnection::on_busy(void* self, int attempts) noexcept {
    auto& connection = *static_cast<SqliteConnection*>(self);
    const auto now = std::chrono::steady_clock::now();
    if (attempts == 0) connection.busy_since_ = now;
    if (now - connection.busy_since_ >= connection.busy_timeout_) return 0;
    std::this_thread::sleep_for(std::chrono::microseconds(attempts < 20 ? 200 : 2000));
    return 1;
}

void SqliteConnection::fail_with(int code) const {
    const int extended = sqlite3_extended_errcode(handle_.get());
    fail_code((extended & 0xFF) == (code & 0xFF) ? extended : code, sqlite3_errmsg(handle_.get()));
}

void SqliteConnection::roll_back() noexcept {
    if (!in_transaction()) return;
    sqlite3_exec(handle_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

SqliteConnection::Cached SqliteConnection::prepare(std::string_view sql, unsigned flags) {
    sqlite3_stmt* raw = nullptr;
    const char* tail = nullptr;
    const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()), flags, &raw, &tail);
    sqlite::Statement statement(raw);
    if (code != SQLITE_OK) fail_with(code);
    const auto rest = sql.substr(static_cast<std::size_t>(tail - sql.data()));
    if (!statement || rest.find_first_not_of(" \t\r\n;") != std::string_view::npos)
        fail(ErrorCode::internal, "store.sql", "exactly one SQL statement is expected");
    auto names = std::make_shared<std::vector<std::string>>();
    for (int i = 0; i < sqlite3_column_count(statement.get()); ++i)
        names->emplace_back(sqlite3_column_name(statement.get(), i));
    return {std::move(statement), std::move(names)};
}

void SqliteConnection::bind(sqlite3_stmt* statement, std::span<const Value> values) const {
    const auto expected = static_cast<std::size_t>(sqlite3_bind_parameter_count(statement));
    if (expected != values.size())
        fail(ErrorCode::internal, "store.sql",
             "a statement has " + std::to_string(expected) + " parameters and was given " +
                 std::to_string(values.size()) + " values");
    for (std::size_t i = 0; i < values.size(); ++i) {
        const int index = sqlite3_bind_parameter_index(statement, ("$" + std::to_string(i + 1)).c_str());
        if (index == 0)
            fail(ErrorCode::internal, "store.sql", "a statement has no parameter $" + std::to_string(i + 1));
        // The values outlive the steps, so nothing is copied; an empty BLOB needs a pointer that is not null.
        int code = SQLITE_OK;
        if (const auto* number = std::get_if<std::int64_t>(&values[i])) {
            code = sqlite3_bind_int64(statement, index, *number);
        } else if (const auto* words = std::get_if<std::string>(&values[i])) {
            code = sqlite3_bind_text64(statement, index, words->data(), words->size(), SQLITE_STATIC, SQLITE_UTF8);
        } else if (const auto* bytes = std::get_if<Bytes>(&values[i])) {
            const void* start = bytes->empty() ? static_cast<const void*>("") : bytes->data();
            code = sqlite3_bind_blob64(statement, index, start, bytes->size(), SQLITE_STATIC);
        } else {
            code = sqlite3_bind_null(statement, index);
        }
        if (code != SQLITE_OK) fail_with(code);
    }
}

std::int64_t SqliteConnection::step_all(Cached& cached, std::span<const Value> values,
                                        const Transaction::Visitor* visit) {
    struct Reset {
        Cached& cached;
        explicit Reset(Cached& used) : cached(used) { cached.in_use = true; }
        Reset(const Reset&) = delete;
        ~Reset() {
            sqlite3_reset(cached.statement.get());
            sqlite3_clear_bindings(cached.statement.get());
            cached.in_use = false;
        }
    } reset(cached);

    auto* statement = cached.statement.get();
    bind(statement, values);
    const auto before = sqlite3_total_changes64(handle_.get());
    for (;;) {
        const int code = sqlite3_step(statement);
        if (code == SQLITE_DONE) break;
        if (code != SQLITE_ROW) fail_with(code);
        if (visit == nullptr) continue;
        std::vector<Value> row;
        const int columns = sqlite3_column_count(statement);
        row.reserve(static_cast<std::size_t>(columns));
        for (int i = 0; i < columns; ++i) row.push_back(column_value(statement, i));
        (*visit)(Row(cached.names, std::move(row)));
    }
    // sqlite3_changes keeps its old value after a statement that is no INSERT, UPDATE or DELETE.
    if (sqlite3_total_changes64(handle_.get()) == before) return 0;
    return sqlite3_changes64(handle_.get());
}

std::int64_t SqliteConnection::run(std::string_view sql, std::span<const Value> values,
                                   const Transaction::Visitor* visit) {
    auto found = statements_.find(sql);
    if (found == statements_.end()) {
        if (statements_.size() >= most_cached_statements)
            std::erase_if(statements_, [](const auto& entry) { return !entry.second.in_use; });
        found = statements_.emplace(std::string(sql), prepare(sql, SQLITE_PREPARE_PERSISTENT)).first;
    } else if (found->second.in_use) {
        // The same statement inside its own visitor: it needs a cursor of its own.
        Cached again = prepare(sql, 0);
        return step_all(again, values, visit);
    }
    return step_all(found->second, values, visit);
}

void SqliteConnection::run_script(std::string_view sql) {
    const int code = sqlite3_exec(handle_.get(), std::string(sql).c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) fail_with(code);
}

Value SqliteConnection::single(std::string_view sql) {
    Cached once = prepare(sql, 0);
    Value result;
    const Transaction::Visitor keep = [&](const Row& row) { result = row.value(0); };
    step_all(once, {}, &keep);
    return result;
}

}  // namespace uvpki::service
