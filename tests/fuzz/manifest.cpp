#include "uvpki/election/manifest.h"

#include "tests/fuzz/expect.h"
#include "tests/fuzz/targets.h"
#include "uvpki/election/token.h"

namespace uvpki::fuzz {

bool manifest(ByteView input) {
    const auto parsed = accepted([&] { return election::parse_manifest(input); });
    if (!parsed) return false;
    require_same(election::format_manifest(*parsed), input, "T17: an accepted manifest is written as it was read");
    require(election::manifest_digest(*parsed) == sha256(input), "a manifest's digest is the hash of its file");
    election::check_manifest(*parsed);
    election::warn_about_manifest(*parsed);
    refusal([&] { return election::TokenVerifier(*parsed); });
    return true;
}

}  // namespace uvpki::fuzz
