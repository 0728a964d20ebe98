#include "tests/fuzz/expect.h"
#include "tests/fuzz/reference.h"
#include "tests/fuzz/small_election.h"
#include "tests/fuzz/targets.h"

namespace uvpki::fuzz {

bool ballot_token(ByteView input) {
    const auto parsed = accepted([&] { return election::parse_tokens(input); });
    if (!parsed) return false;
    require(reference::is_der(input), "T17: accepted tokens are DER");
    require_same(election::encode_tokens(*parsed), input, "T17: accepted tokens are written as they were read");
    const election::TokenVerifier verifier(small_election().manifest.manifest());
    require(!refusal([&] { verifier.verify_tokens(*parsed, sha256(input)); }).empty(), "tokens hold for one key alone");
    return true;
}

}  // namespace uvpki::fuzz
