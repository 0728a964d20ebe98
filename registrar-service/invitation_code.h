#pragma once
// One-time codes: 128 random bits as people type them, "7k3qd-m9x2c-...", and the hash that alone is stored. Private to
// the registrar. Stateless functions, thread-safe.

#include <optional>
#include <string>
#include <string_view>

#include "uvpki/digest.h"
#include "uvpki/random.h"

namespace uvpki::registrar {

/// 26 characters of Crockford's base32 alphabet (no i, l, o, u) in groups of five, parted by hyphens; lower case.
std::string make_invitation_code(Random& random);

/// SHA-256 of the 26 characters. Upper case, spaces and hyphens do not matter, o reads as 0, i and l as 1; nullopt for
/// what is no code at all. No salt is needed: 128 bits cannot be tried out.
std::optional<Sha256> hash_invitation_code(std::string_view code);

}  // namespace uvpki::registrar
