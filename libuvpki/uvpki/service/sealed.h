#pragma once
// Sealed columns: AES-256-GCM with the place of the value as associated data, data keys per row that can be erased,
// and HMAC indexes for looking up what is sealed. Not for bulk data: one key seals at most 2^32 values. Keys are
// immutable and thread-safe.

#include <filesystem>
#include <string>
#include <string_view>

#include "uvpki/digest.h"
#include "uvpki/random.h"
#include "uvpki/secret.h"

namespace uvpki::service {

/// A 32-byte key, from which separate keys for sealing and for indexes are derived (HMAC-SHA-256 with a label).
class SealingKey {
public:
    /// Throws invalid_input "sealed.key" unless exactly 32 bytes.
    explicit SealingKey(SecretBytes key);
    static SealingKey generate(Random& random) { return SealingKey(random.secret(32)); }

    /// Tells keys apart without telling anything about them; to be stored beside what they seal.
    Sha256 identifier() const;

private:
    friend Bytes seal(const SealingKey&, ByteView, std::string_view, Random&);
    friend SecretBytes open_sealed(const SealingKey&, ByteView, std::string_view);
    friend Bytes wrap_key(const SealingKey&, const SealingKey&, std::string_view, Random&);
    friend Sha256 blind_index(const SealingKey&, std::string_view, ByteView);
    SecretBytes derive(std::string_view label) const;

    SecretBytes key_;
    SecretBytes sealing_;
    SecretBytes index_;
};

/// The key in the file (exactly 32 bytes, mode 0600); makes it on first use, once even if several processes start
/// together. Throws unavailable "sealed.key_file" for a file of another size or one that group or others may read,
/// and "file.unwritable".
SealingKey load_or_create_key_file(const std::filesystem::path& path, Random& random);
/// The same for a store that holds sealed data already: a missing file is not_found "file.missing".
SealingKey load_key_file(const std::filesystem::path& path);

/// Version byte 1 || 12-byte random nonce || ciphertext || 16-byte tag: 29 bytes more than the plaintext. `place` is
/// the associated data "table/row/column": a value moved elsewhere does not open.
Bytes seal(const SealingKey& key, ByteView plaintext, std::string_view place, Random& random);

/// Throws verification_failed "sealed.tampered" for another key, another place or changed bytes.
SecretBytes open_sealed(const SealingKey& key, ByteView sealed, std::string_view place);

/// A row's own key, sealed under the master key. Once the wrapped key is erased, nothing under it can be opened
/// again.
Bytes wrap_key(const SealingKey& master, const SealingKey& row_key, std::string_view place, Random& random);
/// Throws as open_sealed.
SealingKey unwrap_key(const SealingKey& master, ByteView wrapped, std::string_view place);

/// HMAC-SHA-256 for finding a sealed value: equal values of one field have equal indexes, and nobody without the key
/// can try values out. The caller brings the value into its one normal form first.
Sha256 blind_index(const SealingKey& key, std::string_view field, ByteView value);
inline Sha256 blind_index(const SealingKey& key, std::string_view field, std::string_view value) {
    return blind_index(key, field, as_bytes(value));
}

}  // namespace uvpki::service
