#include "uvpki/x509/certificate.h"

#include <algorithm>

#include "uvpki/encoding.h"
#include "uvpki/error.h"
#include "uvpki/openssl/der.h"
#include "uvpki/x509/name.h"
#include "uvpki/x509/parsed.h"

namespace uvpki::x509 {

namespace {

constexpr std::string_view malformed = "x509.certificate.malformed";
constexpr std::size_t max_bundle = 64;
constexpr Time year_2050{Seconds{2524608000}};

bool same(ByteView a, ByteView b) {
    return std::ranges::equal(a, b);
}

Time read_time(der::Reader& reader, std::string_view what) {
    const bool generalized = reader.next_is(der::Tag::generalized_time);
    const auto time = reader.time(what);
    // RFC 5280, section 4.1.2.5: "CAs conforming to this profile MUST always encode certificate validity dates through
    // the year 2049 as UTCTime; certificate validity dates in 2050 or later MUST be encoded as GeneralizedTime."
    if (generalized != (time >= year_2050)) reader.refuse(std::string(what) + " has the wrong time type for its year");
    return time;
}

ByteView read_serial(der::Reader& reader) {
    const auto serial = reader.integer("serial number");
    // RFC 5280, section 4.1.2.2: "The serial number MUST be a positive integer"; "Conforming CAs MUST NOT use
    // serialNumber values longer than 20 octets."
    if ((serial[0] & 0x80) != 0 || (serial.size() == 1 && serial[0] == 0) || serial.size() > 20)
        fail_input("x509.certificate.serial", "the serial number is not a positive INTEGER of at most 20 octets");
    return serial;
}

}  // namespace

Certificate::Parsed::Parsed(Bytes certificate) : der(std::move(certificate)) {
    der::Reader outer(der, malformed);
    auto reader = outer.sequence("certificate");
    outer.finish("certificate");
    tbs = reader.element(der::Tag::sequence, "tbsCertificate").encoding;
    const auto algorithm = reader.element(der::Tag::sequence, "signatureAlgorithm").encoding;
    signature = reader.octet_aligned_bits("signatureValue");
    reader.finish("certificate");
    signature_algorithm = parse_algorithm(algorithm);

    der::Reader tbs_outer(tbs, malformed);
    auto fields = tbs_outer.sequence("tbsCertificate");
    if (!fields.next_is(der::context_constructed(0)))
        fail_input("x509.certificate.version", "the certificate is not of version 3");
    auto version = fields.enter(der::context_constructed(0), "version");
    if (version.small_integer("version") != 2)
        fail_input("x509.certificate.version", "the certificate is not of version 3");
    version.finish("version");
    serial = read_serial(fields);
    // RFC 5280, section 4.1.1.2: "This field MUST contain the same algorithm identifier as the signature field in the
    // sequence tbsCertificate".
    if (!same(fields.element(der::Tag::sequence, "signature").encoding, algorithm))
        fail_input("x509.certificate.algorithm", "the signed and the outer signature algorithm differ");
    issuer = fields.element(der::Tag::sequence, "issuer").encoding;
    // RFC 5280, section 4.1.2.4: "The issuer field MUST contain a non-empty distinguished name (DN)."
    if (parse_name(issuer, malformed).empty()) fields.refuse("the issuer's name is empty");
    auto validity = fields.sequence("validity");
    not_before = read_time(validity, "notBefore");
    not_after = read_time(validity, "notAfter");
    validity.finish("validity");
    subject = fields.element(der::Tag::sequence, "subject").encoding;
    parse_name(subject, malformed);
    public_key = PublicKey::parse_spki(fields.element(der::Tag::sequence, "subjectPublicKeyInfo").encoding);
    // RFC 5280, section 4.1.2.8: "CAs conforming to this profile MUST NOT generate certificates with unique
    // identifiers." So the only thing that may follow is [3], the extensions.
    auto wrapped = fields.enter(der::context_constructed(3), "extensions");
    fields.finish("tbsCertificate");
    extensions = parse_extensions(wrapped.rest(), "x509.certificate.extension");
    read_known_extensions();
    fingerprint = sha256(der);
}

Certificate Certificate::parse(ByteView der) {
    if (der.size() > max_certificate_size)
        fail_input("x509.certificate.size", "the certificate is longer than 65536 octets");
    return Certificate(std::make_shared<const Parsed>(to_bytes(der)));
}

Certificate Certificate::parse_pem(std::string_view pem) {
    return parse(parse_single_pem(pem, "CERTIFICATE"));
}

ByteView Certificate::der() const {
    return parsed_->der;
}
std::string Certificate::pem() const {
    return to_pem("CERTIFICATE", parsed_->der);
}
const Sha256& Certificate::fingerprint() const {
    return parsed_->fingerprint;
}
ByteView Certificate::tbs() const {
    return parsed_->tbs;
}
ByteView Certificate::serial() const {
    return parsed_->serial;
}
std::string Certificate::serial_hex() const {
    return to_hex(parsed_->serial);
}
ByteView Certificate::issuer() const {
    return parsed_->issuer;
}
ByteView Certificate::subject() const {
    return parsed_->subject;
}
Time Certificate::not_before() const {
    return parsed_->not_before;
}
Time Certificate::not_after() const {
    return parsed_->not_after;
}
const PublicKey& Certificate::public_key() const {
    return *parsed_->public_key;
}
ByteView Certificate::spki() const {
    return parsed_->public_key->spki();
}
const Sha256& Certificate::spki_sha256() const {
    return parsed_->public_key->spki_sha256();
}
SignatureAlgorithm Certificate::signature_algorithm() const {
    return parsed_->signature_algorithm;
}
ByteView Certificate::signature() const {
    return parsed_->signature;
}
const std::vector<Extension>& Certificate::extensions() const {
    return parsed_->extensions;
}

const Extension* Certificate::find_extension(std::string_view oid) const {
    const auto found = std::ranges::find(parsed_->extensions, oid, &Extension::oid);
    return found == parsed_->extensions.end() ? nullptr : &*found;
}

std::uint16_t Certificate::key_usage() const {
    return parsed_->key_usage;
}
bool Certificate::has_key_usage(KeyUsage usage) const {
    return (parsed_->key_usage & static_cast<std::uint16_t>(usage)) != 0;
}
const std::vector<std::string>& Certificate::extended_key_usage() const {
    return parsed_->extended_key_usage;
}
BasicConstraints Certificate::basic_constraints() const {
    return parsed_->basic_constraints;
}
const std::vector<std::string>& Certificate::policies() const {
    return parsed_->policies;
}
ByteView Certificate::subject_key_identifier() const {
    return parsed_->subject_key_identifier;
}
ByteView Certificate::authority_key_identifier() const {
    return parsed_->authority_key_identifier;
}
const std::vector<std::string>& Certificate::alt_names() const {
    return parsed_->alt_names;
}
std::string Certificate::subject_text() const {
    return name_text(parsed_->subject);
}
bool Certificate::is_self_issued() const {
    return names_match(parsed_->issuer, parsed_->subject);
}
bool Certificate::operator==(const Certificate& other) const {
    return same(parsed_->der, other.parsed_->der);
}

std::vector<Certificate> parse_certificate_bundle(std::string_view pem) {
    const auto blocks = uvpki::parse_pem(pem, "CERTIFICATE");
    if (blocks.size() > max_bundle) fail_input("x509.certificate.bundle", "the bundle has more than 64 certificates");
    std::vector<Certificate> result;
    result.reserve(blocks.size());
    for (const auto& der : blocks) result.push_back(Certificate::parse(der));
    return result;
}

bool is_signed_by(const Certificate& certificate, const Certificate& issuer) {
    return names_match(certificate.issuer(), issuer.subject()) &&
           is_valid_signature(issuer.public_key(), certificate.signature_algorithm(), certificate.tbs(),
                              certificate.signature());
}

}  // namespace uvpki::x509
