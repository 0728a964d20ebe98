#include "uvpki/x509/profile.h"

#include <algorithm>
#include <array>

#include "uvpki/error.h"

namespace uvpki::x509 {
namespace {

using enum Role;
using enum KeyType;

template <typename... Usages>
constexpr std::uint16_t usage(Usages... usages) {
    return static_cast<std::uint16_t>((static_cast<unsigned>(usages) | ...));
}

constexpr auto ca_usage = usage(KeyUsage::key_cert_sign, KeyUsage::crl_sign);
constexpr auto signer_usage = usage(KeyUsage::digital_signature, KeyUsage::non_repudiation);
constexpr auto signature_only = usage(KeyUsage::digital_signature);
constexpr auto agreement_only = usage(KeyUsage::key_agreement);

// RSA is "accepted where a caller brings it"; its size is the affair of check_key_quality.
const std::vector<KeyType> signing_keys{ec_p256, ec_p384, rsa};
// Ballots and what is encrypted to have one form only, so that every one of them is checked in the same way.
const std::vector<KeyType> p256_only{ec_p256};

Profile person(Role role, std::string_view name) {
    return {.role = role,
            .name = name,
            .issuers = {issuing_ca},
            .validity = {.years = 2},
            .key_usage = signer_usage,
            .extended_key_usage = {oid::eku_client_auth, oid::eku_email_protection},
            .kind = Profile::Kind::end_entity,
            .policies = {role},
            .key_types = signing_keys,
            .alt_names = Profile::AltNames::optional};
}

Profile tls(Role role, std::string_view name, std::string_view eku) {
    return {.role = role,
            .name = name,
            .issuers = {issuing_ca},
            .validity = {.days = 90},
            .key_usage = signature_only,
            .extended_key_usage = {eku},
            .kind = Profile::Kind::end_entity,
            .policies = {role},
            .key_types = signing_keys,
            .alt_names = Profile::AltNames::host};
}

std::array<Profile, 16> make_table() {
    using Kind = Profile::Kind;
    const Profile root_profile{.role = root,
                               .name = "root",
                               .issuers = {root},
                               .validity = {.years = 30},
                               .key_usage = ca_usage,
                               .kind = Kind::ca,
                               .key_types = {ec_p384},
                               .status_urls = Profile::StatusUrls::forbidden};
    const Profile issuing{.role = issuing_ca,
                          .name = "issuing-ca",
                          .issuers = {root},
                          .validity = {.years = 15},
                          .key_usage = ca_usage,
                          .path_length = 1,
                          .kind = Kind::ca,
                          .policies = {voter, ballot, tsa, ocsp, tls_server, tls_client, officer, registrar, trustee,
                                       receipt, trustee_enc, election},
                          .key_types = {ec_p256, ec_p384, rsa}};
    const Profile registrar_sub_ca{.role = registrar_ca,
                                   .name = "registrar-ca",
                                   .issuers = {issuing_ca},
                                   .validity = {.years = 10},
                                   .key_usage = ca_usage,
                                   .extended_key_usage = {oid::eku_client_auth, oid::eku_email_protection},
                                   .path_length = 0,
                                   .kind = Kind::ca,
                                   .policies = {voter, ocsp},
                                   .key_types = {ec_p256, ec_p384, rsa}};
    const Profile ballot_sub_ca{.role = ballot_ca,
                                .name = "ballot-ca",
                                .issuers = {issuing_ca},
                                .key_usage = ca_usage,
                                .extended_key_usage = {oid::eku_email_protection},
                                .path_length = 0,
                                .kind = Kind::ca,
                                .policies = {ballot},
                                .key_types = {ec_p256, ec_p384}};
    const Profile voter_leaf{.role = voter,
                             .name = "voter",
                             .issuers = {registrar_ca},
                             .validity = {.years = 4, .most_years = 10},
                             .key_usage = signer_usage,
                             .extended_key_usage = {oid::eku_client_auth, oid::eku_email_protection},
                             .kind = Kind::end_entity,
                             .policies = {voter},
                             .key_types = signing_keys,
                             .alt_names = Profile::AltNames::urn_uuid};
    const Profile ballot_leaf{.role = ballot,
                              .name = "ballot",
                              .issuers = {ballot_ca},
                              .key_usage = signer_usage,
                              .kind = Kind::end_entity,
                              .policies = {ballot},
                              .key_types = p256_only,
                              .status_urls = Profile::StatusUrls::forbidden};
    // Time stamps by `openssl ts` work with ECDSA and RSA PKCS#1 v1.5 alone.
    const Profile tsa_leaf{.role = tsa,
                           .name = "tsa",
                           .issuers = {issuing_ca},
                           .validity = {.years = 15},
                           .key_usage = signature_only,
                           .extended_key_usage = {oid::eku_time_stamping},
                           // RFC 3161, section 2.3: "This extension MUST be critical."
                           .eku_criticality = Profile::EkuCriticality::critical,
                           .kind = Kind::end_entity,
                           .policies = {tsa},
                           .key_types = signing_keys};
    // RFC 6960, section 4.2.2.2: the responder's certificate "MUST be issued directly by the CA that is identified in
    // the request". Ballots have no OCSP, so the Ballot CA has no responder.
    const Profile ocsp_leaf{.role = ocsp,
                            .name = "ocsp",
                            .issuers = {root, issuing_ca, registrar_ca},
                            .validity = {.days = 30},
                            .key_usage = signature_only,
                            .extended_key_usage = {oid::eku_ocsp_signing},
                            .kind = Kind::end_entity,
                            .policies = {ocsp},
                            .key_types = signing_keys};
    Profile trustee_box = person(trustee_enc, "trustee-enc");
    trustee_box.key_usage = agreement_only;
    trustee_box.extended_key_usage = {oid::eku_email_protection};
    trustee_box.key_types = p256_only;
    // A key-agreement key may sign its own request once (RFC 2986 knows no other proof); only the joint key cannot.
    Profile election_key = trustee_box;
    election_key.role = election;
    election_key.name = "election";
    election_key.validity = {};
    election_key.policies = {election};
    election_key.possession = Profile::Proof::by_transcript;

    return {root_profile,
            issuing,
            registrar_sub_ca,
            ballot_sub_ca,
            voter_leaf,
            ballot_leaf,
            tsa_leaf,
            ocsp_leaf,
            tls(tls_server, "tls-server", oid::eku_server_auth),
            tls(tls_client, "tls-client", oid::eku_client_auth),
            person(officer, "officer"),
            person(registrar, "registrar"),
            person(trustee, "trustee"),
            person(receipt, "receipt"),
            trustee_box,
            election_key};
}

const std::array<Profile, 16>& table() {
    static const auto profiles = make_table();
    return profiles;
}

std::vector<std::string> sorted(std::vector<std::string> values) {
    std::ranges::sort(values);
    return values;
}

}  // namespace

std::optional<Time> Validity::default_end(Time not_before) const {
    if (years > 0) return add_years(not_before, years);
    if (days > 0) return not_before + Days{days};
    return std::nullopt;
}

std::optional<Time> Validity::latest_end(Time not_before) const {
    if (most_years > 0) return add_years(not_before, most_years);
    return default_end(not_before);
}

std::span<const Profile> profiles() {
    return table();
}

const Profile& profile_of(Role role) {
    const auto number = static_cast<std::size_t>(role);
    if (number < 1 || number > table().size()) fail_input("x509.profile", "there is no profile of this number");
    return table()[number - 1];
}

const Profile& find_profile(std::string_view name) {
    std::string names;
    for (const auto& profile : table()) {
        if (profile.name == name) return profile;
        names += (names.empty() ? "" : ", ") + std::string(profile.name);
    }
    fail_input("x509.profile", "unknown certificate profile; the profiles are " + names);
}

std::vector<std::string> policy_oids(const Profile& profile, const Arc& arc) {
    std::vector<std::string> policies;
    policies.reserve(profile.policies.size());
    for (const auto role : profile.policies) policies.push_back(arc.policy(static_cast<int>(role)));
    return policies;
}

std::string role_names(std::span<const Role> roles) {
    std::string names;
    for (const auto role : roles) names += (names.empty() ? "" : ", ") + std::string(profile_of(role).name);
    return names;
}

std::optional<Role> claimed_role(const Certificate& certificate, const Arc& arc) {
    if (certificate.policies().size() != 1) return std::nullopt;
    for (const auto& profile : table()) {
        if (profile.kind != Profile::Kind::end_entity) continue;
        if (certificate.policies()[0] == arc.policy(static_cast<int>(profile.role))) return profile.role;
    }
    return std::nullopt;
}

std::optional<Role> claimed_ca_role(const Certificate& certificate, const Arc& arc) {
    if (certificate.basic_constraints().role != BasicConstraints::Role::ca) return std::nullopt;
    const auto carried = sorted(certificate.policies());
    if (carried.empty()) return certificate.is_self_issued() ? std::optional(root) : std::nullopt;
    for (const auto role : {registrar_ca, ballot_ca})
        if (carried == sorted(policy_oids(profile_of(role), arc))) return role;
    // Not compared as a whole: an issuing CA made before a role was added to the table is still one decades later.
    for (const auto role : {voter, ballot, officer})
        if (!std::ranges::binary_search(carried, arc.policy(static_cast<int>(role)))) return std::nullopt;
    return issuing_ca;
}

}  // namespace uvpki::x509
