#include "uvpki/x509/to_be_signed.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <bit>

#include "uvpki/error.h"
#include "uvpki/openssl/der.h"
#include "uvpki/x509/oids.h"

namespace uvpki::x509 {
namespace {

using Criticality = Extension::Criticality;

Bytes sequence_of(const std::vector<Bytes>& parts) {
    Bytes all;
    for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
    return der::encode(der::Tag::sequence, all);
}

[[noreturn]] void refuse_alt_name(std::string_view name) {
    fail_input("x509.issue.alt_name",
               "'" + std::string(name.substr(0, 80)) +
                   "' is not an alternative name like URI:urn:uuid:..., DNS:..., IP:..., email:...");
}

bool is_visible_ascii(std::string_view text) {
    return !text.empty() && text.size() <= 255 && std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F; });
}

bool is_host_name(std::string_view text) {
    if (!is_visible_ascii(text) || text.front() == '.' || text.back() == '.') return false;
    return std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
               c == '*';
    });
}

Bytes encode_address(std::string_view name, const std::string& text) {
    std::array<std::uint8_t, 16> octets{};
    if (inet_pton(AF_INET, text.c_str(), octets.data()) == 1)
        return der::encode(der::context(7), ByteView(octets).first(4));
    if (inet_pton(AF_INET6, text.c_str(), octets.data()) == 1) return der::encode(der::context(7), ByteView(octets));
    refuse_alt_name(name);
}

Bytes encode_alt_name(std::string_view name) {
    const auto colon = name.find(':');
    if (colon == std::string_view::npos) refuse_alt_name(name);
    const auto kind = name.substr(0, colon);
    const auto value = name.substr(colon + 1);
    if (kind == "IP") return encode_address(name, std::string(value));
    if (!is_visible_ascii(value)) refuse_alt_name(name);
    if (kind == "URI" && value.find(':') != std::string_view::npos)
        return der::encode(der::context(6), as_bytes(value));
    if (kind == "DNS" && is_host_name(value)) return der::encode(der::context(2), as_bytes(value));
    const auto at = value.find('@');
    if (kind == "email" && at != std::string_view::npos && at > 0 && is_host_name(value.substr(at + 1)))
        return der::encode(der::context(1), as_bytes(value));
    refuse_alt_name(name);
}

Bytes encode_url(std::string_view url) {
    if (!is_visible_ascii(url) || url.find("://") == std::string_view::npos)
        fail_input("x509.issue.url",
                   "'" + std::string(url.substr(0, 80)) + "' is not an absolute URL of visible ASCII");
    return der::encode(der::context(6), as_bytes(url));
}

Bytes encode_crl_url(std::string_view url) {
    // CRLDistributionPoints: SEQUENCE OF { distributionPoint [0] { fullName [0] GeneralNames } }
    const auto full_name = der::encode(der::context_constructed(0), encode_url(url));
    const auto point_name = der::encode(der::context_constructed(0), full_name);
    return der::sequence({der::sequence({point_name})});
}

Bytes encode_ocsp_url(std::string_view url) {
    static constexpr std::string_view id_ad_ocsp = "1.3.6.1.5.5.7.48.1";
    return der::sequence({der::sequence({der::oid(id_ad_ocsp), encode_url(url)})});
}

}  // namespace

Bytes encode_policies(const std::vector<std::string>& oids) {
    std::vector<Bytes> parts;
    for (const auto& oid : oids) parts.push_back(der::sequence({der::oid(oid)}));
    return sequence_of(parts);
}

Bytes encode_key_usage(std::uint16_t usage) {
    // Bit 0 of the BIT STRING is the most significant bit of its first octet.
    std::uint8_t octet = 0;
    for (unsigned bit = 0; bit < 8; ++bit)
        if ((usage & (1u << bit)) != 0) octet = static_cast<std::uint8_t>(octet | (0x80u >> bit));
    const auto unused = static_cast<std::uint8_t>(octet == 0 ? 0 : std::countr_zero(octet));
    const std::array<std::uint8_t, 2> content{unused, octet};
    return der::encode(der::Tag::bit_string, ByteView(content).first(octet == 0 ? 1 : 2));
}

Bytes encode_basic_constraints(const BasicConstraints& constraints) {
    if (constraints.role != BasicConstraints::Role::ca) return der::sequence({});
    if (!constraints.path_length) return der::sequence({der::boolean_true()});
    return der::sequence({der::boolean_true(), der::integer(*constraints.path_length)});
}

std::vector<Extension> make_extensions(const Profile& profile, const Arc& arc, const ExtensionInputs& inputs) {
    std::vector<Extension> extensions;
    const auto add = [&](std::string_view oid, Criticality criticality, Bytes value) {
        extensions.push_back({std::string(oid), criticality, std::move(value)});
    };
    if (profile.kind == Profile::Kind::ca)
        add(oid::basic_constraints, Criticality::critical,
            encode_basic_constraints({BasicConstraints::Role::ca, profile.path_length}));
    add(oid::key_usage, Criticality::critical, encode_key_usage(profile.key_usage));
    add(oid::subject_key_identifier, Criticality::non_critical, der::octet_string(inputs.subject_key_identifier));
    add(oid::authority_key_identifier, Criticality::non_critical,
        der::sequence({der::encode(der::context(0), inputs.authority_key_identifier)}));
    if (!profile.extended_key_usage.empty()) {
        std::vector<Bytes> purposes;
        for (const auto purpose : profile.extended_key_usage) purposes.push_back(der::oid(purpose));
        const bool is_critical = profile.eku_criticality == Profile::EkuCriticality::critical;
        add(oid::extended_key_usage, is_critical ? Criticality::critical : Criticality::non_critical,
            sequence_of(purposes));
    }
    if (!profile.policies.empty())
        add(oid::certificate_policies, Criticality::non_critical, encode_policies(policy_oids(profile, arc)));
    if (!inputs.alt_names.empty()) {
        std::vector<Bytes> names;
        for (const auto& name : inputs.alt_names) names.push_back(encode_alt_name(name));
        add(oid::subject_alt_name, Criticality::non_critical, sequence_of(names));
    }
    if (!inputs.crl_url.empty())
        add(oid::crl_distribution_points, Criticality::non_critical, encode_crl_url(inputs.crl_url));
    if (!inputs.ocsp_url.empty())
        add(oid::authority_info_access, Criticality::non_critical, encode_ocsp_url(inputs.ocsp_url));
    // RFC 6960, section 4.2.2.2.1: "The value of the extension SHALL be NULL."
    if (profile.role == Role::ocsp) add(oid::ocsp_nocheck, Criticality::non_critical, der::null());
    for (const auto& extra : inputs.extra) add(extra.oid, Criticality::non_critical, extra.value);
    return extensions;
}

Bytes ToBeSigned::encode() const {
    const auto version = der::encode(der::context_constructed(0), der::integer(2));
    const auto all_extensions =
        extensions.empty() ? Bytes{} : der::encode(der::context_constructed(3), encode_extensions(extensions));
    return der::sequence({version, der::unsigned_integer(serial), encode_algorithm(algorithm), issuer,
                          der::sequence({der::time(not_before), der::time(not_after)}), subject, spki, all_extensions});
}

Bytes assemble_certificate(ByteView tbs, SignatureAlgorithm algorithm, ByteView signature) {
    return der::sequence({tbs, encode_algorithm(algorithm), der::bit_string(signature)});
}

}  // namespace uvpki::x509
