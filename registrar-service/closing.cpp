// What the registrar says about its claims when the window is over: to the public, to auditors, and in numbers.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "registrar-service/registrar.h"
#include "registrar-service/state.h"
#include "uvpki/cms/enveloped_data.h"
#include "uvpki/cms/signed_data.h"
#include "uvpki/encoding.h"
#include "uvpki/json.h"

namespace uvpki::registrar {

namespace {

std::vector<Sha256> claim_commitments(service::Transaction& t, std::string_view election) {
    std::vector<Sha256> commitments;
    store::for_each_claim(t, election, [&](const store::ClaimRow& claim) {
        commitments.push_back(election::claim_commitment(claim.salt, claim.message));
    });
    std::ranges::sort(commitments);
    return commitments;
}

void require_closed(service::Transaction& t, std::string_view election) {
    require_roll(t, election);
    if (!store::find_closed_claims(t, election))
        fail(ErrorCode::forbidden, "claims.open",
             "the claims of the election " + std::string(election) + " are not closed yet");
}

/// Canonical JSON written item by item: the whole is too large to be held twice.
std::string write_annex(const Registrar::State& state, service::Transaction& t, std::string_view election) {
    std::string text = R"({"claims":[)";
    const auto append = [&](const Json& item) {
        if (text.back() != '[') text += ',';
        text += canonical_json(item);
    };
    store::for_each_claim(t, election, [&](const store::ClaimRow& claim) {
        append({{"claim", to_base64(claim.message)}, {"entry", claim.entry}, {"salt", to_base64(claim.salt)}});
    });
    text += R"(],"election":)" + canonical_json(Json(election)) + R"(,"roll":[)";
    store::for_each_roll_entry(t, election, [&](const store::RollEntryRow& row, const store::VoterRow& voter) {
        if (voter.wrapped_key.empty())
            fail(ErrorCode::forbidden, "annex.erased",
                 "the personal data of a voter of this election were erased: there is no annex any more");
        const auto entry = open_roll_entry(state, election, row, voter);
        append({{"entry", entry.entry}, {"name", entry.name}, {"salt", to_base64(entry.salt)}, {"style", entry.style}});
    });
    return text + R"(],"version":1})";
}

}  // namespace

Registrar::ClosedClaims Registrar::close_claims(std::string_view election, std::string_view actor) {
    auto& state = *state_;
    const auto live = state.live_election(election);
    const auto& certificate = state.installed().registrar;
    const auto now = state.clock.now();
    return state.group.submit([&](service::Transaction& t) {
        auto commitments = claim_commitments(t, election);
        if (auto closed = store::find_closed_claims(t, election))
            return ClosedClaims{.summary = election::parse_claims_summary(closed->text),
                                .text = to_text(closed->text),
                                .signature = std::move(closed->signature),
                                .commitments = std::move(commitments)};
        if (now < live->manifest.claim.closes)
            fail(ErrorCode::forbidden, "claims.open",
                 "claims are accepted until " + format_rfc3339(live->manifest.claim.closes));
        ClosedClaims closed;
        closed.summary = {.election = std::string(election),
                          .issuer = state.issuer,
                          .claims = static_cast<std::int64_t>(commitments.size()),
                          .styles = store::claims_by_style(t, election),
                          .root = election::commitments_root(commitments)};
        closed.text = election::format_claims_summary(closed.summary);
        closed.signature = cms::sign(as_bytes(closed.text), certificate, state.keys.registrar, state.clock,
                                     {.content = cms::Content::detached, .signing_time = cms::SigningTime::present});
        closed.commitments = std::move(commitments);
        store::add_closed_claims(t, election, {to_bytes(closed.text), closed.signature}, now);
        state.record(t, actor, "claims.close", election,
                     Json{{"claims", closed.summary.claims}, {"root", to_hex(closed.summary.root)}});
        state.sign_checkpoint(t);
        return closed;
    });
}

Bytes Registrar::sealed_annex(std::string_view election, const x509::Certificate& auditor,
                              std::string_view actor) const {
    auto& state = *state_;
    state.installed().trust.verify_path(auditor, {.role = x509::Role::trustee_enc,
                                                  .time = state.clock.now(),
                                                  .revocation = x509::PathRules::Revocation::ignored});
    const auto text = state.database->read([&](service::Transaction& t) {
        require_closed(t, election);
        return write_annex(state, t, election);
    });
    auto envelope = cms::seal_envelope(as_bytes(text), auditor, state.random).envelope;
    state.group.submit([&](service::Transaction& t) {
        state.record(t, actor, "annex.seal", election,
                     Json{{"auditor", to_hex(auditor.fingerprint())}, {"sha256", to_hex(sha256(envelope))}});
    });
    return envelope;
}

void Registrar::archive(std::string_view election, std::string_view actor) {
    auto& state = *state_;
    state.group.submit([&](service::Transaction& t) {
        require_closed(t, election);
        if (store::is_archived(t, election)) return;
        store::add_archived(t, election, state.clock.now());
        state.record(t, actor, "election.archive", election, Json::object());
    });
}

Registrar::Turnout Registrar::turnout(std::string_view election) const {
    const auto& state = *state_;
    return state.database->read([&](service::Transaction& t) {
        const auto roll = require_roll(t, election);
        Turnout turnout{.roll = roll.size,
                        .enrolled = store::enrolled_on_roll(t, election, state.clock.now()),
                        .claimed = 0,
                        .claimed_by_style = store::claims_by_style(t, election)};
        for (const auto& [style, claimed] : turnout.claimed_by_style) turnout.claimed += claimed;
        return turnout;
    });
}

}  // namespace uvpki::registrar
