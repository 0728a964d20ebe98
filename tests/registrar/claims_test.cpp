#include <nlohmann/json.hpp>

#include "tests/registrar/office.h"
#include "uvpki/cms/enveloped_data.h"
#include "uvpki/encoding.h"
#include "uvpki/json.h"

using namespace uvpki;
using namespace uvpki::testing;

TEST_CASE("a claim of a voter on the roll is answered with a blind signature that becomes a token") {
    ElectionOffice office;
    const auto claim = office.make_claim("A-1", "north");
    CHECK(office.is_token(claim, "north", office.registrar->claim(claim.der)));
    const auto turnout = office.registrar->turnout("test-2026");
    CHECK(turnout.roll == 4);
    CHECK(turnout.enrolled == 4);
    CHECK(turnout.claimed == 1);
    CHECK(turnout.claimed_by_style == std::map<std::string, std::int64_t>{{"north", 1}, {"south", 0}});
    CHECK(office.registrar->check_audit().empty());
}

TEST_CASE("T22: the same claim again gets the same answer, after a restart and after the window too") {
    ElectionOffice office;
    const auto claim = office.make_claim("A-1", "north");
    const auto first = office.registrar->claim(claim.der);
    CHECK(office.registrar->claim(claim.der) == first);
    office.registrar.reset();
    office.registrar = office.open();
    CHECK(office.registrar->claim(claim.der) == first);
    office.pki.clock.set(office.election.manifest.claim.closes);
    CHECK(office.registrar->claim(claim.der) == first);
    // Signed anew over the same blinded message: CMS signatures differ, the answer does not.
    const auto& voter = office.voters.at("A-1");
    const auto resigned = election::make_claim({"test-2026", office.token_key("north").key_id, claim.blinding.blinded},
                                               voter.certificate, voter.key, office.pki.clock);
    CHECK(resigned != claim.der);
    CHECK(office.registrar->claim(resigned) == first);
    CHECK(office.count("claim") == 1);
    CHECK(office.count("claim_signature") == 1);
}

TEST_CASE("T20: another blinded message of the same voter is refused") {
    ElectionOffice office;
    office.registrar->claim(office.make_claim("A-1", "north").der);
    CHECK(reason_of([&] { office.registrar->claim(office.make_claim("A-1", "north").der); }) == "claim.other_message");
    CHECK(office.count("claim_signature") == 1);
}

TEST_CASE("a claim that was stored before a crash is signed afterwards, for the same blinded message only") {
    ElectionOffice office;
    const auto claim = office.make_claim("A-1", "north");
    const auto first = office.registrar->claim(claim.der);
    // As a crash between the two commits leaves it.
    office.store()->transaction([](service::Transaction& t) {
        t.execute_script("DROP TRIGGER claim_signature_no_delete; DELETE FROM claim_signature");
    });
    CHECK(reason_of([&] { office.registrar->claim(office.make_claim("A-1", "north").der); }) == "claim.other_message");
    office.pki.clock.set(office.election.manifest.claim.closes);  // what is reserved is finished, window or not
    CHECK(office.registrar->claim(claim.der) == first);
}

TEST_CASE("claims are accepted from the first second of the window to the last") {
    ElectionOffice office;
    const auto& window = office.election.manifest.claim;
    const auto claim = office.make_claim("A-1", "north");
    const auto at = [&](Time time) {
        office.pki.clock.set(time);
        return reason_of([&] { office.registrar->claim(claim.der); });
    };
    CHECK(at(window.closes) == "claim.window");
    CHECK(office.count("claim") == 0);
    CHECK(at(window.closes - Seconds{1}) == "");
}

TEST_CASE("a token of another style than the voter's on the roll is refused") {
    ElectionOffice office;
    CHECK(reason_of([&] { office.registrar->claim(office.make_claim("A-1", "south").der); }) == "claim.style");
    CHECK(reason_of([&] { office.registrar->claim(office.make_claim("A-3", "north").der); }) == "claim.style");
    CHECK(reason_of([&] { office.registrar->claim(office.make_claim("A-5", "north").der); }) == "claim.not_on_roll");
    CHECK(office.count("claim") == 0);
    CHECK(reason_of([&] { office.registrar->claim(office.make_claim("A-3", "south").der); }) == "");
}

