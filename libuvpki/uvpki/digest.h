#pragma once
// SHA-256 and SHA-384 (FIPS 180-4), HMAC-SHA-256 (RFC 2104). Stateless functions, thread-safe.

#include <array>
#include <initializer_list>

#include "uvpki/bytes.h"

namespace uvpki {

/// 32 octets.
using Sha256 = std::array<std::uint8_t, 32>;
/// 48 octets.
using Sha384 = std::array<std::uint8_t, 48>;

/// Digest of the data.
Sha256 sha256(ByteView data);
/// Digest of the parts one after the other.
Sha256 sha256(std::initializer_list<ByteView> parts);
/// Digest of the data.
Sha384 sha384(ByteView data);
/// Authentication code of the data under a key of any length.
Sha256 hmac_sha256(ByteView key, ByteView data);

/// Throws invalid_input "digest.size" unless exactly 32 bytes.
Sha256 to_sha256(ByteView bytes);
/// Lower- or upper-case hex of 32 bytes; throws invalid_input "digest.hex".
Sha256 parse_sha256_hex(std::string_view hex);

}  // namespace uvpki
