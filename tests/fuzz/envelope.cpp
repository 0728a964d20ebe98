#include "tests/fuzz/expect.h"
#include "tests/fuzz/reference.h"
#include "tests/fuzz/small_election.h"
#include "tests/fuzz/targets.h"
#include "uvpki/cms/enveloped_data.h"

namespace uvpki::fuzz {

bool envelope(ByteView input) {
    const auto parsed = accepted([&] { return cms::parse_envelope(input); });
    if (!parsed) return false;
    require(reference::is_der(input), "T17: an accepted envelope is DER");
    require_same(reference::cms(input), input, "T17: OpenSSL writes an accepted envelope as it was read");
    cms::is_addressed_to(*parsed, small_election().voter.certificate);
    require(refusal([&] { cms::open_envelope(*parsed, small_election().voter.key); }) == "cms.envelope.open",
            "nobody but its recipient opens an envelope");
    return true;
}

}  // namespace uvpki::fuzz
