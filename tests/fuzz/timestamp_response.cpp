#include "tests/fuzz/expect.h"
#include "tests/fuzz/reference.h"
#include "tests/fuzz/small_election.h"
#include "tests/fuzz/targets.h"
#include "uvpki/timestamp/verify.h"

namespace uvpki::fuzz {

bool timestamp_response(ByteView input) {
    using timestamp::TokenForm;
    const auto foreign = accepted([&] { return timestamp::parse_response(input, TokenForm::lenient); });
    if (foreign) refusal([&] { timestamp::verify_token_only(*foreign, input); });
    const auto parsed = accepted([&] { return timestamp::parse_response(input, TokenForm::strict); });
    if (!parsed) return foreign.has_value();
    require(foreign.has_value(), "what the strict reader accepts, the lenient one accepts");
    require(reference::is_der(input), "T17: an accepted response is DER");
    require_same(reference::timestamp_response(input), input,
                 "T17: OpenSSL writes an accepted response as it was read");
    require(!refusal([&] { timestamp::verify_timestamp(*parsed, input, small_election().trust); }).empty(),
            "no token stamps itself");
    return true;
}

}  // namespace uvpki::fuzz
