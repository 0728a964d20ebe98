#include "uvpki/service/group_commit.h"

#include <signal.h>

#include <atomic>
#include <set>
#include <thread>

#include "temp_store.h"
#include "uvpki/service/audit_log.h"

using namespace uvpki;
using namespace uvpki::service;
using namespace uvpki::service::test;

namespace {

const char* const item_table = "CREATE TABLE item (id BIGINT PRIMARY KEY, data BYTEA) WITHOUT ROWID;";

void put(Transaction& transaction, std::int64_t id) {
    transaction.execute("INSERT INTO item (id) VALUES ($1)", {id});
}

template <typename Action>
void in_threads(int threads, Action action) {
    std::vector<std::thread> running;
    for (int i = 0; i < threads; ++i) running.emplace_back([&action, i] { action(i); });
    for (auto& thread : running) thread.join();
}

}  // namespace

TEST_CASE("many callers share few commits and each gets its own result") {
    TempStore store(item_table);
    GroupCommit group(*store);
    std::vector<std::thread> callers;
    std::atomic<int> right{0};
    const auto before = group.commits();
    store->transaction([&](Transaction&) {
        for (int i = 0; i < 16; ++i)
            callers.emplace_back([&, i] {
                const auto result = group.submit([&](Transaction& transaction) {
                    put(transaction, i);
                    return i * 10;
                });
                if (result == i * 10) ++right;
            });
        while (group.waiting() < 16) std::this_thread::yield();
    });
    for (auto& caller : callers) caller.join();
    CHECK(right == 16);
    CHECK(count(*store, "item") == 16);
    CHECK(group.commits() - before == 1);
}

TEST_CASE("a commit takes no more than its limit") {
    TempStore store(item_table);
    GroupCommit group(*store, {.most_per_commit = 5});
    std::vector<std::thread> callers;
    store->transaction([&](Transaction&) {
        for (int i = 0; i < 12; ++i)
            callers.emplace_back([&, i] { group.submit([&](Transaction& transaction) { put(transaction, i); }); });
        while (group.waiting() < 12) std::this_thread::yield();
    });
    for (auto& caller : callers) caller.join();
    CHECK(count(*store, "item") == 12);
    CHECK(group.commits() == 3);
}

TEST_CASE("a request that fails is undone alone and gets its own error") {
    TempStore store(item_table);
    GroupCommit group(*store);
    std::atomic<int> stored{0};
    std::atomic<int> conflicts{0};
    std::atomic<int> foreign{0};
    in_threads(16, [&](int i) {
        try {
            group.submit([&](Transaction& transaction) {
                put(transaction, 1000 + i);
                if (i % 4 == 1) put(transaction, 1000 + i);
                if (i % 4 == 2) throw std::runtime_error("own");
            });
            ++stored;
        } catch (const Error& error) {
            if (error.reason() == "store.unique") ++conflicts;
        } catch (const std::runtime_error& error) {
            if (error.what() == std::string("own")) ++foreign;
        }
    });
    CHECK(stored == 8);
    CHECK(conflicts == 4);
    CHECK(foreign == 4);
    CHECK(count(*store, "item") == 8);
}

TEST_CASE("1,000 requests for one key: one is stored, every other gets a conflict") {
    TempStore store(item_table);
    GroupCommit group(*store);
    std::atomic<int> stored{0};
    std::atomic<int> conflicts{0};
    in_threads(20, [&](int) {
        for (int k = 0; k < 50; ++k) {
            const auto reason = reason_of([&] { group.submit([](Transaction& t) { put(t, 7); }); });
            if (reason.empty()) ++stored;
            if (reason == "store.unique") ++conflicts;
        }
    });
    CHECK(stored == 1);
    CHECK(conflicts == 999);
}

TEST_CASE("when the commit fails, everybody in it gets the error and nothing is stored") {
    TempStore store(
        "CREATE TABLE parent (id BIGINT PRIMARY KEY);"
        "CREATE TABLE item (id BIGINT PRIMARY KEY,"
        " parent BIGINT REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED);");
    GroupCommit group(*store);
    std::atomic<int> refused{0};
    std::vector<std::thread> callers;
    store->transaction([&](Transaction&) {
        for (int i = 0; i < 6; ++i)
            callers.emplace_back([&, i] {
                const auto reason = reason_of([&] {
                    group.submit([&](Transaction& transaction) {
                        // A deferred foreign key is checked by the commit alone.
                        if (i == 3)
                            transaction.execute("INSERT INTO item (id, parent) VALUES (3, 99)");
                        else
                            put(transaction, i);
                    });
                });
                if (reason == "store.reference") ++refused;
            });
        while (group.waiting() < 6) std::this_thread::yield();
    });
    for (auto& caller : callers) caller.join();
    CHECK(refused == 6);
    CHECK(count(*store, "item") == 0);
    CHECK(reason_of([&] { group.submit([](Transaction& t) { put(t, 1); }); }) == "");
}

