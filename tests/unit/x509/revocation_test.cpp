#include "uvpki/x509/revocation.h"
#include "tests/support/reason.h"

#include <doctest/doctest.h>

#include "tests/support/command.h"
#include "tests/unit/x509/handmade.h"
#include "uvpki/files.h"

using namespace uvpki;
using namespace uvpki::x509;
using namespace uvpki::testing;
using uvpki::test::reason_of;

namespace {

Bytes serial(std::uint8_t last) {
    Bytes result(20, 0x40);
    result.back() = last;
    return result;
}

}  // namespace

TEST_CASE("a list comes back with everything that was put in, sorted by serial") {
    TestPki pki;
    pki.clock.advance(Days{30});
    const auto now = pki.clock.now();
    const auto crl = pki.crl(pki.registrar_issuer,
                             {{.serial = serial(9), .revoked_at = now, .reason = RevocationReason::superseded},
                              {.serial = serial(2),
                               .revoked_at = now - Days{1},
                               .reason = RevocationReason::key_compromise,
                               .invalid_since = now - Days{9}}},
                             17);
    const auto again = Crl::parse_pem(crl.pem());
    CHECK(std::ranges::equal(again.der(), crl.der()));
    CHECK(again.number() == 17);
    CHECK(again.this_update() == now);
    CHECK(again.next_update() == now + Days{7});
    CHECK(std::ranges::equal(again.issuer(), pki.registrar_ca.subject()));
    REQUIRE(again.entries().size() == 2);
    CHECK(again.entries()[0].serial == serial(2));
    REQUIRE(again.find(serial(9)) != nullptr);
    CHECK(again.find(serial(9))->reason == RevocationReason::superseded);
    CHECK(again.find(serial(9))->effective() == now);
    CHECK(again.find(serial(2))->effective() == now - Days{9});
    CHECK(again.find(serial(3)) == nullptr);
    CHECK(again.is_signed_by(pki.registrar_ca));
    CHECK_FALSE(again.is_signed_by(pki.ballot_ca));
    CHECK_FALSE(again.is_signed_by(pki.issuing));
}

TEST_CASE("an invalidity date counts for a compromise alone") {
    const auto day = [](int n) { return TestPki::start() + Days{n}; };
    RevokedEntry entry{.serial = serial(1), .revoked_at = day(9), .invalid_since = day(3)};
    CHECK(entry.effective() == day(9));
    entry.reason = RevocationReason::ca_compromise;
    CHECK(entry.effective() == day(3));
    entry.invalid_since = day(12);
    CHECK(entry.effective() == day(9));
}

TEST_CASE("openssl verifies our lists and finds revoked certificates with them") {
    TestPki pki;
    test::TempFolder folder;
    const auto good = pki.issue_leaf(Role::voter, PrivateKey::generate(KeyType::ec_p256));
    const auto bad = pki.issue_leaf(Role::voter, PrivateKey::generate(KeyType::ec_p256));
    const auto crl = pki.crl(pki.registrar_issuer, {{.serial = to_bytes(bad.serial()),
                                                     .revoked_at = pki.clock.now(),
                                                     .reason = RevocationReason::key_compromise,
                                                     .invalid_since = pki.clock.now() - Days{1}}});
    const auto final_list = make_final_crl(
        pki.ballot_ca, pki.ballot_ca_key, {}, pki.arc,
        {.this_update = TestPki::voting_closes() + Seconds{1}, .last_not_after = TestPki::voting_closes()});
    save_file(folder / "registrar.pem", pki.registrar_ca.pem());
    save_file(folder / "crl.pem", crl.pem());
    save_file(folder / "final.pem", final_list.pem());
    save_file(folder / "good.pem", good.pem());
    save_file(folder / "bad.pem", bad.pem());
    save_file(folder / "all.pem", pki.root.pem() + pki.issuing.pem() + pki.registrar_ca.pem() + crl.pem() +
                                      pki.crl(pki.root_issuer).pem() + pki.crl(pki.issuing_issuer).pem());
    const auto run = [&](const std::string& command) { return test::run_command(folder.path(), command); };
    CHECK(run("openssl crl -in crl.pem -noout -CAfile registrar.pem").output.find("verify OK") != std::string::npos);
    const auto text = run("openssl crl -in crl.pem -noout -text").output;
    for (const auto* part : {"Version 2", "Key Compromise", "Invalidity Date", "X509v3 CRL Number",
                             "Authority Key Identifier", "20260101000000Z", "ecdsa-with-SHA256"}) {
        CAPTURE(part);
        // expiredCertsOnCRL has no name in OpenSSL 3.0; its date is shown as it stands.
        CHECK(text.find(part) != std::string::npos);
    }
    CHECK(run("openssl crl -in final.pem -noout -nextupdate").output == "nextUpdate=Dec 31 23:59:59 9999 GMT\n");
    const std::string verify = "openssl verify -no-CApath -no-CAstore -CAfile all.pem -crl_check_all -no_check_time ";
    CHECK(run(verify + "good.pem").exit_code == 0);
    const auto refused = run(verify + "bad.pem");
    CHECK(refused.exit_code == 2);
    CHECK(refused.output.find("certificate revoked") != std::string::npos);
}

