#include "uvpki/x509/keys.h"

#include <openssl/core_names.h>

#include <algorithm>
#include <array>
#include <bit>

#include "uvpki/error.h"
#include "uvpki/openssl/checked.h"
#include "uvpki/openssl/der.h"
#include "uvpki/x509/native_key.h"
#include "uvpki/x509/oids.h"

namespace uvpki::x509 {

namespace {

constexpr std::string_view malformed = "x509.key.malformed";
constexpr std::string_view unsupported = "x509.key.unsupported";

/// Bounds of what is read; what is good enough to be certified is key_quality's question.
constexpr int min_rsa_bits = 512, max_rsa_bits = 16384;
constexpr std::size_t max_spki_size = 4096;

struct AlgorithmRow {
    SignatureAlgorithm algorithm;
    Bytes der;
};

/// RFC 5758, section 3.2 and RFC 8410, section 3: no parameters; RFC 4055, section 5: parameters are NULL.
const std::array<AlgorithmRow, 5>& algorithm_table() {
    static const std::array<AlgorithmRow, 5> table{{
        {SignatureAlgorithm::ecdsa_sha256, der::sequence({der::oid(oid::ecdsa_with_sha256)})},
        {SignatureAlgorithm::ecdsa_sha384, der::sequence({der::oid(oid::ecdsa_with_sha384)})},
        {SignatureAlgorithm::rsa_sha256, der::sequence({der::oid(oid::sha256_with_rsa), der::null()})},
        {SignatureAlgorithm::rsa_sha384, der::sequence({der::oid(oid::sha384_with_rsa), der::null()})},
        {SignatureAlgorithm::ed25519, der::sequence({der::oid(oid::ed25519)})},
    }};
    return table;
}

struct KeyAlgorithms {
    Bytes p256 = der::sequence({der::oid(oid::ec_public_key), der::oid(oid::prime256v1)});
    Bytes p384 = der::sequence({der::oid(oid::ec_public_key), der::oid(oid::secp384r1)});
    Bytes ed25519 = der::sequence({der::oid(oid::ed25519)});
    Bytes rsa = der::sequence({der::oid(oid::rsa_encryption), der::null()});
};

const KeyAlgorithms& key_algorithms() {
    static const KeyAlgorithms table;
    return table;
}

bool same(ByteView a, ByteView b) {
    return std::ranges::equal(a, b);
}

/// Scratch of the curve arithmetic, one per thread: a group costs more to make than a point costs to check.
struct Curve {
    openssl::Group group;
    openssl::Point point;
    openssl::BignumContext context;

    explicit Curve(int nid)
        : group(openssl::require(openssl::Group(EC_GROUP_new_by_curve_name(nid)), "EC_GROUP_new_by_curve_name")),
          point(openssl::require(openssl::Point(EC_POINT_new(group.get())), "EC_POINT_new")),
          context(openssl::require(openssl::BignumContext(BN_CTX_new()), "BN_CTX_new")) {}

