#include "tests/fuzz/expect.h"
#include "tests/fuzz/reference.h"
#include "tests/fuzz/small_election.h"
#include "tests/fuzz/targets.h"
#include "uvpki/timestamp/authority.h"
#include "uvpki/timestamp/verify.h"

namespace uvpki::fuzz {

/// The authority answers whatever it is asked; a granted answer is a token that its own reader accepts.
bool timestamp_request(ByteView input) {
    const auto& election = small_election();
    static const timestamp::Authority authority(election.tsa.certificate, election.tsa.key, x509::Arc{},
                                                [] { return 1; });
    const auto answer = authority.respond(input, election.clock);
    require_same(reference::timestamp_response(answer), answer, "the authority answers in DER");
    const auto token = accepted([&] { return timestamp::parse_response(answer); });
    if (!token) return false;
    require(reference::is_der(input), "T17: a granted request is DER");
    require(token->time == election.clock.now(), "a token tells the authority's time");
    return true;
}

}  // namespace uvpki::fuzz
