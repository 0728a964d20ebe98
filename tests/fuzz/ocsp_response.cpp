#include "tests/fuzz/expect.h"
#include "tests/fuzz/reference.h"
#include "tests/fuzz/small_election.h"
#include "tests/fuzz/targets.h"
#include "uvpki/x509/ocsp.h"

namespace uvpki::fuzz {

bool ocsp_response(ByteView input) {
    const auto parsed = accepted([&] { return x509::parse_ocsp_response(input); });
    if (!parsed) return false;
    require(reference::is_der(input), "T17: an accepted response is DER");
    require_same(reference::ocsp_response(input), input, "T17: OpenSSL writes an accepted response as it was read");
    const auto& election = small_election();
    const x509::OcspRules rules{.time = election.clock.now(), .nonce = parsed->nonce};
    refusal([&] { x509::verify_ocsp_response(*parsed, election.receipt.certificate, election.trust, rules); });
    for (const auto& answer : parsed->answers)
        refusal([&] { x509::verify_foreign_ocsp_response(*parsed, answer.id.serial, election.trust.root(), rules); });
    return true;
}

}  // namespace uvpki::fuzz
