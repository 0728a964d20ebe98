#include <sys/stat.h>

#include "tests/ballot/box_fixture.h"
#include "uvpki/files.h"
#include "uvpki/service/sqlite_database.h"

using namespace uvpki;
using namespace uvpki::testing;

TEST_CASE("a box is made once, opened with its password and its keys, and keeps its keys from others") {
    BoxFixture f;
    const auto folder = f.folder.path() / "box";
    const auto open_with = [&](std::string_view password) {
        return reason_of(
            [&] { BallotBox::open(folder, SecretBytes(as_bytes(password)), f.clock(), f.election.pki.random); });
    };
    CHECK(open_with("correct horse").empty());
    CHECK(open_with("wrong horse") == "x509.key.password");
    CHECK(reason_of([&] {
              BallotBox::create(folder, "Other", f.election.pki.arc, f.password, f.clock(), f.election.pki.random);
          }) == "ballot_box.exists");
    CHECK(open_with("correct horse").empty());
    CHECK(reason_of([&] {
              BallotBox::open(f.folder.path() / "nothing", f.password, f.clock(), f.election.pki.random);
          }) == "ballot_box.missing");
    for (const auto* name : {"keys/receipt.pem", "keys/sealing.key", "store.sqlite"}) {
        struct stat info {};
        REQUIRE(::stat((folder / name).c_str(), &info) == 0);
        CHECK((info.st_mode & 0077) == 0);
    }
    f.box.reset();
    save_file(folder / "keys" / "sealing.key", Bytes(32, 7), FileMode::secret);
    CHECK(open_with("correct horse") == "ballot_box.sealing_key");
}

TEST_CASE("a box takes certificates for its own receipt key under one root alone") {
    BoxFixture f;
    auto& pki = f.election.pki;
    CHECK(reason_of([&] { f.box->install(pki.root, pki.issuing, f.election.receipt_signer); }) ==
          "ballot_box.receipt_key");
    const auto request = x509::parse_request(f.box->receipt_request());
    const auto officer = pki.issuing_issuer.issue(
        x509::Role::officer, request, {.subject = TestPki::name("Not a receipt")}, pki.store, pki.clock, pki.random);
    CHECK(reason_of([&] { f.box->install(pki.root, pki.issuing, officer); }) == "x509.path.policy");
    TestPki other;
    other.clock.set(f.clock().now());
    const auto foreign = other.issuing_issuer.issue(
        x509::Role::receipt, request, {.subject = TestPki::name("Receipts")}, other.store, other.clock, other.random);
    CHECK(reason_of([&] { f.box->install(other.root, other.issuing, foreign); }) == "ballot_box.root");
    const auto renewed = pki.issuing_issuer.issue(x509::Role::receipt, request, {.subject = TestPki::name("Receipts")},
                                                  pki.store, pki.clock, pki.random);
    f.box->install(pki.root, pki.issuing, renewed);
    const auto ballot = f.make_ballot(f.redeem(f.make_device()));
    CHECK(cms::parse_signed_data(f.box->cast(f.id(), ballot.der)).signer == renewed);
    CHECK(f.box->check_audit().empty());
}

TEST_CASE("preparing an election again gives the same keys, and a manifest with others is refused") {
    BoxFixture f;
    const auto first = f.box->prepare_election("next-2027", "officer");
    const auto again = f.box->prepare_election("next-2027", "officer");
    CHECK(first.ballot_ca_request == again.ballot_ca_request);
    CHECK(first.log_key == again.log_key);
    CHECK(reason_of([&] { f.box->prepare_election("No Such Id", "officer"); }) == "ballot_box.election_id");

    const auto install = [&] { f.box->install_manifest(f.election.verified_manifest(), "officer"); };
    CHECK(reason_of(install).empty());  // the same again
    f.election.manifest.title = "Another title";
    CHECK(reason_of(install) == "ballot_box.manifest");
    TestElection unprepared;
    CHECK(reason_of([&] { f.box->install_manifest(unprepared.verified_manifest(), "officer"); }) ==
          "ballot_box.manifest");
    CHECK(reason_of([&] { f.box->cast("next-2027", Bytes{}); }) == "ballot_box.election");
}

TEST_CASE("a manifest whose Ballot CA or log key is not the prepared one is refused") {
    CHECK(reason_of([] {
              BoxFixture f({"registrar"}, 3,
                           [](TestElection& e) { e.manifest.ballot_ca = to_bytes(e.pki.ballot_ca.der()); });
          }) == "ballot_box.manifest");
    CHECK(reason_of([] {
              BoxFixture f({"registrar"}, 3, [](TestElection& e) {
                  e.manifest.log_key = e.log_key.verifier().vkey();
                  e.manifest.log_origin = e.log_key.verifier().name();
              });
          }) == "ballot_box.manifest");
}

TEST_CASE("acts of officers are in the audit log, redeems and casts are not (T3)") {
    BoxFixture f;
    CHECK(f.box->check_audit().empty());
    const auto rows = [&] {
        const auto store = service::open_sqlite(f.folder.path() / "box" / "store.sqlite");
        return store->read(
            [](service::Transaction& t) { return t.query("SELECT count(*) FROM audit").at(0).integer(0); });
    };
    const auto before = rows();
    f.vote();
    f.vote("south");
    CHECK(rows() == before);
    f.close_last();
    CHECK(rows() > before);
    CHECK(f.box->check_audit().empty());
}
