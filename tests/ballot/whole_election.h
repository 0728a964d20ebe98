#pragma once
// A whole election for tests: a real ceremony of three trustees, a named roll, signed claims, and a ballot box in which
// all of it is installed; at its end the parts of the package and the annex for auditors. One thread.

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/ballot/box_fixture.h"
#include "uvpki/election/claim.h"
#include "uvpki/election/roll.h"
#include "uvpki/encoding.h"
#include "uvpki/json.h"
#include "uvpki/threshold/release.h"

namespace uvpki::testing {

struct WholeElection {
    struct Trustee {
        x509::PrivateKey key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
        x509::PrivateKey encryption_key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
        std::optional<x509::Certificate> certificate;
        std::vector<Bytes> messages;
    };

    /// May change the test election last, before its manifest is signed.
    std::function<void(TestElection&)> adjust = [](TestElection&) {};
    std::vector<Trustee> people = std::vector<Trustee>(3);
    std::vector<Bytes> messages;
    std::vector<threshold::ShareBackup> backups;
    std::optional<threshold::VerifiedTranscript> transcript;
    std::vector<election::RollEntry> entries;
    std::vector<Sha256> roll;
    struct SignedClaim {
        std::string entry;
        Bytes salt;
        Bytes der;
    };
    std::vector<SignedClaim> claims;  ///< of the last parts()
    x509::PrivateKey registrar_key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    std::optional<x509::Certificate> registrar;
    BoxFixture f{{"registrar"}, 3, [this](TestElection& election) { prepare(election); }};

    void hold_ceremony(TestElection& election) {
        auto& pki = election.pki;
        threshold::Plan plan{
            .election = TestPki::election_id, .needed = 2, .time = pki.clock.now(), .trustees = {}, .previous = {}};
        for (auto& person : people) {
            person.certificate = pki.issue_leaf(x509::Role::trustee, person.key);
            plan.trustees.push_back({"Trustee " + std::to_string(plan.trustees.size() + 1), *person.certificate,
                                     pki.issue_leaf(x509::Role::trustee_enc, person.encryption_key)});
        }
        threshold::Board board(plan, election.trust);
        std::vector<threshold::TrusteeState> states;
        const auto round = [&](const auto& make) {
            std::vector<Bytes> made;
            for (std::size_t i = 0; i < people.size(); ++i) made.push_back(make(i));
            for (auto& message : made) {
                board.add(message);
                messages.push_back(std::move(message));
            }
        };
        round([&](std::size_t i) {
            auto opening = make_commit(board, static_cast<int>(i) + 1, people[i].key, pki.clock, pki.random);
            states.push_back(std::move(opening.state));
            return opening.message;
        });
        round([&](std::size_t i) { return make_reveal(board, states[i], people[i].key, pki.clock); });
        round([&](std::size_t i) { return make_deal(board, states[i], people[i].key, pki.clock, pki.random); });
        round([&](std::size_t i) {
            return make_answer(board, states[i], people[i].key, people[i].encryption_key, pki.clock);
        });
        transcript = threshold::conclude(board);
        for (std::size_t i = 0; i < people.size(); ++i)
            backups.push_back(threshold::make_backup(board, *transcript, states[i], people[i].encryption_key));
    }

    void prepare(TestElection& election) {
        hold_ceremony(election);
        auto& pki = election.pki;
        auto& manifest = election.manifest;
        registrar = pki.issue_leaf(x509::Role::registrar, registrar_key);
        const auto joint = threshold::election_public_key(*transcript);
        election.election_certificate =
            pki.issuing_issuer.issue_for_key(x509::Role::election, joint, pki.leaf_options(x509::Role::election, joint),
                                             pki.store, pki.clock, pki.random);
        manifest.election_certificate = to_bytes(election.election_certificate.der());
        manifest.trustees.clear();
        for (std::size_t i = 0; i < people.size(); ++i)
            manifest.trustees.push_back({static_cast<int>(i) + 1, "Trustee " + std::to_string(i + 1),
                                         people[i].certificate->fingerprint(),
                                         transcript->share_point(static_cast<int>(i) + 1)});
        manifest.ceremony_transcript = transcript->hash();
        for (int i = 0; i < 70; ++i) {
            const auto number = std::to_string(i);
            entries.push_back({"00000000-0000-4000-8000-" + std::string(12 - number.size(), '0') + number,
                               "Voter " + number, i < 40 ? "north" : "south", pki.random.bytes(32)});
            roll.push_back(election::roll_commitment(entries.back()));
        }
        std::ranges::sort(roll);
        manifest.roll_root = election::commitments_root(roll);
        adjust(election);
    }

