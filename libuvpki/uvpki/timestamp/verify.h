#pragma once
// Verification of RFC 3161 responses: "these bytes existed by this time".

#include "uvpki/x509/path.h"

namespace uvpki::timestamp {

/// Parsed and profile-checked (granted, one signer, its certificate inside, ESS certificate id), not verified. Throws
/// invalid_input "timestamp.malformed", "timestamp.status" or "timestamp.profile".
struct Token {
    Time time{};
    std::string hash_oid;
    Bytes digest;
    Bytes serial;
    Bytes nonce;  ///< unsigned big-endian, without leading zeros; empty when absent
    std::string policy;
    x509::Certificate signer;
    Bytes signed_data;  ///< DER ContentInfo of the token
};
/// Strict: DER only, status exactly granted(0), exactly the signer's certificate in the bag (foreign tokens: lenient).
enum class TokenForm { strict, lenient };
/// Reads a DER TimeStampResp; nothing is verified.
Token parse_response(ByteView der, TokenForm form = TokenForm::strict);

/// A time that was proved; only verify_timestamp makes one.
class VerifiedTimestamp {
public:
    Time time() const { return time_; }
    const x509::Certificate& signer() const { return signer_; }

private:
    friend VerifiedTimestamp verify_timestamp(const Token&, ByteView, const x509::TrustStore&,
                                              x509::PathRules::Revocation);
    VerifiedTimestamp(Time time, x509::Certificate signer) : time_(time), signer_(std::move(signer)) {}
    Time time_;
    x509::Certificate signer_;
};

/// The token's imprint is the digest of `data`, the signature holds, and the signer's path has role tsa at the token's
/// own time. Throws verification_failed "timestamp.imprint", "timestamp.signature", "timestamp.signer" or a path
/// reason.
VerifiedTimestamp verify_timestamp(const Token& token, ByteView data, const x509::TrustStore& trust,
                                   x509::PathRules::Revocation revocation = x509::PathRules::Revocation::if_listed);

/// Imprint, signature and ESS certificate id only, without a path: for the tokens of an authority that is not ours,
/// whose chain the caller judges. Throws "timestamp.imprint", "timestamp.signature" or "timestamp.signer".
void verify_token_only(const Token& token, ByteView data);

}  // namespace uvpki::timestamp