    bool holds(ByteView octets) {
        if (EC_POINT_oct2point(group.get(), point.get(), octets.data(), octets.size(), context.get()) == 1) return true;
        openssl::clear_errors();
        return false;
    }
};

bool is_on_curve(KeyType type, ByteView octets) {
    thread_local Curve p256(NID_X9_62_prime256v1), p384(NID_secp384r1);
    return (type == KeyType::ec_p256 ? p256 : p384).holds(octets);
}

void check_point(KeyType type, ByteView octets) {
    const std::size_t field = type == KeyType::ec_p256 ? 32 : 48;
    // RFC 5480, section 2.2: "Implementations of Elliptic Curve Cryptography according to this document MUST support
    // the uncompressed form"; the one form that we read, so that a key has one encoding.
    if (octets.size() != 1 + 2 * field || octets[0] != 0x04)
        fail_input(octets.size() == 1 + field ? unsupported : malformed,
                   "the EC public key is not an uncompressed point");
    if (!is_on_curve(type, octets)) fail_input(malformed, "the EC public key is not a point on its curve");
}

/// Octets of a positive INTEGER without the sign octet.
ByteView positive(der::Reader& reader, std::string_view what) {
    auto value = reader.integer(what);
    if ((value[0] & 0x80) != 0 || (value.size() == 1 && value[0] == 0))
        reader.refuse(std::string(what) + " is not positive");
    if (value[0] == 0) value = value.subspan(1);
    return value;
}

int bit_size(ByteView big_endian) {
    return static_cast<int>(big_endian.size()) * 8 - std::countl_zero(big_endian[0]);
}

void read_rsa(PublicKey::Native& key, ByteView octets) {
    der::Reader outer(octets, malformed);
    auto reader = outer.sequence("RSAPublicKey");
    outer.finish("RSAPublicKey");
    key.rsa_modulus = positive(reader, "RSA modulus");
    key.rsa_exponent = positive(reader, "RSA exponent");
    reader.finish("RSAPublicKey");
    key.bits = bit_size(key.rsa_modulus);
    if (key.bits < min_rsa_bits || key.bits > max_rsa_bits)
        fail_input(unsupported, "the RSA modulus has " + std::to_string(key.bits) + " bits; 512 to 16384 are read");
    if (key.rsa_exponent.size() > key.rsa_modulus.size())
        fail_input(malformed, "the RSA exponent is larger than the modulus");
}

/// Sets type and padding from the AlgorithmIdentifier.
void read_key_algorithm(PublicKey::Native& key, const der::Element& algorithm) {
    const auto& known = key_algorithms();
    if (same(algorithm.encoding, known.p256)) {
        key.type = KeyType::ec_p256;
    } else if (same(algorithm.encoding, known.p384)) {
        key.type = KeyType::ec_p384;
    } else if (same(algorithm.encoding, known.ed25519)) {
        key.type = KeyType::ed25519;
    } else if (same(algorithm.encoding, known.rsa)) {
        key.type = KeyType::rsa;
    } else {
        der::Reader reader(algorithm.content, malformed);
        const auto name = der::oid_to_text(reader.oid("key algorithm"));
        if (name == oid::rsassa_pss) {
            // RFC 4055, section 1.2: the parameters may be absent; where present they bind the hash, which we do not
            // need.
            reader.optional(der::Tag::sequence, "RSASSA-PSS parameters");
            reader.finish("RSASSA-PSS parameters");
            key.type = KeyType::rsa;
            key.padding = PublicKey::Native::Padding::pss_only;
        } else if (name == oid::rsa_encryption || name == oid::ed25519) {
            fail_input(malformed, "the key algorithm " + name + " has wrong parameters");
        } else if (name == oid::ec_public_key) {
            fail_input(unsupported, "the EC key is not on P-256 or P-384, named by object identifier");
        } else {
            fail_input(unsupported, "the key algorithm " + name + " is not one of P-256, P-384, Ed25519 and RSA");
        }
    }
}

Bytes little_endian(ByteView big_endian) {
    return {big_endian.rbegin(), big_endian.rend()};
}

openssl::Pkey pkey_from(const char* algorithm, int selection, OSSL_PARAM* params) {
    const auto context = openssl::require(openssl::PkeyContext(EVP_PKEY_CTX_new_from_name(nullptr, algorithm, nullptr)),
                                          "EVP_PKEY_CTX_new_from_name");
    openssl::require_ok(EVP_PKEY_fromdata_init(context.get()), "EVP_PKEY_fromdata_init");
    EVP_PKEY* key = nullptr;
    const int result = EVP_PKEY_fromdata(context.get(), &key, selection, params);
    openssl::Pkey owner(key);
    openssl::require_ok(result, "EVP_PKEY_fromdata");
    return owner;
}

openssl::Pkey make_curve_parameters(std::string group) {
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size()),
                           OSSL_PARAM_construct_end()};
    return pkey_from("EC", EVP_PKEY_KEY_PARAMETERS, params);
}

/// A key of this curve without a point; only ever copied.
EVP_PKEY* curve_parameters(KeyType type) {
    static const openssl::Pkey p256 = make_curve_parameters("P-256"), p384 = make_curve_parameters("P-384");
    return (type == KeyType::ec_p256 ? p256 : p384).get();
}

openssl::Pkey make_pkey(const PublicKey::Native& key) {
    Bytes octets(key.spki.begin() + static_cast<std::ptrdiff_t>(key.key_octets_at), key.spki.end());
    if (key.type == KeyType::ed25519)
        return openssl::require(
            openssl::Pkey(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets.data(), octets.size())),
            "EVP_PKEY_new_raw_public_key");
    if (key.type == KeyType::rsa) {
        static_assert(std::endian::native == std::endian::little, "OSSL_PARAM integers are native-endian");
        auto modulus = little_endian(key.rsa_modulus), exponent = little_endian(key.rsa_exponent);
        OSSL_PARAM params[] = {OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, modulus.data(), modulus.size()),
                               OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, exponent.data(), exponent.size()),
                               OSSL_PARAM_construct_end()};
        return pkey_from("RSA", EVP_PKEY_PUBLIC_KEY, params);
    }
    // Copying the curve and setting the point costs a third of choosing the curve by its name again.
    openssl::Pkey owner = openssl::require(openssl::Pkey(EVP_PKEY_dup(curve_parameters(key.type))), "EVP_PKEY_dup");
    openssl::require_ok(EVP_PKEY_set1_encoded_public_key(owner.get(), octets.data(), octets.size()),
                        "EVP_PKEY_set1_encoded_public_key");
    return owner;
}

}  // namespace

