#pragma once
// The signed head of the log: a C2SP tlog-checkpoint in a C2SP signed-note, Ed25519. Immutable values and stateless
// functions, thread-safe. Without our software: the signed text is everything before the empty line, its newline
// included; the signature is the base64 of the line "— NAME ..." less its first 4 bytes, and
//   openssl pkeyutl -verify -pubin -inkey log-key.pem -rawin -in TEXT -sigfile SIGNATURE
// checks it (OpenSSL 3.0; commands in docs/formats/log.md).

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "uvpki/digest.h"
#include "uvpki/random.h"
#include "uvpki/secret.h"

namespace uvpki::merkle {

/// The head of a log: how many entries and the root over them.
struct Checkpoint {
    std::string origin;  ///< the log's name, also the name of its key
    std::uint64_t size = 0;
    Sha256 root{};
    bool operator==(const Checkpoint&) const = default;
};

/// A log's public key with its name: the "vkey" of signed notes.
class LogVerifier {
public:
    /// "name+hex of the 4-byte key id+base64(0x01 || 32-byte key)". Throws invalid_input "merkle.vkey".
    static LogVerifier parse_vkey(std::string_view text);
    /// Throws "merkle.vkey" unless the name is 1-255 bytes of printable ASCII without space and plus, and the DER is a
    /// SubjectPublicKeyInfo of an Ed25519 key (RFC 8410).
    static LogVerifier parse_spki(std::string_view name, ByteView der);

    const std::string& name() const { return name_; }
    std::string vkey() const;
    Bytes spki() const;
    /// SHA-256(name || 0x0A || 0x01 || key)[:4]
    std::array<std::uint8_t, 4> key_id() const;
    /// Ed25519 (RFC 8032) over any bytes.
    bool is_valid_signature(ByteView message, ByteView signature) const;

private:
    friend class LogKey;
    LogVerifier(std::string name, ByteView key);

    std::string name_;
    std::array<std::uint8_t, 32> key_{};
};

/// The log's Ed25519 private key; move-only.
class LogKey {
public:
    /// A new key; throws "merkle.vkey" for a name that no note may carry.
    static LogKey generate(std::string_view name, Random& random);
    /// PKCS#8 of RFC 8410 without attributes (48 bytes). Throws invalid_input "merkle.key".
    static LogKey parse_pkcs8(std::string_view name, ByteView der);

    SecretBytes pkcs8() const;
    const LogVerifier& verifier() const { return verifier_; }
    /// 64-byte Ed25519 signature.
    Bytes sign(ByteView message) const;

private:
    LogKey(std::string_view name, SecretBytes seed);

    SecretBytes seed_;
    LogVerifier verifier_;
};

/// The note text: origin, size and base64 root, a line each.
std::string format_checkpoint(const Checkpoint& checkpoint);

/// The signed note. Throws invalid_input "merkle.checkpoint.origin" when the origin is not the key's name.
std::string sign_checkpoint(const Checkpoint& checkpoint, const LogKey& key);

/// The note with one more signature line (without its newline) at the end, as a witness hands it back. Throws
/// "merkle.checkpoint.malformed" unless the result is a well-formed note; the cosignature is not verified.
std::string add_cosignature(std::string_view note, std::string_view line);

/// A checkpoint whose signature was verified; only verify_checkpoint makes one.
class VerifiedCheckpoint {
public:
    const Checkpoint& checkpoint() const { return checkpoint_; }
    /// Signature lines of other keys (witnesses), unverified and without newline, in the order of the note.
    const std::vector<std::string>& other_signatures() const { return other_signatures_; }

private:
    friend VerifiedCheckpoint verify_checkpoint(std::string_view note, const LogVerifier& key);
    VerifiedCheckpoint() = default;

    Checkpoint checkpoint_;
    std::vector<std::string> other_signatures_;
};

/// At most 64 KiB and 64 signature lines; exactly three text lines (the standard discourages more, we refuse them).
/// Throws invalid_input "merkle.checkpoint.malformed" or "merkle.checkpoint.origin"; verification_failed
/// "merkle.checkpoint.unsigned" (no line of this key) or "merkle.checkpoint.signature".
VerifiedCheckpoint verify_checkpoint(std::string_view note, const LogVerifier& key);

}  // namespace uvpki::merkle
