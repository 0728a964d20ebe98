#include "uvpki/x509/request.h"

#include "tests/fuzz/expect.h"
#include "tests/fuzz/reference.h"
#include "tests/fuzz/targets.h"

namespace uvpki::fuzz {

bool request(ByteView input) {
    const auto parsed = accepted([&] { return x509::parse_request(input); });
    if (!parsed) return false;
    require_same(parsed->der, input, "a request keeps the bytes it was read from");
    require(reference::is_der(input), "T17: an accepted request is DER");
    require_same(reference::request(input), input, "T17: OpenSSL writes an accepted request as it was read");
    x509::name_text(parsed->subject);
    return true;
}

}  // namespace uvpki::fuzz
