#include <algorithm>

#include "tests/registrar/office.h"
#include "uvpki/x509/ocsp.h"

using namespace uvpki;
using namespace uvpki::testing;

namespace {

/// What the registrar CA's responder says of this certificate, verified along the path to the root.
x509::VerifiedOcspAnswer ask(Office& office, registrar::Registrar& registrar, const x509::Certificate& certificate) {
    const auto nonce = office.pki.random.bytes(x509::ocsp_nonce_size);
    const auto id = x509::make_ocsp_cert_id(registrar.ca_certificate(), certificate.serial());
    const auto response = x509::parse_ocsp_response(registrar.answer_ocsp(x509::make_ocsp_request({{id}, nonce})));
    return x509::verify_ocsp_response(response, certificate, registrar.trust(),
                                      {.time = office.pki.clock.now(), .nonce = nonce});
}

}  // namespace

TEST_CASE("the registrar CA answers for its voters' certificates with a responder of its own, also when opened anew") {
    Office office;
    office.import();
    const auto codes = office.invite();
    const auto good = enrol(*office.registrar, codes.at("A-1"));
    const auto bad = enrol(*office.registrar, codes.at("A-2"));
    const auto answer = ask(office, *office.registrar, good.certificate);
    CHECK(answer.status() == x509::OcspStatus::good);
    CHECK(x509::is_signed_by(answer.responder(), office.registrar->ca_certificate()));
    office.pki.clock.advance(Days{1});
    office.registrar->revoke(office.entry_of("A-2"), x509::RevocationReason::key_compromise,
                             office.pki.clock.now() - Seconds{60}, "office");
    const auto revoked = ask(office, *office.registrar, bad.certificate);
    CHECK(revoked.status() == x509::OcspStatus::revoked);
    CHECK(revoked.answer().reason == x509::RevocationReason::key_compromise);
    CHECK(revoked.answer().invalid_since == office.pki.clock.now() - Seconds{60});
    const auto again = office.open();
    CHECK(ask(office, *again, good.certificate).responder() == answer.responder());
    office.pki.clock.advance(Days{20});
    const auto later = ask(office, *again, good.certificate).responder();
    CHECK_FALSE(later == answer.responder());
    CHECK_FALSE(later.public_key() == answer.responder().public_key());
    CHECK(ask(office, *office.registrar, good.certificate).responder() == later);
    CHECK(office.count("responder") == 2);
    CHECK(again->check_audit().empty());
    // Nobody else's certificates: the issuing CA answers for this one.
    const auto elsewhere = x509::make_ocsp_cert_id(office.pki.issuing, again->ca_certificate().serial());
    CHECK(again->answer_ocsp(x509::make_ocsp_request({{elsewhere}, {}})) ==
          x509::make_ocsp_error(x509::OcspError::unauthorized));
    CHECK(reason_of([&] {
              office.store()->transaction([](service::Transaction& t) { t.execute("DELETE FROM responder"); });
          }) == "store.refused");
}

TEST_CASE("the keys of a whole roll are held against each other, and the entries that share one are named") {
    Office office;
    office.import();
    const auto codes = office.invite();
    const auto ada = enrol(*office.registrar, codes.at("A-1"));
    enrol(*office.registrar, codes.at("A-2"));
    const auto ben = enrol(*office.registrar, codes.at("A-3"));
    CHECK(office.registrar->check_keys().empty());
    // The same key again is refused at once; here it has come into the store by another way.
    CHECK(reason_of([&] { office.registrar->enrol(codes.at("A-4"), request_for(ada.key)); }) == "enrol.duplicate_key");
    const auto entry = office.entry_of("A-4");
    office.store()->transaction([&](service::Transaction& t) {
        const auto key = ada.certificate.spki_sha256();
        const Bytes serial(20, 0x55);
        t.execute("INSERT INTO issuance_intent (serial, entry, key_hash, tbs, recorded_at) VALUES ($1, $2, $3, $4, 1)",
                  {service::blob(serial), service::text(entry), service::blob(key), service::blob(Bytes{1})});
        t.execute(
            "INSERT INTO certificate (serial, entry, key_hash, der, issued_at, not_after, renews)"
            " VALUES ($1, $2, $3, $4, 1, 2, $5)",
            {service::blob(serial), service::text(entry), service::blob(key), service::blob(ada.certificate.der()),
             service::blob(ben.certificate.serial())});
    });
    const auto findings = office.registrar->check_keys();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].rule == "key.duplicate");
    std::vector<std::string> expected{office.entry_of("A-1"), entry};
    std::ranges::sort(expected);
    CHECK(findings[0].holders == expected);
    // A revoked certificate's key counts no longer.
    office.registrar->revoke(entry, x509::RevocationReason::superseded, {}, "office");
    CHECK(office.registrar->check_keys().empty());
}
