#include <sys/stat.h>

#include <thread>

#include "temp_store.h"
#include "uvpki/files.h"

using namespace uvpki;
using namespace uvpki::service;
using namespace uvpki::service::test;

namespace {

const char* const item_table =
    "CREATE TABLE item (id BIGINT PRIMARY KEY, name TEXT NOT NULL, data BYTEA, CHECK (id > 0));";

void put(Transaction& transaction, std::int64_t id) {
    transaction.execute("INSERT INTO item (id, name) VALUES ($1, $2)", {id, "item " + std::to_string(id)});
}

}  // namespace

TEST_CASE("every type of value comes back as it was stored") {
    TempStore store(item_table);
    store->transaction([](Transaction& transaction) {
        CHECK(transaction.execute("INSERT INTO item (id, name, data) VALUES ($1, $2, $3)",
                                  {std::int64_t{7}, std::string("a\0b", 3), Bytes{0, 1, 2}}) == 1);
        transaction.execute("INSERT INTO item (id, name, data) VALUES ($2, $1, $3)", {"empty", 8, Bytes{}});
        transaction.execute("INSERT INTO item (id, name, data) VALUES ($1, $2, $3)", {INT64_MAX, "none", null_value()});
    });
    const Rows rows = store->read(
        [](Transaction& transaction) { return transaction.query("SELECT id, name, data FROM item ORDER BY id"); });
    REQUIRE(rows.size() == 3);
    CHECK(rows[0].integer("id") == 7);
    CHECK(rows[0].text(1) == std::string("a\0b", 3));
    CHECK(rows[0].bytes("data") == Bytes{0, 1, 2});
    CHECK(rows[1].bytes("data").empty());
    CHECK_FALSE(rows[1].is_null("data"));
    CHECK(rows[2].integer("id") == INT64_MAX);
    CHECK(rows[2].is_null("data"));
    CHECK_FALSE(rows[2].find_bytes("data").has_value());
    CHECK(reason_of([&] { rows[2].bytes("data"); }) == "store.type");
    CHECK(reason_of([&] { rows[0].integer("name"); }) == "store.type");
    CHECK(reason_of([&] { rows[0].integer("nothing"); }) == "store.column");
    CHECK(reason_of([&] { rows[0].integer(3); }) == "store.column");
}

TEST_CASE("statements with the wrong number of values, several statements or bad syntax are refused") {
    TempStore store(item_table);
    const auto run = [&](std::string_view sql, std::vector<Value> values) {
        return reason_of([&] { store->transaction([&](Transaction& t) { t.execute(sql, values); }); });
    };
    CHECK(run("INSERT INTO item (id, name) VALUES ($1, $2)", {std::int64_t{1}}) == "store.sql");
    CHECK(run("INSERT INTO item (id, name) VALUES ($1, $3)", {std::int64_t{1}, "x"}) == "store.sql");
    CHECK(run("INSERT INTO item (id, name) VALUES (1, 'x'); DELETE FROM item", {}) == "store.sql");
    CHECK(run("INSERT INTO nothing VALUES (1)", {}) == "store.sql");
    CHECK(run("", {}) == "store.sql");
    CHECK(count(*store, "item") == 0);
    CHECK(run("INSERT INTO item (id, name) VALUES (1, 'x');\n", {}) == "");
}

TEST_CASE("execute tells how many rows it changed") {
    TempStore store(item_table);
    store->transaction([](Transaction& transaction) {
        put(transaction, 1);
        put(transaction, 2);
        CHECK(transaction.execute("UPDATE item SET name = 'x'") == 2);
        CHECK(transaction.execute("UPDATE item SET name = 'y' WHERE id = 99") == 0);
        CHECK(transaction.execute("INSERT INTO item (id, name) VALUES (1, 'z') ON CONFLICT DO NOTHING") == 0);
        CHECK(transaction.execute("CREATE TABLE other (id BIGINT)") == 0);
    });
}

TEST_CASE("an exception rolls the whole transaction back") {
    TempStore store(item_table);
    CHECK_THROWS_AS(store->transaction([](Transaction& transaction) {
        put(transaction, 1);
        throw std::runtime_error("stop");
    }),
                    std::runtime_error);
    CHECK(count(*store, "item") == 0);
    store->transaction([](Transaction& transaction) { put(transaction, 1); });
    CHECK(count(*store, "item") == 1);
}

