#include "uvpki/password_seal.h"

#include "uvpki/error.h"
#include "uvpki/openssl/aes_gcm.h"
#include "uvpki/openssl/checked.h"

namespace uvpki {

namespace {

using openssl::require_ok;

constexpr std::string_view magic = "UVPKISF1";
constexpr std::size_t salt_size = 16, nonce_size = openssl::gcm_nonce_size, tag_size = openssl::gcm_tag_size;
constexpr std::size_t header_size = 8 + 4 + salt_size + nonce_size;
constexpr std::uint32_t most_iterations = 10'000'000;

SecretBytes derive(const SecretBytes& password, ByteView salt, std::uint32_t iterations) {
    SecretBytes key(std::size_t{32});
    require_ok(PKCS5_PBKDF2_HMAC(reinterpret_cast<const char*>(password.view().data()),
                                 static_cast<int>(password.size()), salt.data(), static_cast<int>(salt.size()),
                                 static_cast<int>(iterations), EVP_sha256(), 32, key.writable().data()),
               "PKCS5_PBKDF2_HMAC");
    return key;
}

}  // namespace

Bytes seal_with_password(const SecretBytes& plaintext, const SecretBytes& password, Random& random, int iterations) {
    Bytes sealed = to_bytes(magic);
    for (int shift = 24; shift >= 0; shift -= 8)
        sealed.push_back(static_cast<std::uint8_t>((static_cast<std::uint32_t>(iterations) >> shift) & 0xFF));
    const auto salt = random.bytes(salt_size), nonce = random.bytes(nonce_size);
    sealed.insert(sealed.end(), salt.begin(), salt.end());
    sealed.insert(sealed.end(), nonce.begin(), nonce.end());
    const auto key = derive(password, salt, static_cast<std::uint32_t>(iterations));

    return concat({sealed, openssl::aes_gcm_seal(key, nonce, sealed, plaintext.view())});
}

SecretBytes open_with_password(ByteView sealed, const SecretBytes& password) {
    if (sealed.size() < header_size + tag_size || as_text(sealed.first(magic.size())) != magic)
        fail_input("password_seal.malformed", "the file is not one that was sealed with a password");
    std::uint32_t iterations = 0;
    for (std::size_t i = 8; i < 12; ++i) iterations = (iterations << 8) | sealed[i];
    if (iterations == 0 || iterations > most_iterations)
        fail_input("password_seal.malformed", "the sealed file asks for an unreasonable amount of work");
    const auto header = sealed.first(header_size);
    const auto ciphertext = sealed.subspan(header_size, sealed.size() - header_size - tag_size);
    const auto key = derive(password, header.subspan(12, salt_size), iterations);
    auto plaintext =
        openssl::aes_gcm_open(key, header.subspan(12 + salt_size), header, ciphertext, sealed.last(tag_size));
    if (!plaintext)
        fail(ErrorCode::forbidden, "password_seal.password", "the password is wrong or the file was altered");
    return std::move(*plaintext);
}

}  // namespace uvpki
