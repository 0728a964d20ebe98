#pragma once
// A secret kept under a password, for files on a person's own machine (a voter's state, a trustee's share): AES-256-GCM
// under PBKDF2-HMAC-SHA-256. Stateless functions, thread-safe.
//
// Format: "UVPKISF1" || iterations (4 octets, big-endian) || salt (16) || nonce (12) || ciphertext || tag (16);
// everything before the ciphertext is authenticated as associated data.

#include "uvpki/bytes.h"
#include "uvpki/random.h"
#include "uvpki/secret.h"

namespace uvpki {

inline constexpr int default_password_iterations = 600'000;

/// The whole file, see above. More iterations make guessing slower and opening as well.
Bytes seal_with_password(const SecretBytes& plaintext, const SecretBytes& password, Random& random,
                         int iterations = default_password_iterations);

/// Throws invalid_input "password_seal.malformed" (not this format, or more than 10,000,000 iterations), or
/// forbidden "password_seal.password" for a wrong password or an altered file: they cannot be told apart.
SecretBytes open_with_password(ByteView sealed, const SecretBytes& password);

}  // namespace uvpki
