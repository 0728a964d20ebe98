#pragma once
// n trustees with certificates and a plan, and what a test does with them: play rounds, alter and sign messages again.

#include <functional>
#include <nlohmann/json.hpp>

#include "tests/support/command.h"
#include "tests/support/reason.h"
#include "tests/support/test_pki.h"
#include "uvpki/cms/enveloped_data.h"
#include "uvpki/cms/signed_data.h"
#include "uvpki/encoding.h"
#include "uvpki/json.h"
#include "uvpki/threshold/release.h"

namespace uvpki::testing {

template <typename Action>
std::string message_of(Action&& action) {
    try {
        action();
    } catch (const Error& error) {
        return error.message();
    }
    return "";
}

/// Made once for all tests: issuing is not what is tested here.
inline TestPki& shared_pki() {
    static TestPki once;
    return once;
}

struct Person {
    x509::PrivateKey key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    x509::PrivateKey encryption_key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    x509::Certificate certificate = shared_pki().issue_leaf(x509::Role::trustee, key);
    x509::Certificate encryption_certificate = shared_pki().issue_leaf(x509::Role::trustee_enc, encryption_key);
};

struct Assembly {
    TestPki& pki = shared_pki();
    x509::TrustStore trust = pki.trust();
    std::vector<Person> people;
    threshold::Plan plan;
    std::optional<threshold::Board> board;
    std::vector<threshold::TrusteeState> states;
    std::vector<Bytes> messages;

    Assembly(int needed, int trustees) : people(static_cast<std::size_t>(trustees)) {
        plan.election = "test-2026";
        plan.needed = needed;
        plan.time = pki.clock.now();
        int number = 0;
        for (const auto& person : people)
            plan.trustees.push_back({"Trustee " + std::string(1, static_cast<char>('A' + number++)), person.certificate,
                                     person.encryption_certificate});
        board.emplace(plan, trust);
    }

    int size() const { return static_cast<int>(people.size()); }
    const Person& person(int trustee) const { return people[static_cast<std::size_t>(trustee - 1)]; }
    const threshold::TrusteeState& state(int trustee) const { return states[static_cast<std::size_t>(trustee - 1)]; }

    void post(Bytes message) {
        board->add(message);
        messages.push_back(std::move(message));
    }
    /// Everybody's message of one round is made before any is posted, as in a real round.
    void round(const std::function<Bytes(int)>& make) {
        std::vector<Bytes> made;
        for (int trustee = 1; trustee <= size(); ++trustee) made.push_back(make(trustee));
        for (auto& message : made) post(std::move(message));
    }
    Bytes reveal(int trustee) const { return make_reveal(*board, state(trustee), person(trustee).key, pki.clock); }
    Bytes deal(int trustee) const {
        return make_deal(*board, state(trustee), person(trustee).key, pki.clock, pki.random);
    }
    Bytes answer(int trustee) const {
        return make_answer(*board, state(trustee), person(trustee).key, person(trustee).encryption_key, pki.clock);
    }
    Bytes justify(int trustee) const { return make_justify(*board, state(trustee), person(trustee).key, pki.clock); }

    void commit_all(Random* random = nullptr) {
        round([&](int trustee) {
            auto opening =
                make_commit(*board, trustee, person(trustee).key, pki.clock, random != nullptr ? *random : pki.random);
            states.push_back(std::move(opening.state));
            return opening.message;
        });
    }
    void reveal_all() {
        round([&](int trustee) { return reveal(trustee); });
    }
    void deal_all() {
        round([&](int trustee) { return deal(trustee); });
    }
    void answer_all() {
        round([&](int trustee) { return answer(trustee); });
    }
    threshold::VerifiedTranscript hold() {
        commit_all();
        reveal_all();
        deal_all();
        answer_all();
        return conclude(*board);
    }

    Bytes sign(const Json& json, int trustee) const {
        return cms::sign(as_bytes(canonical_json(json)), person(trustee).certificate, person(trustee).key, pki.clock);
    }
    /// The message with its content changed, signed again by its trustee.
    Bytes altered(ByteView message, int trustee, const std::function<void(Json&)>& change) const {
        auto json = parse_json(*cms::parse_signed_data(message).content);
        change(json);
        return sign(json, trustee);
    }
    /// An envelope for a trustee with a share of the sender's liking.
    std::string envelope(int dealer, int recipient, ByteView scalar) const {
        const std::uint8_t places[] = {static_cast<std::uint8_t>(dealer), static_cast<std::uint8_t>(recipient)};
        const auto text = concat({as_bytes("uvpki-ceremony-share-v1"), board->plan_hash(), places, scalar});
        return to_base64(cms::seal_envelope(text, person(recipient).encryption_certificate, pki.random).envelope);
    }
    /// A deal that is honest but for one recipient.
    Bytes deal_with(int dealer, int recipient, const std::string& envelope_text) const {
        return altered(deal(dealer), dealer, [&](Json& json) {
            for (auto& share : json["shares"])
                if (share["to"] == recipient) share["envelope"] = envelope_text;
        });
    }

    threshold::ShareBackup backup(const threshold::VerifiedTranscript& transcript, int trustee) const {
        return make_backup(*board, transcript, state(trustee), person(trustee).encryption_key);
    }
};

}  // namespace uvpki::testing
