#include "tests/bench/primitives.h"

#include <openssl/rsa.h>

#include "uvpki/openssl/checked.h"

namespace uvpki::bench {

using openssl::require;
using openssl::require_ok;

namespace {

openssl::PkeyContext context_of(const openssl::Pkey& key) {
    return openssl::PkeyContext(
        require(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr), "EVP_PKEY_CTX_new_from_pkey"));
}

void set_pss(EVP_PKEY_CTX* context) {
    require_ok(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING), "EVP_PKEY_CTX_set_rsa_padding");
    require_ok(EVP_PKEY_CTX_set_signature_md(context, EVP_sha384()), "EVP_PKEY_CTX_set_signature_md");
    require_ok(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, 48), "EVP_PKEY_CTX_set_rsa_pss_saltlen");
}

openssl::CipherContext cipher_context() {
    openssl::CipherContext context(require(EVP_CIPHER_CTX_new(), "EVP_CIPHER_CTX_new"));
    EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    return context;
}

int int_size(const Bytes& bytes) {
    return static_cast<int>(bytes.size());
}

}  // namespace

Primitives::Primitives(int rsa_bits, std::size_t plaintext_size)
    : ec_(require(EVP_EC_gen("P-256"), "EVP_EC_gen")),
      peer_(require(EVP_EC_gen("P-256"), "EVP_EC_gen")),
      rsa_(require(EVP_RSA_gen(static_cast<unsigned>(rsa_bits)), "EVP_RSA_gen")),
      sign_(context_of(ec_)),
      verify_(context_of(ec_)),
      agree_(context_of(ec_)),
      rsa_private_(context_of(rsa_)),
      pss_verify_(context_of(rsa_)),
      unwrap_context_(cipher_context()),
      gcm_context_(cipher_context()),
      wrap_(require(EVP_CIPHER_fetch(nullptr, "AES-256-WRAP", nullptr), "EVP_CIPHER_fetch")),
      gcm_(require(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr), "EVP_CIPHER_fetch")),
      digest_(32, 0x5A),
      number_(static_cast<std::size_t>(rsa_bits) / 8, 0x21),
      rsa_out_(number_.size()),
      pss_digest_(48, 0x3C),
      pss_signature_(number_.size()),
      key_(32, 0x77),
      wrapped_(40),
      unwrapped_(40),
      nonce_(12, 1),
      ciphertext_(plaintext_size),
      tag_(16),
      plaintext_(plaintext_size, '0') {
    require_ok(EVP_PKEY_sign_init(sign_.get()), "EVP_PKEY_sign_init");
    require_ok(EVP_PKEY_verify_init(verify_.get()), "EVP_PKEY_verify_init");
    std::size_t size = 80;
    ecdsa_signature_.resize(size);
    require_ok(EVP_PKEY_sign(sign_.get(), ecdsa_signature_.data(), &size, digest_.data(), digest_.size()),
               "EVP_PKEY_sign");
    ecdsa_signature_.resize(size);

    require_ok(EVP_PKEY_derive_init(agree_.get()), "EVP_PKEY_derive_init");
    require_ok(EVP_PKEY_derive_set_peer_ex(agree_.get(), peer_.get(), 0), "EVP_PKEY_derive_set_peer_ex");

    require_ok(EVP_PKEY_sign_init(rsa_private_.get()), "EVP_PKEY_sign_init");
    require_ok(EVP_PKEY_CTX_set_rsa_padding(rsa_private_.get(), RSA_NO_PADDING), "EVP_PKEY_CTX_set_rsa_padding");
    const auto pss_sign = context_of(rsa_);
    require_ok(EVP_PKEY_sign_init(pss_sign.get()), "EVP_PKEY_sign_init");
    set_pss(pss_sign.get());
    size = pss_signature_.size();
    require_ok(EVP_PKEY_sign(pss_sign.get(), pss_signature_.data(), &size, pss_digest_.data(), pss_digest_.size()),
               "EVP_PKEY_sign");
    require_ok(EVP_PKEY_verify_init(pss_verify_.get()), "EVP_PKEY_verify_init");
    set_pss(pss_verify_.get());

    const auto wrapping = cipher_context();
    int written = 0;
    require_ok(EVP_EncryptInit_ex2(wrapping.get(), wrap_.get(), key_.data(), nullptr, nullptr), "EVP_EncryptInit_ex2");
    require_ok(EVP_EncryptUpdate(wrapping.get(), wrapped_.data(), &written, key_.data(), int_size(key_)),
               "EVP_EncryptUpdate");
    const auto sealing = cipher_context();
    require_ok(EVP_EncryptInit_ex2(sealing.get(), gcm_.get(), key_.data(), nonce_.data(), nullptr),
               "EVP_EncryptInit_ex2");
    require_ok(EVP_EncryptUpdate(sealing.get(), ciphertext_.data(), &written, plaintext_.data(), int_size(plaintext_)),
               "EVP_EncryptUpdate");
    require_ok(EVP_EncryptFinal_ex(sealing.get(), unwrapped_.data(), &written), "EVP_EncryptFinal_ex");
    require_ok(EVP_CIPHER_CTX_ctrl(sealing.get(), EVP_CTRL_AEAD_GET_TAG, 16, tag_.data()), "EVP_CTRL_AEAD_GET_TAG");
}

