#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

#include "tests/ca/office.h"
#include "uvpki/encoding.h"

using namespace uvpki;
using namespace uvpki::ca;
using namespace uvpki::ca::test;

namespace {

constexpr const char* id = ElectionOffice::id;
constexpr const char* actor = ElectionOffice::actor;

bool has(const std::vector<Finding>& findings, const std::string& rule) {
    return std::ranges::any_of(findings, [&](const Finding& finding) { return finding.rule.starts_with(rule); });
}

std::string results_text(const std::string& manifest, const std::string& election = id) {
    return "{\"election\":\"" + election + "\",\"manifest\":\"" + to_hex(sha256(as_bytes(manifest))) + "\"}";
}

/// Every act of the state machine, each with its name in the refusal's message.
std::vector<std::pair<ElectionState, std::function<void(ElectionOffice&)>>> acts(const std::string& manifest) {
    using enum ElectionState;
    const auto log = [](ElectionOffice& office) {
        return merkle::LogKey::generate("log.example/x", office.random).verifier().vkey();
    };
    return {
        {draft, [](auto& o) { o.elections().add_contest(id, o.contest("other"), actor); }},
        {draft,
         [](auto& o) {
             o.elections().add_candidate(id, "board", {"z", "Zoe"}, actor);
         }},
        {draft, [](auto& o) { o.elections().add_style(id, "other", {"board"}, actor); }},
        {draft, [](auto& o) { o.elections().set_schedule(id, o.schedule(), actor); }},
        {draft, [](auto& o) { o.elections().set_roll(id, o.roll(), actor); }},
        {draft, [](auto& o) { o.elections().add_token_issuer(id, "registrar-1", o.token_keys(), actor); }},
        {draft,
         [log](auto& o) { o.elections().set_ballot_service(id, o.ballot_ca(), "log.example/x", log(o), actor); }},
        {draft, [](auto& o) { o.elections().set_ceremony(id, o.messages, o.transcript, o.rehearsals, actor); }},
        {draft, [](auto& o) { o.elections().freeze(id, actor); }},
        {ready, [manifest](auto& o) { o.elections().activate(id, o.sign(manifest, o.officer), actor); }},
        {open, [](auto& o) { o.elections().close(id, actor); }},
        {closed, [manifest](auto& o) { o.elections().record_results(id, results_text(manifest), actor); }},
        {tallied, [manifest](auto& o) { o.elections().certify(id, o.sign(results_text(manifest), o.officer), actor); }},
        {certified, [](auto& o) { o.elections().archive(id, actor); }}};
}

void check_every_wrong_act(ElectionOffice& office, ElectionState state, const std::string& manifest) {
    for (const auto& [needed, act] : acts(manifest)) {
        if (needed == state) continue;
        const auto reason = reason_of([&] { act(office); });
        CHECK(reason == "election.state");
        CHECK(office.elections().overview(id).state == state);
    }
}

}  // namespace

