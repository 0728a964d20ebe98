#include "uvpki/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "uvpki/error.h"

namespace uvpki {

namespace {

class Descriptor {
public:
    explicit Descriptor(int value) : value_(value) {}
    ~Descriptor() {
        if (value_ >= 0) ::close(value_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return value_; }

private:
    int value_;
};

[[noreturn]] void fail_writing(const std::filesystem::path& path) {
    fail(ErrorCode::unavailable, "file.unwritable",
         path.string() + " cannot be written: " + std::strerror(errno));
}

void write_all(int descriptor, ByteView content, const std::filesystem::path& path) {
    while (!content.empty()) {
        const auto written = ::write(descriptor, content.data(), content.size());
        if (written < 0) {
            if (errno == EINTR) continue;
            fail_writing(path);
        }
        content = content.subspan(static_cast<std::size_t>(written));
    }
}

enum class Durability { synced, relaxed };

void save(const std::filesystem::path& path, ByteView content, FileMode mode, Durability durability) {
    auto temporary = path;
    temporary += ".new" + std::to_string(::getpid());
    try {
        const Descriptor file(
            ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, static_cast<mode_t>(mode)));
        if (file.get() < 0) fail_writing(path);
        write_all(file.get(), content, path);
        if (durability == Durability::synced && ::fsync(file.get()) != 0) fail_writing(path);
        if (::rename(temporary.c_str(), path.c_str()) != 0) fail_writing(path);
    } catch (...) {
        ::unlink(temporary.c_str());
        throw;
    }
    if (durability == Durability::relaxed) return;
    const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory.get() < 0 || ::fsync(directory.get()) != 0) fail_writing(folder);
}

}  // namespace

Bytes load_file(const std::filesystem::path& path, std::size_t limit) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (file.get() < 0) {
        if (errno == ENOENT) fail(ErrorCode::not_found, "file.missing", path.string() + " does not exist");
        fail(ErrorCode::unavailable, "file.unreadable", path.string() + " cannot be read: " + std::strerror(errno));
    }
    struct stat status {};
    if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
        fail(ErrorCode::unavailable, "file.unreadable", path.string() + " is not a regular file");
    if (static_cast<std::uint64_t>(status.st_size) > limit)
        fail_input("file.too_large", path.string() + " is larger than " + std::to_string(limit) + " bytes");
    Bytes content(static_cast<std::size_t>(status.st_size));
    std::size_t filled = 0;
    while (filled < content.size()) {
        const auto got = ::read(file.get(), content.data() + filled, content.size() - filled);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            fail(ErrorCode::unavailable, "file.unreadable", path.string() + " cannot be read: " + std::strerror(errno));
        if (got == 0) break;
        filled += static_cast<std::size_t>(got);
    }
    content.resize(filled);
    return content;
}

void save_file(const std::filesystem::path& path, ByteView content, FileMode mode) {
    save(path, content, mode, Durability::synced);
}

void save_file_relaxed(const std::filesystem::path& path, ByteView content, FileMode mode) {
    save(path, content, mode, Durability::relaxed);
}

void make_folder(const std::filesystem::path& path, FileMode mode) {
    std::error_code failure;
    const bool created = std::filesystem::create_directories(path, failure);
    if (failure)
        fail(ErrorCode::unavailable, "file.unwritable",
             "folder " + path.string() + " cannot be made: " + failure.message());
    if (created && mode == FileMode::secret) std::filesystem::permissions(path, std::filesystem::perms::owner_all);
}

}  // namespace uvpki
