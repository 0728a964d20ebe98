#include "tests/fuzz/expect.h"
#include "tests/fuzz/reference.h"
#include "tests/fuzz/small_election.h"
#include "tests/fuzz/targets.h"
#include "uvpki/x509/revocation.h"

namespace uvpki::fuzz {

bool crl(ByteView input) {
    const auto parsed = accepted([&] { return x509::Crl::parse(input); });
    if (!parsed) return false;
    require_same(parsed->der(), input, "a CRL keeps the bytes it was read from");
    require(reference::is_der(input), "T17: an accepted CRL is DER");
    require_same(reference::crl(input), input, "T17: OpenSSL writes an accepted CRL as it was read");
    for (const auto& entry : parsed->entries())
        require(parsed->find(entry.serial) != nullptr, "an entry of a CRL is found by its serial");
    parsed->is_signed_by(small_election().trust.root());
    return true;
}

}  // namespace uvpki::fuzz
