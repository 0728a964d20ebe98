#include "uvpki/x509/issue.h"

#include <algorithm>
#include <map>
#include <set>

#include "uvpki/error.h"
#include "uvpki/openssl/der.h"
#include "uvpki/x509/key_quality.h"
#include "uvpki/x509/lint.h"
#include "uvpki/x509/oids.h"
#include "uvpki/x509/second_opinion.h"
#include "uvpki/x509/to_be_signed.h"

namespace uvpki::x509 {
namespace {

constexpr std::size_t serial_size = 20;

/// Whose key signs: a CA with its certificate, or a root that does not have one yet.
struct Signer {
    const PrivateKey& key;
    const Certificate* certificate;  ///< null while a root is made
    const Arc& arc;
    const SecondOpinion& second_opinion;
};

bool is_serial(ByteView serial) {
    return serial.size() == serial_size && serial[0] >= 0x40 && serial[0] <= 0x7F;
}

std::uint8_t to_first_octet(std::uint8_t octet) {
    return static_cast<std::uint8_t>(0x40 | (octet & 0x3F));
}

/// A key of this type that nobody keeps and nobody trusts, one per thread: what it signs is looked at, never given out.
const PrivateKey& throw_away_key(KeyType type) {
    thread_local std::map<KeyType, PrivateKey> keys;
    const auto found = keys.find(type);
    if (found != keys.end()) return found->second;
    auto key = type == KeyType::rsa ? PrivateKey::generate_rsa(2048) : PrivateKey::generate(type);
    return keys.emplace(type, std::move(key)).first->second;
}

Certificate sign_copy(ByteView tbs, const PrivateKey& key) {
    return Certificate::parse(assemble_certificate(tbs, key.algorithm(), key.sign(tbs)));
}

/// A lint that no longer finds anything would look just like a run of good certificates: this one breaks a rule of each
/// kind, and every one must be reported.
void run_canary(const LintContext& context, KeyType signer_type) {
    const auto& key = throw_away_key(signer_type);
    const auto start =
        context.issuer != nullptr ? context.issuer->not_before() - Days{1} : from_unix_seconds(946'684'800);
    const auto name = der::sequence(
        {der::encode(der::Tag::set, der::sequence({der::oid(oid::common_name), der::utf8_string("canary")}))});
    const ToBeSigned canary{
        .serial = {0x01},
        .algorithm = key.algorithm(),
        .issuer = name,
        .not_before = start,
        .not_after = add_years(start, 100),
        .subject = name,
        .spki = to_bytes(key.public_key().spki()),
        .extensions = {{std::string(oid::key_usage), Extension::Criticality::non_critical,
                        encode_key_usage(static_cast<std::uint16_t>(KeyUsage::key_encipherment))},
                       {std::string(oid::certificate_policies), Extension::Criticality::non_critical,
                        encode_policies({std::string(oid::any_policy)})},
                       {"1.2.3.4", Extension::Criticality::critical, der::null()}}};
    std::set<std::string> found;
    for (const auto& finding : check_lint(sign_copy(canary.encode(), key), context)) found.insert(finding.rule);
    for (const auto* rule : {"lint.serial", "lint.organization_first", "lint.validity", "lint.extension_unknown",
                             "lint.extension_critical", "lint.key_usage", "lint.subject_key_identifier",
                             "lint.authority_key_identifier", "lint.policies"})
        if (!found.contains(rule))
            fail(ErrorCode::internal, "x509.lint.canary",
                 std::string("the lint did not report ") + rule + " on the certificate made to break it");
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

void require_clean_lint(const Certificate& copy, const LintContext& context) {
    const auto findings = check_lint(copy, context);
    if (findings.empty()) return;
    std::string all;
    for (const auto& finding : findings) all += (all.empty() ? "" : "; ") + finding.message + " (" + finding.rule + ")";
    fail_input("x509.issue.lint", "the certificate would break a rule: " + all);
}

/// From key quality to the stored certificate; possession was proved before.
Certificate run_pipeline(const Profile& profile, const PublicKey& key, const IssueOptions& options,
                         const Signer& signer, IssuanceStore& store, const Clock& clock, Random& random) {
    require_good_key(profile, key);
    const auto to_be_signed = compose(profile, key, options, signer, clock.now(), random);
    const auto tbs = to_be_signed.encode();
    store.record_intent(to_be_signed.serial, tbs);

    const auto copy = sign_copy(tbs, throw_away_key(signer.key.public_key().type()));
    require_clean_lint(copy, {.role = profile.role, .arc = signer.arc, .issuer = signer.certificate});

    const auto certificate = sign_copy(tbs, signer.key);
    if (!std::ranges::equal(certificate.tbs(), tbs) || !std::ranges::equal(copy.tbs(), tbs))
        fail(ErrorCode::internal, "x509.issue.compare",
             "the signed certificate does not hold the to-be-signed bytes that were recorded and checked");
    signer.second_opinion.confirm(certificate.der(), certificate);
    store.record_issued(certificate, profile.role);
    return certificate;
}

}  // namespace

struct Issuer::State {
    Certificate certificate;
    PrivateKey key;
    Arc arc;
    Role role;
    SecondOpinion second_opinion;

