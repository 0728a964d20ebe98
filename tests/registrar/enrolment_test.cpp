#include "tests/registrar/office.h"

using namespace uvpki;
using namespace uvpki::testing;

namespace {

x509::PrivateKey new_key() {
    return x509::PrivateKey::generate(x509::KeyType::ec_p256);
}

}  // namespace

TEST_CASE("an invited voter enrols: the certificate is the voter's role, key and roll entry, and names nobody") {
    Office office;
    office.import();
    const auto codes = office.invite();
    CHECK(codes.size() == 5);
    const auto voter = enrol(*office.registrar, codes.at("A-1"));
    const auto& certificate = voter.certificate;
    const auto entry = office.entry_of("A-1");

    CHECK(certificate.public_key() == voter.key.public_key());
    CHECK(certificate.alt_names() == std::vector<std::string>{"URI:urn:uuid:" + entry});
    CHECK(certificate.subject_text() == "O=Test Election Authority, CN=" + entry);
    CHECK(certificate.not_after() == add_years(office.pki.clock.now(), 4));
    office.registrar->publish_crl();
    auto trust = office.registrar->trust();
    trust.add_crl(office.pki.crl(office.pki.root_issuer));
    trust.add_crl(office.pki.crl(office.pki.issuing_issuer));
    CHECK(reason_of([&] {
              trust.verify_path(certificate, {.role = x509::Role::voter, .time = office.pki.clock.now()});
          }) == "");
    CHECK(office.registrar->search("A-1", 1).at(0).certificate_serial == certificate.serial_hex());
    CHECK(office.registrar->check_audit().empty());
}

TEST_CASE("T22: the same code with the same key gives the same certificate, also after expiry of the code") {
    Office office;
    office.import();
    const auto code = office.invite().at("A-1");
    const auto key = new_key();
    const auto first = office.registrar->enrol(code, request_for(key));
    CHECK(office.registrar->enrol(code, request_for(key)) == first);
    office.pki.clock.advance(Days{60});
    CHECK(office.registrar->enrol(code, request_for(key)) == first);
    office.registrar.reset();
    office.registrar = office.open();
    CHECK(office.registrar->enrol(code, request_for(key)) == first);
    CHECK(office.count("certificate") == 1);
    CHECK(office.count("issuance_intent") == 1);
}

