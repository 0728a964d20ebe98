#pragma once
// Hex, base64 (RFC 4648, section 4), PEM (RFC 7468, strict form) and UTF-8. All readers are strict and throw
// invalid_input.

#include <string>
#include <string_view>
#include <vector>

#include "uvpki/bytes.h"

namespace uvpki {

/// Two lower-case digits for each byte.
std::string to_hex(ByteView bytes);
/// Even number of hex digits of either case, nothing else; "encoding.hex".
Bytes parse_hex(std::string_view text);

/// With padding, on one line.
std::string to_base64(ByteView bytes);
/// Canonical base64 with padding, no white space, unused bits zero; "encoding.base64".
Bytes parse_base64(std::string_view text);

/// "-----BEGIN label-----", lines of 64 characters, "-----END label-----", each ended by \n.
std::string to_pem(std::string_view label, ByteView der);
/// Every block with this label in order; other blocks and text between blocks are passed over. Throws "encoding.pem"
/// for a damaged block, or when there is none.
std::vector<Bytes> parse_pem(std::string_view text, std::string_view label);
/// Exactly one block; "encoding.pem".
Bytes parse_single_pem(std::string_view text, std::string_view label);

/// RFC 3629: no overlong forms, no surrogates, at most U+10FFFF.
bool is_utf8(std::string_view text);
/// UTF-8 without control characters (C0, DEL, C1) and without bidirectional controls or zero-width characters that
/// could make two names look alike: what a name or title shown to people may hold.
bool is_printable_utf8(std::string_view text);

}  // namespace uvpki
