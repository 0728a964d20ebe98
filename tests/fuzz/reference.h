#pragma once
// The second implementation that the targets compare with: OpenSSL's decoders and encoders, CMS_verify, and a check of
// DER written from X.690 alone. Stateless functions.

#include <vector>

#include "uvpki/bytes.h"
#include "uvpki/clock.h"

namespace uvpki::fuzz::reference {

/// True when the bytes are one DER value whose lengths and simple types are in their only form (X.690, sections 8.1.3,
/// 8.3.2, 10, 11), down to the last constructed value; contents of OCTET STRING are not looked into.
bool is_der(ByteView input);

// Decoded by OpenSSL and encoded again, nothing cached; empty when OpenSSL refuses the input.
Bytes certificate(ByteView der);
Bytes request(ByteView der);
Bytes crl(ByteView der);
Bytes cms(ByteView der);
Bytes timestamp_response(ByteView der);
Bytes ocsp_request(ByteView der);
Bytes ocsp_response(ByteView der);

/// The signature of an attached CMS message holds by the certificate inside, whoever issued it.
bool verifies_signature(ByteView message);

/// CMS_verify at this time, the ESS certificate id checked. `chain`: root and intermediates; only what is self-signed
/// is an anchor.
bool verifies(ByteView message, const std::vector<Bytes>& chain, Time time);

}  // namespace uvpki::fuzz::reference
