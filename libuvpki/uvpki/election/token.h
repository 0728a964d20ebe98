#pragma once
// Ballot tokens: the blind-signed right to one ballot certificate, carried in it as a private extension.

#include <vector>

#include "uvpki/blind/blind_rsa.h"
#include "uvpki/election/manifest.h"
#include "uvpki/x509/certificate.h"

namespace uvpki::election {

/// The message that is blind-signed: DER SEQUENCE { UTF8String "ballot-token-v1", UTF8String election id,
/// OCTET STRING SHA-256(ballot SPKI) }. Always rebuilt by whoever checks a token, never accepted from a client.
Bytes token_message(std::string_view election_id, const Sha256& ballot_spki_sha256);

/// One unblinded token of one issuer.
struct Token {
    Sha256 key_id{};  ///< of the token key in the manifest
    Bytes prefix;     ///< 32 octets, RFC 9474 randomizer
    Bytes signature;
};

/// Extension value: SEQUENCE SIZE (1..8) OF SEQUENCE { version INTEGER (1), tokenKeyId OCTET STRING (32), prefix
/// OCTET STRING (32), signature OCTET STRING }, in the order of manifest.token_issuers. "token.malformed".
Bytes encode_tokens(const std::vector<Token>& tokens);
/// Strict inverse of encode_tokens; throws invalid_input "token.malformed".
std::vector<Token> parse_tokens(ByteView extension_value);

/// The token keys of one manifest, parsed once; immutable, thread-safe.
class TokenVerifier {
public:
    /// Throws what blind::BlindPublicKey::parse_spki throws.
    explicit TokenVerifier(const Manifest& manifest);

    /// Checks one token of each demanded issuer, all of one style, over this SPKI; returns the style's id. Throws
    /// verification_failed "token.key" (unknown key), "token.issuer" (missing, twice, or wrong order), "token.style"
    /// (issuers disagree), "token.signature".
    std::string verify_tokens(const std::vector<Token>& tokens, const Sha256& ballot_spki_sha256) const;
    /// All of verify_tokens but the signatures.
    std::string require_keys(const std::vector<Token>& tokens) const;

    struct State;

private:
    std::shared_ptr<const State> state_;
};

}  // namespace uvpki::election
