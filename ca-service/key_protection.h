#pragma once
// How strongly the keys in a folder are encrypted under their password. Plain data.

namespace uvpki::ca {

struct KeyProtection {
    int iterations = 600'000;  ///< of PBKDF2-HMAC-SHA-256; fewer only where a password is worth nothing, as in tests
};

}  // namespace uvpki::ca
