#pragma once
// CMS AuthEnvelopedData (RFC 5083, 5084) in the one form of this project: AES-256-GCM with a 16-octet tag, exactly one
// recipient by P-256 key agreement (RFC 5753: dhSinglePass-stdDH-sha256kdf-scheme, id-aes256-wrap). Written by
// ourselves, because OpenSSL hides the ephemeral key that later checks need; `openssl cms -decrypt` opens the result.

#include "uvpki/random.h"
#include "uvpki/x509/certificate.h"

namespace uvpki::cms {

/// Plaintext of an envelope: an auditors' annex holds every claim of an election. What is signed is held smaller.
inline constexpr std::size_t max_envelope_size = 512u << 20;

/// What the sender may keep to show later what it encrypted (cast as intended); wiped like any secret.
struct Sealing {
    Bytes envelope;  ///< DER ContentInfo id-ct-authEnvelopedData
    x509::PrivateKey ephemeral;
};

/// Encrypts to the P-256 key of the recipient's certificate (issuerAndSerialNumber recipient identifier).
Sealing seal_envelope(ByteView plaintext, const x509::Certificate& recipient, Random& random);

/// The parts of an envelope of exactly this form; throws invalid_input "cms.envelope..." naming the broken rule: nonce
/// not 12, ICVlen not 16, tag not 16, CBC, second recipient, other algorithms, attributes, originator not a P-256 point
/// on the curve, BER, trailing bytes.
struct Envelope {
    Bytes ephemeral_point;   ///< 65 octets
    Bytes recipient_issuer;  ///< DER Name
    Bytes recipient_serial;  ///< INTEGER content octets
    Bytes encrypted_key;     ///< 40 octets (RFC 3394 over 32)
    Bytes nonce;             ///< 12 octets
    Bytes ciphertext;
    Bytes tag;  ///< 16 octets
};
/// Reads exactly that form, to the last byte; nothing is decrypted or verified.
Envelope parse_envelope(ByteView der);

/// The recipient identifier is this certificate's issuer and serial number.
bool is_addressed_to(const Envelope& envelope, const x509::Certificate& recipient);

/// Throws verification_failed "cms.envelope.open" when the key does not fit or anything was altered.
SecretBytes open_envelope(const Envelope& envelope, const x509::PrivateKey& recipient_key);

}  // namespace uvpki::cms
