#include "uvpki/election/claim.h"

#include "tests/fuzz/expect.h"
#include "tests/fuzz/reference.h"
#include "tests/fuzz/small_election.h"
#include "tests/fuzz/targets.h"

namespace uvpki::fuzz {

namespace {

bool is_claim(ByteView der) {
    const auto& election = small_election();
    const x509::PathRules rules{
        .role = x509::Role::voter, .time = election.clock.now(), .revocation = x509::PathRules::Revocation::if_listed};
    const auto verified =
        accepted([&] { return election::verify_claim(der, election.manifest.manifest(), election.trust, rules); });
    if (!verified) return false;
    require_same(verified->der(), der, "a claim keeps the bytes it was read from");
    require(reference::verifies_signature(der), "T17: CMS_verify accepts every claim that we accept");
    const auto again =
        election::make_claim(verified->claim(), election.voter.certificate, election.voter.key, election.clock);
    require_same(*cms::parse_signed_data(again).content, *cms::parse_signed_data(der).content,
                 "T17: an accepted claim is written as it was read");
    return true;
}

}  // namespace

/// A signed claim, or the text of one, which is signed here.
bool claim(ByteView input) {
    if (input.empty()) return false;
    return is_claim(input[0] == '{' ? small_election().signed_by(small_election().voter, input) : to_bytes(input));
}

}  // namespace uvpki::fuzz
