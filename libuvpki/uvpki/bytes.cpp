#include "uvpki/bytes.h"

namespace uvpki {

Bytes concat(std::initializer_list<ByteView> parts) {
    std::size_t size = 0;
    for (const auto& part : parts) size += part.size();
    Bytes result;
    result.reserve(size);
    for (const auto& part : parts) result.insert(result.end(), part.begin(), part.end());
    return result;
}

bool equal(ByteView a, ByteView b) {
    if (a.size() != b.size()) return false;
    unsigned difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned>(a[i] ^ b[i]);
    return difference == 0;
}

}  // namespace uvpki
