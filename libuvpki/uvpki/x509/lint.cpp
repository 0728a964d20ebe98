#include "uvpki/x509/lint.h"

#include <algorithm>
#include <array>

#include "uvpki/openssl/der.h"
#include "uvpki/x509/key_quality.h"
#include "uvpki/x509/name.h"
#include "uvpki/x509/native_key.h"
#include "uvpki/x509/oids.h"
#include "uvpki/x509/to_be_signed.h"

namespace uvpki::x509 {
namespace {

using Criticality = Extension::Criticality;

// Extensions that a certificate of ours may carry besides the private ones; the first two are critical, EKU by profile.
constexpr std::array<std::string_view, 10> known_extensions{
    oid::basic_constraints,      oid::key_usage,
    oid::subject_key_identifier, oid::authority_key_identifier,
    oid::extended_key_usage,     oid::certificate_policies,
    oid::subject_alt_name,       oid::crl_distribution_points,
    oid::authority_info_access,  oid::ocsp_nocheck,
};

class Linter {
public:
    Linter(const Certificate& certificate, const LintContext& context)
        : certificate_(certificate), context_(context), profile_(profile_of(context.role)) {}

    std::vector<Finding> run() {
        check_fixed_fields();
        check_names();
        check_validity();
        check_public_key();
        check_extension_list();
        check_constraints_and_usage();
        check_key_identifiers();
        check_policies();
        check_alt_names();
        check_status_extensions();
        return std::move(findings_);
    }

private:
    void find(std::string_view rule, std::string message) {
        findings_.push_back({std::string(rule), std::move(message)});
    }
    void expect(bool holds, std::string_view rule, std::string_view message) {
        if (!holds) find(rule, std::string(message));
    }
    const Certificate& issuer() const { return context_.issuer != nullptr ? *context_.issuer : certificate_; }
    const Extension* extension(std::string_view oid) const { return certificate_.find_extension(oid); }

    void check_fixed_fields() {
        const auto serial = certificate_.serial();
        // RFC 5280, section 4.1.2.2: "Conforming CAs MUST NOT use serialNumber values longer than 20 octets." We are
        // stricter, so that every serial is positive and of one length: 20 octets, the first 0x40-0x7F.
        expect(serial.size() == 20 && serial[0] >= 0x40 && serial[0] <= 0x7F, "lint.serial",
               "the serial number must be 20 octets, the first 0x40-0x7F");
        expect(certificate_.signature_algorithm() == algorithm_for(issuer().public_key().type()), "lint.algorithm",
               "the signature algorithm does not fit the issuer's key (P-256: SHA-256, P-384: SHA-384)");
    }

    void check_names() {
        expect(std::ranges::equal(certificate_.issuer(), issuer().subject()), "lint.issuer",
               "the issuer name must be the issuer's subject, byte for byte");
        const auto attributes = parse_name(certificate_.subject());
        std::vector<std::string> types;
        for (std::size_t i = 0; i < attributes.size(); ++i) {
            types.push_back(der::oid_to_text(attributes[i].oid));
            // RFC 5280, section 4.1.2.4: "CAs MUST use either PrintableString or UTF8String"; we write UTF8String
            // alone.
            expect(attributes[i].tag == static_cast<std::uint8_t>(der::Tag::utf8_string), "lint.name_string",
                   "every name attribute must be a UTF8String");
            expect(attributes[i].rdn == i, "lint.name", "every RDN must hold exactly one attribute");
        }
        // RFC 5280, section 4.1.2.6: a CA's subject "MUST be populated with a non-empty distinguished name"; ours all
        // are.
        expect(!types.empty(), "lint.subject", "the subject must not be empty");
        expect(!types.empty() && types.front() == oid::organization, "lint.organization_first",
               "O= must be the first RDN of the subject");
        expect(std::ranges::count(types, oid::common_name) == 1, "lint.common_name", "the subject must have one CN");
    }

    void check_validity() {
        const auto not_before = certificate_.not_before(), not_after = certificate_.not_after();
        expect(not_before < not_after, "lint.validity", "notBefore must be earlier than notAfter");
        const auto latest = profile_.validity.latest_end(not_before);
        expect(!latest || not_after <= *latest, "lint.validity", "the validity is longer than the profile allows");
        expect(not_before >= issuer().not_before() && not_after <= issuer().not_after(), "lint.validity",
               "the validity must lie within the issuer's");
        auto tbs = der::Reader(certificate_.tbs()).sequence("TBSCertificate");
        for (int before_validity = 0; before_validity < 4; ++before_validity) tbs.any();
        // RFC 5280, section 4.1.2.5: "dates through the year 2049 as UTCTime; dates in 2050 or later MUST be encoded as
        // GeneralizedTime".
        const auto expected = der::sequence({der::time(not_before), der::time(not_after)});
        expect(std::ranges::equal(tbs.any().encoding, expected), "lint.time_encoding",
               "dates must be UTCTime through 2049 and GeneralizedTime from 2050");
    }

