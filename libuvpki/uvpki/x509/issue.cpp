#include "uvpki/x509/issue.h"

#include <algorithm>
#include <set>

#include "uvpki/error.h"
#include "uvpki/openssl/der.h"
#include "uvpki/x509/issuance.h"
#include "uvpki/x509/lint.h"
#include "uvpki/x509/oids.h"
#include "uvpki/x509/to_be_signed.h"

namespace uvpki::x509 {
namespace {

std::uint8_t to_first_octet(std::uint8_t octet) {
    return static_cast<std::uint8_t>(0x40 | (octet & 0x3F));
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
    for (const auto& finding : check_lint(sign_certificate(canary.encode(), key), context)) found.insert(finding.rule);
    for (const auto* rule : {"lint.serial", "lint.organization_first", "lint.validity", "lint.extension_unknown",
                             "lint.extension_critical", "lint.key_usage", "lint.subject_key_identifier",
                             "lint.authority_key_identifier", "lint.policies"})
        if (!found.contains(rule))
            fail(ErrorCode::internal, "x509.lint.canary",
                 std::string("the lint did not report ") + rule + " on the certificate made to break it");
}

/// From key quality to the stored certificate; possession was proved before.
Certificate run_pipeline(const Profile& profile, const PublicKey& key, const IssueOptions& options,
                         const Signer& signer, IssuanceStore& store, const Clock& clock, Random& random) {
    const Issuance issuance(profile, key, options, signer, clock.now(), random);
    store.record_intent(issuance.serial(), issuance.tbs());
    issuance.require_clean_lint();
    auto certificate = issuance.sign();
    issuance.require_second_opinion(certificate);
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
