#pragma once
// EMSA-PSS encoding with SHA-384 and MGF1-SHA-384, which OpenSSL has only behind deprecated calls. Private to this
// folder.

#include "uvpki/bytes.h"

namespace uvpki::blind {

/// EMSA-PSS-ENCODE, RFC 8017, section 9.1.1, for a modulus of 8 * size bits (emBits one less): `size` bytes.
Bytes encode_pss(ByteView message, ByteView salt, std::size_t size);

}  // namespace uvpki::blind
