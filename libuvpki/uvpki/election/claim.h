#pragma once
// The voter's claim: a CMS-signed canonical JSON {"blinded":base64,"election":id,"token_key":hex,"version":1}. Signed
// claims are the registrar's evidence that it signed blind only for voters who asked (T7).

#include "uvpki/cms/signed_data.h"
#include "uvpki/election/manifest.h"

namespace uvpki::election {

/// What the voter asks for: a blind signature with this token key.
struct Claim {
    std::string election;
    Sha256 token_key{};
    Bytes blinded;
};

/// No signing time. Throws what cms::sign throws.
Bytes make_claim(const Claim& claim, const x509::Certificate& voter, const x509::PrivateKey& key, const Clock& clock);

/// A claim that was read and not verified: tells for which election, and with that which manifest, it wants to be
/// verified.
struct ParsedClaim {
    Bytes der;
    cms::SignedData message;
    Claim claim;
};
/// Throws "claim.malformed" and what cms::parse_signed_data throws.
ParsedClaim parse_claim(ByteView der);

/// A claim whose signature, signer and content were verified; only verify_claim makes one.
class VerifiedClaim {
public:
    const Claim& claim() const { return claim_; }
    const x509::Certificate& voter() const { return voter_; }
    const Bytes& der() const { return der_; }

private:
    friend VerifiedClaim verify_claim(ParsedClaim, const Manifest&, const x509::TrustStore&, const x509::PathRules&);
    VerifiedClaim(Claim claim, x509::Certificate voter, Bytes der)
        : claim_(std::move(claim)), voter_(std::move(voter)), der_(std::move(der)) {}
    Claim claim_;
    x509::Certificate voter_;
    Bytes der_;
};

/// rules.role must be voter. Throws "claim.election", "claim.token_key", "claim.size" or CMS and path reasons.
VerifiedClaim verify_claim(ParsedClaim claim, const Manifest& manifest, const x509::TrustStore& trust,
                           const x509::PathRules& rules);
/// The same after parse_claim.
VerifiedClaim verify_claim(ByteView der, const Manifest& manifest, const x509::TrustStore& trust,
                           const x509::PathRules& rules);

}  // namespace uvpki::election