TEST_CASE("a request that does not fit on the disk does not take the others with it") {
    TempStore store(item_table, {.page_limit = 20});
    GroupCommit group(*store);
    std::atomic<int> stored{0};
    std::atomic<int> full{0};
    std::vector<std::thread> callers;
    store->transaction([&](Transaction&) {
        for (int i = 0; i < 8; ++i)
            callers.emplace_back([&, i] {
                const auto reason = reason_of([&] {
                    group.submit([&](Transaction& transaction) {
                        put(transaction, i);
                        if (i == 4) transaction.execute("UPDATE item SET data = $1 WHERE id = 4", {Bytes(300'000, 1)});
                    });
                });
                if (reason.empty()) ++stored;
                if (reason == "store.full") ++full;
            });
        while (group.waiting() < 8) std::this_thread::yield();
    });
    for (auto& caller : callers) caller.join();
    CHECK(stored == 7);
    CHECK(full == 1);
    CHECK(count(*store, "item") == 7);
}

TEST_CASE("work that submits work is refused, not a deadlock") {
    TempStore store(item_table);
    GroupCommit group(*store);
    CHECK(reason_of([&] { group.submit([&](Transaction&) { group.submit([](Transaction& t) { put(t, 1); }); }); }) ==
          "store.nested");
    CHECK(reason_of([&] {
              group.submit([&](Transaction&) { store->transaction([](Transaction& t) { put(t, 1); }); });
          }) == "store.nested");
    CHECK(count(*store, "item") == 0);
}

TEST_CASE("the destructor finishes what was submitted") {
    TempStore store(item_table);
    auto* const group = new GroupCommit(*store);
    std::atomic<int> stored{0};
    std::vector<std::thread> callers;
    std::thread destroyer;
    store->transaction([&](Transaction&) {
        for (int i = 0; i < 4; ++i)
            callers.emplace_back([&, i] {
                group->submit([&](Transaction& transaction) { put(transaction, i); });
                ++stored;
            });
        while (group->waiting() < 4) std::this_thread::yield();
        destroyer = std::thread([&] { delete group; });
    });
    for (auto& caller : callers) caller.join();
    destroyer.join();
    CHECK(stored == 4);
    CHECK(count(*store, "item") == 4);
}

TEST_CASE("two processes with group commits on one file lose nothing and keep one audit chain") {
    TempFolder folder;
    const auto path = folder / "store.db";
    const AuditLog log("test");
    {
        const auto database = open_sqlite(path);
        migrate(*database, {audit_migrations(), {"main", {{1, "item", item_table}}}});
    }
    const auto write = [&](int first) {
        return start_child([&, first] {
            const auto database = open_sqlite(path);
            GroupCommit group(*database);
            std::atomic<int> failures{0};
            in_threads(4, [&](int i) {
                for (int k = 0; k < 25; ++k)
                    if (!reason_of([&] {
                             group.submit([&](Transaction& transaction) {
                                 const std::int64_t id = first + i * 100 + k;
                                 put(transaction, id);
                                 log.append(transaction,
                                            {.actor = "test", .action = "put", .subject = std::to_string(id)});
                             });
                         }).empty())
                        ++failures;
            });
            return failures == 0 ? 0 : 1;
        });
    };
    const pid_t one = write(1000);
    const pid_t other = write(2000);
    CHECK(wait_for(one) == 0);
    CHECK(wait_for(other) == 0);
    const auto database = open_sqlite(path);
    CHECK(count(*database, "item") == 200);
    CHECK(count(*database, "audit") == 200);
    CHECK(database->read([&](Transaction& t) { return log.check_chain(t); }).empty());
}

TEST_CASE("T45: a writer killed at any moment has stored every row that it acknowledged") {
    TempFolder folder;
    const auto path = folder / "store.db";
    const AuditLog log("test");
    {
        const auto database = open_sqlite(path);
        migrate(*database, {audit_migrations(), {"main", {{1, "item", item_table}}}});
    }
    std::set<std::int64_t> acknowledged;
    for (int round = 0; round < 8; ++round) {
        int ends[2];
        REQUIRE(::pipe(ends) == 0);
        const pid_t child = start_child([&] {
            ::close(ends[0]);
            const auto database = open_sqlite(path);
            GroupCommit group(*database);
            in_threads(4, [&](int i) {
                for (std::int64_t k = 0;; ++k) {
                    const std::int64_t id = (round * 4 + i) * 1'000'000 + k;
                    group.submit([&](Transaction& transaction) {
                        transaction.execute("INSERT INTO item (id, data) VALUES ($1, $2)", {id, Bytes(500, 1)});
                        log.append(transaction, {.actor = "test", .action = "put", .subject = std::to_string(id)});
                    });
                    if (::write(ends[1], &id, sizeof id) != sizeof id) return;
                }
            });
            return 0;
        });
        ::close(ends[1]);
        std::int64_t id = 0;
        // Killed after a number of answers that falls differently into the batches each time.
        const int enough = 1 + round * 37;
        int received = 0;
        while (::read(ends[0], &id, sizeof id) == static_cast<ssize_t>(sizeof id)) {
            acknowledged.insert(id);
            if (++received == enough) ::kill(child, SIGKILL);
        }
        ::close(ends[0]);
        CHECK(wait_for(child) == -SIGKILL);
        CHECK(received >= enough);

        const auto database = open_sqlite(path);
        CHECK(database->check_integrity().empty());
        std::set<std::int64_t> stored;
        database->read([&](Transaction& transaction) {
            transaction.for_each("SELECT id FROM item", {}, [&](const Row& row) { stored.insert(row.integer(0)); });
            CHECK(log.check_chain(transaction).empty());
            CHECK(log.head(transaction).sequence == static_cast<std::int64_t>(stored.size()));
        });
        CHECK(std::includes(stored.begin(), stored.end(), acknowledged.begin(), acknowledged.end()));
    }
}
