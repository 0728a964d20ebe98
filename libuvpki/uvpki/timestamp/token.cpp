#include "uvpki/timestamp/token.h"

#include <algorithm>
#include <optional>

#include "uvpki/cms/signed_message.h"
#include "uvpki/error.h"
#include "uvpki/openssl/checked.h"
#include "uvpki/openssl/der.h"
#include "uvpki/x509/native_key.h"
#include "uvpki/x509/oids.h"

namespace uvpki::timestamp {

namespace {

using der::Reader;
using der::Tag;
using openssl::require;
using openssl::require_ok;

constexpr std::string_view malformed = "timestamp.malformed";

[[noreturn]] void refuse(std::string message) {
    fail_input("timestamp.profile", std::move(message));
}

/// The digest of an AlgorithmIdentifier whose parameters are absent or NULL.
std::string read_digest(Reader algorithm, std::string_view what) {
    const auto oid = der::oid_to_text(algorithm.oid(what));
    if (!algorithm.empty()) algorithm.null("digest parameters");
    algorithm.finish(what);
    auto name = digest_name(oid);
    if (name.empty()) refuse(std::string(what) + " " + oid + " is not SHA-256, SHA-384 or SHA-512");
    return name;
}

/// The digest that the signature algorithm names, or empty where the algorithm leaves it to the digest field.
std::string signature_digest(Reader algorithm) {
    const auto oid = der::oid_to_text(algorithm.oid("signature algorithm"));
    if (!algorithm.empty()) algorithm.null("signature parameters");
    algorithm.finish("signature algorithm");
    if (oid == x509::oid::rsa_encryption) return {};
    if (oid == x509::oid::ecdsa_with_sha256 || oid == x509::oid::sha256_with_rsa) return "SHA256";
    if (oid == x509::oid::ecdsa_with_sha384 || oid == x509::oid::sha384_with_rsa) return "SHA384";
    if (oid == "1.2.840.10045.4.3.4" || oid == "1.2.840.113549.1.1.13") return "SHA512";
    refuse("signature algorithm " + oid + " is not known");
}

struct SignerName {
    ByteView issuer;
    ByteView serial;
};

SignerName name_of(ByteView certificate_der) {
    Reader file(certificate_der, malformed);
    auto certificate = file.sequence("certificate");
    auto tbs = certificate.sequence("to-be-signed certificate");
    tbs.optional(der::context_constructed(0), "version");
    const auto serial = tbs.integer("serial number");
    tbs.element(Tag::sequence, "signature algorithm");
    return {tbs.element(Tag::sequence, "issuer").encoding, serial};
}

/// RFC 5652, section 5.3: the signer identifier decides which certificate is the signer's, not its place in the bag.
x509::Certificate pick_signer(Reader bag, Reader signer_id) {
    const SignerName wanted{signer_id.element(Tag::sequence, "signer's issuer").encoding,
                            signer_id.integer("signer's serial number")};
    signer_id.finish("signer identifier");
    while (!bag.empty()) {
        const auto element = bag.any();
        if (element.tag != Tag::sequence) continue;
        const auto name = name_of(element.encoding);
        if (equal(name.issuer, wanted.issuer) && equal(name.serial, wanted.serial))
            return x509::Certificate::parse(element.encoding);
    }
    refuse("the signer's certificate is not in the token");
}

struct Attributes {
    ByteView message_digest;
    std::string certificate_hash_name;
    ByteView certificate_hash;
};

void read_certificate_id(Reader value, Attributes& found, std::string digest) {
    auto outer = value.sequence("signing certificate");
    auto ids = outer.sequence("certificate identifiers");
    auto id = ids.sequence("certificate identifier");
    // RFC 5035, section 3: the first identifier is the signer's own; further ones name its chain.
    if (id.next_is(Tag::sequence)) digest = read_digest(id.sequence("hash algorithm"), "certificate hash algorithm");
    found.certificate_hash = id.octet_string("certHash");
    found.certificate_hash_name = std::move(digest);
}

Attributes read_attributes(ByteView set) {
    Reader attributes(der::parse_single(set, Tag::set, "signedAttrs", malformed).content, malformed);
    Attributes found;
    bool typed = false, second_version = false;
    while (!attributes.empty()) {
        auto attribute = attributes.sequence("attribute");
        const auto type = der::oid_to_text(attribute.oid("attribute type"));
        auto values = attribute.enter(Tag::set, "attribute values");
        attribute.finish("attribute");
        if (type == cms::oid::content_type) {
            if (typed) refuse("contentType stands twice");
            typed = der::oid_to_text(values.oid("contentType")) == cms::oid::tst_info;
            values.finish("contentType");
        } else if (type == cms::oid::message_digest) {
            if (!found.message_digest.empty()) refuse("messageDigest stands twice");
            found.message_digest = values.octet_string("messageDigest");
            values.finish("messageDigest");
        } else if (type == cms::oid::signing_certificate_v2) {
            read_certificate_id(values, found, "SHA256");
            second_version = true;
        } else if (type == cms::oid::signing_certificate && !second_version) {
            read_certificate_id(values, found, "SHA1");
        }
    }
    if (!typed) refuse("contentType is missing or not that of a time stamp");
    if (found.message_digest.empty()) refuse("messageDigest is missing");
    // RFC 3161, section 2.4.2: "The certificate identifier (ESSCertID) of the TSA certificate MUST be included as a
    // signerInfo attribute inside a SigningCertificate attribute."
    if (found.certificate_hash.empty()) refuse("the token does not name the certificate of its signer");
    return found;
}

}  // namespace

std::string digest_name(std::string_view oid) {
    if (oid == x509::oid::sha256) return "SHA256";
    if (oid == x509::oid::sha384) return "SHA384";
    if (oid == x509::oid::sha512) return "SHA512";
    return {};
}

Bytes digest_by_name(const std::string& name, ByteView data) {
    const openssl::Digest digest{require(EVP_MD_fetch(nullptr, name.c_str(), nullptr), "EVP_MD_fetch")};
    Bytes result(static_cast<std::size_t>(EVP_MD_get_size(digest.get())));
    unsigned size = 0;
    require_ok(EVP_Digest(data.data(), data.size(), result.data(), &size, digest.get(), nullptr), "EVP_Digest");
    return result;
}

TokenInfo parse_token_info(ByteView input, TokenForm form) {
    Reader file(input, malformed);
    auto info = file.sequence("TSTInfo");
    file.finish("TSTInfo");
    if (info.small_integer("TSTInfo version") != 1) refuse("TSTInfo has the wrong version");
    TokenInfo result;
    result.policy = der::oid_to_text(info.oid("policy"));
    auto imprint = info.sequence("messageImprint");
    auto algorithm = imprint.sequence("hashAlgorithm");
    result.hash_oid = der::oid_to_text(algorithm.oid("hash algorithm"));
    if (!algorithm.empty()) algorithm.null("hash parameters");
    algorithm.finish("hashAlgorithm");
    result.digest = to_bytes(imprint.octet_string("hashedMessage"));
    imprint.finish("messageImprint");
    if (digest_name(result.hash_oid).empty()) refuse("the imprint is not SHA-256, SHA-384 or SHA-512");
    result.serial = to_bytes(info.integer("serialNumber"));
    if (!info.next_is(Tag::generalized_time)) refuse("genTime is not a GeneralizedTime");
    // RFC 3161, section 2.4.2 allows fractions of a second; they are cut off, which only makes the time earlier by less
    // than a second. Our own tokens have none.
    auto text = to_text(Reader(info.rest(), malformed).any().content);
    info.any();
    if (const auto dot = text.find('.'); dot != std::string::npos && form == TokenForm::lenient) {
        const auto fraction = std::string_view(text).substr(dot + 1);
        const bool digits =
            fraction.size() >= 2 && fraction.back() == 'Z' &&
            std::ranges::all_of(fraction.substr(0, fraction.size() - 1), [](char c) { return c >= '0' && c <= '9'; });
        if (!digits) refuse("genTime has a malformed fraction");
        text = text.substr(0, dot) + "Z";
    }
    const auto whole = der::encode(Tag::generalized_time, as_bytes(text));
    result.time = Reader(whole, malformed).time("genTime");
    if (form == TokenForm::lenient) {
        info.optional(Tag::sequence, "accuracy");
        info.optional(Tag::boolean, "ordering");
    }
    if (info.next_is(Tag::integer)) {
        auto nonce = info.integer("nonce");
        if (nonce.size() > 1 && nonce[0] == 0) nonce = nonce.subspan(1);
        result.nonce = to_bytes(nonce);
    }
    if (form == TokenForm::lenient) {
        info.optional(der::context_constructed(0), "tsa");
        info.optional(der::context_constructed(1), "extensions");
    }
    info.finish("TSTInfo");
    return result;
}

TokenParts parse_token(ByteView input) {
    Reader file(input, malformed);
    auto wrapper = file.sequence("ContentInfo");
    file.finish("ContentInfo");
    if (der::oid_to_text(wrapper.oid("content type")) != cms::oid::signed_data) refuse("the token is not SignedData");
    auto wrapped = wrapper.enter(der::context_constructed(0), "SignedData");
    wrapper.finish("ContentInfo");
    auto data = wrapped.sequence("SignedData");
    wrapped.finish("SignedData");
    data.small_integer("SignedData version");
    data.element(Tag::set, "digestAlgorithms");
    auto encapsulated = data.sequence("encapContentInfo");
    if (der::oid_to_text(encapsulated.oid("eContentType")) != cms::oid::tst_info)
        refuse("the token's content is not a TSTInfo");
    auto explicit_content = encapsulated.enter(der::context_constructed(0), "eContent");
    encapsulated.finish("encapContentInfo");
    const auto info = explicit_content.octet_string("eContent");
    explicit_content.finish("eContent");
    if (!data.next_is(der::context_constructed(0))) refuse("the signer's certificate is not in the token");
    const auto bag = data.enter(der::context_constructed(0), "certificates");
    data.optional(der::context_constructed(1), "crls");
    auto signers = data.enter(Tag::set, "signerInfos");
    data.finish("SignedData");
    auto signer = signers.sequence("SignerInfo");
    // RFC 3161, section 2.4.2: "The time-stamp token MUST NOT contain any signatures other than the signature of the
    // TSA."
    if (!signers.empty()) refuse("the token has more than one signer");
    signer.small_integer("SignerInfo version");
    if (!signer.next_is(Tag::sequence)) refuse("the token names its signer by key identifier");
    const auto signer_id = signer.sequence("signer identifier");
    auto digest = read_digest(signer.sequence("digestAlgorithm"), "digest algorithm");
    auto attributes = to_bytes(signer.element(der::context_constructed(0), "signedAttrs").encoding);
    attributes[0] = static_cast<std::uint8_t>(Tag::set);
    const auto named = signature_digest(signer.sequence("signatureAlgorithm"));
    if (!named.empty() && named != digest) refuse("digest and signature algorithm do not belong together");
    const auto signature = signer.octet_string("signature");
    signer.optional(der::context_constructed(1), "unsignedAttrs");
    signer.finish("SignerInfo");
    const auto found = read_attributes(attributes);
    const auto message_digest = to_bytes(found.message_digest), certificate_hash = to_bytes(found.certificate_hash);
    const auto hash_name = found.certificate_hash_name;
    return {to_bytes(info),      std::move(attributes),       message_digest, std::move(digest),
            to_bytes(signature), pick_signer(bag, signer_id), hash_name,      certificate_hash};
}

void verify_token_signature(const TokenParts& token) {
    if (!equal(token.message_digest, digest_by_name(token.digest_name, token.info)))
        fail(ErrorCode::verification_failed, "timestamp.signature",
             "the token's content is not the one that was signed");
    if (!equal(token.certificate_hash, digest_by_name(token.certificate_hash_name, token.signer.der())))
        fail(ErrorCode::verification_failed, "timestamp.signer",
             "the certificate in the token is not the one that the signature names");
    // Other authorities pair P-384 with SHA-256 and so on, so the digest comes from the token, not from the key.
    const openssl::DigestContext context{require(EVP_MD_CTX_new(), "EVP_MD_CTX_new")};
    require_ok(EVP_DigestVerifyInit_ex(context.get(), nullptr, token.digest_name.c_str(), nullptr, nullptr,
                                       token.signer.public_key().native().pkey(), nullptr),
               "EVP_DigestVerifyInit_ex");
    const auto verdict = EVP_DigestVerify(context.get(), token.signature.data(), token.signature.size(),
                                          token.signed_attributes.data(), token.signed_attributes.size());
    openssl::clear_errors();
    if (verdict != 1)
        fail(ErrorCode::verification_failed, "timestamp.signature", "the token's signature does not verify");
}

}  // namespace uvpki::timestamp
