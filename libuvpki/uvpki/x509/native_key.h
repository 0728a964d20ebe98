#pragma once
// The OpenSSL side of the key types. Private: included by sources of the core library only, not installed.

#include <mutex>
#include <optional>

#include "uvpki/openssl/context_pool.h"
#include "uvpki/openssl/handles.h"
#include "uvpki/x509/keys.h"

namespace uvpki::x509 {

struct PublicKey::Native {
    Bytes spki;
    Sha256 spki_sha256{};
    std::size_t key_octets_at = 0;  ///< offset of the subjectPublicKey octets in spki
    KeyType type{};
    int bits = 0;
    enum class Padding {
        any,
        pss_only
    } padding{};           ///< RSA: pss_only when the SPKI says id-RSASSA-PSS (RFC 4055, section 1.2)
    ByteView rsa_modulus;  ///< big-endian without sign octet, borrowed from spki; empty unless RSA
    ByteView rsa_exponent;

    /// Built on first use, so that a certificate whose key is never used costs little. An RSASSA-PSS key comes as type
    /// RSA, which raw RSA operations need. Thread-safe; lives as long as the key.
    EVP_PKEY* pkey() const;
    /// EC keys: contexts ready to verify a signature over a digest.
    openssl::ContextPool verify_contexts{[this] { return verify_context(); }};

private:
    openssl::PkeyContext verify_context() const;

    mutable std::once_flag once_;  // guards key_
    mutable openssl::Pkey key_;
};

struct PrivateKey::Native {
    openssl::Pkey key;
    PublicKey public_key;
    /// EC keys: contexts ready to sign a digest. They hold nothing secret but a share in `key`.
    openssl::ContextPool sign_contexts;
    openssl::ContextPool agree_contexts;  ///< EC keys: ready to be given a peer

    Native(openssl::Pkey pkey, PublicKey public_half);
    Native(const Native&) = delete;
    Native& operator=(const Native&) = delete;
    EVP_PKEY* pkey() const { return key.get(); }

private:
    openssl::PkeyContext make_context(int (*init)(EVP_PKEY_CTX*), const char* call) const;
};

/// r and s of a strict DER ECDSA-Sig-Value (RFC 3279, section 2.2.3), big-endian without sign octets, borrowed.
struct EcdsaParts {
    ByteView r;
    ByteView s;
};
/// nullopt unless DER and 1 <= r, s with no more octets than the curve's order.
std::optional<EcdsaParts> find_ecdsa_parts(ByteView signature, KeyType curve);

/// Replaces s by n - s where s > n/2; the signature must be one that the library just made.
Bytes make_low_s(ByteView signature, KeyType curve);

}  // namespace uvpki::x509
