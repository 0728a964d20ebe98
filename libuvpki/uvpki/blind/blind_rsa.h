#pragma once
// The client's side of RFC 9474 (RSABSSA-SHA384): blind a message, unblind the answer, check a token. Stateless
// functions, thread-safe. A finished token is an ordinary RSASSA-PSS signature over prefix || message; `openssl dgst
// -sha384 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:48 -verify KEY -signature SIG PREPARED` checks it.

#include "uvpki/blind/blind_key.h"
#include "uvpki/random.h"

namespace uvpki::blind {

/// What a client keeps between request and answer. Losing `inverse` loses the token; showing it links request and
/// token.
struct Blinding {
    Variant variant = Variant::pss_randomized;
    Bytes prefix;         ///< 32 random bytes, empty in the deterministic variants
    Bytes prepared;       ///< prefix || message: what the signature covers
    Bytes blinded;        ///< key-sized; goes to the signer
    SecretBytes inverse;  ///< r^-1 mod n, key-sized
};

/// Prepare and Blind, RFC 9474, sections 4.1 and 4.2.
Blinding blind(const BlindPublicKey& key, ByteView message, Random& random, Variant variant = Variant::pss_randomized);

/// The random choices of blind(), given: for test vectors, and for a second device that repeats a blinding.
struct BlindingChoices {
    ByteView prefix;   ///< 32 bytes, or none in the deterministic variants
    ByteView salt;     ///< 48 bytes, or none in the PSSZERO variants
    ByteView inverse;  ///< r^-1 mod n, key-sized
};

/// blind() without randomness. Throws invalid_input "blind.choices" for wrong sizes or an inverse that is not one.
Blinding blind_with(const BlindPublicKey& key, ByteView message, const BlindingChoices& choices,
                    Variant variant = Variant::pss_randomized);

/// Finalize, RFC 9474, section 4.4: the signature over blinding.prepared, checked. Throws verification_failed
/// "blind.signature" when the answer is not this key's signature of blinding.blinded, invalid_input "blind.choices"
/// when the kept inverse is damaged.
Bytes finalize(const BlindPublicKey& key, const Blinding& blinding, ByteView blind_signature);

/// RSASSA-PSS-VERIFY with SHA-384 over `prepared`; false for anything that is not a valid signature, of whatever
/// length.
bool is_valid_token(const BlindPublicKey& key, ByteView prepared, ByteView signature,
                    Variant variant = Variant::pss_randomized);

}  // namespace uvpki::blind
