#pragma once
// How long, how many and how deep the parts of a manifest may be; schemas/manifest.json says the same. Private.

#include <cstddef>

namespace uvpki::election::limits {

inline constexpr std::size_t manifest = 8u << 20;
inline constexpr std::size_t election_id = 64;
inline constexpr std::size_t identifier = 32;
inline constexpr std::size_t name = 200;
inline constexpr std::size_t title = 300;
inline constexpr std::size_t organization = 64;  // RFC 5280, ub-organization-name
inline constexpr std::size_t arc = 128;
inline constexpr std::size_t certificate = 8192;
inline constexpr std::size_t token_key = 1024;
inline constexpr std::size_t log_text = 255;
inline constexpr std::size_t contests = 64;
inline constexpr std::size_t candidates = 200;
inline constexpr std::size_t styles = 256;
inline constexpr std::size_t issuers = 8;
inline constexpr int trustees = 32;
inline constexpr int plaintext = 32 * 1024;

}  // namespace uvpki::election::limits