TEST_CASE("a nested action that throws is undone alone") {
    TempStore store(item_table);
    store->transaction([](Transaction& transaction) {
        put(transaction, 1);
        CHECK(reason_of([&] {
                  transaction.nested([&] {
                      put(transaction, 2);
                      put(transaction, 1);
                  });
              }) == "store.unique");
        transaction.nested([&] { put(transaction, 3); });
    });
    const Rows rows = store->read([](Transaction& t) { return t.query("SELECT id FROM item ORDER BY id"); });
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].integer(0) == 1);
    CHECK(rows[1].integer(0) == 3);
}

TEST_CASE("a broken constraint says which kind it is") {
    TempStore store(std::string(item_table) + "CREATE TABLE part (item BIGINT REFERENCES item (id));");
    const auto run = [&](const char* sql) {
        return reason_of([&] { store->transaction([&](Transaction& t) { t.execute(sql); }); });
    };
    CHECK(run("INSERT INTO item (id, name) VALUES (1, 'x')") == "");
    CHECK(run("INSERT INTO item (id, name) VALUES (1, 'x')") == "store.unique");
    CHECK(run("INSERT INTO item (id, name) VALUES (0, 'x')") == "store.constraint");
    CHECK(run("INSERT INTO item (id, name) VALUES (2, NULL)") == "store.constraint");
    CHECK(run("INSERT INTO part (item) VALUES (5)") == "store.reference");
    CHECK(run("INSERT INTO part (item) VALUES (1)") == "");
    CHECK(run("DELETE FROM item WHERE id = 1") == "store.reference");
}

TEST_CASE("a query for one row finds none, one, or complains about two") {
    TempStore store(item_table);
    store->transaction([](Transaction& transaction) {
        CHECK_FALSE(transaction.query_one("SELECT id FROM item").has_value());
        put(transaction, 1);
        CHECK(transaction.query_one("SELECT id FROM item")->integer(0) == 1);
        put(transaction, 2);
        CHECK(reason_of([&] { transaction.query_one("SELECT id FROM item"); }) == "store.rows");
        CHECK(transaction.query("INSERT INTO item (id, name) VALUES (3, 'x') RETURNING id").at(0).integer("id") == 3);
    });
}

TEST_CASE("the same statement may run inside its own visitor") {
    TempStore store(item_table);
    store->transaction([](Transaction& transaction) {
        for (std::int64_t id = 1; id <= 3; ++id) put(transaction, id);
        int pairs = 0;
        transaction.for_each("SELECT id FROM item", {}, [&](const Row&) {
            transaction.for_each("SELECT id FROM item", {}, [&](const Row&) { ++pairs; });
        });
        CHECK(pairs == 9);
        CHECK_THROWS(
            transaction.for_each("SELECT id FROM item", {}, [](const Row&) { throw std::runtime_error("x"); }));
        CHECK(transaction.query("SELECT id FROM item").size() == 3);
    });
}

TEST_CASE("a read sees one snapshot beside a writer and may change nothing") {
    TempStore store(item_table);
    store->read([&](Transaction& reader) {
        CHECK(reader.query("SELECT id FROM item").empty());
        std::thread([&] { store->transaction([](Transaction& writer) { put(writer, 1); }); }).join();
        CHECK(reader.query("SELECT id FROM item").empty());
        CHECK(reason_of([&] { put(reader, 2); }) == "store.read_only");
    });
    CHECK(count(*store, "item") == 1);
}

TEST_CASE("a transaction inside a transaction of the same thread is refused, not a deadlock") {
    TempStore store(item_table);
    CHECK(reason_of([&] {
              store->transaction([&](Transaction&) { store->transaction([](Transaction& t) { put(t, 1); }); });
          }) == "store.nested");
    CHECK(reason_of([&] { store->transaction([](Transaction& t) { put(t, 1); }); }) == "");
}

TEST_CASE("more readers than connections wait for their turn") {
    TempStore store(item_table, {.readers = 2});
    std::vector<std::thread> threads;
    std::atomic<int> seen{0};
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&] {
            for (int k = 0; k < 20; ++k)
                if (count(*store, "item") == 0) ++seen;
        });
    for (auto& thread : threads) thread.join();
    CHECK(seen == 160);
}

TEST_CASE("threads that write the same key: one wins, the others get a conflict") {
    TempStore store(item_table);
    std::atomic<int> won{0};
    std::atomic<int> conflicts{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&] {
            const auto reason = reason_of([&] { store->transaction([](Transaction& t) { put(t, 1); }); });
            if (reason.empty()) ++won;
            if (reason == "store.unique") ++conflicts;
        });
    for (auto& thread : threads) thread.join();
    CHECK(won == 1);
    CHECK(conflicts == 7);
}

