#pragma once
// Owned and borrowed bytes, and the few conversions between bytes and text that everything needs.

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace uvpki {

/// Bytes that somebody owns.
using Bytes = std::vector<std::uint8_t>;
/// Bytes that somebody else owns.
using ByteView = std::span<const std::uint8_t>;

/// The bytes of a text, borrowed.
inline ByteView as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// The same bytes seen as text, borrowed; no check of the encoding.
inline std::string_view as_text(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A copy of the bytes.
inline Bytes to_bytes(ByteView bytes) {
    return {bytes.begin(), bytes.end()};
}
/// A copy of the bytes of a text.
inline Bytes to_bytes(std::string_view text) {
    return to_bytes(as_bytes(text));
}
/// A copy of the bytes as text; no check of the encoding.
inline std::string to_text(ByteView bytes) {
    return std::string(as_text(bytes));
}

/// The parts one after the other.
Bytes concat(std::initializer_list<ByteView> parts);

/// Same length and same content; the time does not depend on where they differ. Not for secret lengths.
bool equal(ByteView a, ByteView b);

}  // namespace uvpki
