#include "uvpki/cms/signed_message.h"

#include <algorithm>

#include "uvpki/error.h"
#include "uvpki/openssl/der.h"
#include "uvpki/x509/oids.h"

namespace uvpki::cms {

namespace {

using der::Reader;
using der::Tag;

constexpr std::string_view malformed = "cms.malformed";

[[noreturn]] void refuse(std::string message) {
    fail_input("cms.profile", std::move(message));
}

/// DER of an OID that is known when the program is built; encoded once.
struct Encodings {
    Bytes data = der::oid(oid::data);
    Bytes signed_data = der::oid(oid::signed_data);
    Bytes content_type = der::oid(oid::content_type);
    Bytes message_digest = der::oid(oid::message_digest);
    Bytes signing_time = der::oid(oid::signing_time);
    Bytes signing_certificate_v2 = der::oid(oid::signing_certificate_v2);
    // RFC 5754, section 2: "Implementations MUST generate SHA2 AlgorithmIdentifiers with absent parameters."
    Bytes sha256 = der::sequence({der::oid(x509::oid::sha256)});
    Bytes sha384 = der::sequence({der::oid(x509::oid::sha384)});
    Bytes version_1 = der::integer(1);
    Bytes version_3 = der::integer(3);
};

const Encodings& encodings() {
    static const Encodings once;
    return once;
}

const Bytes& digest_algorithm(x509::SignatureAlgorithm algorithm) {
    using enum x509::SignatureAlgorithm;
    return algorithm == ecdsa_sha384 || algorithm == rsa_sha384 ? encodings().sha384 : encodings().sha256;
}

Bytes attribute(const Bytes& type, ByteView value) {
    return der::sequence({type, der::encode(Tag::set, value)});
}

/// Integer element from the content octets of a serial number, kept as they are.
Bytes serial_element(const x509::Certificate& certificate) {
    return der::encode(Tag::integer, certificate.serial());
}

Bytes signing_certificate_value(const x509::Certificate& certificate) {
    // RFC 5035, section 4: GeneralNames with one directoryName [4] and the serial number; hashAlgorithm is omitted
    // because SHA-256 is its DEFAULT.
    const auto issuer = der::sequence({der::encode(der::context_constructed(4), certificate.issuer())});
    const auto issuer_serial = der::sequence({issuer, serial_element(certificate)});
    const auto id = der::sequence({der::octet_string(certificate.fingerprint()), issuer_serial});
    return der::sequence({der::sequence({id})});
}

/// The signed attributes, as far as this profile knows any.
struct Attributes {
    ByteView content_type;
    ByteView message_digest;
    ByteView certificate_hash;
    ByteView issuer_serial;  ///< content of IssuerSerial
    std::optional<Time> signing_time;
};

void read_signing_certificate(Reader value, Attributes& found) {
    auto ids_and_policies = value.sequence("signingCertificateV2");
    value.finish("signingCertificateV2 value set");
    auto ids = ids_and_policies.sequence("list of certificate identifiers");
    ids_and_policies.finish("signingCertificateV2");
    auto id = ids.sequence("ESSCertIDv2");
    ids.finish("list of certificate identifiers");
    if (!id.next_is(Tag::octet_string)) refuse("signingCertificateV2 names a hash algorithm other than the default");
    found.certificate_hash = id.octet_string("certHash");
    found.issuer_serial = id.element(Tag::sequence, "issuerSerial").content;
    id.finish("ESSCertIDv2");
}

Attributes read_attributes(ByteView set) {
    auto attributes = Reader(der::parse_single(set, Tag::set, "signedAttrs", malformed).content, malformed);
    Attributes found;
    ByteView previous;
    while (!attributes.empty()) {
        const auto element = attributes.element(Tag::sequence, "attribute");
        // X.690, section 11.6: "the encodings of the component values of a set-of value shall appear in ascending
        // order"
        if (!std::ranges::lexicographical_compare(previous, element.encoding))
            refuse("signed attributes are not in DER order");
        previous = element.encoding;
        Reader attribute(element.content, malformed);
        const auto type = attribute.element(Tag::oid, "attribute type").encoding;
        auto values = attribute.enter(Tag::set, "attribute values");
        attribute.finish("attribute");
        const auto once = [](const auto& already) {
            if (already) refuse("a signed attribute stands twice");
        };
        if (equal(type, encodings().content_type)) {
            once(!found.content_type.empty());
            found.content_type = values.element(Tag::oid, "contentType").encoding;
            values.finish("contentType");
        } else if (equal(type, encodings().message_digest)) {
            once(!found.message_digest.empty());
            found.message_digest = values.octet_string("messageDigest");
            values.finish("messageDigest");
        } else if (equal(type, encodings().signing_time)) {
            once(found.signing_time.has_value());
            const auto encoding = values.rest();
            found.signing_time = values.time("signingTime");
            values.finish("signingTime");
            // RFC 5652, section 11.3: "Dates between 1 January 1950 and 31 December 2049 (inclusive) MUST be encoded as
            // UTCTime."
            if (!equal(encoding, der::time(*found.signing_time))) refuse("signingTime has the wrong form for its year");
        } else if (equal(type, encodings().signing_certificate_v2)) {
            once(!found.certificate_hash.empty());
            read_signing_certificate(values, found);
        } else {
            refuse("signed attribute " + der::oid_to_text(Reader(type, malformed).oid("attribute type")) +
                   " does not belong to the profile");
        }
    }
    if (found.content_type.empty()) refuse("signed attribute contentType is missing");
    if (found.message_digest.empty()) refuse("signed attribute messageDigest is missing");
    if (found.certificate_hash.empty()) refuse("signed attribute signingCertificateV2 is missing");
    return found;
}

void require_signature_form(x509::KeyType type, ByteView signature) {
    if (type == x509::KeyType::rsa) return;
    Reader outer(signature, malformed);
    auto values = outer.sequence("ECDSA-Sig-Value");
    outer.finish("ECDSA-Sig-Value");
    const auto r = values.integer("r"), s = values.integer("s");
    values.finish("ECDSA-Sig-Value");
    if ((r[0] & 0x80) != 0 || (s[0] & 0x80) != 0) refuse("a number of the signature is negative");
    if (!x509::has_low_s(signature, type)) refuse("the signature's s is in the upper half of the group order");
}

}  // namespace

x509::SignatureAlgorithm message_algorithm(x509::KeyType type) {
    if (type == x509::KeyType::ed25519) refuse("the signer's key is neither P-256, P-384 nor RSA");
    return x509::algorithm_for(type);
}

Bytes content_digest(x509::SignatureAlgorithm algorithm, ByteView content) {
    using enum x509::SignatureAlgorithm;
    if (algorithm == ecdsa_sha384 || algorithm == rsa_sha384) return to_bytes(sha384(content));
    return to_bytes(sha256(content));
}

Bytes build_signed_message(ByteView content, const x509::Certificate& certificate, const x509::PrivateKey& key,
                           const MessageOptions& options) {
    if (!(certificate.public_key() == key.public_key()))
        fail(ErrorCode::internal, "cms.signer.key", "the signing key does not fit the certificate");
    if (certificate.public_key().type() == x509::KeyType::ed25519)
        fail(ErrorCode::internal, "cms.signer.key", "an Ed25519 key signs no CMS message");
    const auto& known = encodings();
    const auto algorithm = message_algorithm(certificate.public_key().type());
    const auto content_type = options.content_type == oid::data ? known.data : der::oid(options.content_type);
    const auto& digest = digest_algorithm(algorithm);

    std::vector<Bytes> attributes;
    attributes.push_back(attribute(known.content_type, content_type));
    attributes.push_back(attribute(known.message_digest, der::octet_string(content_digest(algorithm, content))));
    attributes.push_back(attribute(known.signing_certificate_v2, signing_certificate_value(certificate)));
    if (options.signing_time) attributes.push_back(attribute(known.signing_time, der::time(*options.signing_time)));
    auto signed_attributes = der::set_of(std::move(attributes));
    const auto signature = key.sign(signed_attributes, options.signature_size);
    // RFC 5652, section 5.4: "the DER encoding of the SignedAttrs value" is signed as SET OF, and carried as [0]
    // IMPLICIT.
    signed_attributes[0] = static_cast<std::uint8_t>(der::context_constructed(0));

    const auto signer_id = der::sequence({certificate.issuer(), serial_element(certificate)});
    const auto signer = der::sequence({known.version_1, signer_id, digest, signed_attributes,
                                       x509::encode_algorithm(algorithm), der::octet_string(signature)});
    const auto encapsulated =
        options.content == Content::attached
            ? der::sequence({content_type, der::encode(der::context_constructed(0), der::octet_string(content))})
            : der::sequence({content_type});
    const auto bag = options.certificates == Certificates::signer
                         ? der::encode(der::context_constructed(0), certificate.der())
                         : Bytes{};
    // RFC 5652, section 5.1: version 1 for id-data with version 3 certificates, 3 for any other content type.
    const auto& version = options.content_type == oid::data ? known.version_1 : known.version_3;
    const auto signed_data =
        der::sequence({version, der::encode(Tag::set, digest), encapsulated, bag, der::encode(Tag::set, signer)});
    return der::sequence({known.signed_data, der::encode(der::context_constructed(0), signed_data)});
}

SignedData parse_signed_message(ByteView input, std::string_view content_type_oid) {
    if (input.size() > max_signed_size) fail_input(malformed, "the signed message is larger than 16 MiB");
    const auto& known = encodings();
    const auto content_type = der::oid(content_type_oid);
    Reader file(input, malformed);
    auto info = file.sequence("ContentInfo");
    file.finish("ContentInfo");
    if (!equal(info.element(Tag::oid, "content type").encoding, known.signed_data))
        refuse("the message is not CMS SignedData");
    auto wrapped = info.enter(der::context_constructed(0), "SignedData");
    info.finish("ContentInfo");
    auto data = wrapped.sequence("SignedData");
    wrapped.finish("SignedData");

    const auto version = data.small_integer("SignedData version");
    if (version != (content_type_oid == oid::data ? 1 : 3)) refuse("SignedData has the wrong version");
    auto digests = data.enter(Tag::set, "digestAlgorithms");
    const auto digest = digests.element(Tag::sequence, "digest algorithm").encoding;
    if (!digests.empty()) refuse("SignedData names more than one digest algorithm");

    auto encapsulated = data.sequence("encapContentInfo");
    if (!equal(encapsulated.element(Tag::oid, "eContentType").encoding, content_type))
        refuse("the content has the wrong type");
    std::optional<Bytes> content;
    if (!encapsulated.empty()) {
        auto explicit_content = encapsulated.enter(der::context_constructed(0), "eContent");
        content = to_bytes(explicit_content.octet_string("eContent"));
        explicit_content.finish("eContent");
    }
    encapsulated.finish("encapContentInfo");

    if (!data.next_is(der::context_constructed(0))) refuse("the signer's certificate is not in the message");
    auto bag = data.enter(der::context_constructed(0), "certificates");
    if (!bag.next_is(Tag::sequence)) refuse("the message does not carry exactly one certificate");
    const auto certificate_der = bag.element(Tag::sequence, "certificate").encoding;
    if (!bag.empty()) refuse("the message carries more than one certificate");
    if (data.next_is(der::context_constructed(1))) refuse("the message carries revocation lists");
    auto signers = data.enter(Tag::set, "signerInfos");
    data.finish("SignedData");
    if (signers.empty()) refuse("the message has no signer");
    auto signer = signers.sequence("SignerInfo");
    if (!signers.empty()) refuse("the message has more than one signer");

    if (signer.small_integer("SignerInfo version") != 1) refuse("SignerInfo has the wrong version");
    const auto signer_id = signer.element(Tag::sequence, "signer identifier").encoding;
    if (!equal(signer.element(Tag::sequence, "digestAlgorithm").encoding, digest))
        refuse("the signer's digest algorithm is not the message's");
    if (!signer.next_is(der::context_constructed(0))) refuse("the message has no signed attributes");
    auto signed_attributes = to_bytes(signer.element(der::context_constructed(0), "signedAttrs").encoding);
    signed_attributes[0] = static_cast<std::uint8_t>(Tag::set);
    const auto algorithm_der = signer.element(Tag::sequence, "signatureAlgorithm").encoding;
    auto signature = to_bytes(signer.octet_string("signature"));
    if (signer.next_is(der::context_constructed(1))) refuse("the message has unsigned attributes");
    signer.finish("SignerInfo");

    const auto attributes = read_attributes(signed_attributes);
    if (!equal(attributes.content_type, content_type)) refuse("signed attribute contentType is not the content's type");

    auto certificate = x509::Certificate::parse(certificate_der);
    if (!equal(signer_id, der::sequence({certificate.issuer(), serial_element(certificate)})))
        refuse("the signer identifier does not name the certificate in the message");
    const auto issuer = der::sequence({der::encode(der::context_constructed(4), certificate.issuer())});
    if (!equal(attributes.issuer_serial, concat({issuer, serial_element(certificate)})))
        refuse("signingCertificateV2 does not name the certificate in the message");
    const auto type = certificate.public_key().type();
    const auto algorithm = message_algorithm(type);
    if (!equal(algorithm_der, x509::encode_algorithm(algorithm)))
        refuse("the signature algorithm is not the one that goes with the key");
    if (!equal(digest, digest_algorithm(algorithm)))
        refuse("the digest algorithm is not the one that goes with the key, or has parameters");
    require_signature_form(type, signature);
    auto message_digest = to_bytes(attributes.message_digest);
    const auto signing_time = attributes.signing_time;
    return {std::move(content),   std::move(certificate),   signing_time, std::move(signed_attributes), algorithm,
            std::move(signature), std::move(message_digest)};
}

Bytes signing_certificate_hash(ByteView signed_attributes) {
    return to_bytes(read_attributes(signed_attributes).certificate_hash);
}

}  // namespace uvpki::cms
