#include "uvpki/x509/issuance.h"

#include <algorithm>
#include <map>

#include "uvpki/error.h"
#include "uvpki/openssl/der.h"
#include "uvpki/x509/key_quality.h"
#include "uvpki/x509/lint.h"
#include "uvpki/x509/to_be_signed.h"

namespace uvpki::x509 {
namespace {

bool is_serial(ByteView serial) {
    return serial.size() == serial_size && serial[0] >= 0x40 && serial[0] <= 0x7F;
}

void require_good_key(const Profile& profile, const PublicKey& key) {
    if (std::ranges::count(profile.key_types, key.type()) == 0)
        fail_input("x509.issue.key_type",
                   "a certificate of the profile " + std::string(profile.name) + " cannot have a key of this type");
    if (key.type() == KeyType::rsa && key.bits() < min_certified_rsa_bits)
        fail_input("x509.issue.key_quality", "the RSA key has " + std::to_string(key.bits()) +
                                                 " bits; certificates need at least " +
                                                 std::to_string(min_certified_rsa_bits));
    const auto findings = check_key_quality(key);
    if (!findings.empty())
        fail_input("x509.issue.key_quality",
                   "the key is refused: " + findings[0].message + " (" + findings[0].rule + ")");
}

struct Window {
    Time not_before;
    Time not_after;
};

Window choose_window(const Profile& profile, const IssueOptions& options, const Certificate* issuer, Time now) {
    if (issuer != nullptr && now > issuer->not_after())
        fail(ErrorCode::forbidden, "x509.issuer.expired",
             "the CA certificate expired on " + format_rfc3339(issuer->not_after()));
    const auto not_before = options.not_before.value_or(now);
    const auto chosen = options.not_after ? options.not_after : profile.validity.default_end(not_before);
    if (!chosen)
        fail_input("x509.issue.validity",
                   "the profile " + std::string(profile.name) + " needs a notAfter from its caller");
    const auto latest = profile.validity.latest_end(not_before);
    if (latest && *chosen > *latest)
        fail_input("x509.issue.validity", "the validity is longer than the profile " + std::string(profile.name) +
                                              " allows: notAfter can be " + format_rfc3339(*latest) + " at the latest");
    if (issuer != nullptr && not_before < issuer->not_before())
        fail_input("x509.issue.validity",
                   "notBefore is earlier than the CA certificate's own, " + format_rfc3339(issuer->not_before()));
    const auto not_after = issuer != nullptr ? std::min(*chosen, issuer->not_after()) : *chosen;
    if (not_before >= not_after)
        fail_input("x509.issue.validity", "notBefore must be earlier than notAfter, " + format_rfc3339(not_after));
    return {not_before, not_after};
}

void require_private_extensions(const std::vector<Extension>& extensions, const Arc& arc) {
    for (const auto& extension : extensions) {
        if (!extension.oid.starts_with(arc.text() + ".2."))
            fail_input("x509.issue.extension",
                       "extension " + extension.oid + " is not below the authority's arc " + arc.text() + ".2");
        der::Reader value(extension.value, "x509.issue.extension");
        value.any();
        value.finish("the extension's value");
    }
}

ToBeSigned compose(const Profile& profile, const PublicKey& key, const IssueOptions& options, const Signer& signer,
                   Time now, Random& random) {
    if (options.serial && !is_serial(*options.serial))
        fail_input("x509.issue.serial", "a serial number must be 20 octets, the first 0x40-0x7F");
    if (profile.status_urls == Profile::StatusUrls::forbidden && !(options.crl_url.empty() && options.ocsp_url.empty()))
        fail_input("x509.issue.status_urls",
                   "a certificate of the profile " + std::string(profile.name) + " carries no CRL or OCSP address");
    require_private_extensions(options.extra_extensions, signer.arc);
    auto subject = options.subject.encode();
    const auto window = choose_window(profile, options, signer.certificate, now);
    const auto& issuer_key = signer.key.public_key();
    return {.serial = options.serial ? *options.serial : random_serial(random),
            .algorithm = signer.key.algorithm(),
            .issuer = signer.certificate != nullptr ? to_bytes(signer.certificate->subject()) : subject,
            .not_before = window.not_before,
            .not_after = window.not_after,
            .subject = std::move(subject),
            .spki = to_bytes(key.spki()),
            .extensions = make_extensions(profile, signer.arc,
                                          {.subject_key_identifier = key.key_identifier(),
                                           .authority_key_identifier = issuer_key.key_identifier(),
                                           .alt_names = options.alt_names,
                                           .crl_url = options.crl_url,
                                           .ocsp_url = options.ocsp_url,
                                           .extra = options.extra_extensions})};
}

}  // namespace

const PrivateKey& throw_away_key(KeyType type) {
    // Private to this function: no caller sees another thread's key, and none is kept beyond its thread.
    thread_local std::map<KeyType, PrivateKey> keys;
    const auto found = keys.find(type);
    if (found != keys.end()) return found->second;
    auto key = type == KeyType::rsa ? PrivateKey::generate_rsa(2048) : PrivateKey::generate(type);
    return keys.emplace(type, std::move(key)).first->second;
}

Certificate sign_certificate(ByteView tbs, const PrivateKey& key, SignatureSize size) {
    return Certificate::parse(assemble_certificate(tbs, key.algorithm(), key.sign(tbs, size)));
}

Issuance::Issuance(const Profile& profile, const PublicKey& key, const IssueOptions& options, const Signer& signer,
                   Time now, Random& random)
    : profile_(profile), signer_(signer), signature_size_(options.signature_size) {
    require_good_key(profile, key);
    auto to_be_signed = compose(profile, key, options, signer, now, random);
    tbs_ = to_be_signed.encode();
    serial_ = std::move(to_be_signed.serial);
}

void Issuance::require_clean_lint() const {
    const auto copy = sign_certificate(tbs_, throw_away_key(signer_.key.public_key().type()));
    if (!std::ranges::equal(copy.tbs(), tbs_))
        fail(ErrorCode::internal, "x509.issue.compare",
             "the certificate that was checked does not hold the to-be-signed bytes that were recorded");
    const auto findings = check_lint(copy, {.role = profile_.role, .arc = signer_.arc, .issuer = signer_.certificate});
    if (findings.empty()) return;
    std::string all;
    for (const auto& finding : findings) all += (all.empty() ? "" : "; ") + finding.message + " (" + finding.rule + ")";
    fail_input("x509.issue.lint", "the certificate would break a rule: " + all);
}

Certificate Issuance::sign() const {
    auto certificate = sign_certificate(tbs_, signer_.key, signature_size_);
    if (!std::ranges::equal(certificate.tbs(), tbs_))
        fail(ErrorCode::internal, "x509.issue.compare",
             "the signed certificate does not hold the to-be-signed bytes that were recorded and checked");
    return certificate;
}

void Issuance::require_second_opinion(const Certificate& certificate) const {
    signer_.second_opinion.confirm(certificate.der(), certificate);
}

}  // namespace uvpki::x509
