// Extensions in and out, and the strict decoding of the ones that are known; declared in certificate.h and parsed.h.
#include <algorithm>
#include <bit>

#include "uvpki/encoding.h"
#include "uvpki/error.h"
#include "uvpki/openssl/der.h"
#include "uvpki/x509/general_name.h"
#include "uvpki/x509/name_constraints.h"
#include "uvpki/x509/oids.h"
#include "uvpki/x509/parsed.h"
#include "uvpki/x509/policy_graph.h"

namespace uvpki::x509 {

namespace {

constexpr std::size_t max_extensions = 64;
constexpr std::size_t max_list = 256;
constexpr std::string_view reason = "x509.certificate.extension";

BasicConstraints read_basic_constraints(ByteView value) {
    der::Reader outer(value, reason);
    auto reader = outer.sequence("basicConstraints");
    outer.finish("basicConstraints");
    BasicConstraints result;
    if (reader.next_is(der::Tag::boolean)) {
        // X.690, section 11.5: "The encoding of a set value or sequence value shall not include an encoding for any
        // component value which is equal to its default value."
        if (!reader.boolean("cA")) reader.refuse("basicConstraints encodes the default cA FALSE: not DER");
        result.role = BasicConstraints::Role::ca;
    }
    if (!reader.empty()) {
        const auto length = reader.small_integer("pathLenConstraint");
        // RFC 5280, section 4.2.1.9: "CAs MUST NOT include the pathLenConstraint field unless the cA boolean is
        // asserted".
        if (result.role != BasicConstraints::Role::ca) reader.refuse("basicConstraints has a path length without cA");
        if (length > 255) reader.refuse("pathLenConstraint is larger than 255");
        result.path_length = static_cast<int>(length);
    }
    reader.finish("basicConstraints");
    return result;
}

std::uint16_t read_key_usage(ByteView value) {
    der::Reader outer(value, reason);
    const auto bits = outer.element(der::Tag::bit_string, "keyUsage").content;
    outer.finish("keyUsage");
    // X.690, section 11.2.2: "Where Rec. ITU-T X.680 | ISO/IEC 8824-1, 22.7, applies, the bitstring shall have all
    // trailing 0 bits removed before it is encoded."
    if (bits.size() < 2 || bits.size() > 3 || bits[0] > 7 || bits.back() == 0 ||
        std::countr_zero(bits.back()) != bits[0])
        outer.refuse("keyUsage is empty or not a minimal named bit list");
    std::uint16_t usage = 0;
    for (std::size_t bit = 0; bit < 8 * (bits.size() - 1); ++bit) {
        if ((bits[1 + bit / 8] & (0x80u >> (bit % 8))) == 0) continue;
        if (bit > 8) outer.refuse("keyUsage has a bit that RFC 5280 does not define");
        usage = static_cast<std::uint16_t>(usage | (1u << bit));
    }
    return usage;
}

void add_unique(std::vector<std::string>& list, std::string item, const der::Reader& reader, std::string_view what) {
    if (std::ranges::find(list, item) != list.end()) reader.refuse(std::string(what) + " lists " + item + " twice");
    if (list.size() == max_list) reader.refuse(std::string(what) + " has more than 256 entries");
    list.push_back(std::move(item));
}

std::vector<std::string> read_extended_key_usage(ByteView value) {
    der::Reader outer(value, reason);
    auto reader = outer.sequence("extKeyUsage");
    outer.finish("extKeyUsage");
    std::vector<std::string> result;
    while (!reader.empty()) add_unique(result, der::oid_to_text(reader.oid("key purpose")), reader, "extKeyUsage");
    if (result.empty()) outer.refuse("extKeyUsage is empty");
    return result;
}

Bytes read_subject_key_identifier(ByteView value) {
    der::Reader outer(value, reason);
    const auto identifier = outer.octet_string("subjectKeyIdentifier");
    outer.finish("subjectKeyIdentifier");
    if (identifier.empty() || identifier.size() > 64) outer.refuse("subjectKeyIdentifier has not 1 to 64 octets");
    return to_bytes(identifier);
}

Bytes read_authority_key_identifier(ByteView value) {
    der::Reader outer(value, reason);
    auto reader = outer.sequence("authorityKeyIdentifier");
    outer.finish("authorityKeyIdentifier");
    Bytes result;
    if (const auto identifier = reader.optional(der::context(0), "keyIdentifier")) {
        if (identifier->content.empty() || identifier->content.size() > 64)
            reader.refuse("keyIdentifier has not 1 to 64 octets");
        result = to_bytes(identifier->content);
    }
    const auto issuer = reader.optional(der::context_constructed(1), "authorityCertIssuer");
    const auto serial = reader.optional(der::context(2), "authorityCertSerialNumber");
    reader.finish("authorityKeyIdentifier");
    // RFC 5280, section 4.2.1.1 and appendix A.2: "authorityCertIssuer and authorityCertSerialNumber MUST both be
    // present or both be absent".
    if (issuer.has_value() != serial.has_value())
        reader.refuse("authorityKeyIdentifier has an issuer without a serial");
    return result;
}

std::vector<std::string> read_alt_names(ByteView value) {
    std::vector<std::string> result;
    for (const auto& name : parse_general_names(value, "subjectAltName", reason))
        result.push_back(general_name_text(name));
    return result;
}

}  // namespace

std::vector<Extension> parse_extensions(ByteView der, std::string_view error_reason) {
    der::Reader outer(der, error_reason);
    auto reader = outer.sequence("extensions");
    outer.finish("extensions");
    if (reader.empty()) outer.refuse("the list of extensions is empty");
    std::vector<Extension> result;
    result.reserve(10);
    while (!reader.empty()) {
        auto entry = reader.sequence("extension");
        Extension extension;
        extension.oid = der::oid_to_text(entry.oid("extension identifier"));
        if (entry.next_is(der::Tag::boolean)) {
            if (!entry.boolean("critical")) entry.refuse("an extension encodes the default critical FALSE: not DER");
            extension.criticality = Extension::Criticality::critical;
        }
        extension.value = to_bytes(entry.octet_string("extension value"));
        entry.finish("extension");
        // RFC 5280, section 4.2: "A certificate MUST NOT include more than one instance of a particular extension."
        if (std::ranges::find(result, extension.oid, &Extension::oid) != result.end())
            entry.refuse("the extension " + extension.oid + " appears twice");
        if (result.size() == max_extensions) entry.refuse("there are more than 64 extensions");
        result.push_back(std::move(extension));
    }
    return result;
}

Bytes encode_extension(const Extension& extension) {
    const auto critical = extension.criticality == Extension::Criticality::critical ? der::boolean_true() : Bytes{};
    return der::sequence({der::oid(extension.oid), critical, der::octet_string(extension.value)});
}

Bytes encode_extensions(const std::vector<Extension>& extensions) {
    Bytes content;
    for (const auto& extension : extensions) {
        const auto encoded = encode_extension(extension);
        content.insert(content.end(), encoded.begin(), encoded.end());
    }
    return der::encode(der::Tag::sequence, content);
}

void Certificate::Parsed::read_known_extensions() {
    for (const auto& extension : extensions) {
        if (extension.oid == oid::basic_constraints)
            basic_constraints = read_basic_constraints(extension.value);
        else if (extension.oid == oid::key_usage)
            key_usage = read_key_usage(extension.value);
        else if (extension.oid == oid::extended_key_usage)
            extended_key_usage = read_extended_key_usage(extension.value);
        else if (extension.oid == oid::certificate_policies)
            policies = parse_certificate_policies(extension.value, reason).policies;
        else if (extension.oid == oid::subject_key_identifier)
            subject_key_identifier = read_subject_key_identifier(extension.value);
        else if (extension.oid == oid::authority_key_identifier)
            authority_key_identifier = read_authority_key_identifier(extension.value);
        else if (extension.oid == oid::subject_alt_name)
            alt_names = read_alt_names(extension.value);
        else if (extension.oid == oid::name_constraints)
            NameConstraints::parse(extension.value, reason);
        else if (extension.oid == oid::policy_mappings)
            parse_policy_mappings(extension.value, reason);
        else if (extension.oid == oid::policy_constraints)
            parse_policy_constraints(extension.value, reason);
        else if (extension.oid == oid::inhibit_any_policy)
            parse_inhibit_any_policy(extension.value, reason);
    }
    // RFC 5280, section 4.2.1.6: "If the subject field contains an empty sequence, then the issuing CA MUST include a
    // subjectAltName extension that is marked as critical."
    const auto is_critical_alt_name = [](const Extension& extension) {
        return extension.oid == oid::subject_alt_name && extension.criticality == Extension::Criticality::critical;
    };
    if (constexpr std::size_t empty_sequence = 2;
        subject.size() == empty_sequence && std::ranges::none_of(extensions, is_critical_alt_name))
        fail_input(reason, "the certificate has neither a subject nor a critical alternative name");
}

}  // namespace uvpki::x509
