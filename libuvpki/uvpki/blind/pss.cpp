#include "uvpki/blind/pss.h"

#include <algorithm>

#include "uvpki/digest.h"
#include "uvpki/error.h"

namespace uvpki::blind {

namespace {

/// MGF1, RFC 8017, appendix B.2.1, exclusive-ored into `target`.
void apply_mask(std::span<std::uint8_t> target, ByteView seed) {
    Bytes input = to_bytes(seed);
    input.resize(seed.size() + 4);
    for (std::size_t offset = 0, counter = 0; offset < target.size(); ++counter) {
        for (std::size_t i = 0; i < 4; ++i) {
            input[seed.size() + i] = static_cast<std::uint8_t>(counter >> (8 * (3 - i)));
        }
        const auto block = sha384(input);
        for (std::size_t i = 0; i < block.size() && offset < target.size(); ++i, ++offset) target[offset] ^= block[i];
    }
}

}  // namespace

Bytes encode_pss(ByteView message, ByteView salt, std::size_t size) {
    constexpr std::size_t hash_size = std::tuple_size_v<Sha384>;
    if (size < hash_size + salt.size() + 2) fail(ErrorCode::internal, "blind.encoding", "the modulus is too short");

    // RFC 8017, section 9.1.1: "M' = (0x)00 00 00 00 00 00 00 00 || mHash || salt;"
    const Bytes zeros(8);
    const auto hash = sha384(concat({zeros, sha384(message), salt}));

    // DB = PS || 0x01 || salt; EM = maskedDB || H || 0xbc.
    Bytes encoded(size);
    const std::size_t db_size = size - hash_size - 1;
    encoded[db_size - salt.size() - 1] = 0x01;
    std::copy(salt.begin(), salt.end(), encoded.begin() + static_cast<std::ptrdiff_t>(db_size - salt.size()));
    apply_mask(std::span(encoded).first(db_size), hash);
    encoded[0] &= 0x7F;  // 8 * emLen - emBits = 1 leftmost bit is zero
    std::copy(hash.begin(), hash.end(), encoded.begin() + static_cast<std::ptrdiff_t>(db_size));
    encoded.back() = 0xBC;
    return encoded;
}

}  // namespace uvpki::blind
