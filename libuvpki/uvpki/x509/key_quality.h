#pragma once
// Keys that must not be certified: too small, wrong exponent, ROCA, Fermat-close primes, points off the curve.

#include <vector>

#include "uvpki/error.h"
#include "uvpki/x509/keys.h"

namespace uvpki::x509 {

/// Every rule the key breaks: "key.rsa.size", "key.rsa.even", "key.rsa.exponent", "key.rsa.small_factor",
/// "key.rsa.roca", "key.rsa.close_primes", "key.type" (Ed25519). Empty for a good key. Duplicates across voters are the
/// roll's affair.
std::vector<Finding> check_key_quality(const PublicKey& key);

}  // namespace uvpki::x509