    void check_public_key() {
        const auto& key = certificate_.public_key();
        expect(std::ranges::count(profile_.key_types, key.type()) == 1, "lint.key_type",
               "the profile does not allow this type of key");
        expect(key.type() != KeyType::rsa || key.bits() >= min_certified_rsa_bits, "lint.key_quality",
               "an RSA key must have at least 3072 bits");
        // T19: blind-signing keys are published as id-RSASSA-PSS, and they sign blindly: as a certificate's key such a
        // key would let whoever has messages signed blindly forge its owner's signatures.
        expect(key.native().padding == PublicKey::Native::Padding::any, "lint.blind_key",
               "a key of type id-RSASSA-PSS is a blind-signing key, which is used for nothing else");
        for (auto& finding : check_key_quality(key)) find("lint.key_quality", finding.rule + ": " + finding.message);
    }

    void check_extension_list() {
        const auto private_prefix = context_.arc.text() + ".2.";
        for (const auto& found : certificate_.extensions()) {
            const bool is_known = std::ranges::count(known_extensions, found.oid) == 1;
            expect(is_known || found.oid.starts_with(private_prefix), "lint.extension_unknown",
                   "extension " + found.oid + " is neither in the profile nor below the authority's arc");
            const bool must_be_critical =
                found.oid == oid::basic_constraints || found.oid == oid::key_usage ||
                (found.oid == oid::extended_key_usage && profile_.eku_criticality == Profile::EkuCriticality::critical);
            expect((found.criticality == Criticality::critical) == must_be_critical, "lint.extension_critical",
                   "extension " + found.oid + (must_be_critical ? " must be critical" : " must not be critical"));
        }
    }

    void check_constraints_and_usage() {
        const auto* constraints = extension(oid::basic_constraints);
        if (profile_.kind == Profile::Kind::ca) {
            const auto expected = encode_basic_constraints({BasicConstraints::Role::ca, profile_.path_length});
            expect(constraints != nullptr && constraints->value == expected, "lint.basic_constraints",
                   "basicConstraints must be the profile's: CA with its path length");
        } else {
            expect(constraints == nullptr, "lint.basic_constraints", "only a CA carries basicConstraints");
        }
        const auto* usage = extension(oid::key_usage);
        expect(usage != nullptr && usage->value == encode_key_usage(profile_.key_usage), "lint.key_usage",
               "keyUsage must be exactly the profile's");
        expect(std::ranges::equal(certificate_.extended_key_usage(), profile_.extended_key_usage) &&
                   (extension(oid::extended_key_usage) != nullptr) == !profile_.extended_key_usage.empty(),
               "lint.extended_key_usage", "extendedKeyUsage must be exactly the profile's");
    }

    void check_key_identifiers() {
        expect(std::ranges::equal(certificate_.subject_key_identifier(), certificate_.public_key().key_identifier()),
               "lint.subject_key_identifier", "the subject key identifier must be RFC 7093, method 1, of the key");
        const auto* authority = extension(oid::authority_key_identifier);
        const auto expected = der::sequence({der::encode(der::context(0), issuer().public_key().key_identifier())});
        expect(authority != nullptr && authority->value == expected, "lint.authority_key_identifier",
               "the authority key identifier must be the issuer's subject key identifier and nothing else");
    }

    void check_policies() {
        const auto* policies = extension(oid::certificate_policies);
        if (profile_.policies.empty()) {
            expect(policies == nullptr, "lint.policies", "this profile carries no certificate policies");
            return;
        }
        const auto expected = encode_policies(policy_oids(profile_, context_.arc));
        expect(policies != nullptr && policies->value == expected, "lint.policies",
               "certificatePolicies must be exactly the role's, without qualifiers");
    }

    void check_alt_names() {
        const auto& names = certificate_.alt_names();
        const auto any_starts_with = [&](std::string_view prefix) {
            return std::ranges::any_of(names, [&](const auto& name) { return name.starts_with(prefix); });
        };
        switch (profile_.alt_names) {
            case Profile::AltNames::none:
                expect(extension(oid::subject_alt_name) == nullptr, "lint.alt_names",
                       "this profile carries no alternative names");
                break;
            case Profile::AltNames::optional:
                break;
            case Profile::AltNames::urn_uuid:
                expect(any_starts_with("URI:urn:uuid:"), "lint.alt_names",
                       "the alternative name URI:urn:uuid:... is missing");
                break;
            case Profile::AltNames::host:
                expect(any_starts_with("DNS:") || any_starts_with("IP:"), "lint.alt_names",
                       "an alternative name DNS: or IP: is missing");
                break;
        }
    }

    void check_status_extensions() {
        expect((extension(oid::ocsp_nocheck) != nullptr) == (profile_.role == Role::ocsp), "lint.ocsp_nocheck",
               "id-pkix-ocsp-nocheck belongs into OCSP responders' certificates and no others");
        if (profile_.status_urls == Profile::StatusUrls::forbidden)
            expect(
                extension(oid::crl_distribution_points) == nullptr && extension(oid::authority_info_access) == nullptr,
                "lint.status_urls",
                "this profile carries no CRL or OCSP address (for a ballot, asking would tell who asks)");
        if (profile_.role == Role::ballot)
            expect(extension(context_.arc.ballot_token()) != nullptr, "lint.ballot_token",
                   "a ballot certificate must carry its blind-signature token");
    }

    const Certificate& certificate_;
    const LintContext& context_;
    const Profile& profile_;
    std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> check_lint(const Certificate& certificate, const LintContext& context) {
    return Linter(certificate, context).run();
}

}  // namespace uvpki::x509
