#include "ca-service/election_checks.h"

#include <algorithm>
#include <map>

#include "ca-service/store.h"
#include "uvpki/blind/blind_key.h"
#include "uvpki/election/ballot.h"
#include "uvpki/error.h"

namespace uvpki::ca {

using service::Transaction;
using store::ElectionRow;

namespace {

std::vector<election::Style> styles_with_voters(const Draft& draft) {
    auto styles = draft.styles;
    if (!draft.roll) return styles;
    for (auto& style : styles) {
        const auto found = draft.roll->styles.find(style.id);
        style.voters = found == draft.roll->styles.end() ? 0 : found->second;
    }
    return styles;
}

/// The subjectPublicKey octets of an RSA token key: RSAPublicKey with e = 65537 stands at the end of its SPKI.
Sha256 token_key_digest(const blind::BlindPublicKey& key) {
    constexpr std::size_t around_modulus = 14;  // two headers of 4, a zero octet, 02 03 01 00 01
    const auto size = key.size() + around_modulus;
    return sha256(ByteView(key.spki()).last(size));
}

/// What is not there at all.
void check_members(Transaction& transaction, const ElectionRow& row, const Draft& draft, const Authority::State& state,
                   std::optional<Ceremony>& ceremony, std::vector<Finding>& findings) {
    const auto require = [&](bool holds, std::string_view rule, std::string message) {
        if (!holds) findings.push_back({"election.missing." + std::string(rule), std::move(message)});
    };
    require(state.installed.load() != nullptr, "authority", "The root has not signed this authority yet");
    require(!draft.contests.empty(), "contest", "There is no contest yet");
    for (const auto& contest : draft.contests)
        require(contest.candidates.size() >= 2, "candidates",
                "Contest " + contest.id + " has fewer than two candidates");
    require(!draft.styles.empty(), "style", "There is no ballot style yet");
    require(draft.schedule.has_value(), "schedule", "The schedule is not set");
    require(!draft.schedule || state.clock.now() < draft.schedule->voting.closes, "schedule",
            "Voting would have closed already");
    require(draft.roll.has_value(), "roll", "The frozen roll is not there");
    require(!draft.token_issuers.empty(), "token_keys", "There is no token issuer with its keys yet");
    require(draft.ballot_service.has_value(), "ballot_service", "Ballot CA and log key are not there");
    if (state.installed.load() == nullptr) return;
    try {
        ceremony = find_ceremony(transaction, row.id, state.trust());
        require(ceremony.has_value(), "ceremony", "The trustees' ceremony and rehearsal are not there");
    } catch (const Error& error) {
        require(false, "ceremony", "The trustees' ceremony does not hold: " + error.message());
    }
}

/// T19: the blind key is used for nothing else, so its numbers occur in no certificate.
void check_token_keys(Transaction& transaction, const Draft& draft, Time now, std::vector<Finding>& findings) {
    for (const auto& key : draft.token_keys) {
        const auto digest = token_key_digest(blind::BlindPublicKey::parse_spki(key.spki));
        for (const auto& entry : store::find_by_key(transaction, digest, now))
            findings.push_back({"election.token_key", "The token key of issuer " + key.issuer + " for style " +
                                                          key.style + " is also the key of certificate " +
                                                          entry.certificate.serial_hex()});
    }
}

}  // namespace

Ceremony verify_ceremony(std::string_view id, const std::vector<Bytes>& messages, ByteView transcript,
                         const std::vector<Bytes>& rehearsals, const x509::TrustStore& trust) {
    auto verified = threshold::verify_transcript(transcript, messages, trust);
    if (verified.plan().election != id)
        fail_input("election.ceremony", "the ceremony is for the election " + verified.plan().election);
    std::map<int, Bytes> requests;
    for (const auto& request : rehearsals) requests.emplace(static_cast<int>(requests.size()) + 1, request);
    auto rehearsal = threshold::verify_rehearsal(requests, verified, as_bytes(id));
    return {std::move(verified), std::move(rehearsal)};
}

std::optional<Ceremony> find_ceremony(Transaction& transaction, const std::string& id, const x509::TrustStore& trust) {
    const auto transcript = store::ceremony_parts(transaction, id, store::CeremonyPart::transcript);
    if (transcript.empty()) return std::nullopt;
    return verify_ceremony(id, store::ceremony_parts(transaction, id, store::CeremonyPart::message), transcript.front(),
                           store::ceremony_parts(transaction, id, store::CeremonyPart::rehearsal), trust);
}

election::Manifest manifest_from(const ElectionRow& row, const Draft& draft, const Authority::State& state) {
    const auto& installed = state.require_installed();
    election::Manifest manifest;
    manifest.id = row.id;
    manifest.title = row.title;
    manifest.organization = state.organization;
    manifest.arc = state.arc.text();
    manifest.root = installed.root.fingerprint();
    manifest.tsa_certificate = to_bytes(installed.tsa.der());
    manifest.contests = draft.contests;
    manifest.styles = styles_with_voters(draft);
    manifest.token_issuers = draft.token_issuers;
    manifest.token_keys = draft.token_keys;
    if (draft.schedule) {
        manifest.claim = draft.schedule->claim;
        manifest.voting = draft.schedule->voting;
        manifest.final_epoch_until = draft.schedule->final_epoch_until;
        manifest.verify_at = manifest.voting.closes - Seconds{1};
        manifest.epoch_seconds = draft.schedule->epoch_seconds;
        manifest.epoch_min_ballots = draft.schedule->epoch_min_ballots;
    }
    if (draft.roll) {
        manifest.roll_size = draft.roll->size;
        manifest.roll_root = draft.roll->root;
    }
    if (draft.ballot_service) {
        manifest.ballot_ca = draft.ballot_service->ballot_ca;
        manifest.log_origin = draft.ballot_service->log_origin;
        manifest.log_key = draft.ballot_service->log_key;
    }
    return manifest;
}

void add_ceremony(election::Manifest& manifest, const Ceremony& ceremony) {
    const auto& transcript = ceremony.transcript;
    manifest.trustee_threshold = transcript.plan().needed;
    manifest.ceremony_transcript = transcript.hash();
    int index = 0;
    for (const auto& trustee : transcript.plan().trustees) {
        ++index;
        manifest.trustees.push_back(
            {index, trustee.name, trustee.certificate.fingerprint(), transcript.share_point(index)});
    }
}

std::vector<Finding> check_draft(Transaction& transaction, const ElectionRow& row, const Authority::State& state) {
    const auto draft = parse_draft(row.draft);
    std::vector<Finding> findings;
    std::optional<Ceremony> ceremony;
    check_members(transaction, row, draft, state, ceremony, findings);
    check_token_keys(transaction, draft, state.clock.now(), findings);
    if (draft.roll)
        for (const auto& [style, voters] : draft.roll->styles)
            if (std::ranges::find(draft.styles, style, &election::Style::id) == draft.styles.end())
                findings.push_back({"election.roll", "The roll has " + std::to_string(voters) +
                                                         " voters of the style " + style +
                                                         ", which the election does not have"});
    if (!findings.empty() || !ceremony) return findings;

    auto manifest = manifest_from(row, draft, state);
    add_ceremony(manifest, *ceremony);
    // freeze() issues the election certificate; until then another P-256 certificate stands in its place.
    manifest.election_certificate = manifest.tsa_certificate;
    manifest.plaintext_size = election::required_plaintext_size(manifest);
    findings = election::check_manifest(manifest);
    const auto trust = state.trust();
    const auto require_path = [&](ByteView der, x509::Role role) {
        try {
            trust.verify_path(
                x509::Certificate::parse(der),
                {.role = role, .time = manifest.verify_at, .revocation = x509::PathRules::Revocation::if_listed});
        } catch (const Error& error) {
            findings.push_back({error.reason(), "At the election's end: " + error.message()});
        }
    };
    require_path(manifest.ballot_ca, x509::Role::ballot_ca);
    require_path(manifest.tsa_certificate, x509::Role::tsa);
    return findings;
}

}  // namespace uvpki::ca