TEST_CASE("a code is read as people type it, and nothing else is a code") {
    Office office;
    office.import();
    auto code = office.invite().at("A-1");
    for (auto& c : code) {
        if (c == '-') c = ' ';
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
        if (c == '0') c = 'O';
        if (c == '1') c = 'l';
    }
    const auto request = request_for(new_key());
    for (const auto& wrong : {std::string(), std::string("hello"), code + "0", std::string(100'000, '0'),
                              std::string("00000-00000-00000-00000-000000")})
        CHECK(reason_of([&] { office.registrar->enrol(wrong, request); }) == "enrol.invitation");
    CHECK(reason_of([&] { office.registrar->enrol(code, request); }) == "");
}

TEST_CASE("T11: a code works for one key, until it expires, and until a newer one is sent") {
    Office office;
    office.import();
    const auto old_codes = office.invite();
    const auto codes = office.invite();
    CHECK(reason_of([&] { enrol(*office.registrar, old_codes.at("A-1")); }) == "enrol.invitation");
    enrol(*office.registrar, codes.at("A-1"));
    CHECK(reason_of([&] { enrol(*office.registrar, codes.at("A-1")); }) == "enrol.invitation");

    // Enrolled voters are not invited again, the others are.
    CHECK(office.invite().count("A-1") == 0);
    const auto latest = office.invite();
    office.pki.clock.advance(Days{30} + Seconds{1});
    CHECK(reason_of([&] { enrol(*office.registrar, latest.at("A-2")); }) == "enrol.invitation");
    CHECK(reason_of([&] { office.registrar->invite(office.pki.clock.now(), "office"); }) == "invite.expires");
}

TEST_CASE("the store keeps only the hash of a code") {
    Office office;
    office.import();
    auto code = office.invite().at("A-1");
    std::erase(code, '-');
    for (const auto* name : {"store.sqlite", "store.sqlite-wal"}) {
        const auto content = to_text(load_file(office.folder / name));
        CHECK(content.find(code) == std::string::npos);
        CHECK(content.find(code.substr(0, 10)) == std::string::npos);
    }
}

TEST_CASE("bad requests and bad keys are refused, and the code still works afterwards") {
    Office office;
    office.import();
    const auto codes = office.invite();
    const auto& code = codes.at("A-1");
    auto& registrar = *office.registrar;
    auto forged = request_for(new_key());
    forged.back() = static_cast<std::uint8_t>(forged.back() ^ 1);
    CHECK(reason_of([&] { registrar.enrol(code, forged); }).starts_with("x509.request"));
    CHECK(reason_of([&] { registrar.enrol(code, as_bytes("hello")); }) == "x509.request.malformed");
    CHECK(reason_of([&] { registrar.enrol(code, request_for(x509::PrivateKey::generate(x509::KeyType::ed25519))); }) ==
          "x509.issue.key_type");
    CHECK(office.count("certificate") == 0);
    CHECK(office.count("issuance_intent") == 0);

    const auto voter = enrol(registrar, code);
    CHECK(reason_of([&] { registrar.enrol(codes.at("A-2"), request_for(voter.key)); }) == "enrol.duplicate_key");
    CHECK(reason_of([&] { enrol(registrar, codes.at("A-2")); }) == "");
}

TEST_CASE("a certificate is renewed inside its window, once, by its own holder") {
    Office office;
    office.import();
    auto& clock = office.pki.clock;
    auto& registrar = *office.registrar;
    const auto voter = enrol(registrar, office.invite().at("A-1"));
    const auto new_voter_key = new_key();
    const auto renewal = [&](const x509::PrivateKey& key) {
        return cms::sign(request_for(key), voter.certificate, voter.key, clock);
    };
    const auto officer = cms::sign(request_for(new_key()), office.election.officer, office.election.officer_key, clock);
    CHECK(reason_of([&] { registrar.renew(officer); }) == "x509.path.policy");
    CHECK(reason_of([&] { registrar.renew(renewal(new_voter_key)); }) == "renew.window");
    clock.set(voter.certificate.not_after() - Days{90} - Seconds{1});
    CHECK(reason_of([&] { registrar.renew(renewal(new_voter_key)); }) == "renew.window");
    clock.advance(Seconds{1});
    const auto renewed = x509::Certificate::parse(registrar.renew(renewal(new_voter_key)));
    CHECK(renewed.public_key() == new_voter_key.public_key());
    CHECK(renewed.alt_names() == voter.certificate.alt_names());
    CHECK(renewed.not_after() > voter.certificate.not_after());
    CHECK(to_bytes(renewed.der()) == registrar.renew(renewal(new_voter_key)));
    CHECK(reason_of([&] { registrar.renew(renewal(new_key())); }) == "renew.renewed");

    CHECK(reason_of([&] { registrar.renew(request_for(new_key())); }) == "cms.malformed");  // signed by nobody
    CHECK(office.count("certificate") == 2);

    SUBCASE("revoking the voter revokes the renewal too") {
        registrar.revoke(office.entry_of("A-1"), x509::RevocationReason::key_compromise, clock.now() - Days{1},
                         "office");
        const auto crl = registrar.publish_crl();
        REQUIRE(crl.find(voter.certificate.serial()) != nullptr);
        REQUIRE(crl.find(renewed.serial()) != nullptr);
        CHECK(crl.find(renewed.serial())->effective() == clock.now() - Days{1});
        const auto next = cms::sign(request_for(new_key()), renewed, new_voter_key, clock);
        CHECK(reason_of([&] { registrar.renew(next); }) == "renew.certificate");
    }
    SUBCASE("after its end a certificate renews nothing") {
        auto late = renewal(new_voter_key);
        clock.set(voter.certificate.not_after() + Seconds{1});
        CHECK(reason_of([&] { registrar.renew(late); }) == "x509.path.expired");
    }
    CHECK(registrar.check_audit().empty());
}

TEST_CASE("a voter of another registrar of the same authority cannot renew here") {
    Office office;
    office.import();
    const auto key = new_key();
    const auto stranger = office.pki.issue_leaf(x509::Role::voter, key);
    const auto message = cms::sign(request_for(new_key()), stranger, key, office.pki.clock);
    CHECK(reason_of([&] { office.registrar->renew(message); }) != "");
    CHECK(office.count("certificate") == 0);
}

TEST_CASE("after revocation the list is out at once, and the voter enrols again with a new key only") {
    Office office;
    office.import();
    auto& registrar = *office.registrar;
    const auto code = office.invite().at("A-1");
    const auto voter = enrol(registrar, code);
    const auto entry = office.entry_of("A-1");
    CHECK(reason_of([&] {
              registrar.revoke(entry, x509::RevocationReason::superseded, office.pki.clock.now(), "office");
          }) == "revoke.invalid_since");
    CHECK(reason_of([&] {
              registrar.revoke(entry, x509::RevocationReason::key_compromise, office.pki.clock.now() + Days{1},
                               "office");
          }) == "revoke.invalid_since");
    registrar.revoke(entry, x509::RevocationReason::key_compromise, std::nullopt, "office");
    CHECK(reason_of([&] {
              registrar.trust().verify_path(voter.certificate, {.role = x509::Role::voter,
                                                                .time = office.pki.clock.now(),
                                                                .revocation = x509::PathRules::Revocation::if_listed});
          }) == "x509.path.revoked");
    CHECK(reason_of([&] { registrar.revoke(entry, x509::RevocationReason::superseded, {}, "office"); }) ==
          "revoke.certificate");
    CHECK(reason_of([&] {
              registrar.revoke(office.entry_of("A-2"), x509::RevocationReason::superseded, {}, "office");
          }) == "revoke.certificate");
    CHECK(reason_of([&] { registrar.enrol(code, request_for(voter.key)); }) == "enrol.invitation");

    const auto codes = office.invite();
    REQUIRE(codes.count("A-1") == 1);
    CHECK(reason_of([&] { registrar.enrol(codes.at("A-1"), request_for(voter.key)); }) == "enrol.revoked_key");
    CHECK(reason_of([&] { enrol(registrar, codes.at("A-1")); }) == "");
    CHECK(registrar.check_audit().empty());
}

TEST_CASE("T19: a key that signs tokens is certified for no voter") {
    PreparedOffice office;
    const auto codes = [&] {
        office.import("voter_id,name,style\nB-1,Late Comer,north\nB-2,Later Still,north\n");
        return office.invite();
    }();
    const auto key = x509::PrivateKey::generate(x509::KeyType::rsa);
    const auto token_key = blind::BlindPublicKey::parse_spki(key.public_key().spki());
    office.store()->transaction([&](service::Transaction& t) {
        t.execute("INSERT INTO token_key (key_id, election, style, spki, sealed_key) VALUES ($1, $2, 'east', $3, $4)",
                  {service::blob(token_key.key_id()), service::text(office.election.manifest.id),
                   service::blob(token_key.spki()), service::blob(Bytes{1})});
    });
    CHECK(reason_of([&] { office.registrar->enrol(codes.at("B-1"), request_for(key)); }) == "enrol.token_key");
    const auto other = x509::PrivateKey::generate(x509::KeyType::rsa);
    CHECK(reason_of([&] { office.registrar->enrol(codes.at("B-2"), request_for(other)); }).empty());
}
