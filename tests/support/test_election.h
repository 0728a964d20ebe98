#pragma once
// A small election for tests, on top of the test authority: two ballot styles ("north": mayor and council, "south":
// mayor alone), one or two token issuers, a manifest signed by an officer, and whatever a voter needs. One thread.

#include <map>
#include <string>
#include <vector>

#include "tests/support/test_pki.h"
#include "uvpki/blind/blind_rsa.h"
#include "uvpki/cms/signed_data.h"
#include "uvpki/election/ballot.h"
#include "uvpki/election/claim.h"
#include "uvpki/election/receipt.h"
#include "uvpki/election/roll.h"
#include "uvpki/election/token.h"
#include "uvpki/encoding.h"
#include "uvpki/merkle/checkpoint.h"

namespace uvpki::testing {

struct TestElection {
    using Choices = std::vector<election::ContestChoices>;

    /// One voter's anonymous side: key, tokens and certificate.
    struct Voter {
        std::string style;
        x509::PrivateKey key;
        std::vector<election::Token> tokens;
        x509::Certificate certificate;
    };

    TestPki pki;
    std::vector<std::string> issuers;
    x509::PrivateKey election_key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    x509::PrivateKey officer_key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    x509::PrivateKey receipt_key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    x509::PrivateKey tsa_key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    x509::Certificate election_certificate = pki.issue_leaf(x509::Role::election, election_key);
    x509::Certificate officer = pki.issue_leaf(x509::Role::officer, officer_key);
    x509::Certificate receipt_signer = pki.issue_leaf(x509::Role::receipt, receipt_key);
    x509::Certificate tsa = pki.issue_leaf(x509::Role::tsa, tsa_key);
    std::map<std::pair<std::string, std::string>, blind::BlindPrivateKey> token_keys;  ///< by issuer and style
    merkle::LogKey log_key = merkle::LogKey::generate("log.example/test-2026", pki.random);
    election::Manifest manifest;  ///< as made; alter it and call sign_manifest for another one
    x509::TrustStore trust = pki.trust();

    /// The clock is left standing in the voting window.
    explicit TestElection(std::vector<std::string> token_issuers = {"registrar"})
        : issuers(std::move(token_issuers)), manifest(make_manifest()) {
        pki.clock.set(TestPki::voting_opens() + Seconds{3600});
    }

    std::string manifest_text() const { return election::format_manifest(manifest); }
    Bytes sign(std::string_view text, const x509::Certificate& signer, const x509::PrivateKey& key) const {
        return cms::sign(as_bytes(text), signer, key, pki.clock,
                         {.content = cms::Content::detached, .signing_time = cms::SigningTime::present});
    }
    Bytes manifest_signature() const { return sign(manifest_text(), officer, officer_key); }
    election::VerifiedManifest verified_manifest() const {
        return election::verify_manifest(as_bytes(manifest_text()), manifest_signature(), trust);
    }
    election::BallotVerifier verifier() const { return election::BallotVerifier(verified_manifest(), trust); }

    /// A token of this issuer over a ballot key, through the whole blind protocol.
    election::Token make_token(const std::string& issuer, const std::string& style, const x509::PublicKey& ballot_key) {
        const auto& key = token_keys.at({issuer, style});
        const auto message = election::token_message(manifest.id, ballot_key.spki_sha256());
        const auto blinding = blind::blind(key.public_key(), message, pki.random);
        const auto signature = blind::finalize(key.public_key(), blinding, key.blind_sign(blinding.blinded));
        return {key.public_key().key_id(), blinding.prefix, signature};
    }

    x509::IssueOptions ballot_options(const x509::PublicKey& key, const std::vector<election::Token>& tokens) const {
        return {.subject = election::ballot_subject(manifest, key.spki_sha256()),
                .not_before = manifest.voting.opens,
                .not_after = manifest.voting.closes,
                .serial = x509::derive_ballot_serial(manifest.id, key.spki()),
                .extra_extensions = {{pki.arc.ballot_token(), x509::Extension::Criticality::non_critical,
                                      election::encode_tokens(tokens)}}};
    }