TEST_CASE("an election goes from draft to archive, and in every state every other act is refused") {
    ElectionOffice office;
    auto& elections = office.elections();
    office.prepare();
    CHECK(elections.overview(id).missing.empty());
    check_every_wrong_act(office, ElectionState::draft, "{}");

    const auto manifest = elections.freeze(id, actor);
    CHECK(elections.find_manifest_text(id) == manifest);
    CHECK(!elections.find_manifest_signature(id));
    check_every_wrong_act(office, ElectionState::ready, manifest);

    const auto signature = office.sign(manifest, office.officer);
    const auto verified = elections.activate(id, signature, actor);
    CHECK(verified->id == id);
    CHECK(verified.signer() == office.officer.certificate);
    CHECK(elections.find_manifest_signature(id) == signature);
    check_every_wrong_act(office, ElectionState::open, manifest);

    CHECK(reason_of([&] { elections.close(id, actor); }) == "election.too_early");
    office.clock.set(verified->voting.closes - Seconds{1});
    CHECK(reason_of([&] { elections.close(id, actor); }) == "election.too_early");
    office.clock.set(verified->voting.closes);
    elections.close(id, actor);
    check_every_wrong_act(office, ElectionState::closed, manifest);

    const auto results = results_text(manifest);
    CHECK(reason_of([&] { elections.record_results(id, results_text(manifest, "other-2026"), actor); }) ==
          "election.results");
    CHECK(reason_of([&] { elections.record_results(id, results_text("another manifest"), actor); }) ==
          "election.results");
    CHECK(reason_of([&] { elections.record_results(id, "{ }", actor); }) == "json.not_canonical");
    elections.record_results(id, results, actor);
    check_every_wrong_act(office, ElectionState::tallied, manifest);

    CHECK(reason_of([&] { elections.certify(id, office.sign("other results", office.officer), actor); }) ==
          "cms.digest");
    elections.certify(id, office.sign(results, office.officer), actor);
    CHECK(elections.find_results_text(id) == results);
    check_every_wrong_act(office, ElectionState::certified, manifest);
    elections.archive(id, actor);
    check_every_wrong_act(office, ElectionState::archived, manifest);
    CHECK(office.authority.check_audit().empty());

    // All of it survives a restart.
    auto again = office.reopen();
    CHECK(again.elections().overview(id).state == ElectionState::archived);
    CHECK(again.elections().find_manifest_text(id) == manifest);
    CHECK(again.elections().ceremony_messages(id) == office.messages);
    CHECK(again.elections().rehearsals(id) == office.rehearsals);
    CHECK(again.elections().find_transcript(id) == office.transcript);
}

TEST_CASE("the manifest holds what the draft, the roll, the ceremony and the authority say") {
    ElectionOffice office;
    office.prepare();
    const auto manifest = election::parse_manifest(as_bytes(office.elections().freeze(id, actor)));
    CHECK(manifest.organization == "Test");
    CHECK(manifest.root == office.authority.root().fingerprint());
    CHECK(manifest.styles.at(0).voters == 50);
    CHECK(manifest.trustee_threshold == 2);
    CHECK(manifest.trustees.size() == 3);
    CHECK(manifest.verify_at == ElectionOffice::schedule().voting.closes - Seconds{1});
    CHECK(manifest.ceremony_transcript == sha256(office.transcript));
    const auto certificate = x509::Certificate::parse(manifest.election_certificate);
    CHECK(certificate.not_after() == add_years(manifest.voting.closes, 1));
    CHECK(office.authority.get(certificate.serial()).role == x509::Role::election);
}

TEST_CASE("a draft that lacks any one part is not frozen, and the overview names what is missing") {
    const std::vector<std::string> parts{"contest",    "style",          "schedule", "roll",
                                         "token_keys", "ballot_service", "ceremony"};
    for (const auto& part : parts) {
        CAPTURE(part);
        ElectionOffice office;
        office.prepare({part});
        CHECK(has(office.elections().overview(id).missing, "election.missing." + part));
        CHECK(reason_of([&] { office.elections().freeze(id, actor); }) == "election.incomplete");
        CHECK(office.elections().overview(id).state == ElectionState::draft);
        CHECK(office.authority.search({.role = x509::Role::election}).empty());
    }
}

TEST_CASE("an election is not opened with fewer than two candidates in a contest") {
    ElectionOffice office;
    office.prepare({"contest", "style"});
    auto& elections = office.elections();
    auto contest = ElectionOffice::contest();
    contest.candidates.resize(1);
    elections.add_contest(id, contest, actor);
    elections.add_style(id, "all", {"board"}, actor);
    CHECK(has(elections.overview(id).missing, "election.missing.candidates"));
    CHECK(reason_of([&] { elections.freeze(id, actor); }) == "election.incomplete");
    elections.add_candidate(id, "board", {"b", "Bob"}, actor);
    CHECK_NOTHROW(elections.freeze(id, actor));
}

