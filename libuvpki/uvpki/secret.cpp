#include "uvpki/secret.h"

#include <sys/stat.h>

#include <cstring>

#include "uvpki/error.h"
#include "uvpki/files.h"

namespace uvpki {

void wipe(std::span<std::uint8_t> memory) noexcept {
    if (!memory.empty()) explicit_bzero(memory.data(), memory.size());
}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
    if (this != &other) {
        wipe();
        bytes_ = std::exchange(other.bytes_, {});
    }
    return *this;
}

void SecretBytes::wipe() noexcept { uvpki::wipe(bytes_); }

SecretBytes load_password_file(const std::filesystem::path& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0)
        fail_input("secret.file", "password file " + path.string() + " cannot be read");
    if ((status.st_mode & 077) != 0)
        fail_input("secret.file", "password file " + path.string() + " may be read by others: chmod 600 it");
    SecretBytes content(load_file(path, 1024));
    const auto text = as_text(content.view());
    const auto end = text.find_first_of("\r\n");
    const auto line = text.substr(0, end);
    if (line.empty()) fail_input("secret.file", "password file " + path.string() + " is empty");
    return SecretBytes(as_bytes(line));
}

}  // namespace uvpki
