#include <doctest/doctest.h>

#include "tests/ca/office.h"
#include "uvpki/encoding.h"

using namespace uvpki;
using namespace uvpki::ca;
using namespace uvpki::ca::test;

namespace {

/// A root without an authority.
struct RootOnly {
    TempFolder folder;
    SimulatedClock clock{parse_rfc3339("2026-01-01T00:00:00Z")};
    SystemRandom random;
    std::filesystem::path path = folder / "root";

    OfflineRoot create() {
        return OfflineRoot::create(path, "Test", x509::Arc(), Office::password(), clock, random, Office::light());
    }
    OfflineRoot open() { return OfflineRoot::open(path, Office::password(), clock, random); }
    void flip(const std::string& file) {
        auto content = load_file(path / file);
        content[content.size() / 2] ^= 1;
        save_file(path / file, content);
    }
};

}  // namespace

TEST_CASE("the openssl command accepts root, list, signed certificate and transcript signature") {
    RootOnly office;
    auto root = office.create();
    const auto key = new_key();
    const auto issuing = root.sign_issuing_ca(request_for(key), "Issuing CA 1");
    save_file(office.path / "issuing.pem", issuing.pem());
    const auto at = std::to_string(unix_seconds(office.clock.now()) + 60);
    const auto say = [&](const std::string& command) { return run_command(office.path, command); };
    CHECK(say("openssl verify -attime " + at + " -CAfile root.pem issuing.pem").exit_code == 0);
    CHECK(say("openssl crl -in root.crl.pem -CAfile root.pem -noout").output.find("verify OK") != std::string::npos);
    CHECK(say("openssl dgst -sha384 -verify root-public.pem -signature transcript.sig transcript.json").exit_code == 0);
    CHECK(std::filesystem::exists(office.path / "issued" / (issuing.serial_hex() + ".pem")));
}

TEST_CASE("the root key is encrypted and readable by its owner alone, and another password does not open it") {
    RootOnly office;
    office.create();
    const auto key_file = office.path / "root-key.pem";
    CHECK(to_text(load_file(key_file)).starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    CHECK((std::filesystem::status(key_file).permissions() & std::filesystem::perms(0777)) ==
          std::filesystem::perms(0600));
    const SecretBytes wrong(as_bytes("wrong"));
    CHECK(reason_of([&] { OfflineRoot::open(office.path, wrong, office.clock, office.random); }) ==
          "x509.key.password");
}

TEST_CASE("a folder that holds something is refused and left as it is") {
    RootOnly office;
    office.create();
    const auto before = load_file(office.path / "transcript.json");
    CHECK(reason_of([&] { office.create(); }) == "root.exists");
    CHECK(load_file(office.path / "transcript.json") == before);
}

TEST_CASE("a root opened again remembers what it signed and revoked, and its list numbers go on") {
    RootOnly office;
    const auto key = new_key();
    auto root = office.create();
    const auto issuing = root.sign_issuing_ca(request_for(key), "Issuing CA 1");
    auto again = office.open();
    CHECK(reason_of([&] { again.sign_issuing_ca(request_for(key), "Another name"); }) == "root.key_known");
    again.revoke(issuing.serial(), x509::RevocationReason::ca_compromise, office.clock.now());
    const auto crl = office.open().publish_crl();
    CHECK(crl.number() == 3);
    REQUIRE(crl.find(issuing.serial()) != nullptr);
    CHECK(crl.find(issuing.serial())->reason == x509::RevocationReason::ca_compromise);
    CHECK(reason_of([&] { office.open().revoke(issuing.serial(), x509::RevocationReason::superseded, {}); }) ==
          "revoke.again");
    CHECK(reason_of([&] {
              office.open().revoke(Bytes{1, 2}, x509::RevocationReason::superseded, {});
          }) == "root.serial");
}

TEST_CASE("a changed transcript, signature or certificate is noticed when the root is opened") {
    for (const std::string file : {"transcript.json", "transcript.sig"}) {
        RootOnly office;
        office.create();
        office.flip(file);
        CHECK(reason_of([&] { office.open(); }) == "root.transcript");
    }
    RootOnly office;
    RootOnly other;
    office.create();
    other.create();
    save_file(office.path / "root.pem", load_file(other.path / "root.pem"));
    CHECK(reason_of([&] { office.open(); }) == "root.key");
}

TEST_CASE("a transcript whose saving was interrupted is completed from the pending pair, a forged pair is refused") {
    RootOnly office;
    auto root = office.create();
    const auto old_text = load_file(office.path / "transcript.json");
    const auto old_signature = load_file(office.path / "transcript.sig");
    root.publish_crl();
    const auto text = load_file(office.path / "transcript.json");
    const auto signature = load_file(office.path / "transcript.sig");
    const auto pending = [](ByteView content, ByteView signed_by) {
        return "{\"signature\":\"" + to_base64(signed_by) + "\",\"text\":\"" + to_base64(content) + "\"}";
    };
    // Killed between the two files: new text, old signature.
    save_file(office.path / "transcript.sig", old_signature);
    CHECK(reason_of([&] { office.open(); }) == "root.transcript");
    save_file(office.path / "transcript.pending", pending(text, signature));
    CHECK(office.open().publish_crl().number() == 3);
    CHECK(!std::filesystem::exists(office.path / "transcript.pending"));
    save_file(office.path / "transcript.pending", pending(old_text, signature));
    CHECK(reason_of([&] { office.open(); }) == "root.transcript");
}

TEST_CASE("requests that are malformed, without possession or for the root's own key are refused") {
    RootOnly office;
    auto root = office.create();
    auto request = request_for(new_key());
    request[request.size() - 1] ^= 1;
    CHECK(reason_of([&] { root.sign_issuing_ca(request, "Issuing CA"); }) == "x509.request.possession");
    CHECK(reason_of([&] { root.sign_issuing_ca(Bytes(100, 0x30), "Issuing CA"); }) == "x509.request.malformed");
    CHECK(reason_of([&] { root.sign_issuing_ca(request_for(new_key()), ""); }) == "x509.name");
}