TEST_CASE("T29: without a rehearsal of every trustee, or with a foreign one, no ceremony is accepted") {
    ElectionOffice office;
    office.prepare({"ceremony"});
    office.hold_ceremony();
    auto& elections = office.elections();
    const auto set = [&](const std::vector<Bytes>& messages, ByteView transcript,
                         const std::vector<Bytes>& rehearsals) {
        return reason_of([&] { elections.set_ceremony(id, messages, transcript, rehearsals, actor); });
    };
    auto missing = office.rehearsals;
    missing.pop_back();
    CHECK(set(office.messages, office.transcript, missing) == "threshold.rehearsal.missing");
    auto swapped = office.rehearsals;
    std::swap(swapped[0], swapped[1]);
    CHECK(set(office.messages, office.transcript, swapped).starts_with("threshold.rehearsal."));
    auto fewer = office.messages;
    fewer.pop_back();
    CHECK(set(fewer, office.transcript, office.rehearsals) == "threshold.board.incomplete");
    auto changed = office.transcript;
    changed[changed.size() / 2] ^= 1;
    CHECK(!set(office.messages, changed, office.rehearsals).empty());
    CHECK(has(elections.overview(id).missing, "election.missing.ceremony"));
    CHECK(set(office.messages, office.transcript, office.rehearsals).empty());
    CHECK(elections.overview(id).missing.empty());
}

TEST_CASE("the ceremony of one election is not accepted for another") {
    ElectionOffice office;
    office.hold_ceremony("other-2026");
    office.elections().create(id, "Test", actor);
    CHECK(reason_of([&] {
              office.elections().set_ceremony(id, office.messages, office.transcript, office.rehearsals, actor);
          }) == "election.ceremony");
}

TEST_CASE("only an officer of this authority activates: registrars, trustees, strangers and wrong texts are refused") {
    ElectionOffice office;
    office.prepare();
    const auto registrar = office.certify(x509::Role::registrar, "Officer 1");
    const auto revoked = office.certify(x509::Role::officer, "Former officer");
    office.authority.revoke(revoked.certificate.serial(), x509::RevocationReason::affiliation_changed, {}, actor);
    const auto manifest = office.elections().freeze(id, actor);
    const auto activate = [&](ByteView signature) {
        return reason_of([&] { office.elections().activate(id, signature, actor); });
    };
    CHECK(activate(office.sign(manifest, registrar)) == "x509.path.policy");
    CHECK(activate(office.sign(manifest, office.signing.at(0))) == "x509.path.policy");
    CHECK(activate(office.sign(manifest, revoked)) == "x509.path.revoked");
    Office other;
    CHECK(activate(office.sign(manifest, other.certify(x509::Role::officer, "Officer 1"))).starts_with("x509.path."));
    CHECK(activate(office.sign(manifest + " ", office.officer)) == "cms.digest");
    CHECK(activate(Bytes{}) != "");
    const auto attached = cms::sign(as_bytes(manifest), office.officer.certificate, office.officer.key, office.clock);
    CHECK(activate(attached) == "manifest.signature");
    CHECK(office.elections().overview(id).state == ElectionState::ready);
    const auto signature = office.sign(manifest, office.officer);
    office.clock.set(ElectionOffice::schedule().voting.closes);
    CHECK(activate(signature) == "election.too_late");
    office.clock.set(ElectionOffice::schedule().claim.opens);
    CHECK(activate(signature).empty());
}

TEST_CASE("only an officer certifies results") {
    ElectionOffice office;
    office.prepare();
    auto& elections = office.elections();
    const auto tsa_like = office.certify(x509::Role::receipt, "Officer 1");
    const auto manifest = elections.freeze(id, actor);
    elections.activate(id, office.sign(manifest, office.officer), actor);
    office.clock.set(ElectionOffice::schedule().voting.closes);
    elections.close(id, actor);
    const auto results = results_text(manifest);
    elections.record_results(id, results, actor);
    CHECK(reason_of([&] { elections.certify(id, office.sign(results, tsa_like), actor); }) == "x509.path.policy");
    CHECK(elections.overview(id).state == ElectionState::tallied);
    CHECK(!elections.find_results_signature(id));
}

