#include "uvpki/x509/request.h"

#include <algorithm>

#include "uvpki/error.h"
#include "uvpki/openssl/der.h"
#include "uvpki/x509/oids.h"

namespace uvpki::x509 {

namespace {

constexpr std::string_view malformed = "x509.request.malformed";
constexpr std::size_t max_attributes = 32;

/// [0] IMPLICIT SET OF Attribute; extensionRequest is read, other attributes (challengePassword) only need to be
/// well-formed.
std::vector<Extension> read_attributes(der::Reader reader) {
    const auto wanted = der::oid_from_text(oid::extension_request);
    std::vector<Extension> extensions;
    std::vector<ByteView> types;
    ByteView before;
    while (!reader.empty()) {
        const auto encoded = reader.element(der::Tag::sequence, "attribute");
        // X.690, section 11.6: the components of a set-of value appear in ascending order.
        if (!std::ranges::lexicographical_compare(before, encoded.encoding))
            reader.refuse("the attributes are not in DER order");
        before = encoded.encoding;
        der::Reader attribute(encoded.content, malformed);
        const auto type = attribute.oid("attribute type");
        auto values = attribute.enter(der::Tag::set, "attribute values");
        attribute.finish("attribute");
        if (std::ranges::any_of(types, [&](ByteView known) { return std::ranges::equal(known, type); }))
            reader.refuse("an attribute appears twice");
        if (types.size() == max_attributes) reader.refuse("there are more than 32 attributes");
        types.push_back(type);
        const auto value = values.any();
        // RFC 2985, section 5.4.2: extensionRequest is "SINGLE VALUE TRUE"; so are the other attributes of requests.
        values.finish("attribute values");
        if (std::ranges::equal(type, wanted)) extensions = parse_extensions(value.encoding, malformed);
    }
    return extensions;
}

}  // namespace

const Extension* CertificateRequest::find_extension(std::string_view oid) const {
    const auto found = std::ranges::find(extensions, oid, &Extension::oid);
    return found == extensions.end() ? nullptr : &*found;
}

CertificateRequest parse_request(ByteView der) {
    if (der.size() > max_request_size) fail_input(malformed, "the request is longer than 32768 octets");
    der::Reader outer(der, malformed);
    auto request = outer.sequence("certification request");
    outer.finish("certification request");
    const auto info = request.element(der::Tag::sequence, "certificationRequestInfo");
    const auto algorithm = request.element(der::Tag::sequence, "signatureAlgorithm").encoding;
    const auto signature = request.octet_aligned_bits("signature");
    request.finish("certification request");

    der::Reader fields(info.content, malformed);
    if (fields.small_integer("version") != 0) fields.refuse("the request is not of version 1");
    const auto subject = fields.element(der::Tag::sequence, "subject").encoding;
    parse_name(subject, malformed);
    const auto spki = fields.element(der::Tag::sequence, "subjectPublicKeyInfo").encoding;
    auto attributes = fields.enter(der::context_constructed(0), "attributes");
    fields.finish("certificationRequestInfo");

    CertificateRequest result{.der = to_bytes(der),
                              .subject = to_bytes(subject),
                              .public_key = PublicKey::parse_spki(spki),
                              .extensions = read_attributes(attributes)};
    if (!is_valid_signature(result.public_key, parse_algorithm(algorithm), info.encoding, signature))
        fail(ErrorCode::verification_failed, "x509.request.possession",
             "the request is not signed with the key that it asks a certificate for");
    return result;
}

Bytes make_request(const PrivateKey& key, ByteView subject, const std::vector<Extension>& extensions) {
    parse_name(subject);
    Bytes attributes;
    if (!extensions.empty())
        attributes = der::sequence(
            {der::oid(oid::extension_request), der::encode(der::Tag::set, encode_extensions(extensions))});
    const auto info = der::sequence(
        {der::integer(0), subject, key.public_key().spki(), der::encode(der::context_constructed(0), attributes)});
    return der::sequence({info, encode_algorithm(key.algorithm()), der::bit_string(key.sign(info))});
}

Bytes empty_name() {
    return der::sequence({});
}

}  // namespace uvpki::x509
