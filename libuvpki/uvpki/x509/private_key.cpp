// Private keys: made, read, written. Signing is in signature.cpp.
#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>

#include "uvpki/encoding.h"
#include "uvpki/error.h"
#include "uvpki/openssl/checked.h"
#include "uvpki/openssl/der.h"
#include "uvpki/x509/keys.h"
#include "uvpki/x509/native_key.h"
#include "uvpki/x509/oids.h"

namespace uvpki::x509 {

namespace {

constexpr std::string_view malformed = "x509.key.malformed";
constexpr std::string_view unsupported = "x509.key.unsupported";
constexpr std::string_view pem_label = "ENCRYPTED PRIVATE KEY";
constexpr std::string_view oid_pbes2 = "1.2.840.113549.1.5.13";
constexpr std::string_view oid_pbkdf2 = "1.2.840.113549.1.5.12";
/// A key file from elsewhere must not be able to hang the program: about ten seconds of work.
constexpr std::int64_t max_iterations = 20'000'000;
constexpr int salt_size = 16;

Bytes big_number(const EVP_PKEY* key, const char* name) {
    BIGNUM* raw = nullptr;
    openssl::require_ok(EVP_PKEY_get_bn_param(key, name, &raw), "EVP_PKEY_get_bn_param");
    const openssl::Bignum number(raw);
    Bytes result(static_cast<std::size_t>(BN_num_bytes(number.get())));
    BN_bn2bin(number.get(), result.data());
    return result;
}

Bytes ec_point(const EVP_PKEY* key) {
    std::array<std::uint8_t, 133> octets{};
    std::size_t size = 0;
    openssl::require_ok(
        EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, octets.data(), octets.size(), &size),
        "EVP_PKEY_get_octet_string_param");
    return to_bytes(ByteView(octets).first(size));
}

/// SubjectPublicKeyInfo, written here: the library's own encoder costs more than making the key.
Bytes spki_of(const EVP_PKEY* key) {
    if (EVP_PKEY_is_a(key, "EC") == 1) {
        std::array<char, 80> group{};
        openssl::require_ok(EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr),
                            "EVP_PKEY_get_group_name");
        const std::string_view name(group.data());
        if (name != SN_X9_62_prime256v1 && name != SN_secp384r1)
            fail_input(unsupported, "the private key is not on P-256 or P-384");
        const auto curve = name == SN_X9_62_prime256v1 ? oid::prime256v1 : oid::secp384r1;
        return der::sequence(
            {der::sequence({der::oid(oid::ec_public_key), der::oid(curve)}), der::bit_string(ec_point(key))});
    }
    if (EVP_PKEY_is_a(key, "ED25519") == 1) {
        std::array<std::uint8_t, 32> octets{};
        std::size_t size = octets.size();
        openssl::require_ok(EVP_PKEY_get_raw_public_key(key, octets.data(), &size), "EVP_PKEY_get_raw_public_key");
        return der::sequence({der::sequence({der::oid(oid::ed25519)}), der::bit_string(ByteView(octets).first(size))});
    }
    if (EVP_PKEY_is_a(key, "RSA") == 1) {
        const auto numbers = der::sequence({der::unsigned_integer(big_number(key, OSSL_PKEY_PARAM_RSA_N)),
                                            der::unsigned_integer(big_number(key, OSSL_PKEY_PARAM_RSA_E))});
        return der::sequence({der::sequence({der::oid(oid::rsa_encryption), der::null()}), der::bit_string(numbers)});
    }
    fail_input(unsupported, "the private key is not one of P-256, P-384, Ed25519 and RSA");
}

std::shared_ptr<const PrivateKey::Native> wrap(openssl::Pkey key) {
    auto public_key = PublicKey::parse_spki(spki_of(key.get()));
    return std::make_shared<const PrivateKey::Native>(std::move(key), std::move(public_key));
}

openssl::Pkey generate_pkey(KeyType type, int rsa_bits) {
    EVP_PKEY* key = nullptr;
    switch (type) {
        case KeyType::ec_p256:
            key = EVP_EC_gen("P-256");
            break;
        case KeyType::ec_p384:
            key = EVP_EC_gen("P-384");
            break;
        case KeyType::ed25519:
            key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
            break;
        case KeyType::rsa:
            key = EVP_RSA_gen(static_cast<unsigned>(rsa_bits));
            break;
    }
    return openssl::require(openssl::Pkey(key), "EVP_PKEY_Q_keygen");
}

