#pragma once
// The receipt: a CMS-signed promise {"election","latest_epoch":n,"leaf":hex,"manifest":hex,"version":1}, without a
// time.

#include "uvpki/cms/signed_data.h"
#include "uvpki/election/manifest.h"

namespace uvpki::election {

/// What the ballot box promises.
struct Receipt {
    std::string election;
    Sha256 manifest{};
    Sha256 leaf{};
    std::int64_t latest_epoch =
        0;  ///< the leaf is in an epoch up to this one, or in the final one when voting ends before
};

/// DER SignedData without a signing time. Throws what cms::sign throws.
Bytes make_receipt(const Receipt& receipt, const x509::Certificate& signer, const x509::PrivateKey& key,
                   const Clock& clock);
/// Signer of role receipt at manifest.verify_at; election and manifest must be these. "receipt...".
Receipt verify_receipt(ByteView der, const VerifiedManifest& manifest, const x509::TrustStore& trust);

}  // namespace uvpki::election