    x509::PrivateKey election_key() const {
        std::vector<threshold::VerifiedShare> shares;
        for (const int i : {1, 3})
            shares.push_back(verify_share(i, backups[static_cast<std::size_t>(i) - 1].scalar, *transcript));
        return threshold::combine(shares, *transcript);
    }

    /// The claim for this roll entry, signed with a certificate that names `named` (the same entry, unless a test
    /// forges).
    SignedClaim make_claim(const election::RollEntry& entry, const std::string& named) {
        auto& pki = f.election.pki;
        const auto key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
        const auto certificate = pki.registrar_issuer.issue(
            x509::Role::voter, TestPki::request(key),
            {.subject = TestPki::name(named), .alt_names = {"URI:urn:uuid:" + named}, .not_before = TestPki::start()},
            pki.store, pki.clock, pki.random);
        const auto& token_key = f.election.token_keys.at({"registrar", entry.style}).public_key();
        return {entry.entry, pki.random.bytes(32),
                election::make_claim({f.id(), token_key.key_id(), pki.random.bytes(token_key.size())}, certificate, key,
                                     pki.clock)};
    }
    SignedClaim make_claim(const election::RollEntry& entry) { return make_claim(entry, entry.entry); }

    /// What the registrar seals for sworn auditors.
    Bytes annex() const {
        Json annex{{"claims", Json::array()}, {"election", f.id()}, {"roll", Json::array()}, {"version", 1}};
        for (const auto& claim : claims)
            annex["claims"].push_back(
                {{"claim", to_base64(claim.der)}, {"entry", claim.entry}, {"salt", to_base64(claim.salt)}});
        for (const auto& entry : entries)
            annex["roll"].push_back({{"entry", entry.entry},
                                     {"name", entry.name},
                                     {"salt", to_base64(entry.salt)},
                                     {"style", entry.style}});
        return to_bytes(canonical_json(annex));
    }

    BallotBox::PackageParts parts(const election::Results& results, std::int64_t north, std::int64_t south) {
        auto& election = f.election;
        const auto& pki = election.pki;
        const auto& manifest = election.manifest;
        BallotBox::PackageParts p;
        p.roll_text =
            election::format_roll_summary({manifest.id, 70, {{"north", 40}, {"south", 30}}, manifest.roll_root});
        p.roll_signature = election.sign(p.roll_text, election.officer, election.officer_key);
        p.roll_commitments = roll;
        claims.clear();
        for (std::int64_t i = 0; i < north; ++i) claims.push_back(make_claim(entries[static_cast<std::size_t>(i)]));
        for (std::int64_t i = 0; i < south; ++i)
            claims.push_back(make_claim(entries[static_cast<std::size_t>(40 + i)]));
        std::vector<Sha256> commitments;
        for (const auto& claim : claims) commitments.push_back(election::claim_commitment(claim.salt, claim.der));
        std::ranges::sort(commitments);
        const auto text = election::format_claims_summary({manifest.id,
                                                           "registrar",
                                                           north + south,
                                                           {{"north", north}, {"south", south}},
                                                           election::commitments_root(commitments)});
        p.claims.push_back({"registrar", text, election.sign(text, *registrar, registrar_key), commitments});
        p.manifest_signature = election.manifest_signature();
        p.registrar_cas = {pki.registrar_ca};
        p.crls.emplace("root", pki.crl(pki.root_issuer));
        p.crls.emplace("issuing-ca", pki.crl(pki.issuing_issuer));
        p.crls.emplace("registrar-ca-registrar", pki.crl(pki.registrar_issuer));
        p.transcript = to_text(transcript->json());
        p.ceremony_messages = messages;
        for (const auto& backup : backups)
            p.rehearsals.push_back(threshold::make_rehearsal_request(backup, as_bytes(manifest.id)));
        const auto checkpoint = f.box->checkpoint(f.id());
        for (const int i : {1, 3}) {
            const auto& person = people[static_cast<std::size_t>(i) - 1];
            p.checkpoint_signatures.emplace(
                i, cms::sign(as_bytes(checkpoint), *person.certificate, person.key, pki.clock));
            p.shares.emplace(i, backups[static_cast<std::size_t>(i) - 1].scalar.clone());
        }
        p.results_signature = election.sign(election::format_results(results), election.officer, election.officer_key);
        return p;
    }
};

}  // namespace uvpki::testing
