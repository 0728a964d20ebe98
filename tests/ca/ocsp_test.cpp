#include "uvpki/x509/ocsp.h"

#include "tests/ca/uvca_program.h"
#include "uvpki/encoding.h"

using namespace uvpki;
using namespace uvpki::ca;
using namespace uvpki::ca::test;

namespace {

/// What the authority's responder says of this certificate, verified along the path to the root.
x509::VerifiedOcspAnswer ask(Office& office, Authority& authority, const x509::Certificate& certificate) {
    const auto nonce = office.random.bytes(x509::ocsp_nonce_size);
    const auto id = x509::make_ocsp_cert_id(authority.issuing(), certificate.serial());
    const auto response = x509::parse_ocsp_response(authority.answer_ocsp(x509::make_ocsp_request({{id}, nonce})));
    return x509::verify_ocsp_response(response, certificate, authority.trust(),
                                      {.time = office.clock.now(), .nonce = nonce});
}

}  // namespace

TEST_CASE(
    "the authority answers for its certificates as they stand: good, revoked at once with their renewals, unknown") {
    Office office;
    auto& authority = office.authority;
    const auto officer = office.certify(x509::Role::officer, "Officer 1");
    CHECK(ask(office, authority, officer.certificate).status() == x509::OcspStatus::good);
    const auto renewed = authority.renew(officer.certificate.serial(), request_for(officer.key), "tester");
    office.clock.advance(Days{1});
    authority.revoke(officer.certificate.serial(), x509::RevocationReason::key_compromise, office.clock.now() - Days{1},
                     "tester");
    for (const auto& certificate : {officer.certificate, renewed}) {
        const auto answer = ask(office, authority, certificate);
        CHECK(answer.status() == x509::OcspStatus::revoked);
        CHECK(answer.answer().reason == x509::RevocationReason::key_compromise);
        CHECK(answer.answer().revoked_at == office.clock.now());
        CHECK(answer.answer().invalid_since == office.clock.now() - Days{1});
    }
    // The root's certificates are not this responder's affair, and garbage is answered, not thrown.
    const auto elsewhere = x509::make_ocsp_cert_id(authority.root(), authority.issuing().serial());
    CHECK(authority.answer_ocsp(x509::make_ocsp_request({{elsewhere}, {}})) ==
          x509::make_ocsp_error(x509::OcspError::unauthorized));
    CHECK(authority.answer_ocsp(as_bytes("garbage")) == x509::make_ocsp_error(x509::OcspError::malformed_request));
    const auto never = x509::make_ocsp_cert_id(authority.issuing(), Bytes(20, 0x41));
    const auto response = x509::parse_ocsp_response(authority.answer_ocsp(x509::make_ocsp_request({{never}, {}})));
    CHECK(response.answers[0].status == x509::OcspStatus::unknown);
}

TEST_CASE("the responder's certificate is issued once, kept over restarts and replaced ten days before it ends") {
    Office office;
    const auto officer = office.certify(x509::Role::officer, "Officer 1");
    const auto first = ask(office, office.authority, officer.certificate).responder();
    CHECK(first.not_after() == office.clock.now() + Days{30});
    CHECK(ask(office, office.authority, officer.certificate).responder() == first);
    auto again = office.reopen();
    CHECK(again.ocsp_certificate() == first);
    office.clock.advance(Days{20} - Seconds{1});
    CHECK(again.ocsp_certificate() == first);
    office.clock.advance(Seconds{1});
    const auto second = again.ocsp_certificate();
    CHECK_FALSE(second == first);
    CHECK(second.not_after() == office.clock.now() + Days{30});
    CHECK(office.authority.ocsp_certificate() == second);
    // Revoked, it is replaced as well once the program starts anew... with another key it could not be: a compromised
    // key gets no certificate.
    again.revoke(second.serial(), x509::RevocationReason::superseded, std::nullopt, "tester");
    const auto third = office.reopen().ocsp_certificate();
    CHECK_FALSE(third == second);
    CHECK(again.check_audit().empty());
}

TEST_CASE("an authority made before there was a responder gets its key when it is opened") {
    Office office;
    std::filesystem::remove(office.folder / "authority" / "keys" / "ocsp-key.pem");
    CHECK(reason_of([&] {
              Authority::open(office.folder / "authority", SecretBytes(as_bytes("wrong")), office.clock, office.random);
          }) == "x509.key.password");
    CHECK_FALSE(std::filesystem::exists(office.folder / "authority" / "keys" / "ocsp-key.pem"));
    auto opened = office.reopen();
    const auto officer = office.certify(x509::Role::officer, "Officer 1");
    CHECK(ask(office, opened, officer.certificate).status() == x509::OcspStatus::good);
    CHECK(reason_of([&] {
              Authority::open_for_reading(office.folder / "authority", office.clock, office.random)
                  .answer_ocsp(as_bytes("x"));
          }) == "authority.locked");
}

TEST_CASE("uvca answers what openssl asks, and openssl believes it") {
    Office office;
    const Program program(office.folder.path());
    const auto officer = office.certify(x509::Role::officer, "Officer 1");
    const auto former = office.certify(x509::Role::officer, "Officer 2");
    office.authority.revoke(former.certificate.serial(), x509::RevocationReason::superseded, std::nullopt, "tester");
    save_file(office.folder / "officer.pem", officer.certificate.pem());
    save_file(office.folder / "former.pem", former.certificate.pem());
    save_file(office.folder / "issuing.pem", office.authority.issuing().pem());
    check_good(program.uvca("chain --out chain.pem", office.clock));
    check_good(program.uvca("ocsp certificate --out ocsp.pem", office.clock));
    const auto time = std::to_string(unix_seconds(office.clock.now()));
    const std::string about = "-issuer issuing.pem -cert officer.pem -cert former.pem ";
    REQUIRE(program.shell("openssl ocsp " + about + "-reqout question.der").exit_code == 0);
    const auto answer = program.uvca("ocsp respond --json --request question.der --out answer.der", office.clock);
    check_good(answer);
    CHECK(answer.json().at("answers").at(0).at("status") == "good");
    CHECK(answer.json().at("answers").at(1).at("status") == "revoked");
    CHECK(answer.json().at("answers").at(1).at("reason") == "superseded");
    const auto verified =
        program.shell("openssl ocsp -no_nonce -reqin question.der -respin answer.der " + about +
                      "-CAfile chain.pem -no-CApath -no-CAstore -attime " + time + " -validity_period 3000000000");
    CAPTURE(verified.errors);
    CHECK(verified.exit_code == 0);
    CHECK(verified.errors.find("Response verify OK") != std::string::npos);
    CHECK(verified.output.find("officer.pem: good") != std::string::npos);
    CHECK(verified.output.find("former.pem: revoked") != std::string::npos);
    // The answer of a responder that another CA made is not believed: here the root's chain without the issuing CA.
    save_file(office.folder / "root.pem", office.authority.root().pem());
    CHECK(program
              .shell("openssl ocsp -no_nonce -reqin question.der -respin answer.der " + about +
                     "-CAfile former.pem -no-CApath -no-CAstore -attime " + time)
              .errors.find("Response Verify Failure") != std::string::npos);
    save_file(office.folder / "garbage.der", "garbage");
    check_refused(program.uvca("ocsp respond --request garbage.der --out refusal.der", office.clock), "ocsp.status");
    CHECK(program.shell("openssl ocsp -respin refusal.der").output.find("malformedrequest") != std::string::npos);
}
