#include "uvpki/election/receipt.h"

#include "tests/fuzz/expect.h"
#include "tests/fuzz/reference.h"
#include "tests/fuzz/small_election.h"
#include "tests/fuzz/targets.h"

namespace uvpki::fuzz {

namespace {

bool is_receipt(ByteView der) {
    const auto& election = small_election();
    const auto verified = accepted([&] { return election::verify_receipt(der, election.manifest, election.trust); });
    if (!verified) return false;
    require(reference::verifies_signature(der), "T17: CMS_verify accepts every receipt that we accept");
    const auto again =
        election::make_receipt(*verified, election.receipt.certificate, election.receipt.key, election.clock);
    require_same(*cms::parse_signed_data(again).content, *cms::parse_signed_data(der).content,
                 "T17: an accepted receipt is written as it was read");
    return true;
}

}  // namespace

/// A signed receipt, or the text of one, which is signed here.
bool receipt(ByteView input) {
    if (input.empty()) return false;
    return is_receipt(input[0] == '{' ? small_election().signed_by(small_election().receipt, input) : to_bytes(input));
}

}  // namespace uvpki::fuzz
