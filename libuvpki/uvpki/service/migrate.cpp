#include "uvpki/service/migrate.h"

#include "uvpki/digest.h"

namespace uvpki::service {

namespace {

std::string label(const MigrationSeries& series, int version, const std::string& name) {
    return series.name + " " + std::to_string(version) + " (" + name + ")";
}

void require_order(const MigrationSeries& series) {
    int expected = 1;
    for (const auto& migration : series.migrations) {
        if (migration.version != expected)
            fail(ErrorCode::internal, "store.migration.order",
                 "migration " + label(series, migration.version, migration.name) + " stands where version " +
                     std::to_string(expected) + " is expected");
        ++expected;
    }
}

// Every recorded migration must be one that this program has, with the same text. Returns how many are recorded.
std::size_t check_recorded(Transaction& transaction, const MigrationSeries& series) {
    const Rows rows = transaction.query(
        "SELECT version, name, sha256 FROM schema_migration WHERE series = $1 ORDER BY version", {series.name});
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (i >= series.migrations.size())
            fail(ErrorCode::conflict, "store.migration.newer",
                 "the store has migration " +
                     label(series, static_cast<int>(rows[i].integer("version")), rows[i].text("name")) +
                     ", which this program does not know: it was written by a newer one");
        const auto& migration = series.migrations[i];
        const auto digest = sha256(as_bytes(select_dialect(migration.sql, transaction.dialect())));
        if (rows[i].integer("version") != migration.version || !equal(rows[i].bytes("sha256"), digest))
            fail(ErrorCode::conflict, "store.migration.changed",
                 "migration " + label(series, migration.version, migration.name) +
                     " is not the one that was applied to the store");
    }
    return rows.size();
}

// Applies at most one, so that each has its own transaction. Returns whether there was one.
bool apply_next(Transaction& transaction, const MigrationSeries& series) {
    const std::size_t recorded = check_recorded(transaction, series);
    if (recorded == series.migrations.size()) return false;
    const auto& migration = series.migrations[recorded];
    const std::string sql = select_dialect(migration.sql, transaction.dialect());
    during("applying migration " + label(series, migration.version, migration.name),
           [&] { transaction.execute_script(sql); });
    transaction.execute("INSERT INTO schema_migration (series, version, name, sha256) VALUES ($1, $2, $3, $4)",
                        {series.name, std::int64_t{migration.version}, migration.name, blob(sha256(as_bytes(sql)))});
    return true;
}

[[noreturn]] void fail_block(std::size_t line, const char* what) {
    fail(ErrorCode::internal, "store.migration.block", "migration, line " + std::to_string(line) + ": " + what);
}

}  // namespace

std::string select_dialect(std::string_view sql, Dialect dialect) {
    enum class Block { none, ours, other };
    std::string selected;
    Block block = Block::none;
    std::size_t line_number = 0;
    while (!sql.empty()) {
        ++line_number;
        const auto end = sql.find('\n');
        auto line = sql.substr(0, end);
        sql.remove_prefix(end == std::string_view::npos ? sql.size() : end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.starts_with("-- only:")) {
            if (block != Block::none) fail_block(line_number, "a block begins inside another one");
            const bool for_sqlite = line == "-- only: sqlite";
            if (!for_sqlite && line != "-- only: postgresql") fail_block(line_number, "an unknown engine is named");
            block = for_sqlite == (dialect == Dialect::sqlite) ? Block::ours : Block::other;
        } else if (line == "-- end") {
            if (block == Block::none) fail_block(line_number, "a block ends that was not begun");
            block = Block::none;
        } else if (block != Block::other) {
            selected.append(line).push_back('\n');
        }
    }
    if (block != Block::none) fail_block(line_number, "the last block has no end");
    return selected;
}

int migrate(Database& database, std::span<const MigrationSeries> series) {
    for (const auto& each : series) require_order(each);
    database.transaction([](Transaction& transaction) {
        transaction.execute(
            "CREATE TABLE IF NOT EXISTS schema_migration ("
            " series TEXT NOT NULL, version BIGINT NOT NULL, name TEXT NOT NULL, sha256 BYTEA NOT NULL,"
            " PRIMARY KEY (series, version))");
    });
    // A store that is too new or was altered is refused before anything in it changes.
    database.transaction([&](Transaction& transaction) {
        for (const auto& each : series) check_recorded(transaction, each);
    });
    int applied = 0;
    for (const auto& each : series)
        while (database.transaction([&](Transaction& transaction) { return apply_next(transaction, each); })) ++applied;
    return applied;
}

}  // namespace uvpki::service
