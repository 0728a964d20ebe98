#pragma once
// An election authority in a temporary folder for tests: root, issuing CA, an officer, and on demand trustees with
// their ceremony and everything else that an election needs. The clock stands at 2026-01-01 until it is moved.

#include <map>
#include <string>
#include <vector>

#include "ca-service/authority.h"
#include "ca-service/elections.h"
#include "ca-service/root.h"
#include "tests/support/command.h"
#include "tests/support/reason.h"
#include "uvpki/blind/blind_key.h"
#include "uvpki/cms/signed_data.h"
#include "uvpki/error.h"
#include "uvpki/files.h"
#include "uvpki/merkle/checkpoint.h"
#include "uvpki/threshold/release.h"
#include "uvpki/threshold/transcript.h"
#include "uvpki/x509/request.h"

namespace uvpki::ca::test {

using uvpki::test::reason_of;
using uvpki::test::run_command;
using uvpki::test::TempFolder;

inline Bytes request_for(const x509::PrivateKey& key) {
    return x509::make_request(key, x509::empty_name());
}
inline x509::PrivateKey new_key() {
    return x509::PrivateKey::generate(x509::KeyType::ec_p256);
}

struct Person {
    x509::PrivateKey key;
    x509::Certificate certificate;
};

struct Office {
    TempFolder folder;
    SimulatedClock clock{parse_rfc3339("2026-01-01T00:00:00Z")};
    SystemRandom random;
    x509::Arc arc;
    OfflineRoot root = OfflineRoot::create(folder / "root", "Test", arc, password(), clock, random, light());
    Authority authority = Authority::create(folder / "authority", "Test", arc, password(), clock, random, light());

    Office() {
        authority.install(root.certificate(), root.sign_issuing_ca(authority.issuing_request(), "Issuing CA 1"));
    }

    static KeyProtection light() { return {.iterations = 1000}; }
    static SecretBytes password() { return SecretBytes(as_bytes("correct horse")); }

    IssueRequest order(x509::Role role, const x509::PrivateKey& key, const std::string& name) const {
        IssueRequest request;
        request.role = role;
        request.request = request_for(key);
        request.common_name = name;
        return request;
    }
    Person certify(x509::Role role, const std::string& name) {
        auto key = new_key();
        auto certificate = authority.issue(order(role, key, name), "tester");
        return {std::move(key), std::move(certificate)};
    }
    Authority reopen() { return Authority::open(folder / "authority", password(), clock, random); }
};

/// An election with everything in place, ready to be frozen; leave parts out to see what happens.
struct ElectionOffice : Office {
    static constexpr const char* id = "test-2026";
    static constexpr const char* actor = "officer-1";
    Person officer = certify(x509::Role::officer, "Officer 1");
    std::vector<Person> signing;
    std::vector<Person> encryption;
    std::vector<Bytes> messages;
    std::vector<Bytes> rehearsals;
    Bytes transcript;

    Elections& elections() { return authority.elections(); }

    static Elections::Schedule schedule() {
        Elections::Schedule result;
        result.claim = {parse_rfc3339("2026-01-10T00:00:00Z"), parse_rfc3339("2026-01-20T00:00:00Z")};
        result.voting = {parse_rfc3339("2026-01-21T00:00:00Z"), parse_rfc3339("2026-01-23T00:00:00Z")};
        result.final_epoch_until = parse_rfc3339("2026-01-24T00:00:00Z");
        return result;
    }
    static election::Contest contest(const std::string& contest_id = "board") {
        election::Contest result;
        result.id = contest_id;
        result.title = "The board";
        result.candidates = {{"a", "Ada"}, {"b", "Bob"}, {"c", "Cy"}};
        return result;
    }
    election::RollSummary roll(std::int64_t voters = 50) const {
        election::RollSummary summary;
        summary.election = id;
        summary.size = voters;
        summary.styles = {{"all", voters}};
        summary.root = sha256(as_bytes("roll"));
        return summary;
    }
    static std::vector<election::TokenKey> token_keys(const std::string& issuer = "registrar-1") {
        static const auto key = blind::BlindPrivateKey::generate(2048);
        return {{issuer, "all", key.public_key().spki(), key.public_key().key_id()}};
    }
    x509::Certificate ballot_ca(const std::string& name = std::string("Ballot CA ") + id) {
        auto request = order(x509::Role::ballot_ca, new_key(), name);
        request.not_after = add_years(schedule().voting.closes, 1);
        return authority.issue(request, actor);
    }
    /// Three trustees make a key of which two are needed.
    void hold_ceremony(const std::string& election = id) {
        threshold::Plan plan;
        plan.election = election;
        plan.needed = 2;
        plan.time = clock.now();
        for (int i = 1; i <= 3; ++i) {
            const auto name = "Trustee " + std::to_string(i);
            signing.push_back(certify(x509::Role::trustee, name));
            encryption.push_back(certify(x509::Role::trustee_enc, name));
            plan.trustees.push_back({name, signing.back().certificate, encryption.back().certificate});
        }
        threshold::Board board(plan, authority.trust());
        const auto post = [&](Bytes message) {
            board.add(message);
            messages.push_back(std::move(message));
        };
        std::vector<threshold::TrusteeState> states;
        for (int i = 1; i <= 3; ++i) {
            auto opening = threshold::make_commit(board, i, key_of(i), clock, random);
            states.push_back(std::move(opening.state));
            post(std::move(opening.message));
        }
        for (const auto& state : states) post(threshold::make_reveal(board, state, key_of(state.trustee), clock));
        for (const auto& state : states) post(threshold::make_deal(board, state, key_of(state.trustee), clock, random));
        for (const auto& state : states)
            post(threshold::make_answer(board, state, key_of(state.trustee), box_of(state.trustee), clock));
        const auto verified = threshold::conclude(board);
        for (const auto& state : states) {
            const auto backup = threshold::make_backup(board, verified, state, box_of(state.trustee));
            rehearsals.push_back(threshold::make_rehearsal_request(backup, as_bytes(election)));
        }
        transcript = verified.json();
    }
    const x509::PrivateKey& key_of(int trustee) const { return signing[static_cast<std::size_t>(trustee - 1)].key; }
    const x509::PrivateKey& box_of(int trustee) const { return encryption[static_cast<std::size_t>(trustee - 1)].key; }

    /// All but the parts named in `without`.
    void prepare(const std::vector<std::string>& without = {}) {
        const auto wanted = [&](const std::string& part) {
            return std::find(without.begin(), without.end(), part) == without.end();
        };
        elections().create(id, "Test election", actor);
        if (wanted("contest")) elections().add_contest(id, contest(), actor);
        if (wanted("style") && wanted("contest")) elections().add_style(id, "all", {"board"}, actor);
        if (wanted("schedule")) elections().set_schedule(id, schedule(), actor);
        if (wanted("roll")) elections().set_roll(id, roll(), actor);
        if (wanted("token_keys")) elections().add_token_issuer(id, "registrar-1", token_keys(), actor);
        if (wanted("ballot_service")) {
            const auto log = merkle::LogKey::generate("log.example/test-2026", random);
            elections().set_ballot_service(id, ballot_ca(), "log.example/test-2026", log.verifier().vkey(), actor);
        }
        if (wanted("ceremony")) {
            hold_ceremony();
            elections().set_ceremony(id, messages, transcript, rehearsals, actor);
        }
    }
    Bytes sign(std::string_view text, const Person& person) const {
        return cms::sign(as_bytes(text), person.certificate, person.key, clock,
                         {.content = cms::Content::detached, .signing_time = cms::SigningTime::present});
    }
};

}  // namespace uvpki::ca::test
