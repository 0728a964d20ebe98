#pragma once
// The bare cryptography that our rows are measured against: raw OpenSSL calls with keys made and contexts set up
// beforehand and used again and again, no hashing, no parsing, no copies. Faster than any program can be. One thread.

#include "uvpki/bytes.h"
#include "uvpki/openssl/handles.h"

namespace uvpki::bench {

class Primitives {
public:
    /// RSA keys of `rsa_bits`, decryption of `plaintext_size` octets.
    Primitives(int rsa_bits, std::size_t plaintext_size);

    void p256_sign();
    void p256_verify();
    void p256_agree();       ///< ECDH: one scalar multiplication
    void rsa_private();      ///< m^d mod n
    void rsa_pss_verify();   ///< SHA-384, salt of 48 octets
    void aes_key_unwrap();   ///< RFC 3394, a 256-bit key
    void aes_gcm_decrypt();  ///< key schedule, decryption and tag check

private:
    openssl::Pkey ec_, peer_, rsa_;
    openssl::PkeyContext sign_, verify_, agree_, rsa_private_, pss_verify_;
    openssl::CipherContext unwrap_context_, gcm_context_;
    openssl::Cipher wrap_, gcm_;
    Bytes digest_, ecdsa_signature_, number_, rsa_out_, pss_digest_, pss_signature_;
    Bytes key_, wrapped_, unwrapped_, nonce_, ciphertext_, tag_, plaintext_;
};

}  // namespace uvpki::bench