TEST_CASE("unknown elections, repeated ids and malformed members are refused and leave the draft as it was") {
    ElectionOffice office;
    auto& elections = office.elections();
    CHECK(reason_of([&] { elections.overview("nobody"); }) == "election.unknown");
    CHECK(reason_of([&] { elections.freeze("nobody", actor); }) == "election.unknown");
    const std::vector<std::string> bad_ids{"ab", "Has-Capitals", "has space", "\xC3\xA9lection", std::string(65, 'a')};
    for (const auto& bad : bad_ids) CHECK(reason_of([&] { elections.create(bad, "Test", actor); }) == "election.id");
    CHECK(reason_of([&] { elections.create(id, "line\nbreak", actor); }) == "election.text");
    elections.create(id, "Test", actor);
    CHECK(reason_of([&] { elections.create(id, "Test", actor); }) == "election.exists");
    elections.add_contest(id, ElectionOffice::contest(), actor);
    CHECK(reason_of([&] { elections.add_contest(id, ElectionOffice::contest(), actor); }) == "election.repeated");
    CHECK(reason_of([&] { elections.add_candidate(id, "board", {"a", "Again"}, actor); }) == "election.repeated");
    CHECK(reason_of([&] { elections.add_candidate(id, "none", {"x", "X"}, actor); }) == "election.contest");
    CHECK(reason_of([&] {
              elections.add_candidate(id, "board",
                                      {"x",
                                       "a\xE2\x80\xAE"
                                       "b"},
                                      actor);
          }) == "election.text");
    CHECK(reason_of([&] { elections.add_style(id, "all", {"none"}, actor); }) == "election.contest");
    CHECK(reason_of([&] { elections.add_style(id, "all", {"board", "board"}, actor); }) == "election.repeated");
    auto roll = office.roll();
    roll.election = "other-2026";
    CHECK(reason_of([&] { elections.set_roll(id, roll, actor); }) == "election.roll");
    roll = office.roll();
    roll.size = 49;
    CHECK(reason_of([&] { elections.set_roll(id, roll, actor); }) == "election.roll");
    auto schedule = ElectionOffice::schedule();
    std::swap(schedule.voting.opens, schedule.voting.closes);
    CHECK(reason_of([&] { elections.set_schedule(id, schedule, actor); }) == "election.schedule");
    auto keys = ElectionOffice::token_keys();
    keys[0].key_id[0] ^= 1;
    CHECK(reason_of([&] { elections.add_token_issuer(id, "registrar-1", keys, actor); }) == "election.token_key");
    CHECK(reason_of([&] { elections.add_token_issuer(id, "registrar-2", ElectionOffice::token_keys(), actor); }) ==
          "election.token_key");
    const auto log = merkle::LogKey::generate("log.example/x", office.random).verifier().vkey();
    CHECK(reason_of([&] { elections.set_ballot_service(id, office.ballot_ca(), "log.example/y", log, actor); }) ==
          "election.log_key");
    CHECK(reason_of([&] {
              elections.set_ballot_service(id, office.officer.certificate, "log.example/x", log, actor);
          }) == "election.ballot_ca");
    const auto overview = elections.overview(id);
    CHECK(has(overview.missing, "election.missing.roll"));
    CHECK(has(overview.missing, "election.missing.schedule"));
    CHECK(has(overview.missing, "election.missing.ballot_service"));
    CHECK(office.authority.check_audit().empty());
}

