#pragma once
// P-256 Diffie-Hellman (SP 800-56A, 5.7.1.2). Private: envelopes derive their keys from it (cms/enveloped_data.h).

#include "uvpki/x509/keys.h"

namespace uvpki::x509 {

/// The x coordinate of the shared point, 32 octets; thread-safe. The peer's point was checked to be on the curve when
/// it was read. Throws invalid_input "x509.key.unsupported" unless both keys are P-256.
SecretBytes agree_p256(const PrivateKey& own, const PublicKey& peer);

}  // namespace uvpki::x509
