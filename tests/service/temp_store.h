#pragma once
// A store in a folder of its own that disappears with the test, and children that are forked before any thread runs.

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "tests/support/reason.h"
#include "uvpki/service/sqlite_database.h"

namespace uvpki::service::test {

using uvpki::test::reason_of;

class TempFolder {
public:
    TempFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "uvpki-store-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;
    ~TempFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    std::filesystem::path operator/(const char* name) const { return path_ / name; }
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

struct TempStore {
    TempFolder folder;
    std::filesystem::path path = folder / "store.db";
    std::unique_ptr<Database> database;

    explicit TempStore(const std::string& schema = {}, SqliteOptions options = {})
        : database(open_sqlite(path, options)) {
        if (!schema.empty())
            database->transaction([&](Transaction& transaction) { transaction.execute_script(schema); });
    }
    Database& operator*() const { return *database; }
    Database* operator->() const { return database.get(); }
};

inline std::int64_t count(Database& database, const std::string& table) {
    return database.read(
        [&](Transaction& transaction) { return transaction.query("SELECT count(*) FROM " + table).at(0).integer(0); });
}

/// Runs `action` in a child process; its exit status is the action's result, 99 if something was thrown.
inline pid_t start_child(const std::function<int()>& action) {
    const pid_t child = ::fork();
    if (child != 0) return child;
    int status = 99;
    try {
        status = action();
    } catch (...) {
    }
    ::_exit(status);
}

/// Exit status, or minus the signal that ended it.
inline int wait_for(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace uvpki::service::test