/// Refuses anything but PBES2 with PBKDF2 and a bearable amount of work, before any of it is done.
void require_pbes2(ByteView der) {
    der::Reader outer(der, malformed);
    auto info = outer.sequence("EncryptedPrivateKeyInfo");
    outer.finish("EncryptedPrivateKeyInfo");
    auto algorithm = info.sequence("encryption algorithm");
    const auto scheme = der::oid_to_text(algorithm.oid("encryption algorithm"));
    info.octet_string("encrypted key");
    info.finish("EncryptedPrivateKeyInfo");
    if (scheme != oid_pbes2) fail_input(unsupported, "the private key is not encrypted with PBES2");
    auto parameters = algorithm.sequence("PBES2 parameters");
    auto derivation = parameters.sequence("key derivation");
    if (der::oid_to_text(derivation.oid("key derivation")) != oid_pbkdf2)
        fail_input(unsupported, "the key derivation of the private key is not PBKDF2");
    auto pbkdf2 = derivation.sequence("PBKDF2 parameters");
    pbkdf2.octet_string("PBKDF2 salt");
    const auto iterations = pbkdf2.small_integer("PBKDF2 iterations");
    if (iterations < 1 || iterations > max_iterations)
        fail_input(unsupported, "the private key asks for more than 20 million PBKDF2 iterations");
}

std::string_view characters(const SecretBytes& password) {
    return as_text(password.view());
}

/// The key must be able to sign what its public half verifies: a file may hold two halves that do not belong together.
void require_matching_halves(const PrivateKey& key) {
    static constexpr std::string_view probe = "uvpki key consistency";
    if (!is_valid_signature(key.public_key(), key.algorithm(), as_bytes(probe), key.sign(as_bytes(probe))))
        fail_input(malformed, "the private key does not belong to the public key stored with it");
}

}  // namespace

PrivateKey::Native::Native(openssl::Pkey pkey, PublicKey public_half)
    : key(std::move(pkey)),
      public_key(std::move(public_half)),
      sign_contexts([this] { return make_context(EVP_PKEY_sign_init, "EVP_PKEY_sign_init"); }),
      agree_contexts([this] { return make_context(EVP_PKEY_derive_init, "EVP_PKEY_derive_init"); }) {}

openssl::PkeyContext PrivateKey::Native::make_context(int (*init)(EVP_PKEY_CTX*), const char* call) const {
    auto context = openssl::require(openssl::PkeyContext(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr)),
                                    "EVP_PKEY_CTX_new_from_pkey");
    openssl::require_ok(init(context.get()), call);
    return context;
}

PrivateKey PrivateKey::generate(KeyType type) {
    return PrivateKey(wrap(generate_pkey(type, 3072)));
}

PrivateKey PrivateKey::generate_rsa(int bits) {
    if (bits != 2048 && bits != 3072 && bits != 4096)
        fail_input(unsupported, "RSA keys are made with 2048, 3072 or 4096 bits");
    return PrivateKey(wrap(generate_pkey(KeyType::rsa, bits)));
}

PrivateKey PrivateKey::from_p256_scalar(const SecretBytes& scalar) {
    if (scalar.size() != 32) fail_input(malformed, "a P-256 private scalar has 32 octets");
    const auto group = openssl::require(openssl::Group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)),
                                        "EC_GROUP_new_by_curve_name");
    const auto number =
        openssl::require(openssl::Bignum(BN_bin2bn(scalar.view().data(), 32, BN_secure_new())), "BN_bin2bn");
    BN_set_flags(number.get(), BN_FLG_CONSTTIME);
    if (BN_is_zero(number.get()) || BN_cmp(number.get(), EC_GROUP_get0_order(group.get())) >= 0)
        fail_input(malformed, "the P-256 private scalar is not between 1 and n-1");
    const auto point = openssl::require(openssl::Point(EC_POINT_new(group.get())), "EC_POINT_new");
    openssl::require_ok(EC_POINT_mul(group.get(), point.get(), number.get(), nullptr, nullptr, nullptr),
                        "EC_POINT_mul");
    std::array<std::uint8_t, 65> octets{};
    if (EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED, octets.data(), octets.size(),
                           nullptr) != octets.size())
        openssl::fail_call("EC_POINT_point2oct");

    SecretBytes native_order = scalar.clone();  // OSSL_PARAM integers are native-endian
    std::ranges::reverse(native_order.writable());
    std::string name = "P-256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name.data(), name.size()),
                           OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native_order.writable().data(), 32),
                           OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, octets.data(), octets.size()),
                           OSSL_PARAM_construct_end()};
    const auto context = openssl::require(openssl::PkeyContext(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr)),
                                          "EVP_PKEY_CTX_new_from_name");
    openssl::require_ok(EVP_PKEY_fromdata_init(context.get()), "EVP_PKEY_fromdata_init");
    EVP_PKEY* raw = nullptr;
    const int result = EVP_PKEY_fromdata(context.get(), &raw, EVP_PKEY_KEYPAIR, params);
    openssl::Pkey key(raw);
    openssl::require_ok(result, "EVP_PKEY_fromdata");
    return PrivateKey(wrap(std::move(key)));
}

