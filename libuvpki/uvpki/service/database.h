#pragma once
// The store of a service: transactions over SQL with $1..$n parameters, the same for every engine. Not an ORM: SQL
// stands in the store.cpp that owns the tables. A Database is thread-safe; a Transaction belongs to the call that it
// was handed to.

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "uvpki/bytes.h"
#include "uvpki/clock.h"
#include "uvpki/error.h"

namespace uvpki::service {

/// NULL, BIGINT, TEXT or BYTEA: the column types that all engines share.
using Value = std::variant<std::monostate, std::int64_t, std::string, Bytes>;

inline Value null_value() {
    return std::monostate{};
}
inline Value blob(ByteView bytes) {
    return to_bytes(bytes);
}
inline Value text(std::string_view text) {
    return std::string(text);
}
inline Value seconds(Time time) {
    return unix_seconds(time);
}

/// One row of a result. Getters take the column's name or its 0-based position and throw internal "store.column" (no
/// such column) or "store.type" (another type, or NULL where a value is asked for).
class Row {
public:
    using Names = std::shared_ptr<const std::vector<std::string>>;

    /// Which column: by name or by position.
    class Column {
    public:
        Column(const char* name) : column_(std::string_view(name)) {}
        Column(std::string_view name) : column_(name) {}
        Column(std::size_t position) : column_(position) {}
        Column(int position) : column_(static_cast<std::size_t>(position)) {}

    private:
        friend class Row;
        std::variant<std::size_t, std::string_view> column_;
    };

    Row(Names names, std::vector<Value> values) : names_(std::move(names)), values_(std::move(values)) {}

    std::size_t size() const { return values_.size(); }
    const std::vector<std::string>& names() const { return *names_; }
    const Value& value(Column column) const;
    bool is_null(Column column) const { return std::holds_alternative<std::monostate>(value(column)); }

    std::int64_t integer(Column column) const;
    const std::string& text(Column column) const;
    const Bytes& bytes(Column column) const;
    /// Stored as Unix seconds.
    Time time(Column column) const { return from_unix_seconds(integer(column)); }

    std::optional<std::int64_t> find_integer(Column column) const;
    std::optional<std::string> find_text(Column column) const;
    std::optional<Bytes> find_bytes(Column column) const;
    std::optional<Time> find_time(Column column) const;

private:
    Names names_;
    std::vector<Value> values_;
};

using Rows = std::vector<Row>;

enum class Dialect { sqlite, postgresql };

/// SQL inside one transaction. `sql` is exactly one statement; there are as many values as there are parameters ($1
/// is the first), anything else is internal "store.sql". What the engine refuses comes as
///   conflict     "store.unique"     a PRIMARY KEY or UNIQUE constraint: the row is there already
///   conflict     "store.reference"  a FOREIGN KEY constraint
///   forbidden    "store.refused"    a trigger said no, e.g. an append-only table
///   internal     "store.constraint" a CHECK or NOT NULL constraint
///   unavailable  "store.busy" "store.full" "store.read_only" "store.corrupt" "store.cannot_open" "store.io"
class Transaction {
public:
    using Visitor = std::function<void(const Row&)>;

    Transaction() = default;
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    virtual ~Transaction() = default;

    /// Number of rows that the statement itself changed.
    std::int64_t execute(std::string_view sql, std::initializer_list<Value> values = {}) {
        return run(sql, {values.begin(), values.size()}, nullptr);
    }
    std::int64_t execute(std::string_view sql, std::span<const Value> values) { return run(sql, values, nullptr); }

    /// All rows; also for INSERT ... RETURNING.
    Rows query(std::string_view sql, std::initializer_list<Value> values = {}) {
        return query(sql, std::span(values.begin(), values.size()));
    }
    Rows query(std::string_view sql, std::span<const Value> values);

    /// The only row, or nothing; more than one is internal "store.rows".
    std::optional<Row> query_one(std::string_view sql, std::initializer_list<Value> values = {}) {
        return query_one(sql, std::span(values.begin(), values.size()));
    }
    std::optional<Row> query_one(std::string_view sql, std::span<const Value> values);

    /// Row by row, for results that should not be held in memory at once.
    void for_each(std::string_view sql, std::initializer_list<Value> values, const Visitor& visit) {
        run(sql, {values.begin(), values.size()}, &visit);
    }

    /// Several statements without parameters: migrations only.
    virtual void execute_script(std::string_view sql) = 0;

    /// Runs `action` under a savepoint: if it throws, what it did is undone and the transaction goes on. If the
    /// engine has ended the whole transaction meanwhile (disk full), is_active() is false afterwards.
    void nested(const std::function<void()>& action);

    virtual bool is_active() const = 0;
    virtual Dialect dialect() const = 0;

protected:
    /// Returns the number of changed rows; hands every row to `visit` unless it is null.
    virtual std::int64_t run(std::string_view sql, std::span<const Value> values, const Visitor* visit) = 0;
};

class Database {
public:
    Database() = default;
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    virtual ~Database() = default;

    /// Runs `action(Transaction&)` and commits; the commit is durable before this returns the action's result. An
    /// exception rolls everything back. Runs the action again when another writer was in the way, so it touches only
    /// its transaction. A transaction inside another one of the same thread is internal "store.nested".
    template <std::invocable<Transaction&> Action>
    auto transaction(Action&& action) {
        return returning(action, [this](const Work& work) { run_transaction(work); });
    }

    /// Runs `action(Transaction&)` on one consistent snapshot, beside writers; changing anything is refused.
    template <std::invocable<Transaction&> Action>
    auto read(Action&& action) {
        return returning(action, [this](const Work& work) { run_read(work); });
    }

    /// Rewrites the store without the remains of deleted rows and empties the write-ahead log, so that its files do
    /// not tell in what order rows arrived (tables keyed by content, WITHOUT ROWID; a row id would be kept). Throws
    /// "store.busy" when a reader stays in the way.
    virtual void erase_traces() = 0;

    /// The engine's own check of its files: nothing, or what is damaged ("store.corrupt").
    virtual std::vector<Finding> check_integrity() = 0;

protected:
    using Work = std::function<void(Transaction&)>;
    virtual void run_transaction(const Work& work) = 0;
    virtual void run_read(const Work& work) = 0;

private:
    template <typename Action, typename Runner>
    static auto returning(Action& action, const Runner& runner) {
        using Result = std::invoke_result_t<Action&, Transaction&>;
        if constexpr (std::is_void_v<Result>) {
            runner([&](Transaction& transaction) { action(transaction); });
        } else {
            static_assert(!std::is_reference_v<Result>, "a result must not refer into the transaction");
            std::optional<Result> result;
            runner([&](Transaction& transaction) { result.emplace(action(transaction)); });
            return std::move(*result);
        }
    }
};

}  // namespace uvpki::service
