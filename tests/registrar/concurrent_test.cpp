#include <atomic>
#include <optional>
#include <set>
#include <thread>

#include "tests/registrar/office.h"

using namespace uvpki;
using namespace uvpki::testing;

namespace {

/// Runs action(i) for 0 <= i < count, all at once as far as threads go.
template <typename Action>
void in_parallel(std::size_t count, std::size_t threads, const Action& action) {
    std::atomic<std::size_t> next{0};
    std::vector<std::thread> workers;
    for (std::size_t i = 0; i < threads; ++i)
        workers.emplace_back([&] {
            for (auto item = next++; item < count; item = next++) action(item);
        });
    for (auto& worker : workers) worker.join();
}

std::string roll_of(int voters) {
    std::string csv = "voter_id,name,style\nS-1,South Voter,south\n";
    for (int i = 0; i < voters; ++i) csv += "N-" + std::to_string(i) + ",North Voter " + std::to_string(i) + ",north\n";
    return csv;
}

}  // namespace

TEST_CASE("T20: 1,000 parallel claims of one voter with different blinded messages get one signature") {
    ElectionOffice office;
    const auto other = office.open();  // as a second process would have it open
    std::vector<ElectionOffice::Claim> claims;
    for (int i = 0; i < 1'000; ++i) claims.push_back(office.make_claim("A-1", "north"));

    std::atomic<int> signed_claims{0}, refused{0};
    std::atomic<std::size_t> winner{0};
    in_parallel(claims.size(), 50, [&](std::size_t i) {
        auto& registrar = i % 2 == 0 ? *office.registrar : *other;
        const auto reason = reason_of([&] {
            registrar.claim(claims[i].der);
            winner = i;
            ++signed_claims;
        });
        if (reason == "claim.other_message") ++refused;
    });
    CHECK(signed_claims == 1);
    CHECK(refused == 999);
    CHECK(office.count("claim") == 1);
    CHECK(office.count("claim_signature") == 1);
    CHECK(office.is_token(claims[winner], "north", other->claim(claims[winner].der)));
    CHECK(office.registrar->check_audit().empty());
}

TEST_CASE("the same claim sent many times at once gets one answer, kept once") {
    ElectionOffice office;
    const auto other = office.open();
    const auto claim = office.make_claim("A-1", "north");
    std::vector<Bytes> answers(64);
    in_parallel(answers.size(), 16,
                [&](std::size_t i) { answers[i] = (i % 2 == 0 ? *office.registrar : *other).claim(claim.der); });
    for (const auto& answer : answers) CHECK(answer == answers[0]);
    CHECK(office.count("claim_signature") == 1);
    CHECK(office.is_token(claim, "north", answers[0]));
}

TEST_CASE("many voters enrol at once, and each gets a certificate of their own") {
    Office office;
    office.import(roll_of(40));
    const auto codes = office.invite();
    std::vector<std::string> list;
    for (const auto& [voter_id, code] : codes) list.push_back(code);
    std::vector<std::optional<EnrolledVoter>> voters(list.size());
    in_parallel(list.size(), 16, [&](std::size_t i) { voters[i] = enrol(*office.registrar, list[i]); });
    std::set<std::string> serials;
    for (const auto& voter : voters) {
        CHECK(voter->certificate.public_key() == voter->key.public_key());
        serials.insert(voter->certificate.serial_hex());
    }
    CHECK(serials.size() == list.size());
    CHECK(office.count("certificate") == static_cast<std::int64_t>(list.size()));
    CHECK(office.registrar->check_audit().empty());
}

TEST_CASE("T11: two devices racing for one code: one of them is enrolled") {
    Office office;
    office.import();
    const auto other = office.open();
    const auto code = office.invite().at("A-1");
    std::vector<Bytes> requests;
    for (int i = 0; i < 24; ++i) requests.push_back(request_for(x509::PrivateKey::generate(x509::KeyType::ec_p256)));
    std::atomic<int> enrolled{0}, refused{0};
    in_parallel(requests.size(), 12, [&](std::size_t i) {
        const auto reason = reason_of([&] { (i % 2 == 0 ? *office.registrar : *other).enrol(code, requests[i]); });
        if (reason.empty()) ++enrolled;
        if (reason == "enrol.invitation") ++refused;
    });
    CHECK(enrolled == 1);
    CHECK(refused == 23);
    CHECK(office.count("certificate") == 1);
}

TEST_CASE("one device that sends its request many times at once gets one certificate") {
    Office office;
    office.import();
    const auto other = office.open();
    const auto code = office.invite().at("A-1");
    const auto request = request_for(x509::PrivateKey::generate(x509::KeyType::ec_p256));
    std::vector<Bytes> answers(24);
    in_parallel(answers.size(), 12,
                [&](std::size_t i) { answers[i] = (i % 2 == 0 ? *office.registrar : *other).enrol(code, request); });
    for (const auto& answer : answers) CHECK(answer == answers[0]);
    CHECK(office.count("certificate") == 1);
    CHECK(office.registrar->check_audit().empty());
}

TEST_CASE("claims, revocations, lists and searches at once leave a sound store") {
    ElectionOffice office(roll_of(12));
    std::vector<ElectionOffice::Claim> claims;
    for (int i = 0; i < 12; ++i) claims.push_back(office.make_claim("N-" + std::to_string(i), "north"));
    const auto revoked = office.entry_of("N-0");
    std::atomic<int> unexpected{0};
    in_parallel(48, 8, [&](std::size_t i) {
        const auto reason = reason_of([&] {
            switch (i % 4) {
                case 0:
                    office.registrar->claim(claims[i / 4].der);
                    break;
                case 1:
                    office.registrar->publish_crl();
                    break;
                case 2:
                    office.registrar->search("North", 20);
                    break;
                default:
                    office.registrar->revoke(revoked, x509::RevocationReason::superseded, {}, "office");
            }
        });
        if (!reason.empty() && reason != "claim.certificate" && reason != "revoke.certificate") ++unexpected;
    });
    CHECK(unexpected == 0);
    CHECK(office.registrar->check_audit().empty());
    CHECK(office.registrar->publish_crl().number() == 14);  // 12 published, 1 by the revocation
}
