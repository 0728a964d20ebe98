#include "uvpki/encoding.h"

#include "tests/fuzz/expect.h"
#include "tests/fuzz/targets.h"
#include "uvpki/clock.h"

namespace uvpki::fuzz {

bool encoding(ByteView input) {
    const auto text = as_text(input);
    const auto hex = accepted([&] { return parse_hex(text); });
    if (hex) require(parse_hex(to_hex(*hex)) == *hex, "hex comes back");
    const auto base64 = accepted([&] { return parse_base64(text); });
    if (base64) require(to_base64(*base64) == text, "T17: accepted base64 is written as it was read");
    const auto pem = accepted([&] { return parse_pem(text, "CERTIFICATE"); });
    if (pem)
        for (const auto& block : *pem) require(parse_single_pem(to_pem("X", block), "X") == block, "PEM comes back");
    const auto time = accepted([&] { return parse_rfc3339(text); });
    if (time) require(format_rfc3339(*time) == text, "T17: an accepted time is written as it was read");
    require(is_utf8(text) || !is_printable_utf8(text), "printable UTF-8 is UTF-8");
    return hex || base64 || pem || time;
}

}  // namespace uvpki::fuzz
