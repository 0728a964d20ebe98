#pragma once
// The OpenSSL side of the key types. Private: included by sources of the core library only, not installed.

#include "uvpki/openssl/handles.h"
#include "uvpki/x509/keys.h"

namespace uvpki::x509 {

struct PublicKey::Native {
    openssl::Pkey key;
    Bytes spki;
    Sha256 spki_sha256{};
    std::size_t key_octets_at = 0;  ///< offset of the subjectPublicKey octets in spki
    KeyType type{};
    int bits = 0;
};

struct PrivateKey::Native {
    openssl::Pkey key;
    PublicKey public_key;
};

}  // namespace uvpki::x509
