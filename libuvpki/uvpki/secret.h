#pragma once
// Bytes that are wiped when they go out of scope: passwords, private scalars, data keys. Move-only, never printed.

#include <filesystem>
#include <utility>

#include "uvpki/bytes.h"

namespace uvpki {

/// Owned bytes, wiped on destruction and when moved from or assigned to.
class SecretBytes {
public:
    SecretBytes() = default;
    /// So many zero bytes, to be written.
    explicit SecretBytes(std::size_t size) : bytes_(size) {}
    /// Takes the bytes over; the caller's vector is left empty.
    explicit SecretBytes(Bytes&& bytes) : bytes_(std::move(bytes)) { bytes.clear(); }
    /// A copy; the caller wipes the original.
    explicit SecretBytes(ByteView bytes) : bytes_(bytes.begin(), bytes.end()) {}
    SecretBytes(SecretBytes&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
    SecretBytes& operator=(SecretBytes&& other) noexcept;
    SecretBytes(const SecretBytes&) = delete;
    SecretBytes& operator=(const SecretBytes&) = delete;
    ~SecretBytes() { wipe(); }

    SecretBytes clone() const { return SecretBytes(view()); }
    ByteView view() const { return bytes_; }
    /// To be filled in place.
    std::span<std::uint8_t> writable() { return bytes_; }
    std::size_t size() const { return bytes_.size(); }
    bool empty() const { return bytes_.empty(); }
    /// Overwrites and empties.
    void wipe() noexcept;

private:
    Bytes bytes_;
};

/// Overwrites memory in a way the compiler may not remove.
void wipe(std::span<std::uint8_t> memory) noexcept;

/// The first line of a password file, without its line end. Throws "secret.file" if it is missing, empty or longer than
/// 1,024 bytes, or readable by group or others.
SecretBytes load_password_file(const std::filesystem::path& path);

}  // namespace uvpki
