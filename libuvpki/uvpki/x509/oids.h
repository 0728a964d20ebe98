#pragma once
// Object identifiers: the standard ones this project uses, as dotted text, and the private ones below the authority's
// arc.

#include <string>
#include <string_view>

namespace uvpki::x509 {

namespace oid {
inline constexpr std::string_view common_name = "2.5.4.3";
inline constexpr std::string_view organization = "2.5.4.10";
inline constexpr std::string_view organizational_unit = "2.5.4.11";
inline constexpr std::string_view ec_public_key = "1.2.840.10045.2.1";
inline constexpr std::string_view prime256v1 = "1.2.840.10045.3.1.7";
inline constexpr std::string_view secp384r1 = "1.3.132.0.34";
inline constexpr std::string_view rsa_encryption = "1.2.840.113549.1.1.1";
inline constexpr std::string_view rsassa_pss = "1.2.840.113549.1.1.10";
inline constexpr std::string_view ed25519 = "1.3.101.112";
inline constexpr std::string_view ecdsa_with_sha256 = "1.2.840.10045.4.3.2";
inline constexpr std::string_view ecdsa_with_sha384 = "1.2.840.10045.4.3.3";
inline constexpr std::string_view sha256_with_rsa = "1.2.840.113549.1.1.11";
inline constexpr std::string_view sha384_with_rsa = "1.2.840.113549.1.1.12";
inline constexpr std::string_view sha256 = "2.16.840.1.101.3.4.2.1";
inline constexpr std::string_view sha384 = "2.16.840.1.101.3.4.2.2";
inline constexpr std::string_view sha512 = "2.16.840.1.101.3.4.2.3";
inline constexpr std::string_view subject_key_identifier = "2.5.29.14";
inline constexpr std::string_view key_usage = "2.5.29.15";
inline constexpr std::string_view subject_alt_name = "2.5.29.17";
inline constexpr std::string_view basic_constraints = "2.5.29.19";
inline constexpr std::string_view crl_number = "2.5.29.20";
inline constexpr std::string_view reason_code = "2.5.29.21";
inline constexpr std::string_view invalidity_date = "2.5.29.24";
inline constexpr std::string_view name_constraints = "2.5.29.30";
inline constexpr std::string_view crl_distribution_points = "2.5.29.31";
inline constexpr std::string_view certificate_policies = "2.5.29.32";
inline constexpr std::string_view any_policy = "2.5.29.32.0";
inline constexpr std::string_view policy_mappings = "2.5.29.33";
inline constexpr std::string_view policy_constraints = "2.5.29.36";
inline constexpr std::string_view inhibit_any_policy = "2.5.29.54";
inline constexpr std::string_view email_address = "1.2.840.113549.1.9.1";
inline constexpr std::string_view eku_any = "2.5.29.37.0";
inline constexpr std::string_view authority_key_identifier = "2.5.29.35";
inline constexpr std::string_view extended_key_usage = "2.5.29.37";
inline constexpr std::string_view expired_certs_on_crl = "2.5.29.60";
inline constexpr std::string_view authority_info_access = "1.3.6.1.5.5.7.1.1";
inline constexpr std::string_view ocsp_nocheck = "1.3.6.1.5.5.7.48.1.5";
inline constexpr std::string_view eku_server_auth = "1.3.6.1.5.5.7.3.1";
inline constexpr std::string_view eku_client_auth = "1.3.6.1.5.5.7.3.2";
inline constexpr std::string_view eku_email_protection = "1.3.6.1.5.5.7.3.4";
inline constexpr std::string_view eku_time_stamping = "1.3.6.1.5.5.7.3.8";
inline constexpr std::string_view eku_ocsp_signing = "1.3.6.1.5.5.7.3.9";
inline constexpr std::string_view extension_request = "1.2.840.113549.1.9.14";
}  // namespace oid

/// The arc below which all private identifiers of one authority live; the default is the documentation arc of RFC 5612.
/// Policies are ARC.1.n (one per role, see profile.h), private extensions ARC.2.n.
class Arc {
public:
    /// Throws invalid_input "x509.arc" unless dotted digits; arcs below 2.25 are refused (other software cannot read
    /// them).
    explicit Arc(std::string dotted = "1.3.6.1.4.1.32473");
    const std::string& text() const { return text_; }
    /// The policy OID of the role with this number.
    std::string policy(int role) const { return text_ + ".1." + std::to_string(role); }
    /// Extension that carries the blind-signature token(s) in a ballot certificate and in its request.
    std::string ballot_token() const { return text_ + ".2.1"; }

private:
    std::string text_;
};

}  // namespace uvpki::x509
