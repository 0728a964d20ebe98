#pragma once
// Forward-only schema migrations, embedded into the program from migrations/NNNN_name.sql. What was applied is
// recorded with its SHA-256 in the table schema_migration. Several processes may migrate one store at the same time.

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "uvpki/service/database.h"

namespace uvpki::service {

struct Migration {
    int version = 0;  ///< 1, 2, 3 ... without gaps
    std::string name;
    std::string sql;  ///< may hold blocks "-- only: sqlite" or "-- only: postgresql" up to "-- end"
};

/// Migrations that build on each other. A store may have several series, e.g. "audit" and the service's own "main".
struct MigrationSeries {
    std::string name;
    std::vector<Migration> migrations;
};

/// Applies what is missing, each migration and its record in one transaction, so that an interrupted run goes on
/// where it stopped. Returns how many were applied. Throws conflict "store.migration.changed" (an applied one has
/// other SQL now) or "store.migration.newer" (the store was written by a newer program), internal
/// "store.migration.order" or "store.migration.block".
int migrate(Database& database, std::span<const MigrationSeries> series);
inline int migrate(Database& database, std::initializer_list<MigrationSeries> series) {
    return migrate(database, std::span(series.begin(), series.size()));
}

/// The text that this engine is to run: lines of the other engines' blocks left out. Throws "store.migration.block".
std::string select_dialect(std::string_view sql, Dialect dialect);

}  // namespace uvpki::service
