#include "uvpki/digest.h"

#include <algorithm>

#include "uvpki/encoding.h"
#include "uvpki/error.h"
#include "uvpki/openssl/checked.h"

namespace uvpki {

namespace {

using openssl::require;
using openssl::require_ok;

const EVP_MD* fetched(const char* name) {
    // Fetched once per name: an implicit fetch at every call costs more than hashing a short input.
    static const openssl::Digest sha256_md{require(EVP_MD_fetch(nullptr, "SHA256", nullptr), "EVP_MD_fetch")};
    static const openssl::Digest sha384_md{require(EVP_MD_fetch(nullptr, "SHA384", nullptr), "EVP_MD_fetch")};
    return name[3] == '2' ? sha256_md.get() : sha384_md.get();
}

template <std::size_t Size>
std::array<std::uint8_t, Size> digest(const char* name, std::initializer_list<ByteView> parts) {
    thread_local const openssl::DigestContext context{require(EVP_MD_CTX_new(), "EVP_MD_CTX_new")};
    require_ok(EVP_DigestInit_ex2(context.get(), fetched(name), nullptr), "EVP_DigestInit_ex2");
    for (const auto& part : parts)
        require_ok(EVP_DigestUpdate(context.get(), part.data(), part.size()), "EVP_DigestUpdate");
    std::array<std::uint8_t, Size> result{};
    unsigned size = 0;
    require_ok(EVP_DigestFinal_ex(context.get(), result.data(), &size), "EVP_DigestFinal_ex");
    return result;
}

}  // namespace

Sha256 sha256(ByteView data) { return digest<32>("SHA256", {data}); }
Sha256 sha256(std::initializer_list<ByteView> parts) { return digest<32>("SHA256", parts); }
Sha384 sha384(ByteView data) { return digest<48>("SHA384", {data}); }

Sha256 hmac_sha256(ByteView key, ByteView data) {
    // RFC 2104, section 2: H(K XOR opad, H(K XOR ipad, text)), K filled with zeros to the 64-byte block.
    std::array<std::uint8_t, 64> inner{}, outer{};
    if (key.size() > inner.size()) {
        const auto short_key = sha256(key);
        std::ranges::copy(short_key, inner.begin());
    } else {
        std::ranges::copy(key, inner.begin());
    }
    outer = inner;
    for (auto& byte : inner) byte ^= 0x36;
    for (auto& byte : outer) byte ^= 0x5C;
    const auto result = sha256({outer, sha256({inner, data})});
    OPENSSL_cleanse(inner.data(), inner.size());
    OPENSSL_cleanse(outer.data(), outer.size());
    return result;
}

Sha256 to_sha256(ByteView bytes) {
    Sha256 result{};
    if (bytes.size() != result.size())
        fail_input("digest.size", "a SHA-256 digest has 32 bytes, not " + std::to_string(bytes.size()));
    std::ranges::copy(bytes, result.begin());
    return result;
}

Sha256 parse_sha256_hex(std::string_view hex) {
    if (hex.size() != 64) fail_input("digest.hex", "a SHA-256 digest has 64 hex digits");
    return to_sha256(parse_hex(hex));
}

}  // namespace uvpki
