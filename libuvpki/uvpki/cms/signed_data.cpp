#include "uvpki/cms/signed_data.h"

#include "uvpki/cms/signed_message.h"
#include "uvpki/error.h"

namespace uvpki::cms {

Bytes sign(ByteView content, const x509::Certificate& certificate, const x509::PrivateKey& key, const Clock& clock,
           const SignOptions& options) {
    if (content.size() > max_signed_size - 2 * x509::max_certificate_size)
        fail_input("cms.too_large", "the content to be signed is too large");
    const auto now = clock.now();
    if (now < certificate.not_before() || now > certificate.not_after())
        fail(ErrorCode::forbidden, "cms.signer.expired",
             "the certificate of " + certificate.subject_text() + " is not valid at " + format_rfc3339(now));
    MessageOptions message;
    message.content = options.content;
    message.signature_size = options.signature_size;
    if (options.signing_time == SigningTime::present) message.signing_time = now;
    return build_signed_message(content, certificate, key, message);
}

SignedData parse_signed_data(ByteView der) {
    return parse_signed_message(der, oid::data);
}

void verify_signature_only(const SignedData& message, ByteView content) {
    if (!equal(message.message_digest, content_digest(message.algorithm, content)))
        fail(ErrorCode::verification_failed, "cms.digest", "the content is not the one that was signed");
    if (!x509::is_valid_signature(message.signer.public_key(), message.algorithm, message.signed_attributes,
                                  message.signature))
        fail(ErrorCode::verification_failed, "cms.signature", "the signature does not verify with the signer's key");
    if (!equal(signing_certificate_hash(message.signed_attributes), message.signer.fingerprint()))
        fail(ErrorCode::verification_failed, "cms.signing_certificate",
             "the certificate in the message is not the one that the signature names");
}

VerifiedContent verify_signed_data(const SignedData& message, ByteView detached, const x509::TrustStore& trust,
                                   const x509::PathRules& rules) {
    if (!message.content && detached.empty())
        fail(ErrorCode::verification_failed, "cms.content_missing", "the signed content was not given");
    if (message.content && !detached.empty() && !equal(*message.content, detached))
        fail(ErrorCode::verification_failed, "cms.digest", "the message carries other content than the one given");
    const auto content = message.content ? ByteView(*message.content) : detached;
    verify_signature_only(message, content);
    auto path = trust.verify_path(message.signer, rules);
    return VerifiedContent(to_bytes(content), std::move(path));
}

}  // namespace uvpki::cms