void Primitives::p256_sign() {
    std::uint8_t out[80];
    std::size_t size = sizeof out;
    require_ok(EVP_PKEY_sign(sign_.get(), out, &size, digest_.data(), digest_.size()), "EVP_PKEY_sign");
}

void Primitives::p256_verify() {
    require_ok(EVP_PKEY_verify(verify_.get(), ecdsa_signature_.data(), ecdsa_signature_.size(), digest_.data(),
                               digest_.size()),
               "EVP_PKEY_verify");
}

void Primitives::p256_agree() {
    std::uint8_t out[32];
    std::size_t size = sizeof out;
    require_ok(EVP_PKEY_derive(agree_.get(), out, &size), "EVP_PKEY_derive");
}

void Primitives::rsa_private() {
    std::size_t size = rsa_out_.size();
    require_ok(EVP_PKEY_sign(rsa_private_.get(), rsa_out_.data(), &size, number_.data(), number_.size()),
               "EVP_PKEY_sign");
}

void Primitives::rsa_pss_verify() {
    require_ok(EVP_PKEY_verify(pss_verify_.get(), pss_signature_.data(), pss_signature_.size(), pss_digest_.data(),
                               pss_digest_.size()),
               "EVP_PKEY_verify");
}

void Primitives::aes_key_unwrap() {
    int size = 0;
    require_ok(EVP_DecryptInit_ex2(unwrap_context_.get(), wrap_.get(), key_.data(), nullptr, nullptr),
               "EVP_DecryptInit_ex2");
    require_ok(EVP_DecryptUpdate(unwrap_context_.get(), unwrapped_.data(), &size, wrapped_.data(), int_size(wrapped_)),
               "EVP_DecryptUpdate");
}

void Primitives::aes_gcm_decrypt() {
    int size = 0;
    require_ok(EVP_DecryptInit_ex2(gcm_context_.get(), gcm_.get(), key_.data(), nonce_.data(), nullptr),
               "EVP_DecryptInit_ex2");
    require_ok(
        EVP_DecryptUpdate(gcm_context_.get(), plaintext_.data(), &size, ciphertext_.data(), int_size(ciphertext_)),
        "EVP_DecryptUpdate");
    require_ok(EVP_CIPHER_CTX_ctrl(gcm_context_.get(), EVP_CTRL_AEAD_SET_TAG, 16, tag_.data()),
               "EVP_CTRL_AEAD_SET_TAG");
    require_ok(EVP_DecryptFinal_ex(gcm_context_.get(), unwrapped_.data(), &size), "EVP_DecryptFinal_ex");
}

}  // namespace uvpki::bench
