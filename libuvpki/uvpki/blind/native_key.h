#pragma once
// What a blind-signing key holds in OpenSSL's terms. Private to this folder.

#include "uvpki/blind/blind_key.h"
#include "uvpki/openssl/checked.h"
#include "uvpki/openssl/context_pool.h"

namespace uvpki::blind {

struct BlindPublicKey::State {
    openssl::Pkey key;  ///< type RSA: a key of type RSA-PSS refuses raw operations
    openssl::Bignum modulus;
    openssl::Bignum exponent;
    openssl::MontgomeryContext montgomery;
    std::size_t size = 0;
    Bytes spki;
    Sha256 key_id{};
    openssl::ContextPool verify_salt48;
    openssl::ContextPool verify_salt0;

    State(openssl::Pkey pkey, openssl::Bignum n, openssl::Bignum e);
};

openssl::Bignum to_bignum(ByteView big_endian);
/// Exactly `size` bytes, big-endian; the time does not depend on the value.
void write_bignum(const BIGNUM* value, std::span<std::uint8_t> out);

}  // namespace uvpki::blind
