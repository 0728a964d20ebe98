#pragma once
// The embedded store: one SQLite file in WAL mode with synchronous FULL, one writer connection, a small pool of
// readers. Thread-safe; several processes may have the same file open. Needs a local file system.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "uvpki/service/database.h"

namespace uvpki::service {

struct SqliteOptions {
    /// How long a writer waits for another one (thread or process) before "store.busy".
    std::chrono::milliseconds busy_timeout{10'000};
    /// Most readers at a time; further ones wait.
    std::size_t readers = 4;
    /// Most pages of 4,096 bytes that the file may grow to; 0 is SQLite's own limit.
    std::int64_t page_limit = 0;
    /// Marks the file as a store of this project ("uvpk"); a file with another mark is refused.
    std::int32_t application_id = 0x7576706B;
};

/// Opens the store, creating an empty one with mode 0600 if there is none (an existing one is brought to 0600).
/// Throws unavailable "store.cannot_open", "store.read_only", "store.corrupt", "store.busy" or conflict
/// "store.foreign" (the file belongs to another program).
std::unique_ptr<Database> open_sqlite(const std::filesystem::path& path, SqliteOptions options = {});

}  // namespace uvpki::service