TEST_CASE("claims that were not signed by a voter of this registrar are refused") {
    ElectionOffice office;
    auto& pki = office.pki;
    auto& registrar = *office.registrar;
    const auto good = office.make_claim("A-1", "north");

    SUBCASE("by an officer, however high") {
        const EnrolledVoter officer{office.election.officer_key, office.election.officer};
        CHECK(reason_of([&] { registrar.claim(office.make_claim(officer, "north").der); }) == "x509.path.policy");
    }
    SUBCASE("by a voter of another registrar CA of the same authority") {
        const auto key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
        const EnrolledVoter stranger{key, pki.issue_leaf(x509::Role::voter, key)};
        CHECK(reason_of([&] { registrar.claim(office.make_claim(stranger, "north").der); }) == "x509.path.issuer");
    }
    SUBCASE("by a certificate of this CA that was never recorded") {
        const auto key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
        const auto ca_key = x509::PrivateKey::parse_encrypted_pem(
            to_text(load_file(office.folder / "keys/registrar-ca-key.pem")), office.password);
        const x509::Issuer thief(registrar.ca_certificate(), ca_key, pki.arc);
        const EnrolledVoter invented{
            key, thief.issue(x509::Role::voter, TestPki::request(key),
                             pki.leaf_options(x509::Role::voter, key.public_key()), pki.store, pki.clock, pki.random)};
        CHECK(reason_of([&] { registrar.claim(office.make_claim(invented, "north").der); }) == "claim.certificate");
    }
    SUBCASE("by a revoked certificate") {
        registrar.revoke(office.entry_of("A-1"), x509::RevocationReason::key_compromise, {}, "office");
        CHECK(reason_of([&] { registrar.claim(good.der); }) == "claim.certificate");
    }
    SUBCASE("altered anywhere") {
        for (std::size_t i = 0; i < good.der.size(); i += 7) {
            auto altered = good.der;
            altered[i] = static_cast<std::uint8_t>(altered[i] ^ 1);
            CHECK(reason_of([&] { registrar.claim(altered); }) != "");
        }
    }
    SUBCASE("not claims at all") {
        CHECK(reason_of([&] { registrar.claim(Bytes{}); }) != "");
        CHECK(reason_of([&] { registrar.claim(as_bytes("hello")); }) != "");
        CHECK(reason_of([&] { registrar.claim(Bytes(70'000, 0x30)); }) == "claim.malformed");
        const auto& voter = office.voters.at("A-1");
        CHECK(reason_of([&] { registrar.claim(cms::sign(as_bytes("[]"), voter.certificate, voter.key, pki.clock)); }) ==
              "claim.malformed");
        const auto elsewhere =
            election::make_claim({"test-2099", office.token_key("north").key_id, good.blinding.blinded},
                                 voter.certificate, voter.key, pki.clock);
        CHECK(reason_of([&] { registrar.claim(elsewhere); }) == "election.unknown");
    }
    CHECK(office.count("claim") == 0);
    CHECK(office.count("claim_signature") == 0);
}

TEST_CASE("T20: a token key that was tampered with signs nothing, and the voter's claim is not lost") {
    ElectionOffice office;
    const auto id = office.token_key("north").key_id;
    const auto set_key = [&](ByteView sealed) {
        office.store()->transaction([&](service::Transaction& t) {
            t.execute("UPDATE token_key SET sealed_key = $1 WHERE key_id = $2",
                      {service::blob(sealed), service::blob(id)});
        });
    };
    const auto sealed = office.store()->read([&](service::Transaction& t) {
        return t.query("SELECT sealed_key FROM token_key WHERE key_id = $1", {service::blob(id)}).at(0).bytes(0);
    });
    office.store()->transaction([](service::Transaction& t) { t.execute_script("DROP TRIGGER token_key_no_update"); });
    auto faulty = sealed;
    faulty[faulty.size() / 2] = static_cast<std::uint8_t>(faulty[faulty.size() / 2] ^ 1);
    set_key(faulty);
    const auto claim = office.make_claim("A-1", "north");
    CHECK(reason_of([&] { office.registrar->claim(claim.der); }) == "sealed.tampered");
    CHECK(office.count("claim_signature") == 0);
    set_key(sealed);
    office.registrar = office.open();
    CHECK(office.is_token(claim, "north", office.registrar->claim(claim.der)));
}

TEST_CASE("T7: closed claims are counted, committed to and signed, and there are never more signatures than claims") {
    ElectionOffice office;
    auto& registrar = *office.registrar;
    CHECK(reason_of([&] { registrar.close_claims("test-2026", "office"); }) == "claims.open");
    std::map<std::string, Bytes> claims;
    for (const auto* voter : {"A-1", "A-2"}) claims[voter] = office.make_claim(voter, "north").der;
    claims["A-3"] = office.make_claim("A-3", "south").der;
    const auto unused = office.make_claim("A-4", "south");
    for (const auto& [voter, der] : claims) registrar.claim(der);
    office.pki.clock.set(office.election.manifest.claim.closes);

    const auto closed = registrar.close_claims("test-2026", "office");
    CHECK(closed.summary.claims == 3);
    CHECK(closed.summary.issuer == "registrar-1");
    CHECK(closed.summary.styles == std::map<std::string, std::int64_t>{{"north", 2}, {"south", 1}});
    CHECK(closed.commitments.size() == 3);
    CHECK(closed.summary.root == election::commitments_root(closed.commitments));
    CHECK(election::format_claims_summary(closed.summary) == closed.text);
    const auto verified =
        cms::verify_signed_data(cms::parse_signed_data(closed.signature), as_bytes(closed.text), office.election.trust,
                                {.role = x509::Role::registrar,
                                 .time = office.pki.clock.now(),
                                 .revocation = x509::PathRules::Revocation::if_listed});
    CHECK(verified.signer().role() == x509::Role::registrar);

    // Closed stays closed, even for a clock that goes back, and the answer is kept.
    office.pki.clock.set(TestPki::start() + Days{2});
    CHECK(reason_of([&] { registrar.claim(unused.der); }) == "claim.window");
    const auto again = office.open()->close_claims("test-2026", "office");
    CHECK(again.text == closed.text);
    CHECK(again.signature == closed.signature);
    CHECK(again.commitments == closed.commitments);
    CHECK(office.count("claim_signature") == 3);
    CHECK(registrar.check_audit().empty());

    // A signature that nobody claimed cannot even be stored.
    CHECK(
        reason_of([&] {
            office.store()->transaction([&](service::Transaction& t) {
                t.execute(
                    "INSERT INTO claim_signature (election, entry, signature) VALUES ('test-2026', $1, zeroblob(256))",
                    {service::text(office.entry_of("A-4"))});
            });
        }) == "store.reference");
    // A claim that was slipped in beside the log is reported.
    office.store()->transaction([](service::Transaction& t) {
        t.execute_script(
            "DROP TRIGGER claim_after_close;"
            "INSERT INTO claim SELECT e.election, e.entry, e.style, zeroblob(32), zeroblob(9), zeroblob(32)"
            " FROM roll_entry e WHERE NOT EXISTS (SELECT 1 FROM claim c WHERE c.entry = e.entry)");
    });
    const auto findings = registrar.check_audit();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].rule == "registrar.audit.claims");
}

TEST_CASE("the sealed annex tells an auditor, and nobody else, who was on the roll and who claimed") {
    ElectionOffice office;
    auto& registrar = *office.registrar;
    const auto key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    const auto auditor = office.pki.issue_leaf(x509::Role::trustee_enc, key);
    CHECK(reason_of([&] { registrar.sealed_annex("test-2026", auditor, "office"); }) == "claims.open");
    const auto claim = office.make_claim("A-1", "north");
    registrar.claim(claim.der);
    office.pki.clock.set(office.election.manifest.claim.closes);
    const auto closed = registrar.close_claims("test-2026", "office");

    CHECK(reason_of([&] { registrar.sealed_annex("test-2026", office.election.officer, "office"); }) ==
          "x509.path.policy");
    CHECK(reason_of([&] { registrar.sealed_annex("test-2099", auditor, "office"); }) == "election.unknown");
    const auto sealed = registrar.sealed_annex("test-2026", auditor, "office");
    CHECK(to_text(sealed).find("Quillfeather") == std::string::npos);
    const auto text = cms::open_envelope(cms::parse_envelope(sealed), key);
    const auto annex = parse_canonical_json(text.view());

    CHECK(annex["election"] == "test-2026");
    CHECK(annex["version"] == 1);
    std::vector<Sha256> commitments;
    bool named = false;
    for (const auto& entry : annex["roll"]) {
        commitments.push_back(election::roll_commitment(
            {entry["entry"].get<std::string>(), entry["name"].get<std::string>(), entry["style"].get<std::string>(),
             parse_base64(entry["salt"].get<std::string>())}));
        if (entry["name"] == "Zacharias Quillfeather") named = true;
    }
    std::ranges::sort(commitments);
    CHECK(named);
    CHECK(commitments == office.frozen.commitments);
    REQUIRE(annex["claims"].size() == 1);
    const auto& item = annex["claims"][0];
    CHECK(parse_base64(item["claim"].get<std::string>()) == claim.der);
    CHECK(item["entry"] == office.entry_of("A-1"));
    CHECK(election::claim_commitment(parse_base64(item["salt"].get<std::string>()), claim.der) ==
          closed.commitments[0]);

    // Once the election is archived its voters may be removed; the annex cannot be made again then.
    const auto entry = office.entry_of("A-1");
    CHECK(reason_of([&] { registrar.remove(entry, "office"); }) == "roll.frozen");
    registrar.archive("test-2026", "office");
    CHECK(reason_of([&] { registrar.remove(entry, "office"); }) == "");
    CHECK(reason_of([&] { registrar.sealed_annex("test-2026", auditor, "office"); }) == "annex.erased");
    CHECK(registrar.check_audit().empty());
}

TEST_CASE("an election that is not closed is not archived") {
    ElectionOffice office;
    CHECK(reason_of([&] { office.registrar->archive("test-2026", "office"); }) == "claims.open");
    CHECK(reason_of([&] { office.registrar->archive("test-2099", "office"); }) == "election.unknown");
    CHECK(reason_of([&] { office.registrar->turnout("test-2099"); }) == "election.unknown");
    CHECK(reason_of([&] { office.registrar->close_claims("test-2099", "office"); }) == "election.unknown");
}
