#include "uvpki/password_seal.h"

#include <array>

#include "uvpki/error.h"
#include "uvpki/openssl/checked.h"

namespace uvpki {

namespace {

using openssl::require;
using openssl::require_ok;

constexpr std::string_view magic = "UVPKISF1";
constexpr std::size_t salt_size = 16, nonce_size = 12, tag_size = 16;
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

    const openssl::CipherContext context{require(EVP_CIPHER_CTX_new(), "EVP_CIPHER_CTX_new")};
    require_ok(EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.view().data(), nonce.data()),
               "EVP_EncryptInit_ex");
    int written = 0;
    require_ok(EVP_EncryptUpdate(context.get(), nullptr, &written, sealed.data(), static_cast<int>(sealed.size())),
               "EVP_EncryptUpdate");
    Bytes body(plaintext.size() + tag_size);
    require_ok(EVP_EncryptUpdate(context.get(), body.data(), &written, plaintext.view().data(),
                                 static_cast<int>(plaintext.size())),
               "EVP_EncryptUpdate");
    require_ok(EVP_EncryptFinal_ex(context.get(), body.data() + written, &written), "EVP_EncryptFinal_ex");
    require_ok(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, static_cast<int>(tag_size),
                                   body.data() + plaintext.size()),
               "EVP_CTRL_AEAD_GET_TAG");
    sealed.insert(sealed.end(), body.begin(), body.end());
    return sealed;
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
    auto tag = to_bytes(sealed.last(tag_size));
    const auto key = derive(password, header.subspan(12, salt_size), iterations);

    const openssl::CipherContext context{require(EVP_CIPHER_CTX_new(), "EVP_CIPHER_CTX_new")};
    require_ok(EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.view().data(),
                                  header.subspan(12 + salt_size).data()),
               "EVP_DecryptInit_ex");
    int written = 0;
    require_ok(EVP_DecryptUpdate(context.get(), nullptr, &written, header.data(), static_cast<int>(header.size())),
               "EVP_DecryptUpdate");
    SecretBytes plaintext(ciphertext.size());
    require_ok(EVP_DecryptUpdate(context.get(), plaintext.writable().data(), &written, ciphertext.data(),
                                 static_cast<int>(ciphertext.size())),
               "EVP_DecryptUpdate");
    require_ok(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag_size), tag.data()),
               "EVP_CTRL_AEAD_SET_TAG");
    std::uint8_t nothing[16];
    if (EVP_DecryptFinal_ex(context.get(), nothing, &written) != 1) {
        openssl::clear_errors();
        fail(ErrorCode::verification_failed, "password_seal.password", "the password is wrong or the file was altered");
    }
    return plaintext;
}

}  // namespace uvpki
