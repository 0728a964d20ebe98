#pragma once
// CMS SignedData (RFC 5652) with one signer and signingCertificateV2 (RFC 5035), as every signed document of an
// election carries it: manifests, results, claims, receipts, ceremony messages, eBallots.

#include <optional>

#include "uvpki/x509/path.h"

namespace uvpki::cms {

inline constexpr std::size_t max_signed_size = 16u << 20;

/// Whether the message carries its content or stands beside it.
enum class Content { attached, detached };
/// Whether the signed attributes tell when it was signed.
enum class SigningTime { absent, present };

/// How a message is signed.
struct SignOptions {
    Content content = Content::attached;
    /// Absent where a time would tell something (ballots, claims, receipts); present on officers' documents.
    SigningTime signing_time = SigningTime::absent;
    /// The usual one for what an anonymous voter sends or gets (T5).
    x509::SignatureSize signature_size = x509::SignatureSize::any;
};

/// DER ContentInfo, id-signedData over id-data; carries exactly the signer's certificate. signedAttrs: contentType,
/// messageDigest, signingCertificateV2 (issuerSerial included, hashAlgorithm omitted = SHA-256), signingTime on
/// request. Refuses to sign with a certificate that is not valid at clock.now() (forbidden "cms.signer.expired") or
/// whose key does not fit (internal "cms.signer.key"). The result is strict DER: re-encoding gives the same bytes.
Bytes sign(ByteView content, const x509::Certificate& certificate, const x509::PrivateKey& key, const Clock& clock,
           const SignOptions& options = {});

/// A parsed SignedData of the shape above: not verified. Throws invalid_input "cms.malformed" or "cms.profile" (BER,
/// more than one signer or certificate, unsigned attributes, CRLs, other digest than the key's, high s, trailing
/// bytes).
struct SignedData {
    std::optional<Bytes> content;  ///< nullopt when detached
    x509::Certificate signer;
    std::optional<Time> signing_time;
    Bytes signed_attributes;  ///< DER SET OF, as signed
    x509::SignatureAlgorithm algorithm{};
    Bytes signature;
    Bytes message_digest;
};
/// Reads exactly that shape, DER to the last byte; nothing is verified.
SignedData parse_signed_data(ByteView der);

/// The content together with the path of whoever signed it; only verify_signed_data makes one.
class VerifiedContent {
public:
    const Bytes& content() const { return content_; }
    const x509::VerifiedPath& signer() const { return signer_; }

private:
    friend VerifiedContent verify_signed_data(const SignedData&, ByteView, const x509::TrustStore&,
                                              const x509::PathRules&);
    VerifiedContent(Bytes content, x509::VerifiedPath signer)
        : content_(std::move(content)), signer_(std::move(signer)) {}
    Bytes content_;
    x509::VerifiedPath signer_;
};

/// Checks digest, signature, signingCertificateV2 and the signer's path and role at rules.time. `detached` is the
/// content when the message does not carry it (empty otherwise). Throws verification_failed "cms.digest",
/// "cms.signature", "cms.signing_certificate", "cms.content_missing" or what TrustStore::verify_path throws.
VerifiedContent verify_signed_data(const SignedData& message, ByteView detached, const x509::TrustStore& trust,
                                   const x509::PathRules& rules);

/// Digest, signature and signing certificate only, without a path: for callers that have verified the signer
/// themselves.
void verify_signature_only(const SignedData& message, ByteView content);

}  // namespace uvpki::cms
