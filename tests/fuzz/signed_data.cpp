#include "uvpki/cms/signed_data.h"

#include "tests/fuzz/expect.h"
#include "tests/fuzz/reference.h"
#include "tests/fuzz/targets.h"

namespace uvpki::fuzz {

bool signed_data(ByteView input) {
    const auto parsed = accepted([&] { return cms::parse_signed_data(input); });
    if (!parsed) return false;
    require(reference::is_der(input), "T17: accepted SignedData is DER");
    require_same(reference::cms(input), input, "T17: OpenSSL writes accepted SignedData as it was read");
    if (!parsed->content) return true;
    const auto why_not = refusal([&] { cms::verify_signature_only(*parsed, *parsed->content); });
    // CMS_verify looks at the ESS certificate id only with a chain at hand.
    const bool ours = why_not.empty() || why_not == "cms.signing_certificate";
    require(ours == reference::verifies_signature(input),
            "T17: CMS_verify comes to the same verdict about the signature");
    return true;
}

}  // namespace uvpki::fuzz
