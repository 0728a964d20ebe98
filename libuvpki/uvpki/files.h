#pragma once
// Whole files in and out. Writing is atomic and durable: a reader sees the old or the new content, also after a power
// cut.

#include <filesystem>
#include <string_view>

#include "uvpki/bytes.h"

namespace uvpki {

/// Permissions of what is written.
enum class FileMode { shared = 0644, secret = 0600, program = 0755 };

inline constexpr std::size_t default_file_limit = 64u << 20;

/// Throws not_found "file.missing", unavailable "file.unreadable" (also for anything that is not a regular file) or
/// invalid_input "file.too_large".
Bytes load_file(const std::filesystem::path& path, std::size_t limit = default_file_limit);

/// Temporary file beside `path`, fsync, rename, fsync of the folder. Throws unavailable "file.unwritable".
void save_file(const std::filesystem::path& path, ByteView content, FileMode mode = FileMode::shared);
/// The same for a text.
inline void save_file(const std::filesystem::path& path, std::string_view content, FileMode mode = FileMode::shared) {
    save_file(path, as_bytes(content), mode);
}

/// As save_file, without the fsyncs: for output that can be made again, such as the many files of a package, which is
/// synced once as a whole.
void save_file_relaxed(const std::filesystem::path& path, ByteView content, FileMode mode = FileMode::shared);

/// Creates the folder and its parents (0755, or 0700 for FileMode::secret).
void make_folder(const std::filesystem::path& path, FileMode mode = FileMode::shared);

}  // namespace uvpki