TEST_CASE("two processes open a new store and write it at the same time without losing a row") {
    TempFolder folder;
    const auto path = folder / "store.db";
    const auto write = [&](std::int64_t first) {
        return start_child([&, first] {
            const auto database = open_sqlite(path);
            database->transaction([](Transaction& t) {
                t.execute_script("CREATE TABLE IF NOT EXISTS item (id BIGINT PRIMARY KEY, name TEXT)");
            });
            for (std::int64_t i = 0; i < 100; ++i) database->transaction([&](Transaction& t) { put(t, first + i); });
            return 0;
        });
    };
    const pid_t one = write(1000);
    const pid_t other = write(2000);
    CHECK(wait_for(one) == 0);
    CHECK(wait_for(other) == 0);
    CHECK(count(*open_sqlite(path), "item") == 200);
}

TEST_CASE("a store that another process keeps locked is busy, not broken") {
    TempStore store(item_table, {.busy_timeout = std::chrono::milliseconds(50)});
    const auto other = open_sqlite(store.path);
    other->transaction([&](Transaction& transaction) {
        put(transaction, 1);
        CHECK(reason_of([&] { store->transaction([](Transaction& t) { put(t, 2); }); }) == "store.busy");
    });
    CHECK(reason_of([&] { store->transaction([](Transaction& t) { put(t, 2); }); }) == "");
    CHECK(count(*store, "item") == 2);
}

