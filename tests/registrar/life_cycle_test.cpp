#include "tests/registrar/office.h"

using namespace uvpki;
using namespace uvpki::testing;
using registrar::Registrar;

TEST_CASE("a registrar is made once in a folder, and its secrets are encrypted and private") {
    Office office;
    CHECK(reason_of([&] {
              Registrar::create(office.folder.path(), "registrar-1", "Test", office.pki.arc, office.password,
                                office.pki.clock, office.pki.random, Office::quick());
          }) == "registrar.exists");
    for (const auto* name : {"keys/registrar-ca-key.pem", "keys/registrar-key.pem"}) {
        const auto pem = to_text(load_file(office.folder / name));
        CHECK(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    }
    for (const auto* name :
         {"keys/registrar-ca-key.pem", "keys/registrar-key.pem", "keys/sealing.key", "store.sqlite"}) {
        const auto mode = std::filesystem::status(office.folder / name).permissions();
        CHECK((mode & (std::filesystem::perms::group_all | std::filesystem::perms::others_all)) ==
              std::filesystem::perms::none);
    }
}

TEST_CASE("a registrar's id must be usable in manifests") {
    Office office;
    for (const auto* id : {"", "Registrar", "r 1", "r/1", "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr"}) {
        test::TempFolder folder;
        CHECK(reason_of([&] {
                  Registrar::create(folder.path(), id, "Test", office.pki.arc, office.password, office.pki.clock,
                                    office.pki.random, Office::quick());
              }) == "registrar.issuer");
    }
}

TEST_CASE("a registrar is opened with its password and its own sealing key only") {
    Office office;
    office.import();
    const auto id = office.registrar->issuer();
    const auto ca = office.registrar->ca_certificate();
    office.registrar.reset();

    SUBCASE("the right password") {
        const auto again = office.open();
        CHECK(again->issuer() == id);
        CHECK(again->ca_certificate() == ca);
        CHECK(again->search("A-1", 10).size() == 1);
    }
    SUBCASE("a wrong password") {
        office.password = SecretBytes(as_bytes("wrong horse"));
        CHECK(reason_of([&] { office.open(); }) == "x509.key.password");
    }
    SUBCASE("another sealing key") {
        save_file(office.folder / "keys/sealing.key", ByteView(Bytes(32, 7)), FileMode::secret);
        CHECK(reason_of([&] { office.open(); }) == "registrar.sealing_key");
    }
    SUBCASE("no sealing key is not made anew") {
        std::filesystem::remove(office.folder / "keys/sealing.key");
        CHECK(reason_of([&] { office.open(); }) == "file.missing");
    }
    SUBCASE("an empty folder") {
        test::TempFolder empty;
        CHECK(reason_of([&] {
                  Registrar::open(empty.path(), office.password, office.pki.clock, office.pki.random, Office::quick());
              }) == "registrar.missing");
        CHECK(std::filesystem::is_empty(empty.path()));
    }
}

TEST_CASE("before its certificates are installed a registrar issues nothing") {
    Office other;
    test::TempFolder folder;
    const auto fresh = Registrar::create(folder.path(), "registrar-2", "Test", other.pki.arc, other.password,
                                         other.pki.clock, other.pki.random, Office::quick());
    CHECK(reason_of([&] { fresh->enrol("00000-00000-00000-00000-000000", Bytes{}); }) == "registrar.not_installed");
    CHECK(reason_of([&] { fresh->publish_crl(); }) == "registrar.not_installed");
    CHECK(reason_of([&] { fresh->ca_certificate(); }) == "registrar.not_installed");
    CHECK(reason_of([&] { fresh->trust(); }) == "registrar.not_installed");
}

TEST_CASE("installed certificates must be this registrar's, in their roles and in one chain") {
    Office office;
    auto& pki = office.pki;
    const auto ca = office.registrar->ca_certificate();
    const auto leaf = office.issue_registrar();
    CHECK(reason_of([&] { office.registrar->install(pki.root, pki.issuing, pki.registrar_ca, leaf); }) ==
          "registrar.install.key");
    CHECK(reason_of([&] { office.registrar->install(pki.root, pki.issuing, ca, office.election.officer); }) ==
          "registrar.install.key");
    CHECK(reason_of([&] { office.registrar->install(pki.issuing, pki.root, ca, leaf); }) == "registrar.install.chain");
    // The registrar's key, but an officer's certificate: a role is not a name.
    const auto officer =
        pki.issuing_issuer.issue(x509::Role::officer, x509::parse_request(office.registrar->registrar_request()),
                                 {.subject = TestPki::name("Registrar registrar-1")}, pki.store, pki.clock, pki.random);
    CHECK(reason_of([&] { office.registrar->install(pki.root, pki.issuing, ca, officer); }) == "x509.path.policy");
    CHECK(reason_of([&] { office.registrar->install(pki.root, pki.issuing, office.issue_ca(), leaf); }) ==
          "registrar.installed");
    // A newer registrar certificate takes the place of the old one.
    CHECK(reason_of([&] { office.registrar->install(pki.root, pki.issuing, ca, leaf); }) == "");
    CHECK(office.registrar->check_audit().empty());
}

TEST_CASE("revocation lists have increasing numbers, also when two processes have the folder open") {
    Office office;
    const auto other = office.open();
    CHECK(office.registrar->publish_crl().number() == 1);
    CHECK(other->publish_crl().number() == 2);
    const auto crl = office.registrar->publish_crl();
    CHECK(crl.number() == 3);
    CHECK(crl.is_signed_by(office.registrar->ca_certificate()));
    CHECK(crl.entries().empty());
}

TEST_CASE("a changed audit row is found, and so is a claim that was never recorded") {
    Office office;
    office.import();
    REQUIRE(office.registrar->check_audit().empty());
    office.store()->transaction([](service::Transaction& t) {
        t.execute_script(
            "DROP TRIGGER audit_no_update; UPDATE audit SET actor = 'nobody' WHERE action = 'voters.import'");
    });
    const auto findings = office.registrar->check_audit();
    REQUIRE(!findings.empty());
    CHECK(findings[0].rule == "audit.row");
}
