#include "uvpki/x509/certificate.h"

#include "tests/fuzz/expect.h"
#include "tests/fuzz/reference.h"
#include "tests/fuzz/targets.h"
#include "uvpki/x509/key_quality.h"
#include "uvpki/x509/lint.h"

namespace uvpki::fuzz {

bool certificate(ByteView input) {
    const auto parsed = accepted([&] { return x509::Certificate::parse(input); });
    if (!parsed) return false;
    require_same(parsed->der(), input, "a certificate keeps the bytes it was read from");
    require(reference::is_der(input), "T17: an accepted certificate is DER");
    require_same(reference::certificate(input), input, "T17: OpenSSL writes an accepted certificate as it was read");
    require_same(x509::Certificate::parse_pem(parsed->pem()).der(), input, "a certificate survives PEM");
    parsed->subject_text();
    x509::is_signed_by(*parsed, *parsed);
    x509::check_lint(*parsed, {.role = x509::Role::voter, .issuer = &*parsed});
    x509::check_key_quality(parsed->public_key());
    return true;
}

}  // namespace uvpki::fuzz
