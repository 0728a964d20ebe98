#include "tests/fuzz/expect.h"
#include "tests/fuzz/reference.h"
#include "tests/fuzz/small_election.h"
#include "tests/fuzz/targets.h"

namespace uvpki::fuzz {

namespace {

/// What CMS_verify makes of the ballot in this election.
bool reference_verifies(ByteView ballot) {
    static const std::vector<Bytes> chain = {SmallElection::file("root.der"), SmallElection::file("issuing-ca.der"),
                                             SmallElection::file("ballot-ca.der")};
    return reference::verifies(ballot, chain, small_election().manifest->verify_at);
}

}  // namespace

bool ballot(ByteView input) {
    auto parsed = accepted([&] { return election::parse_ballot(input); });
    if (!parsed) return false;
    require_same(parsed->der, input, "a ballot keeps the bytes it was read from");
    require(reference::is_der(input), "T17: an accepted ballot is DER");
    require_same(reference::cms(input), input, "T17: OpenSSL writes an accepted ballot as it was read");
    require(parsed->leaf == sha256(input), "a ballot's leaf is the hash of its file");
    const auto why_not = refusal([&] { small_election().verifier.verify_ballot(*parsed); });
    // Our rules go further than CMS_verify's, never less far; about the signature itself both agree.
    const bool reference = reference_verifies(input);
    require(!why_not.empty() || reference, "T17: CMS_verify accepts every ballot that we accept");
    const bool signature_refused =
        why_not == "cms.signature" || why_not == "cms.digest" || why_not == "x509.path.signature";
    require(!signature_refused || !reference, "T17: CMS_verify refuses a ballot whose signature we refuse");
    return why_not.empty();
}

}  // namespace uvpki::fuzz
