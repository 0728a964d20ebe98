#pragma once
// What can be wrong with many keys together, though each of them looks good: the same key twice, and RSA keys that give
// away each other's factors (Heninger et al., "Mining Your Ps and Qs", USENIX Security 2012). Stateless, thread-safe.

#include <span>
#include <string>
#include <vector>

#include "uvpki/x509/keys.h"

namespace uvpki::x509 {

/// A key and whose it is: a roll entry, a certificate's subject. Several keys of one holder are no finding.
struct HeldKey {
    std::string holder;
    PublicKey key;
};

/// One weakness, with everybody whom it concerns.
struct KeyFinding {
    std::string rule;
    std::vector<std::string> holders;  ///< sorted, each once
    std::string message;
    bool operator==(const KeyFinding&) const = default;
};

/// Every weakness of one key (the rules of check_key_quality), and between holders "key.duplicate" (one key),
/// "key.mirrored" (EC points P and -P: one private key gives the other), "key.rsa.same_modulus" (with another exponent
/// or encoding) and "key.rsa.shared_prime" (both moduli are factored by their greatest common divisor). Sorted by rule
/// and holders. All pairs are compared, by products instead of one by one: some 10,000 RSA keys take minutes, keys on
/// curves next to nothing.
std::vector<KeyFinding> check_key_roll(std::span<const HeldKey> keys);

}  // namespace uvpki::x509
