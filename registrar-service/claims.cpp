// Claims: one blind signature per roll entry and election, whatever happens meanwhile.
#include <nlohmann/json.hpp>

#include "registrar-service/registrar.h"
#include "registrar-service/state.h"
#include "uvpki/election/claim.h"
#include "uvpki/encoding.h"
#include "uvpki/json.h"

namespace uvpki::registrar {

namespace {

constexpr std::size_t max_claim_size = 64u << 10;
constexpr std::size_t salt_size = 32;

/// Where a verified claim stands in the store.
struct Standing {
    std::string entry;
    std::string style;
    std::optional<Sha256> claimed_with;  ///< hash of the blinded message, once claimed
    std::optional<Bytes> signature;
};

Standing read_standing(service::Transaction& t, const election::VerifiedClaim& claim, const Sha256& blinded_hash) {
    const auto& election = claim.claim().election;
    const auto certificate = store::find_certificate(t, claim.voter().serial());
    if (!certificate || !std::ranges::equal(certificate->der, claim.voter().der()))
        fail(ErrorCode::forbidden, "claim.certificate",
             "this registrar did not issue the certificate that signs the claim");
    if (certificate->revoked)
        fail(ErrorCode::forbidden, "claim.certificate", "the certificate that signs the claim was revoked");
    const auto style = store::find_roll_style(t, election, certificate->entry);
    if (!style)
        fail(ErrorCode::forbidden, "claim.not_on_roll", "the voter is not on the roll of the election " + election);
    Standing standing{.entry = certificate->entry,
                      .style = *style,
                      .claimed_with = store::find_claimed(t, election, certificate->entry),
                      .signature = store::find_claim_signature(t, election, certificate->entry)};
    if (standing.claimed_with && *standing.claimed_with != blinded_hash)
        fail(ErrorCode::conflict, "claim.other_message",
             "this voter has claimed in this election before, with another blinded message");
    return standing;
}

/// The claim becomes durable: from here on this voter gets a signature of this blinded message and of no other.
void reserve(Registrar::State& state, const LiveElection& live, const election::VerifiedClaim& claim,
             const Sha256& blinded_hash) {
    const auto& election = claim.claim().election;
    const auto now = state.clock.now();
    if (now < live.manifest.claim.opens || now >= live.manifest.claim.closes)
        fail(ErrorCode::forbidden, "claim.window",
             "claims of the election " + election + " are accepted from " + format_rfc3339(live.manifest.claim.opens) +
                 " until " + format_rfc3339(live.manifest.claim.closes));
    const auto salt = state.random.bytes(salt_size);
    state.group.submit([&](service::Transaction& t) {
        const auto standing = read_standing(t, claim, blinded_hash);
        if (standing.claimed_with) return;
        if (store::find_closed_claims(t, election))
            fail(ErrorCode::forbidden, "claim.window", "the claims of the election " + election + " are closed");
        store::add_claim(t, election,
                         {.entry = standing.entry,
                          .style = standing.style,
                          .blinded_hash = blinded_hash,
                          .message = claim.der(),
                          .salt = salt});
        state.record(t, "voter", "claim.accept", standing.entry,
                     Json{{"blinded", to_hex(blinded_hash)}, {"election", election}});
    });
}

/// Signs what was reserved. After a crash in between, the same blinded message is signed again: the result is the same.
Bytes answer(Registrar::State& state, StyleKey& key, const election::VerifiedClaim& claim, std::string_view entry) {
    const auto& election = claim.claim().election;
    const auto find = [&](service::Transaction& t) { return store::find_claim_signature(t, election, entry); };
    const std::lock_guard turn(state.turn_of(as_bytes(entry)));
    if (auto signature = state.database->read(find)) return std::move(*signature);
    // Checked with the public key in there: a faulty signature would give the key away.
    const auto signature = key.open(state.keys.sealing).blind_sign(claim.claim().blinded);
    return state.group.submit([&](service::Transaction& t) {
        if (auto earlier = find(t)) return std::move(*earlier);  // another process was faster
        store::add_claim_signature(t, election, entry, signature);
        return signature;
    });
}

}  // namespace

Bytes Registrar::claim(ByteView claim) {
    auto& state = *state_;
    if (claim.size() > max_claim_size) fail_input("claim.malformed", "the claim is larger than 64 KiB");
    auto parsed = election::parse_claim(claim);
    const auto live = state.live_election(parsed.claim.election);
    const auto verified =
        election::verify_claim(std::move(parsed), live->manifest, state.installed().trust,
                               {.role = x509::Role::voter,
                                .time = state.clock.now(),
                                .revocation = x509::PathRules::Revocation::ignored});  // asked of the store, below
    const auto blinded_hash = sha256(verified.claim().blinded);
    auto standing =
        state.database->read([&](service::Transaction& t) { return read_standing(t, verified, blinded_hash); });
    const auto key = live->keys.find(standing.style);
    if (key == live->keys.end() || key->second->key_id() != verified.claim().token_key)
        fail(ErrorCode::forbidden, "claim.style", "the claim asks for the token key of another ballot style or issuer");
    if (standing.signature) return std::move(*standing.signature);
    if (!standing.claimed_with) reserve(state, *live, verified, blinded_hash);
    return answer(state, *key->second, verified, standing.entry);
}

}  // namespace uvpki::registrar
