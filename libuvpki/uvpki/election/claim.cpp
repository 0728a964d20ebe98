#include "uvpki/election/claim.h"

#include <nlohmann/json.hpp>

#include "uvpki/blind/blind_key.h"
#include "uvpki/election/json_object.h"
#include "uvpki/encoding.h"

namespace uvpki::election {

namespace {

constexpr std::size_t claim_size_limit = 4096;
constexpr std::size_t most_blinded_octets = 512;  // RSA-4096

Claim read_claim(ByteView text) {
    const Json json = read_canonical(text, "The claim", "claim.malformed", claim_size_limit);
    ObjectReader object(json, "claim", "claim.malformed");
    Claim claim;
    object.version(1);
    claim.election = object.text("election", 64);
    claim.token_key = object.digest("token_key");
    claim.blinded = object.base64("blinded", most_blinded_octets);
    object.finish();
    return claim;
}

}  // namespace

Bytes make_claim(const Claim& claim, const x509::Certificate& voter, const x509::PrivateKey& key, const Clock& clock) {
    const auto text = canonical_json(Json{{"blinded", to_base64(claim.blinded)},
                                          {"election", claim.election},
                                          {"token_key", to_hex(claim.token_key)},
                                          {"version", 1}});
    return cms::sign(as_bytes(text), voter, key, clock);
}

ParsedClaim parse_claim(ByteView der) {
    auto message = cms::parse_signed_data(der);
    if (!message.content) fail_input("claim.malformed", "The claim does not carry its content");
    auto claim = read_claim(*message.content);
    return {.der = to_bytes(der), .message = std::move(message), .claim = std::move(claim)};
}

VerifiedClaim verify_claim(ParsedClaim parsed, const Manifest& manifest, const x509::TrustStore& trust,
                           const x509::PathRules& rules) {
    if (rules.role != x509::Role::voter)
        fail(ErrorCode::internal, "claim.role", "A claim is verified with the role of a voter and no other");
    auto& claim = parsed.claim;
    if (claim.election != manifest.id)
        fail(ErrorCode::verification_failed, "claim.election",
             "The claim is for another election, not for " + manifest.id);
    const TokenKey* key = manifest.find_token_key(claim.token_key);
    if (key == nullptr)
        fail(ErrorCode::verification_failed, "claim.token_key",
             "The claim names a token key that is not in the manifest");
    const auto size = blind::modulus_octets(key->spki);
    if (claim.blinded.size() != size)
        fail(ErrorCode::verification_failed, "claim.size",
             "The blinded message of the claim has " + std::to_string(claim.blinded.size()) +
                 " octets where the token key needs " + std::to_string(size));
    const auto verified = cms::verify_signed_data(parsed.message, {}, trust, rules);
    return VerifiedClaim(std::move(claim), verified.signer().leaf(), std::move(parsed.der));
}

VerifiedClaim verify_claim(ByteView der, const Manifest& manifest, const x509::TrustStore& trust,
                           const x509::PathRules& rules) {
    return verify_claim(parse_claim(der), manifest, trust, rules);
}

}  // namespace uvpki::election