TEST_CASE("a list cut short, prolonged or with a byte changed is refused or does not verify") {
    TestPki pki;
    const auto crl = pki.crl(pki.registrar_issuer, {{.serial = serial(1),
                                                     .revoked_at = pki.clock.now(),
                                                     .reason = RevocationReason::key_compromise,
                                                     .invalid_since = pki.clock.now() - Days{1}}});
    const auto is_good = [&](ByteView der) {
        try {
            return Crl::parse(der).is_signed_by(pki.registrar_ca);
        } catch (const Error& error) {
            CHECK(error.code() == ErrorCode::invalid_input);
            return false;
        }
    };
    CHECK(is_good(crl.der()));
    for (std::size_t size = 0; size < crl.der().size(); ++size) CHECK_FALSE(is_good(crl.der().first(size)));
    CHECK_FALSE(is_good(concat({crl.der(), Bytes{0}})));
    for (std::size_t at = 0; at < crl.der().size(); ++at) {
        auto changed = to_bytes(crl.der());
        changed[at] ^= 0x01;
        CAPTURE(at);
        CHECK_FALSE(is_good(changed));
    }
}

TEST_CASE("a list with an unknown critical extension, without number or with an empty list of entries is refused") {
    TestPki pki;
    const auto now = der::time(pki.clock.now());
    const auto key_identifier =
        Extension{std::string(oid::authority_key_identifier), Extension::Criticality::non_critical,
                  der::sequence({der::encode(der::context(0), pki.registrar_ca.subject_key_identifier())})};
    const auto number = Extension{std::string(oid::crl_number), Extension::Criticality::non_critical, der::integer(1)};
    const auto build = [&](const Bytes& entries, const std::vector<Extension>& extensions) {
        const auto algorithm = encode_algorithm(pki.registrar_ca_key.algorithm());
        const auto tbs = der::sequence({der::integer(1), algorithm, pki.registrar_ca.subject(), now, now, entries,
                                        der::encode(der::context_constructed(0), encode_extensions(extensions))});
        return der::sequence({tbs, algorithm, der::bit_string(pki.registrar_ca_key.sign(tbs))});
    };
    const auto refusal = [&](const Bytes& entries, const std::vector<Extension>& extensions) {
        return test::reason_of([&] { Crl::parse(build(entries, extensions)); });
    };
    const auto entry = [&](Bytes extensions) {
        return der::sequence({der::encode(der::Tag::integer, serial(1)), now, extensions});
    };
    CHECK(refusal({}, {key_identifier, number}).empty());
    CHECK(refusal(der::sequence({entry({})}), {key_identifier, number}).empty());
    CHECK(refusal({}, {key_identifier}) == "x509.crl.malformed");
    CHECK(refusal({}, {number}) == "x509.crl.malformed");
    CHECK(refusal(der::sequence({}), {key_identifier, number}) == "x509.crl.malformed");
    CHECK(refusal(der::sequence({entry({}), entry({})}), {key_identifier, number}) == "x509.crl.malformed");
    // issuingDistributionPoint: the list would not be about all certificates.
    const Extension partial{"2.5.29.28", Extension::Criticality::critical, der::sequence({})};
    CHECK(refusal({}, {key_identifier, number, partial}) == "x509.crl.extension");
    const auto entry_with = [&](const Extension& extension) {
        return der::sequence({entry(encode_extensions({extension}))});
    };
    CHECK(refusal(entry_with({"1.2.3.4", Extension::Criticality::critical, der::null()}), {key_identifier, number}) ==
          "x509.crl.extension");
    const Bytes hold{0x0A, 0x01, 0x06};
    CHECK(refusal(entry_with({std::string(oid::reason_code), Extension::Criticality::non_critical, hold}),
                  {key_identifier, number}) == "x509.crl.reason");
}

