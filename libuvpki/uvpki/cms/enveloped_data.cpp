#include "uvpki/cms/enveloped_data.h"

#include <algorithm>
#include <array>

#include "uvpki/cms/signed_message.h"
#include "uvpki/error.h"
#include "uvpki/openssl/aes_gcm.h"
#include "uvpki/openssl/checked.h"
#include "uvpki/openssl/der.h"
#include "uvpki/x509/key_agreement.h"
#include "uvpki/x509/name.h"
#include "uvpki/x509/oids.h"

namespace uvpki::cms {

namespace {

using der::Reader;
using der::Tag;
using openssl::require;
using openssl::require_ok;

constexpr std::size_t key_size = openssl::gcm_key_size, nonce_size = openssl::gcm_nonce_size,
                      tag_size = openssl::gcm_tag_size, wrapped_size = 40, point_size = 65;
constexpr std::string_view malformed = "cms.envelope.malformed";

[[noreturn]] void refuse(std::string_view rule, std::string message) {
    fail_input("cms.envelope." + std::string(rule), std::move(message));
}

/// What is the same in every envelope, encoded once.
struct Encodings {
    Bytes content_info_type = der::oid(oid::auth_enveloped_data);
    Bytes data = der::oid(oid::data);
    Bytes version_0 = der::integer(0);
    Bytes version_3 = der::integer(3);
    // RFC 5753, section 3.1.1: parameters of the originator's id-ecPublicKey may be absent: the recipient's curve.
    Bytes originator_algorithm = der::sequence({der::oid(x509::oid::ec_public_key)});
    // RFC 3565, section 2.3.2: "The AlgorithmIdentifier parameters field MUST be absent" for the AES key wrap.
    Bytes key_wrap = der::sequence({der::oid("2.16.840.1.101.3.4.1.45")});
    Bytes key_agreement = der::sequence({der::oid("1.3.132.1.11.1"), key_wrap});
    Bytes aes256_gcm = der::oid("2.16.840.1.101.3.4.1.46");
    Bytes tag_length = der::integer(tag_size);
    // RFC 5753, section 7.2: suppPubInfo "contains the length of the generated KEK, in bits, represented as a 32-bit
    // number".
    Bytes shared_info =
        der::sequence({key_wrap, der::encode(der::context_constructed(2), der::octet_string(Bytes{0, 0, 1, 0}))});
};

const Encodings& encodings() {
    static const Encodings once;
    return once;
}

const EVP_CIPHER* key_wrap_cipher() {
    static const openssl::Cipher once{require(EVP_CIPHER_fetch(nullptr, "AES-256-WRAP", nullptr), "EVP_CIPHER_fetch")};
    return once.get();
}

openssl::CipherContext make_context() {
    return openssl::CipherContext(require(EVP_CIPHER_CTX_new(), "EVP_CIPHER_CTX_new"));
}

/// RFC 5753, section 3.1 and 7.2: KEK = X9.63-KDF(SHA-256, Z, ECC-CMS-SharedInfo); one block of the hash is enough.
SecretBytes key_encryption_key(const x509::PrivateKey& own, const x509::PublicKey& peer) {
    const auto shared = x509::agree_p256(own, peer);
    static constexpr std::array<std::uint8_t, 4> counter{0, 0, 0, 1};
    auto digest = sha256({shared.view(), counter, encodings().shared_info});
    SecretBytes key{ByteView(digest)};
    wipe(digest);
    return key;
}

Bytes wrap_key(const SecretBytes& wrapping, const SecretBytes& key) {
    const auto context = make_context();
    EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    require_ok(EVP_EncryptInit_ex2(context.get(), key_wrap_cipher(), wrapping.view().data(), nullptr, nullptr),
               "EVP_EncryptInit_ex2");
    Bytes wrapped(wrapped_size);
    int size = 0;
    require_ok(EVP_EncryptUpdate(context.get(), wrapped.data(), &size, key.view().data(), static_cast<int>(key.size())),
               "EVP_EncryptUpdate");
    if (size != static_cast<int>(wrapped_size)) openssl::fail_call("EVP_EncryptUpdate");
    return wrapped;
}

[[noreturn]] void fail_opening(const char* why) {
    openssl::clear_errors();
    fail(ErrorCode::verification_failed, "cms.envelope.open", why);
}

SecretBytes unwrap_key(const SecretBytes& wrapping, ByteView wrapped) {
    const auto context = make_context();
    EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    require_ok(EVP_DecryptInit_ex2(context.get(), key_wrap_cipher(), wrapping.view().data(), nullptr, nullptr),
               "EVP_DecryptInit_ex2");
    SecretBytes key(wrapped_size);
    int size = 0;
    if (EVP_DecryptUpdate(context.get(), key.writable().data(), &size, wrapped.data(),
                          static_cast<int>(wrapped.size())) != 1 ||
        size != static_cast<int>(key_size))
        fail_opening("the envelope does not open with this key");
    return SecretBytes(key.view().first(key_size));
}

/// A scalar below the group order drawn from `random`; the chance of a second draw is 2^-32.
x509::PrivateKey ephemeral_key(Random& random) {
    static constexpr std::array<std::uint8_t, 32> order{
        0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51};
    for (;;) {
        const auto scalar = random.secret(key_size);
        const auto bytes = scalar.view();
        const bool zero = std::ranges::all_of(bytes, [](std::uint8_t b) { return b == 0; });
        if (!zero && std::ranges::lexicographical_compare(bytes, order))
            return x509::PrivateKey::from_p256_scalar(scalar);
    }
}

void require_recipient(const x509::Certificate& recipient) {
    if (recipient.public_key().type() != x509::KeyType::ec_p256)
        refuse("recipient", "the recipient " + recipient.subject_text() + " has no P-256 key");
}

}  // namespace

Sealing seal_envelope(ByteView plaintext, const x509::Certificate& recipient, Random& random) {
    require_recipient(recipient);
    if (plaintext.size() > max_envelope_size) refuse("too_large", "the content to be encrypted is larger than 512 MiB");
    const auto& known = encodings();
    auto ephemeral = ephemeral_key(random);
    const auto content_key = random.secret(key_size);
    const auto nonce = random.bytes(nonce_size);
    const auto wrapped = wrap_key(key_encryption_key(ephemeral, recipient.public_key()), content_key);
    const auto encrypted = openssl::aes_gcm_seal(content_key, nonce, {}, plaintext);
    const auto ciphertext = ByteView(encrypted).first(plaintext.size()), tag = ByteView(encrypted).last(tag_size);

    const auto originator_key =
        der::encode(der::context_constructed(1),
                    {known.originator_algorithm, der::bit_string(ephemeral.public_key().key_octets())});
    const auto identifier = der::sequence({recipient.issuer(), der::encode(Tag::integer, recipient.serial())});
    const auto encrypted_keys = der::sequence({der::sequence({identifier, der::octet_string(wrapped)})});
    const auto recipient_info = der::encode(der::context_constructed(1),
                                            {known.version_3, der::encode(der::context_constructed(0), originator_key),
                                             known.key_agreement, encrypted_keys});
    const auto parameters = der::sequence({der::octet_string(nonce), known.tag_length});
    const auto content = der::sequence(
        {known.data, der::sequence({known.aes256_gcm, parameters}), der::encode(der::context(0), ciphertext)});
    const auto enveloped =
        der::sequence({known.version_0, der::encode(Tag::set, recipient_info), content, der::octet_string(tag)});
    return {der::sequence({known.content_info_type, der::encode(der::context_constructed(0), enveloped)}),
            std::move(ephemeral)};
}

Envelope parse_envelope(ByteView input) {
    if (input.size() > max_envelope_size + 4096) refuse("too_large", "the envelope is larger than 512 MiB");
    const auto& known = encodings();
    Reader file(input, malformed);
    auto info = file.sequence("ContentInfo");
    file.finish("ContentInfo");
    if (!equal(info.element(Tag::oid, "content type").encoding, known.content_info_type))
        refuse("algorithm", "the envelope is not AuthEnvelopedData");
    auto wrapped = info.enter(der::context_constructed(0), "AuthEnvelopedData");
    info.finish("ContentInfo");
    auto envelope = wrapped.sequence("AuthEnvelopedData");
    wrapped.finish("AuthEnvelopedData");

    if (envelope.small_integer("version") != 0) refuse("malformed", "AuthEnvelopedData has the wrong version");
    if (envelope.next_is(der::context_constructed(0)))
        refuse("originator", "the envelope carries certificates of its originator");
    auto recipients = envelope.enter(Tag::set, "recipientInfos");
    if (!recipients.next_is(der::context_constructed(1)))
        refuse("recipients", "the recipient is not addressed by key agreement");
    auto recipient = recipients.enter(der::context_constructed(1), "KeyAgreeRecipientInfo");
    if (!recipients.empty()) refuse("recipients", "the envelope has more than one recipient");

    Envelope result;
    if (recipient.small_integer("recipient version") != 3) refuse("malformed", "the recipient has the wrong version");
    auto originator = recipient.enter(der::context_constructed(0), "originator");
    if (!originator.next_is(der::context_constructed(1)))
        refuse("originator", "the originator's key is not in the envelope");
    auto originator_key = originator.enter(der::context_constructed(1), "originatorKey");
    originator.finish("originator");
    if (!equal(originator_key.element(Tag::sequence, "originator algorithm").encoding, known.originator_algorithm))
        refuse("algorithm", "the originator's key algorithm is not id-ecPublicKey without parameters");
    result.ephemeral_point = to_bytes(originator_key.octet_aligned_bits("originator point"));
    originator_key.finish("originatorKey");
    if (recipient.next_is(der::context_constructed(1)))
        refuse("attributes", "the recipient carries user keying material");
    if (!equal(recipient.element(Tag::sequence, "keyEncryptionAlgorithm").encoding, known.key_agreement))
        refuse("algorithm", "the key agreement is not ECDH with SHA-256 and the AES-256 key wrap");
    auto keys = recipient.sequence("recipientEncryptedKeys");
    recipient.finish("KeyAgreeRecipientInfo");
    auto key = keys.sequence("RecipientEncryptedKey");
    if (!keys.empty()) refuse("recipients", "the envelope has more than one recipient");
    if (!key.next_is(Tag::sequence)) refuse("recipients", "the recipient is not named by issuer and serial number");
    auto identifier = key.sequence("recipient identifier");
    result.recipient_issuer = to_bytes(identifier.element(Tag::sequence, "recipient issuer").encoding);
    x509::parse_name(result.recipient_issuer, "cms.envelope.recipients");
    result.recipient_serial = to_bytes(identifier.integer("recipient serial number"));
    identifier.finish("recipient identifier");
    result.encrypted_key = to_bytes(key.octet_string("encryptedKey"));
    key.finish("RecipientEncryptedKey");
    if (result.encrypted_key.size() != wrapped_size) refuse("key", "the encrypted key has not 40 octets");

    auto content = envelope.sequence("authEncryptedContentInfo");
    if (!equal(content.element(Tag::oid, "content type").encoding, known.data))
        refuse("content_type", "the encrypted content is not id-data");
    auto cipher = content.sequence("contentEncryptionAlgorithm");
    if (!equal(cipher.element(Tag::oid, "cipher").encoding, known.aes256_gcm))
        refuse("algorithm", "the content is not encrypted with AES-256-GCM");
    auto parameters = cipher.sequence("GCMParameters");
    cipher.finish("contentEncryptionAlgorithm");
    result.nonce = to_bytes(parameters.octet_string("nonce"));
    if (result.nonce.size() != nonce_size) refuse("nonce", "the nonce has not 12 octets");
    // RFC 5084, section 3.2: aes-ICVlen is "DEFAULT 12"; a 16-octet tag must therefore be stated.
    if (!parameters.next_is(Tag::integer)) refuse("tag", "ICVlen is absent, so the tag would have 12 octets, not 16");
    if (parameters.small_integer("ICVlen") != static_cast<std::int64_t>(tag_size)) refuse("tag", "ICVlen is not 16");
    parameters.finish("GCMParameters");
    if (!content.next_is(der::context(0))) refuse("malformed", "the encrypted content is missing or not one string");
    result.ciphertext = to_bytes(content.element(der::context(0), "encryptedContent").content);
    content.finish("authEncryptedContentInfo");
    if (envelope.next_is(der::context_constructed(1)))
        refuse("attributes", "the envelope has authenticated attributes");
    result.tag = to_bytes(envelope.octet_string("mac"));
    if (result.tag.size() != tag_size) refuse("tag", "the authentication tag has not 16 octets");
    if (envelope.next_is(der::context_constructed(2)))
        refuse("attributes", "the envelope has unauthenticated attributes");
    envelope.finish("AuthEnvelopedData");

    if (result.ephemeral_point.size() != point_size || result.ephemeral_point[0] != 4)
        refuse("point", "the originator's key is not an uncompressed P-256 point");
    try {
        x509::PublicKey::from_p256_point(result.ephemeral_point);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::invalid_input) throw;
        refuse("point", "the originator's key is not a point of the curve P-256");
    }
    return result;
}

bool is_addressed_to(const Envelope& envelope, const x509::Certificate& recipient) {
    return equal(envelope.recipient_issuer, recipient.issuer()) && equal(envelope.recipient_serial, recipient.serial());
}

SecretBytes open_envelope(const Envelope& envelope, const x509::PrivateKey& recipient_key) {
    if (recipient_key.public_key().type() != x509::KeyType::ec_p256)
        fail_opening("the envelope opens with a P-256 key only");
    if (envelope.nonce.size() != nonce_size || envelope.tag.size() != tag_size ||
        envelope.encrypted_key.size() != wrapped_size)
        fail_opening("the envelope does not have the project's form");
    const auto originator = x509::PublicKey::from_p256_point(envelope.ephemeral_point);
    const auto key = unwrap_key(key_encryption_key(recipient_key, originator), envelope.encrypted_key);
    auto plaintext = openssl::aes_gcm_open(key, envelope.nonce, {}, envelope.ciphertext, envelope.tag);
    if (!plaintext) fail_opening("the envelope was altered: its authentication tag is wrong");
    return std::move(*plaintext);
}

}  // namespace uvpki::cms