PrivateKey PrivateKey::parse_pkcs8(const SecretBytes& der) {
    der::parse_single(der.view(), der::Tag::sequence, "PrivateKeyInfo", malformed);
    const auto* at = der.view().data();
    const openssl::Pkcs8 info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(der.size())));
    openssl::Pkey key(info ? EVP_PKCS82PKEY(info.get()) : nullptr);
    openssl::clear_errors();
    if (!key) fail_input(malformed, "the private key is not a PKCS#8 PrivateKeyInfo of a known kind");
    PrivateKey result(wrap(std::move(key)));
    require_matching_halves(result);
    return result;
}

PrivateKey PrivateKey::parse_encrypted_pem(std::string_view pem, const SecretBytes& password) {
    const auto der = parse_single_pem(pem, pem_label);
    require_pbes2(der);
    const auto* at = der.data();
    const openssl::EncryptedPkcs8 sealed(d2i_X509_SIG(nullptr, &at, static_cast<long>(der.size())));
    if (!sealed) {
        openssl::clear_errors();
        fail_input(malformed, "the encrypted private key is malformed");
    }
    const auto text = characters(password);
    const openssl::Pkcs8 info(PKCS8_decrypt(sealed.get(), text.data(), static_cast<int>(text.size())));
    openssl::clear_errors();
    if (!info) fail(ErrorCode::forbidden, "x509.key.password", "the password does not open the private key");
    return parse_pkcs8(SecretBytes(openssl::encode(info.get(), i2d_PKCS8_PRIV_KEY_INFO, "i2d_PKCS8_PRIV_KEY_INFO")));
}

const PublicKey& PrivateKey::public_key() const {
    return native_->public_key;
}

SignatureAlgorithm PrivateKey::algorithm() const {
    return algorithm_for(native_->public_key.type());
}

SecretBytes PrivateKey::to_pkcs8() const {
    const auto info = openssl::require(openssl::Pkcs8(EVP_PKEY2PKCS8(native_->pkey())), "EVP_PKEY2PKCS8");
    return SecretBytes(openssl::encode(info.get(), i2d_PKCS8_PRIV_KEY_INFO, "i2d_PKCS8_PRIV_KEY_INFO"));
}

SecretBytes PrivateKey::p256_scalar() const {
    if (native_->public_key.type() != KeyType::ec_p256) fail_input(unsupported, "only a P-256 key has a P-256 scalar");
    BIGNUM* raw = nullptr;
    openssl::require_ok(EVP_PKEY_get_bn_param(native_->pkey(), OSSL_PKEY_PARAM_PRIV_KEY, &raw),
                        "EVP_PKEY_get_bn_param");
    const openssl::Bignum number(raw);
    SecretBytes scalar(32);
    if (BN_bn2binpad(number.get(), scalar.writable().data(), 32) != 32) openssl::fail_call("BN_bn2binpad");
    return scalar;
}

std::string PrivateKey::to_encrypted_pem(const SecretBytes& password, int iterations) const {
    if (iterations < 1) fail_input("x509.key.iterations", "PBKDF2 needs at least one iteration");
    const auto info = openssl::require(openssl::Pkcs8(EVP_PKEY2PKCS8(native_->pkey())), "EVP_PKEY2PKCS8");
    const auto text = characters(password);
    const auto sealed =
        openssl::require(openssl::EncryptedPkcs8(PKCS8_encrypt(NID_hmacWithSHA256, EVP_aes_256_cbc(), text.data(),
                                                               static_cast<int>(text.size()), nullptr, salt_size,
                                                               iterations, info.get())),
                         "PKCS8_encrypt");
    return to_pem(pem_label, openssl::encode(sealed.get(), i2d_X509_SIG, "i2d_X509_SIG"));
}

}  // namespace uvpki::x509