    const Profile& issuable_profile(Role wanted) const {
        const auto& profile = profile_of(wanted);
        if (wanted == Role::root || std::ranges::count(profile.issuers, role) == 0)
            fail_input("x509.issue.role", "a CA of the role " + std::string(profile_of(role).name) +
                                              " cannot issue a certificate of the role " + std::string(profile.name));
        return profile;
    }
    Signer signer() const { return {key, &certificate, arc, second_opinion}; }
};

namespace {

Role require_ca_role(const Certificate& certificate, const PrivateKey& key, const Arc& arc) {
    if (!(certificate.public_key() == key.public_key()))
        fail_input("x509.issuer.key",
                   "the private key does not belong to the CA certificate " + certificate.subject_text());
    if (!certificate.has_key_usage(KeyUsage::key_cert_sign))
        fail_input("x509.issuer.certificate", certificate.subject_text() + " may not sign certificates");
    const auto role = claimed_ca_role(certificate, arc);
    if (!role)
        fail_input("x509.issuer.certificate",
                   certificate.subject_text() + " is not a CA certificate of a role below the arc " + arc.text());
    return *role;
}

}  // namespace

Issuer::Issuer(Certificate certificate, PrivateKey key, Arc arc) {
    const auto role = require_ca_role(certificate, key, arc);
    SecondOpinion second_opinion(key.public_key());
    const auto state = std::make_shared<const State>(
        State{std::move(certificate), std::move(key), std::move(arc), role, std::move(second_opinion)});
    // Any role that this CA issues will do: the broken rules are common to all profiles.
    const auto issued = std::ranges::find_if(profiles(), [&](const Profile& profile) {
        return profile.role != Role::root && std::ranges::count(profile.issuers, role) > 0;
    });
    run_canary({.role = issued->role, .arc = state->arc, .issuer = &state->certificate},
               state->key.public_key().type());
    state_ = state;
}

const Certificate& Issuer::certificate() const {
    return state_->certificate;
}
const PrivateKey& Issuer::key() const {
    return state_->key;
}
const Arc& Issuer::arc() const {
    return state_->arc;
}

Certificate Issuer::issue(Role role, const CertificateRequest& request, const IssueOptions& options,
                          IssuanceStore& store, const Clock& clock, Random& random) const {
    const auto& profile = state_->issuable_profile(role);
    if (profile.possession == Profile::Proof::by_transcript)
        fail_input("x509.issue.possession", "the possession of a key of the profile " + std::string(profile.name) +
                                                " is proved by the ceremony's transcript, not by a request");
    return run_pipeline(profile, request.public_key, options, state_->signer(), store, clock, random);
}

Certificate Issuer::issue_for_key(Role role, const PublicKey& key, const IssueOptions& options, IssuanceStore& store,
                                  const Clock& clock, Random& random) const {
    const auto& profile = state_->issuable_profile(role);
    if (profile.possession == Profile::Proof::required)
        fail_input("x509.issue.possession", "a certificate of the profile " + std::string(profile.name) +
                                                " needs a request that proves possession of its key");
    return run_pipeline(profile, key, options, state_->signer(), store, clock, random);
}

Certificate issue_root(const PrivateKey& key, const IssueOptions& options, const Arc& arc, IssuanceStore& store,
                       const Clock& clock, Random& random) {
    run_canary({.role = Role::root, .arc = arc, .issuer = nullptr}, key.public_key().type());
    const SecondOpinion second_opinion(key.public_key());
    return run_pipeline(profile_of(Role::root), key.public_key(), options, {key, nullptr, arc, second_opinion}, store,
                        clock, random);
}

Bytes derive_ballot_serial(std::string_view election_id, ByteView spki) {
    static constexpr std::string_view label("ballot-serial-v1\0", 17);
    static constexpr std::uint8_t end_of_id[] = {0};
    const auto digest = sha256({as_bytes(label), as_bytes(election_id), ByteView(end_of_id), spki});
    Bytes serial(digest.begin(), digest.begin() + serial_size);
    serial[0] = to_first_octet(serial[0]);
    return serial;
}

Bytes random_serial(Random& random) {
    auto serial = random.bytes(serial_size);
    serial[0] = to_first_octet(serial[0]);
    return serial;
}

}  // namespace uvpki::x509
