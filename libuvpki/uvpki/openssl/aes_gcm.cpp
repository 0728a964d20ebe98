#include "uvpki/openssl/aes_gcm.h"

#include <array>

#include "uvpki/openssl/checked.h"

namespace uvpki::openssl {

namespace {

constexpr std::size_t max_size = 1u << 30;  // below what the cipher's int can count

const EVP_CIPHER* cipher() {
    static const Cipher once{require(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr), "EVP_CIPHER_fetch")};
    return once.get();
}

void check_sizes(const SecretBytes& key, ByteView nonce, ByteView associated, ByteView text) {
    if (key.size() != gcm_key_size || nonce.size() != gcm_nonce_size)
        fail_input("aes_gcm.size", "AES-256-GCM takes a key of 32 and a nonce of 12 octets here");
    if (associated.size() > max_size || text.size() > max_size)
        fail_input("aes_gcm.size", "more than 1 GiB cannot be encrypted at once");
}

}  // namespace

Bytes aes_gcm_seal(const SecretBytes& key, ByteView nonce, ByteView associated, ByteView plaintext) {
    check_sizes(key, nonce, associated, plaintext);
    const CipherContext context(require(EVP_CIPHER_CTX_new(), "EVP_CIPHER_CTX_new"));
    require_ok(EVP_EncryptInit_ex2(context.get(), cipher(), key.view().data(), nonce.data(), nullptr),
               "EVP_EncryptInit_ex2");
    int written = 0;
    if (!associated.empty())
        require_ok(
            EVP_EncryptUpdate(context.get(), nullptr, &written, associated.data(), static_cast<int>(associated.size())),
            "EVP_EncryptUpdate");
    Bytes result(plaintext.size() + gcm_tag_size);
    if (!plaintext.empty())
        require_ok(EVP_EncryptUpdate(context.get(), result.data(), &written, plaintext.data(),
                                     static_cast<int>(plaintext.size())),
                   "EVP_EncryptUpdate");
    auto* tag = result.data() + plaintext.size();
    require_ok(EVP_EncryptFinal_ex(context.get(), tag, &written), "EVP_EncryptFinal_ex");
    require_ok(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, static_cast<int>(gcm_tag_size), tag),
               "EVP_CTRL_AEAD_GET_TAG");
    return result;
}

std::optional<SecretBytes> aes_gcm_open(const SecretBytes& key, ByteView nonce, ByteView associated,
                                        ByteView ciphertext, ByteView tag) {
    check_sizes(key, nonce, associated, ciphertext);
    // OpenSSL would take a tag of 4 octets as well.
    if (tag.size() != gcm_tag_size) fail_input("aes_gcm.size", "an AES-256-GCM tag has 16 octets here");
    const CipherContext context(require(EVP_CIPHER_CTX_new(), "EVP_CIPHER_CTX_new"));
    require_ok(EVP_DecryptInit_ex2(context.get(), cipher(), key.view().data(), nonce.data(), nullptr),
               "EVP_DecryptInit_ex2");
    int written = 0;
    if (!associated.empty())
        require_ok(
            EVP_DecryptUpdate(context.get(), nullptr, &written, associated.data(), static_cast<int>(associated.size())),
            "EVP_DecryptUpdate");
    SecretBytes plaintext(ciphertext.size());
    if (!ciphertext.empty())
        require_ok(EVP_DecryptUpdate(context.get(), plaintext.writable().data(), &written, ciphertext.data(),
                                     static_cast<int>(ciphertext.size())),
                   "EVP_DecryptUpdate");
    auto expected = to_bytes(tag);
    require_ok(
        EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(gcm_tag_size), expected.data()),
        "EVP_CTRL_AEAD_SET_TAG");
    std::array<std::uint8_t, 16> rest{};
    if (EVP_DecryptFinal_ex(context.get(), rest.data(), &written) == 1) return plaintext;
    clear_errors();
    return std::nullopt;
}

}  // namespace uvpki::openssl