TEST_CASE("the store's files belong to their owner alone") {
    TempStore store(item_table);
    store->transaction([](Transaction& transaction) { put(transaction, 1); });
    for (const auto& entry : std::filesystem::directory_iterator(store.folder.path())) {
        struct stat info {};
        REQUIRE(::stat(entry.path().c_str(), &info) == 0);
        CHECK((info.st_mode & 0777) == 0600);
    }
    store.database.reset();
    REQUIRE(::chmod(store.path.c_str(), 0644) == 0);
    const auto again = open_sqlite(store.path);
    struct stat info {};
    REQUIRE(::stat(store.path.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("the store runs with the settings that durability and secrecy need") {
    TempStore store;
    const auto pragma = [&](const char* sql) {
        return store->transaction([&](Transaction& t) { return t.query(sql).at(0).value(0); });
    };
    CHECK(std::get<std::string>(pragma("PRAGMA journal_mode")) == "wal");
    CHECK(std::get<std::int64_t>(pragma("PRAGMA synchronous")) == 2);
    CHECK(std::get<std::int64_t>(pragma("PRAGMA secure_delete")) == 1);
    CHECK(std::get<std::int64_t>(pragma("PRAGMA foreign_keys")) == 1);
    CHECK(std::get<std::int64_t>(pragma("PRAGMA trusted_schema")) == 0);
    CHECK(std::get<std::int64_t>(pragma("PRAGMA recursive_triggers")) == 1);
    CHECK(std::get<std::int64_t>(pragma("PRAGMA application_id")) == 0x7576706B);
}

TEST_CASE("a full disk refuses the write, keeps what was stored and recovers") {
    TempStore store(item_table, {.page_limit = 20});
    store->transaction([](Transaction& transaction) { put(transaction, 1); });
    const auto fill = [&] {
        store->transaction([](Transaction& transaction) {
            put(transaction, 2);
            transaction.execute("UPDATE item SET data = $1 WHERE id = 2", {Bytes(200'000, 7)});
        });
    };
    CHECK(reason_of(fill) == "store.full");
    CHECK(reason_of(fill) == "store.full");
    CHECK(count(*store, "item") == 1);
    store->transaction([](Transaction& transaction) { put(transaction, 3); });
    CHECK(count(*store, "item") == 2);
    CHECK(store->check_integrity().empty());
}

TEST_CASE("a transaction that the engine has ended stores nothing more, even if its error is swallowed") {
    TempStore store(item_table, {.page_limit = 20});
    const auto swallow = [&] {
        store->transaction([](Transaction& transaction) {
            put(transaction, 1);
            try {
                transaction.execute("INSERT INTO item (id, name, data) VALUES (2, 'x', $1)", {Bytes(200'000, 7)});
            } catch (const Error&) {
            }
            put(transaction, 3);
        });
    };
    const auto reason = reason_of(swallow);
    CHECK((reason == "store.aborted" || reason == ""));
    CHECK(count(*store, "item") == (reason.empty() ? 2 : 0));
}

TEST_CASE("a file that cannot be written to is refused at opening") {
    TempStore store(item_table);
    store.database.reset();
    REQUIRE(::chmod(store.folder.path().c_str(), 0755) == 0);
    REQUIRE(::chmod(store.path.c_str(), 0400) == 0);
    const auto open = [&] {
        if (::geteuid() == 0) {
            // Root may write everything; ask as somebody else, who may read.
            if (::chown(store.path.c_str(), 65534, 65534) != 0 || ::setuid(65534) != 0) return 98;
        }
        return reason_of([&] { open_sqlite(store.path); }) == "store.read_only" ? 0 : 1;
    };
    CHECK(wait_for(start_child(open)) == 0);
}

TEST_CASE("a damaged file, a foreign database, a folder and a missing folder are refused") {
    TempFolder folder;
    save_file(folder / "text.db", std::string(5000, 'x'));
    CHECK(reason_of([&] { open_sqlite(folder / "text.db"); }) == "store.corrupt");

    { open_sqlite(folder / "foreign.db", {.application_id = 1234}); }
    CHECK(reason_of([&] { open_sqlite(folder / "foreign.db"); }) == "store.foreign");

    CHECK(reason_of([&] { open_sqlite(folder.path()); }) == "store.cannot_open");
    CHECK(reason_of([&] { open_sqlite(folder.path() / "missing" / "store.db"); }) == "store.cannot_open");
}

TEST_CASE("a page that was overwritten is found by the integrity check") {
    TempStore store(item_table);
    store->transaction([](Transaction& transaction) {
        for (std::int64_t id = 1; id <= 2000; ++id) put(transaction, id);
    });
    CHECK(store->check_integrity().empty());
    store.database.reset();
    Bytes file = load_file(store.path);
    std::fill(file.begin() + 3 * 4096, file.begin() + 4 * 4096, std::uint8_t{0xA5});
    save_file(store.path, file, FileMode::secret);
    store.database = open_sqlite(store.path);
    CHECK_FALSE(store->check_integrity().empty());
}

TEST_CASE("T3: after erase_traces the files do not depend on the order in which rows arrived") {
    const auto store_in_order = [](std::vector<int> order) {
        TempStore store("CREATE TABLE cast_ballot (leaf BYTEA PRIMARY KEY, data BYTEA NOT NULL) WITHOUT ROWID;");
        for (const int i : order)
            store->transaction([&](Transaction& t) {
                const Bytes leaf(32, static_cast<std::uint8_t>(i * 37));
                t.execute("INSERT INTO cast_ballot (leaf, data) VALUES ($1, $2)", {leaf, Bytes(900, leaf[0])});
            });
        store->erase_traces();
        CHECK(std::filesystem::file_size(store.path.string() + "-wal") == 0);
        return load_file(store.path);
    };
    std::vector<int> order(60);
    for (int i = 0; i < 60; ++i) order[static_cast<std::size_t>(i)] = i;
    const Bytes ascending = store_in_order(order);
    std::reverse(order.begin(), order.end());
    const Bytes descending = store_in_order(order);
    std::swap(order[3], order[40]);
    const Bytes mixed = store_in_order(order);
    CHECK(ascending == descending);
    CHECK(ascending == mixed);
}

TEST_CASE("deleted content is gone from every file of the store") {
    TempStore store(item_table);
    const std::string secret = "the name of a voter who was removed";
    const auto found_in = [&] {
        int found = 0;
        for (const auto& entry : std::filesystem::directory_iterator(store.folder.path()))
            if (to_text(load_file(entry.path())).find(secret) != std::string::npos) ++found;
        return found;
    };
    store->transaction([&](Transaction& t) { t.execute("INSERT INTO item (id, name) VALUES (1, $1)", {secret}); });
    CHECK(found_in() > 0);
    store->transaction([](Transaction& t) { t.execute("DELETE FROM item WHERE id = 1"); });
    store->erase_traces();
    CHECK(found_in() == 0);
}

TEST_CASE("erase_traces tells when a reader is in the way") {
    TempStore store(item_table, {.busy_timeout = std::chrono::milliseconds(30)});
    store->transaction([](Transaction& transaction) { put(transaction, 1); });
    store->read([&](Transaction& reader) {
        reader.query("SELECT id FROM item");
        CHECK(reason_of([&] { store->erase_traces(); }) == "store.busy");
    });
    CHECK(reason_of([&] { store->erase_traces(); }) == "");
}
