#pragma once
// The certificate profiles of the design (one per role), as data. A role is its policy OID together with the issuing
// CA, never a word in the subject.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "uvpki/clock.h"
#include "uvpki/x509/certificate.h"
#include "uvpki/x509/oids.h"

namespace uvpki::x509 {

/// The number is the last arc of the role's policy OID (ARC.1.n); never reused.
enum class Role {
    root = 1,
    issuing_ca = 2,
    registrar_ca = 3,
    ballot_ca = 4,
    voter = 5,
    ballot = 6,
    tsa = 7,
    ocsp = 8,
    tls_server = 9,
    tls_client = 10,
    officer = 11,
    registrar = 12,
    trustee = 13,
    receipt = 14,
    trustee_enc = 15,
    election = 16,
};

/// How long certificates of a role last.
struct Validity {
    int years = 0;
    int days = 0;  ///< used when years is 0; both 0: the caller must give the window (ballot, ballot_ca, election)
    int most_years = 0;  ///< a caller may ask for up to this; 0: for no more than years or days say

    /// notAfter for this notBefore by default; nullopt when the caller must give it.
    std::optional<Time> default_end(Time not_before) const;
    /// The latest notAfter a caller may ask for; nullopt: only the issuer's own notAfter bounds it.
    std::optional<Time> latest_end(Time not_before) const;
};

/// RSA keys below this are not certified in any role (blind-signing keys, which no certificate holds, may have 2048
/// bits).
inline constexpr int min_certified_rsa_bits = 3072;

/// One row of the table of roles: what a certificate of this role must be.
struct Profile {
    Role role{};
    std::string_view name{};      ///< "issuing-ca", as in the design's table and on command lines
    std::vector<Role> issuers{};  ///< who may issue it; {root} for root means self-signed
    Validity validity{};
    std::uint16_t key_usage{};  ///< critical; KeyUsage bits
    std::vector<std::string_view> extended_key_usage{};
    enum class EkuCriticality { non_critical, critical } eku_criticality{};
    std::optional<int> path_length{};  ///< CAs only
    enum class Kind { ca, end_entity } kind{};
    std::vector<Role> policies{};  ///< roles whose policy OIDs the certificate carries (a leaf: its own)
    std::vector<KeyType> key_types{};
    enum class Proof { required, by_transcript } possession{};  ///< by_transcript: trustees' joint key (election)
    enum class AltNames { none, optional, urn_uuid, host } alt_names{};  ///< urn_uuid, host: at least one of this form
    enum class StatusUrls { allowed, forbidden } status_urls{};          ///< CRL distribution point and OCSP address
};

/// The whole table, in the order of Role.
std::span<const Profile> profiles();
/// The row of this role.
const Profile& profile_of(Role role);
/// Throws invalid_input "x509.profile" with the list of names.
const Profile& find_profile(std::string_view name);

/// The role whose policy this leaf certificate carries (exactly one), or nullopt. Says nothing about the issuer.
std::optional<Role> claimed_role(const Certificate& certificate, const Arc& arc);

/// The CA role that this CA certificate's policies state, or nullopt. A root is self-issued and carries none; a sub-CA
/// carries its own leaves' policies and no other; the issuing CA carries both sub-CAs' and more. Nothing is verified.
std::optional<Role> claimed_ca_role(const Certificate& certificate, const Arc& arc);

/// Dotted policy OIDs that a certificate of this role carries, in the order of Profile::policies.
std::vector<std::string> policy_oids(const Profile& profile, const Arc& arc);

/// ", "-separated names, for messages.
std::string role_names(std::span<const Role> roles);

}  // namespace uvpki::x509