TEST_CASE("options that make no sense are refused") {
    TestPki pki;
    const auto now = pki.clock.now();
    const auto refusal = [&](const std::vector<RevokedEntry>& entries, const CrlOptions& options) {
        return test::reason_of([&] { make_crl(pki.registrar_ca, pki.registrar_ca_key, entries, options); });
    };
    CHECK(refusal({}, {.number = 1, .this_update = now, .next_update = now + Days{1}}).empty());
    CHECK(refusal({}, {.number = -1, .this_update = now, .next_update = now + Days{1}}) == "x509.crl.options");
    CHECK(refusal({}, {.number = 1, .this_update = now, .next_update = now}) == "x509.crl.options");
    const RevokedEntry entry{.serial = serial(1), .revoked_at = now};
    CHECK(refusal({entry, entry}, {.number = 1, .this_update = now, .next_update = now + Days{1}}) ==
          "x509.crl.options");
    const RevokedEntry later{.serial = serial(1), .revoked_at = now + Seconds{1}};
    CHECK(refusal({later}, {.number = 1, .this_update = now, .next_update = now + Days{1}}) == "x509.crl.options");
    CHECK(test::reason_of([&] {
              make_crl(pki.registrar_ca, pki.ballot_ca_key, {}, {.this_update = now, .next_update = now + Days{1}});
          }) == "x509.crl.options");
}

TEST_CASE("revocation reasons have names both ways") {
    for (const auto* name : {"unspecified", "key-compromise", "ca-compromise", "affiliation-changed", "superseded",
                             "cessation-of-operation", "privilege-withdrawn"})
        CHECK(revocation_reason_name(parse_revocation_reason(name)) == name);
    CHECK(test::reason_of([] { parse_revocation_reason("lost"); }) == "x509.revocation.reason");
}

TEST_CASE("a list says since when it keeps expired certificates, and no ordinary list is without end") {
    TestPki pki;
    CHECK(pki.crl(pki.registrar_issuer).expired_certs_since() == TestPki::start());
    CHECK_FALSE(pki.crl(pki.registrar_issuer).is_final());
    const auto now = pki.clock.now();
    const auto plain = make_crl(pki.registrar_ca, pki.registrar_ca_key, {},
                                {.number = 1, .this_update = now, .next_update = now + Days{1}});
    CHECK_FALSE(plain.expired_certs_since().has_value());
    CHECK(reason_of([&] {
              make_crl(pki.registrar_ca, pki.registrar_ca_key, {}, {.this_update = now, .next_update = no_expiry});
          }) == "x509.crl.options");
}

TEST_CASE("only a Ballot CA whose last certificate has ended gets a list without end") {
    TestPki pki;
    const auto closes = TestPki::voting_closes();
    const FinalCrlOptions done{.this_update = closes + Seconds{1}, .last_not_after = closes};
    const auto crl = make_final_crl(pki.ballot_ca, pki.ballot_ca_key, {}, pki.arc, done);
    CHECK(crl.is_final());
    CHECK(crl.is_signed_by(pki.ballot_ca));
    CHECK(crl.expired_certs_since() == pki.ballot_ca.not_before());
    const auto refusal = [&](const Issuer& issuer, const FinalCrlOptions& options) {
        return reason_of([&] { make_final_crl(issuer.certificate(), issuer.key(), {}, pki.arc, options); });
    };
    CHECK(refusal(pki.ballot_issuer, {.this_update = closes, .last_not_after = closes}) == "x509.crl.final");
    for (const auto* live : {&pki.root_issuer, &pki.issuing_issuer, &pki.registrar_issuer})
        CHECK(refusal(*live, done) == "x509.crl.final");
}