TEST_CASE("a Ballot CA of another election, or one that was revoked, stands in the way of freezing") {
    ElectionOffice office;
    office.prepare({"ballot_service"});
    auto& elections = office.elections();
    const auto log = merkle::LogKey::generate("log.example/x", office.random).verifier().vkey();
    elections.set_ballot_service(id, office.ballot_ca("Ballot CA other-2026"), "log.example/x", log, actor);
    CHECK(has(elections.overview(id).missing, "manifest.rule.ballot_ca"));
    const auto good = office.ballot_ca();
    elections.set_ballot_service(id, good, "log.example/x", log, actor);
    CHECK(elections.overview(id).missing.empty());
    office.authority.revoke(good.serial(), x509::RevocationReason::superseded, {}, actor);
    CHECK(has(elections.overview(id).missing, "x509.path.revoked"));
    CHECK(reason_of([&] { elections.freeze(id, actor); }) == "election.incomplete");
}

TEST_CASE("T19: a blind-signing key that is also the key of a certificate stands in the way of freezing") {
    ElectionOffice office;
    office.prepare({"token_keys"});
    const auto certified = x509::PrivateKey::generate(x509::KeyType::rsa);
    const auto blind_key = blind::BlindPrivateKey::parse_pkcs8(certified.to_pkcs8().view());
    office.authority.issue(office.order(x509::Role::registrar, certified, "Registrar 1"), actor);
    const auto& spki = blind_key.public_key().spki();
    office.elections().add_token_issuer(id, "registrar-1",
                                        {{"registrar-1", "all", spki, blind_key.public_key().key_id()}}, actor);
    CHECK(has(office.elections().overview(id).missing, "election.token_key"));
    CHECK(reason_of([&] { office.elections().freeze(id, actor); }) == "election.incomplete");
}

TEST_CASE("T19: a blind-signing key of an election is certified for nobody") {
    ElectionOffice office;
    office.prepare({"token_keys"});
    const auto key = x509::PrivateKey::generate(x509::KeyType::rsa);
    const auto blind_key = blind::BlindPublicKey::parse_spki(key.public_key().spki());
    office.elections().add_token_issuer(id, "registrar-1",
                                        {{"registrar-1", "all", blind_key.spki(), blind_key.key_id()}}, actor);
    CHECK(reason_of([&] { office.authority.issue(office.order(x509::Role::registrar, key, "Registrar 1"), actor); }) ==
          "authority.token_key");
    const auto other = x509::PrivateKey::generate(x509::KeyType::rsa);
    CHECK(office.authority.issue(office.order(x509::Role::registrar, other, "Registrar 1"), actor).public_key() ==
          other.public_key());
}

TEST_CASE("T32: an officer is warned about rankings that could mark a ballot, and about small styles") {
    ElectionOffice office;
    office.prepare({"contest", "style", "roll"});
    auto& elections = office.elections();
    auto contest = ElectionOffice::contest();
    contest.rules.method = count::Method::irv;
    contest.candidates.clear();
    for (char c = 'a'; c < 'a' + 12; ++c)
        contest.candidates.push_back({std::string(1, c), "Candidate " + std::string(1, c)});
    elections.add_contest(id, contest, actor);
    elections.add_style(id, "all", {"board"}, actor);
    elections.set_roll(id, office.roll(500), actor);
    CHECK(has(elections.warnings(id), "manifest.warning.rankings"));
    CHECK(!has(elections.warnings(id), "manifest.warning.small_style"));
    elections.set_roll(id, office.roll(5), actor);
    CHECK(has(elections.warnings(id), "manifest.warning.small_style"));
}

TEST_CASE("a freeze that was interrupted after its certificate was issued uses it again") {
    ElectionOffice office;
    office.prepare();
    const auto closes = ElectionOffice::schedule().voting.closes;
    const auto transcript = threshold::verify_transcript(office.transcript, office.messages, office.authority.trust());
    const auto earlier = office.authority.issue_election_certificate(threshold::election_public_key(transcript), id,
                                                                     office.clock.now(), add_years(closes, 1), actor);
    const auto manifest = election::parse_manifest(as_bytes(office.elections().freeze(id, actor)));
    CHECK(x509::Certificate::parse(manifest.election_certificate) == earlier);
    CHECK(office.authority.search({.role = x509::Role::election}).size() == 1);
}
