#include "uvpki/service/sealed.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "uvpki/encoding.h"
#include "uvpki/error.h"
#include "uvpki/files.h"
#include "uvpki/openssl/aes_gcm.h"

namespace uvpki::service {

namespace {

constexpr std::uint8_t version = 1;
constexpr std::size_t nonce_size = openssl::gcm_nonce_size;
constexpr std::size_t tag_size = openssl::gcm_tag_size;
constexpr std::size_t key_size = openssl::gcm_key_size;

void sync_folder(const std::filesystem::path& file) {
    const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
    if (descriptor >= 0) ::close(descriptor);
    if (!synced) fail(ErrorCode::unavailable, "file.unwritable", "the folder cannot be synced: " + folder.string());
}

[[noreturn]] void fail_tampered() {
    fail(ErrorCode::verification_failed, "sealed.tampered",
         "a sealed value was changed, moved, or belongs to another key");
}

// The version byte is authenticated too: it stands before the place.
Bytes associated_data(std::string_view place) {
    return concat({ByteView(&version, 1), as_bytes(place)});
}

}  // namespace

SealingKey::SealingKey(SecretBytes key) : key_(std::move(key)) {
    if (key_.size() != key_size) fail_input("sealed.key", "a sealing key has exactly 32 bytes");
    sealing_ = derive("uvpki sealing");
    index_ = derive("uvpki blind index");
}

SecretBytes SealingKey::derive(std::string_view label) const {
    Sha256 derived = hmac_sha256(key_.view(), as_bytes(label));
    SecretBytes result{ByteView(derived)};
    wipe(derived);
    return result;
}

Sha256 SealingKey::identifier() const {
    return hmac_sha256(key_.view(), as_bytes("uvpki key identifier"));
}

SealingKey load_key_file(const std::filesystem::path& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0 && (info.st_mode & 0077) != 0)
        fail(ErrorCode::unavailable, "sealed.key_file",
             "the key file may be read by others than its owner: " + path.string());
    SecretBytes key(load_file(path));
    if (key.size() != key_size)
        fail(ErrorCode::unavailable, "sealed.key_file",
             "the key file does not hold exactly 32 bytes: " + path.string());
    return SealingKey(std::move(key));
}

SealingKey load_or_create_key_file(const std::filesystem::path& path, Random& random) {
    if (!std::filesystem::exists(path)) {
        // A hard link never replaces what is there, so of several processes that start together one key wins.
        const std::filesystem::path fresh = path.string() + "." + to_hex(random.bytes(8));
        const SecretBytes key = random.secret(key_size);
        save_file(fresh, key.view(), FileMode::secret);
        const bool linked = ::link(fresh.c_str(), path.c_str()) == 0;
        const int reason = errno;
        ::unlink(fresh.c_str());
        if (!linked && reason != EEXIST)
            fail(ErrorCode::unavailable, "file.unwritable", "the key file cannot be written: " + path.string());
        sync_folder(path);  // before anything is sealed under it
    }
    return load_key_file(path);
}

Bytes seal(const SealingKey& key, ByteView plaintext, std::string_view place, Random& random) {
    const Bytes nonce = random.bytes(nonce_size);
    const auto encrypted = openssl::aes_gcm_seal(key.sealing_, nonce, associated_data(place), plaintext);
    return concat({ByteView(&version, 1), nonce, encrypted});
}

SecretBytes open_sealed(const SealingKey& key, ByteView sealed, std::string_view place) {
    if (sealed.size() < 1 + nonce_size + tag_size || sealed[0] != version) fail_tampered();
    const auto nonce = sealed.subspan(1, nonce_size), tag = sealed.last(tag_size);
    const auto ciphertext = sealed.subspan(1 + nonce_size, sealed.size() - 1 - nonce_size - tag_size);
    auto plaintext = openssl::aes_gcm_open(key.sealing_, nonce, associated_data(place), ciphertext, tag);
    if (!plaintext) fail_tampered();
    return std::move(*plaintext);
}

Bytes wrap_key(const SealingKey& master, const SealingKey& row_key, std::string_view place, Random& random) {
    return seal(master, row_key.key_.view(), place, random);
}

SealingKey unwrap_key(const SealingKey& master, ByteView wrapped, std::string_view place) {
    SecretBytes key = open_sealed(master, wrapped, place);
    if (key.size() != key_size) fail_tampered();
    return SealingKey(std::move(key));
}

Sha256 blind_index(const SealingKey& key, std::string_view field, ByteView value) {
    // The field's length first, so that no two pairs of field and value are the same bytes.
    const std::uint8_t length[2] = {static_cast<std::uint8_t>(field.size() >> 8),
                                    static_cast<std::uint8_t>(field.size())};
    if (field.size() > 0xFFFF) fail_input("sealed.too_large", "a field's name is too long");
    return hmac_sha256(key.index_.view(), concat({length, as_bytes(field), value}));
}

}  // namespace uvpki::service