Bytes encode_algorithm(SignatureAlgorithm algorithm) {
    for (const auto& row : algorithm_table())
        if (row.algorithm == algorithm) return row.der;
    fail(ErrorCode::internal, "x509.algorithm", "the signature algorithm has no encoding");
}

SignatureAlgorithm algorithm_for(KeyType type) {
    switch (type) {
        case KeyType::ec_p256:
            return SignatureAlgorithm::ecdsa_sha256;
        case KeyType::ec_p384:
            return SignatureAlgorithm::ecdsa_sha384;
        case KeyType::ed25519:
            return SignatureAlgorithm::ed25519;
        case KeyType::rsa:
            return SignatureAlgorithm::rsa_sha256;
    }
    fail(ErrorCode::internal, unsupported, "the key type has no signature algorithm");
}

SignatureAlgorithm parse_algorithm(ByteView der) {
    for (const auto& row : algorithm_table())
        if (same(row.der, der)) return row.algorithm;
    fail_input("x509.algorithm",
               "the signature algorithm is not ECDSA or RSA PKCS#1 v1.5 with SHA-256 or SHA-384, or Ed25519");
}

EVP_PKEY* PublicKey::Native::pkey() const {
    std::call_once(once_, [this] { key_ = make_pkey(*this); });
    return key_.get();
}

openssl::PkeyContext PublicKey::Native::verify_context() const {
    auto context = openssl::require(openssl::PkeyContext(EVP_PKEY_CTX_new_from_pkey(nullptr, pkey(), nullptr)),
                                    "EVP_PKEY_CTX_new_from_pkey");
    openssl::require_ok(EVP_PKEY_verify_init(context.get()), "EVP_PKEY_verify_init");
    return context;
}

PublicKey PublicKey::parse_spki(ByteView der) {
    if (der.size() > max_spki_size) fail_input(malformed, "the public key is longer than 4096 octets");
    auto key = std::make_shared<Native>();
    key->spki = to_bytes(der);
    der::Reader outer(key->spki, malformed);
    auto reader = outer.sequence("SubjectPublicKeyInfo");
    outer.finish("SubjectPublicKeyInfo");
    const auto algorithm = reader.element(der::Tag::sequence, "key algorithm");
    const auto octets = reader.octet_aligned_bits("subjectPublicKey");
    reader.finish("SubjectPublicKeyInfo");
    key->key_octets_at = key->spki.size() - octets.size();
    read_key_algorithm(*key, algorithm);
    switch (key->type) {
        case KeyType::ec_p256:
        case KeyType::ec_p384:
            check_point(key->type, octets);
            key->bits = key->type == KeyType::ec_p256 ? 256 : 384;
            break;
        case KeyType::ed25519:
            if (octets.size() != 32) fail_input(malformed, "an Ed25519 public key has 32 octets");
            key->bits = 256;
            break;
        case KeyType::rsa:
            read_rsa(*key, octets);
            break;
    }
    key->spki_sha256 = sha256(key->spki);
    return PublicKey(std::move(key));
}

PublicKey PublicKey::from_p256_point(ByteView point) {
    return parse_spki(der::sequence({key_algorithms().p256, der::bit_string(point)}));
}

KeyType PublicKey::type() const {
    return native_->type;
}
int PublicKey::bits() const {
    return native_->bits;
}
ByteView PublicKey::spki() const {
    return native_->spki;
}
const Sha256& PublicKey::spki_sha256() const {
    return native_->spki_sha256;
}
ByteView PublicKey::key_octets() const {
    return ByteView(native_->spki).subspan(native_->key_octets_at);
}

Bytes PublicKey::key_identifier() const {
    // RFC 7093, section 2, method 1: "The keyIdentifier is composed of the leftmost 160-bits of the SHA-256 hash of the
    // value of the BIT STRING subjectPublicKey (excluding the tag, length, and number of unused bits)."
    const auto digest = sha256(key_octets());
    return Bytes(digest.begin(), digest.begin() + 20);
}

bool PublicKey::operator==(const PublicKey& other) const {
    return same(native_->spki, other.native_->spki);
}

}  // namespace uvpki::x509
