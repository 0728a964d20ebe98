#pragma once
// The RSA keys that blind tokens are signed with (RFC 9474). Such a key belongs to one election, issuer and ballot
// style and signs nothing else. Both types are immutable, cheap to copy (shared state) and thread-safe.

#include <functional>
#include <memory>

#include "uvpki/bytes.h"
#include "uvpki/digest.h"
#include "uvpki/secret.h"

namespace uvpki::blind {

/// The variants of RFC 9474, section 5. Elections use pss_randomized; the others are here to be measured against the
/// RFC.
enum class Variant { pss_randomized, psszero_randomized, pss_deterministic, psszero_deterministic };

inline constexpr std::size_t prefix_size = 32;  ///< bytes of the random message prefix (RFC 9474, section 4.1)
inline constexpr std::size_t default_modulus_bits = 3072;

/// What verifies tokens and blinds messages: an RSA key of 2048, 3072 or 4096 bits, exponent 65537.
class BlindPublicKey {
public:
    struct State;

    /// SubjectPublicKeyInfo, DER: id-RSASSA-PSS with SHA-384, MGF1-SHA-384 and salt length 48, or rsaEncryption. Throws
    /// "blind.key.malformed", "blind.key.algorithm", "blind.key.size" (modulus not of 2048, 3072 or 4096 bits),
    /// "blind.key.even" or "blind.key.exponent" (not 65537).
    static BlindPublicKey parse_spki(ByteView der);

    /// The published form, whatever form was parsed: id-RSASSA-PSS, hash parameters absent (RFC 9578, section 8.2.2).
    const Bytes& spki() const;
    /// SHA-256 of spki(): what the signed manifest names.
    const Sha256& key_id() const;
    /// Bytes of the modulus, thus of blinded messages and signatures: 256, 384 or 512.
    std::size_t size() const;

    bool operator==(const BlindPublicKey& other) const { return key_id() == other.key_id(); }

    /// For the sources of this folder.
    const State& state() const { return *state_; }

private:
    friend class BlindPrivateKey;
    explicit BlindPublicKey(std::shared_ptr<const State> state) : state_(std::move(state)) {}
    static BlindPublicKey from_numbers(ByteView modulus, ByteView exponent);

    std::shared_ptr<const State> state_;
};

/// Bytes of the modulus in a key's SubjectPublicKeyInfo, without making the key: throws "blind.key.malformed",
/// "blind.key.algorithm" and "blind.key.size" as parse_spki.
std::size_t modulus_octets(ByteView spki);

/// What signs blinded messages; its numbers never leave it but by the functions below.
class BlindPrivateKey {
public:
    struct State;
    /// m -> m^d mod n on exactly key-sized big-endian numbers, called from many threads.
    using RawOperation = std::function<Bytes(ByteView)>;

    /// A new key, e = 65537. Throws "blind.key.size" unless 2048, 3072 or 4096 bits.
    static BlindPrivateKey generate(std::size_t bits = default_modulus_bits);
    /// Unencrypted PKCS#8 DER, rsaEncryption. Throws as parse_spki, and "blind.key.mismatch" when the numbers do not
    /// fit together.
    static BlindPrivateKey parse_pkcs8(ByteView der);
    /// A key that lives elsewhere, such as in a token; its results are checked like our own.
    static BlindPrivateKey from_operation(BlindPublicKey public_key, RawOperation operation);

    /// Unencrypted PKCS#8 DER; throws forbidden "blind.key.not_exportable" for a key made by from_operation.
    SecretBytes pkcs8() const;
    const BlindPublicKey& public_key() const;

    /// BlindSign of RFC 9474, section 4.3. `blinded` has exactly public_key().size() bytes and 1 < m < n-1; throws
    /// invalid_input "blind.message.size", "blind.message.range". The result is checked with the public key before it
    /// is returned: internal "blind.fault" otherwise (a faulty CRT result would give the key away).
    Bytes blind_sign(ByteView blinded) const;

private:
    explicit BlindPrivateKey(std::shared_ptr<const State> state) : state_(std::move(state)) {}

    std::shared_ptr<const State> state_;
};

}  // namespace uvpki::blind
