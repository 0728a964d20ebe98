#pragma once
// AES-256-GCM (NIST SP 800-38D) in the one form of this project: 32-octet key, 12-octet nonce, 16-octet tag. Stateless.

#include <optional>

#include "uvpki/bytes.h"
#include "uvpki/secret.h"

namespace uvpki::openssl {

inline constexpr std::size_t gcm_key_size = 32, gcm_nonce_size = 12, gcm_tag_size = 16;

/// Ciphertext of the plaintext's size, then the tag. Throws invalid_input "aes_gcm.size" for another size of key or
/// nonce, or more than 1 GiB.
Bytes aes_gcm_seal(const SecretBytes& key, ByteView nonce, ByteView associated, ByteView plaintext);

/// nullopt when the tag does not fit. Throws invalid_input "aes_gcm.size" as above, and for another size of the tag.
std::optional<SecretBytes> aes_gcm_open(const SecretBytes& key, ByteView nonce, ByteView associated,
                                        ByteView ciphertext, ByteView tag);

}  // namespace uvpki::openssl
