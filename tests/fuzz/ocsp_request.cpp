#include "tests/fuzz/expect.h"
#include "tests/fuzz/reference.h"
#include "tests/fuzz/small_election.h"
#include "tests/fuzz/targets.h"
#include "uvpki/x509/ocsp.h"

namespace uvpki::fuzz {

/// The responder answers whatever it is asked, with DER that its own reader accepts unless the answer is an error.
bool ocsp_request(ByteView input) {
    const auto& election = small_election();
    static const x509::OcspResponder responder(election.trust.intermediates().front(), election.ocsp.certificate,
                                               election.ocsp.key, x509::Arc{});
    const auto known = [](ByteView serial) {
        return serial.size() % 2 == 0 ? std::optional(x509::KnownStatus{}) : std::nullopt;
    };
    const auto parsed = accepted([&] { return x509::parse_ocsp_request(input); });
    const auto answer = responder.respond(input, known, election.clock);
    require_same(reference::ocsp_response(answer), answer, "the responder answers in DER");
    const auto response = accepted([&] { return x509::parse_ocsp_response(answer); });
    require(parsed || !response, "only a request that can be read gets an answer");
    if (!parsed) return false;
    require(reference::is_der(input), "T17: an accepted request is DER");
    require_same(reference::ocsp_request(input), input, "T17: OpenSSL writes an accepted request as it was read");
    if (response) require(response->nonce == parsed->nonce, "the answer repeats the nonce");
    return true;
}

}  // namespace uvpki::fuzz
