#include "uvpki/service/database.h"

#include <algorithm>

namespace uvpki::service {

namespace {

constexpr const char* type_names[] = {"NULL", "BIGINT", "TEXT", "BYTEA"};

template <typename T>
const T& typed(const Value& value, std::size_t wanted) {
    if (const T* found = std::get_if<T>(&value)) return *found;
    fail(ErrorCode::internal, "store.type",
         std::string("a column holds ") + type_names[value.index()] + " where " + type_names[wanted] + " is expected");
}

template <typename T>
std::optional<T> optional_typed(const Value& value, std::size_t wanted) {
    if (std::holds_alternative<std::monostate>(value)) return std::nullopt;
    return typed<T>(value, wanted);
}

}  // namespace

const Value& Row::value(Column column) const {
    if (const auto* name = std::get_if<std::string_view>(&column.column_)) {
        const auto found = std::find(names_->begin(), names_->end(), *name);
        if (found == names_->end())
            fail(ErrorCode::internal, "store.column", "the result has no column " + std::string(*name));
        return values_[static_cast<std::size_t>(found - names_->begin())];
    }
    const auto position = std::get<std::size_t>(column.column_);
    if (position >= values_.size())
        fail(ErrorCode::internal, "store.column", "the result has no column number " + std::to_string(position));
    return values_[position];
}

std::int64_t Row::integer(Column column) const {
    return typed<std::int64_t>(value(column), 1);
}
const std::string& Row::text(Column column) const {
    return typed<std::string>(value(column), 2);
}
const Bytes& Row::bytes(Column column) const {
    return typed<Bytes>(value(column), 3);
}

std::optional<std::int64_t> Row::find_integer(Column column) const {
    return optional_typed<std::int64_t>(value(column), 1);
}
std::optional<std::string> Row::find_text(Column column) const {
    return optional_typed<std::string>(value(column), 2);
}
std::optional<Bytes> Row::find_bytes(Column column) const {
    return optional_typed<Bytes>(value(column), 3);
}
std::optional<Time> Row::find_time(Column column) const {
    const auto found = find_integer(column);
    if (!found) return std::nullopt;
    return from_unix_seconds(*found);
}

Rows Transaction::query(std::string_view sql, std::span<const Value> values) {
    Rows rows;
    const Visitor collect = [&](const Row& row) { rows.push_back(row); };
    run(sql, values, &collect);
    return rows;
}

std::optional<Row> Transaction::query_one(std::string_view sql, std::span<const Value> values) {
    std::optional<Row> only;
    const Visitor keep = [&](const Row& row) {
        if (only) fail(ErrorCode::internal, "store.rows", "a query for one row found several");
        only = row;
    };
    run(sql, values, &keep);
    return only;
}

void Transaction::nested(const std::function<void()>& action) {
    execute("SAVEPOINT nested");
    try {
        action();
    } catch (...) {
        if (is_active()) {
            execute("ROLLBACK TO SAVEPOINT nested");
            execute("RELEASE SAVEPOINT nested");
        }
        throw;
    }
    execute("RELEASE SAVEPOINT nested");
}

}  // namespace uvpki::service
