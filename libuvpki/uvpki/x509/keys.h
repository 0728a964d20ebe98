#pragma once
// Asymmetric keys: P-256, P-384, Ed25519 and RSA. Immutable and cheap to copy; use from several threads is safe.
// A PrivateKey is the only type through which something is signed, so every use of a secret key can be found by its
// name.

#include <memory>
#include <string>

#include "uvpki/bytes.h"
#include "uvpki/digest.h"
#include "uvpki/random.h"
#include "uvpki/secret.h"

namespace uvpki::x509 {

/// The kinds of keys that are read.
enum class KeyType { ec_p256, ec_p384, ed25519, rsa };

/// The signature algorithms that certificates, CRLs, CMS and time stamps may carry.
enum class SignatureAlgorithm { ecdsa_sha256, ecdsa_sha384, rsa_sha256, rsa_sha384, ed25519 };

/// DER AlgorithmIdentifier. Throws invalid_input "x509.algorithm" for anything else, wrong parameters included.
Bytes encode_algorithm(SignatureAlgorithm algorithm);
/// Strict inverse of encode_algorithm; throws invalid_input "x509.algorithm".
SignatureAlgorithm parse_algorithm(ByteView der);
/// What a key of this type signs with: P-256 SHA-256, P-384 SHA-384, RSA PKCS#1 v1.5 with SHA-256, Ed25519.
SignatureAlgorithm algorithm_for(KeyType type);

/// ECDSA signatures come in several DER lengths. `usual` is the one that every second has (P-256: 71 octets, P-384:
/// 103).
enum class SignatureSize { any, usual };

/// A public key that was read and is of a known kind.
class PublicKey {
public:
    /// Strict SubjectPublicKeyInfo (RFC 5280, 4.1.2.7; RFC 5480: named curve, uncompressed point on the curve). Throws
    /// invalid_input "x509.key.malformed" or "x509.key.unsupported". RSA: 512 to 16384 bits are read (see
    /// key_quality.h); id-RSASSA-PSS is read as RSA, but verifies no PKCS#1 v1.5 signature.
    static PublicKey parse_spki(ByteView der);
    /// 65-octet uncompressed P-256 point; checks that it is on the curve.
    static PublicKey from_p256_point(ByteView point);

    KeyType type() const;
    /// Size in bits: 256, 384, or the RSA modulus.
    int bits() const;
    ByteView spki() const;
    const Sha256& spki_sha256() const;
    /// The subjectPublicKey octets (EC: uncompressed point), without the BIT STRING header.
    ByteView key_octets() const;
    /// RFC 7093, section 2, method 1: the leftmost 160 bits of SHA-256 of key_octets().
    Bytes key_identifier() const;
    bool operator==(const PublicKey& other) const;

    struct Native;  ///< defined in x509/native_key.h (private)
    const Native& native() const { return *native_; }

private:
    friend class PrivateKey;
    explicit PublicKey(std::shared_ptr<const Native> native) : native_(std::move(native)) {}
    std::shared_ptr<const Native> native_;
};

/// A private key with its public one.
class PrivateKey {
public:
    static PrivateKey generate(KeyType type);  ///< RSA: 3072 bits
    static PrivateKey generate_rsa(int bits);  ///< 2048, 3072 or 4096
    /// P-256 key from its scalar, 32 octets big-endian, 1 <= d < n. Throws "x509.key.malformed".
    static PrivateKey from_p256_scalar(const SecretBytes& scalar);
    /// Unencrypted PKCS#8 PrivateKeyInfo DER.
    static PrivateKey parse_pkcs8(const SecretBytes& der);
    /// PEM "ENCRYPTED PRIVATE KEY" (PBES2). Throws forbidden "x509.key.password" for a wrong password.
    static PrivateKey parse_encrypted_pem(std::string_view pem, const SecretBytes& password);

    const PublicKey& public_key() const;
    /// The algorithm that sign() uses: algorithm_for the key's type.
    SignatureAlgorithm algorithm() const;
    /// Signature over the message (not over a digest). ECDSA: DER, low s; for the usual size it is made until it has
    /// it, two times in the mean (T5: else lengths tell signatures apart). Keys of other types have one size only.
    Bytes sign(ByteView message, SignatureSize size = SignatureSize::any) const;
    SecretBytes to_pkcs8() const;
    /// P-256 only: the scalar, 32 octets big-endian.
    SecretBytes p256_scalar() const;
    /// PBES2, PBKDF2-HMAC-SHA-256 with 600,000 iterations (fewer for tests), AES-256-CBC.
    std::string to_encrypted_pem(const SecretBytes& password, int iterations = 600'000) const;

    struct Native;
    const Native& native() const { return *native_; }

private:
    explicit PrivateKey(std::shared_ptr<const Native> native) : native_(std::move(native)) {}
    std::shared_ptr<const Native> native_;
};

/// True when the signature is right. A malformed signature, or an algorithm that does not fit the key, is simply false.
/// ECDSA: strict DER, either hash with either curve, high s as well (see has_low_s).
bool is_valid_signature(const PublicKey& key, SignatureAlgorithm algorithm, ByteView message, ByteView signature);

/// True when an ECDSA DER signature has s <= n/2 (T15: else (r, n-s) verifies as well). P-256 and P-384.
bool has_low_s(ByteView signature, KeyType curve);

}  // namespace uvpki::x509
