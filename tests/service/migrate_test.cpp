#include "uvpki/service/migrate.h"
#include "temp_store.h"

using namespace uvpki;
using namespace uvpki::service;
using namespace uvpki::service::test;

namespace uvpki::service::test {
MigrationSeries sample_migrations();
}

namespace {

MigrationSeries series(std::vector<Migration> migrations) {
    return {"main", std::move(migrations)};
}

const Migration first{1, "first", "CREATE TABLE one (id BIGINT PRIMARY KEY);\n"};
const Migration second{2, "second", "CREATE TABLE two (id BIGINT PRIMARY KEY);\nINSERT INTO one VALUES (1);\n"};

}  // namespace

TEST_CASE("migrations are applied once, in order, and later ones are added") {
    TempStore store;
    CHECK(migrate(*store, {series({first})}) == 1);
    CHECK(migrate(*store, {series({first})}) == 0);
    CHECK(migrate(*store, {series({first, second})}) == 1);
    CHECK(count(*store, "one") == 1);
    CHECK(count(*store, "two") == 0);
}

TEST_CASE("two series live side by side in one store") {
    TempStore store;
    CHECK(migrate(*store, {series({first}), {"other", {{1, "its first", "CREATE TABLE other (id BIGINT);"}}}}) == 2);
    CHECK(migrate(*store, {series({first})}) == 0);
}

TEST_CASE("an applied migration whose text changed is refused and nothing is applied") {
    TempStore store;
    migrate(*store, {series({first})});
    Migration changed = first;
    changed.sql += "-- harmless\n";
    CHECK(reason_of([&] { migrate(*store, {series({changed, second})}); }) == "store.migration.changed");
    CHECK(reason_of([&] { count(*store, "two"); }) == "store.sql");
}

TEST_CASE("a store written by a newer program is refused") {
    TempStore store;
    migrate(*store, {series({first, second})});
    CHECK(reason_of([&] { migrate(*store, {series({first})}); }) == "store.migration.newer");
}

TEST_CASE("a migration that fails leaves no half of itself and is done when it is repaired") {
    TempStore store;
    const Migration broken{2, "second", "CREATE TABLE two (id BIGINT);\nINSERT INTO nowhere VALUES (1);\n"};
    CHECK(reason_of([&] { migrate(*store, {series({first, broken})}); }) == "store.sql");
    CHECK(count(*store, "one") == 0);
    CHECK(reason_of([&] { count(*store, "two"); }) == "store.sql");
    CHECK(migrate(*store, {series({first, second})}) == 1);
}

TEST_CASE("a migration that would end its own transaction is refused") {
    TempStore store;
    CHECK(reason_of([&] {
              migrate(*store, {series({{1, "sly", "CREATE TABLE one (id BIGINT); COMMIT;"}})});
          }) == "store.aborted");
}

TEST_CASE("versions with a gap or out of order are refused") {
    TempStore store;
    CHECK(reason_of([&] { migrate(*store, {series({second})}); }) == "store.migration.order");
    CHECK(reason_of([&] { migrate(*store, {series({second, first})}); }) == "store.migration.order");
    CHECK(reason_of([&] { migrate(*store, {series({first, first})}); }) == "store.migration.order");
}

TEST_CASE("processes that migrate one store at the same time apply every migration once") {
    TempFolder folder;
    const auto path = folder / "store.db";
    std::vector<pid_t> children;
    for (int i = 0; i < 4; ++i)
        children.push_back(start_child([&] {
            const auto database = open_sqlite(path);
            migrate(*database, {series({first, second})});
            return 0;
        }));
    for (const pid_t child : children) CHECK(wait_for(child) == 0);
    CHECK(count(*open_sqlite(path), "one") == 1);
}

TEST_CASE("blocks select the text for one engine") {
    const std::string_view sql = "a\n-- only: sqlite\nb\n-- end\n-- only: postgresql\nc\n-- end\nd";
    CHECK(select_dialect(sql, Dialect::sqlite) == "a\nb\nd\n");
    CHECK(select_dialect(sql, Dialect::postgresql) == "a\nc\nd\n");
    for (const char* bad : {"-- only: sqlite\nb\n", "-- end\n", "-- only: oracle\n-- end\n",
                            "-- only: sqlite\n-- only: postgresql\n-- end\n-- end\n"})
        CHECK(reason_of([&] { select_dialect(bad, Dialect::sqlite); }) == "store.migration.block");
}

TEST_CASE("text of another engine may be added later without changing what was applied") {
    TempStore store;
    migrate(*store, {series({first})});
    Migration extended = first;
    extended.sql += "-- only: postgresql\nSELECT 1;\n-- end\n";
    CHECK(migrate(*store, {series({extended})}) == 0);
}

TEST_CASE("SQL files of a folder are embedded in order with their text unchanged") {
    const auto embedded = sample_migrations();
    CHECK(embedded.name == "sample");
    REQUIRE(embedded.migrations.size() == 2);
    CHECK(embedded.migrations[0].version == 1);
    CHECK(embedded.migrations[0].name == "first_table");
    CHECK(embedded.migrations[1].version == 2);
    CHECK(embedded.migrations[1].sql.find("'semicolons; [brackets] \"quotes\" \\ ${x} @y@'") != std::string::npos);
    TempStore store;
    CHECK(migrate(*store, {embedded}) == 2);
    const auto word = store->read([](Transaction& t) { return t.query("SELECT word FROM sample").at(0).text(0); });
    CHECK(word == "semicolons; [brackets] \"quotes\" \\ ${x} @y@");
}