    Voter make_voter(const std::string& style) {
        auto key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
        std::vector<election::Token> tokens;
        for (const auto& issuer : issuers) tokens.push_back(make_token(issuer, style, key.public_key()));
        auto certificate = pki.issue_leaf(x509::Role::ballot, key, ballot_options(key.public_key(), tokens));
        return {style, std::move(key), std::move(tokens), std::move(certificate)};
    }

    static Choices choices(const std::string& style) {
        if (style == "south") return {{"mayor", {"m2"}}};
        return {{"mayor", {"m1"}}, {"council", {"c3", "c1"}}};
    }
    static Choices blank(const std::string& style) {
        if (style == "south") return {{"mayor", {}}};
        return {{"mayor", {}}, {"council", {}}};
    }

    election::SealedBallot make_ballot(const Voter& voter, const Choices& vote) {
        return election::make_ballot(verified_manifest(), voter.style, vote, voter.certificate, voter.key, pki.clock,
                                     pki.random);
    }
    election::SealedBallot make_ballot(const std::string& style) {
        return make_ballot(make_voter(style), choices(style));
    }

    /// A ballot of this voter with any bytes encrypted in it.
    Bytes make_raw_ballot(const Voter& voter, ByteView plaintext) {
        const auto sealing = cms::seal_envelope(plaintext, election_certificate, pki.random);
        return cms::sign(sealing.envelope, voter.certificate, voter.key, pki.clock);
    }

private:
    election::Manifest make_manifest() {
        const Bytes point = to_bytes(election_key.public_key().key_octets());
        election::Manifest m;
        m.id = TestPki::election_id;
        m.title = "Test election 2026";
        m.organization = "Test Election Authority";
        m.arc = pki.arc.text();
        m.root = pki.root.fingerprint();
        m.ballot_ca = to_bytes(pki.ballot_ca.der());
        m.election_certificate = to_bytes(election_certificate.der());
        m.tsa_certificate = to_bytes(tsa.der());
        m.contests = {{"mayor", "Mayor", {{"m1", "Anna Müller"}, {"m2", "Ben Okri"}}, {}},
                      {"council", "Council", {{"c1", "Carla"}, {"c2", "Dmitri"}, {"c3", "Eve"}, {"c4", "Farid"}}, {}}};
        m.contests[0].rules.method = count::Method::plurality;
        m.contests[1].rules.method = count::Method::stv;
        m.contests[1].rules.seats = 2;
        m.contests[1].rules.max_choices = 3;
        m.styles = {{"north", {"mayor", "council"}, 40}, {"south", {"mayor"}, 30}};
        m.claim = {TestPki::start(), TestPki::voting_opens()};
        m.voting = {TestPki::voting_opens(), TestPki::voting_closes()};
        m.final_epoch_until = TestPki::voting_closes() + Seconds{3600};
        m.verify_at = TestPki::voting_closes() - Seconds{1};
        m.epoch_seconds = 3600;
        m.epoch_min_ballots = 10;
        m.token_issuers = issuers;
        for (const auto& issuer : issuers) {
            for (const auto& style : m.styles) {
                auto key = blind::BlindPrivateKey::generate(2048);
                m.token_keys.push_back({issuer, style.id, key.public_key().spki(), key.public_key().key_id()});
                token_keys.emplace(std::pair(issuer, style.id), std::move(key));
            }
        }
        // Shape only: the points of a real ceremony interpolate to the election key.
        m.trustee_threshold = 2;
        m.trustees = {{1, "Trustee One", sha256(as_bytes("one")), point},
                      {2, "Trustee Two", sha256(as_bytes("two")), point},
                      {3, "Trustee Three", sha256(as_bytes("three")), point}};
        m.ceremony_transcript = sha256(as_bytes("transcript"));
        m.roll_size = 70;
        m.roll_root = sha256(as_bytes("roll"));
        m.log_origin = "log.example/test-2026";
        m.log_key = log_key.verifier().vkey();
        m.plaintext_size = election::required_plaintext_size(m);
        return m;
    }
};

}  // namespace uvpki::testing
