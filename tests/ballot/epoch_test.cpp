#include <algorithm>

#include "tests/ballot/box_fixture.h"
#include "uvpki/election/epoch.h"
#include "uvpki/merkle/tree.h"

using namespace uvpki;
using namespace uvpki::testing;
using State = api::BallotStatus::State;

TEST_CASE("an epoch closes after its period with at least k ballots, and not before") {
    BoxFixture f;
    const auto a = f.vote(), b = f.vote("south");
    f.clock().set(TestPki::voting_opens() + Seconds{3600});
    CHECK(f.close().empty());  // two of three
    f.clock().set(TestPki::voting_opens() + Seconds{3599});
    const auto c = f.vote();
    CHECK(f.close().empty());  // a second early
    CHECK(f.box->status(f.id(), a).state == State::accepted);
    f.clock().set(TestPki::voting_opens() + Seconds{3600});
    const auto closed = f.close();
    REQUIRE(closed.size() == 1);
    CHECK(closed[0].number == 1);
    CHECK(closed[0].ballots == 3);
    CHECK(closed[0].stamped_at == f.clock().now());
    for (const auto& leaf : {a, b, c}) {
        CHECK(f.box->status(f.id(), leaf).state == State::published);
        CHECK(f.box->status(f.id(), leaf).epoch == 1);
    }
    CHECK(f.close().empty());
    std::vector<Sha256> sorted = {a, b, c};
    std::ranges::sort(sorted);
    CHECK(f.box->log_root(f.id()) == merkle::Tree(sorted).root());
}

TEST_CASE("the second epoch's period begins with the first one's stamp, and receipts promise two epochs ahead") {
    BoxFixture f({"registrar"}, 1);
    f.vote();
    f.clock().set(TestPki::voting_opens() + Seconds{5000});
    REQUIRE(f.close().size() == 1);
    const auto ballot = f.make_ballot(f.redeem(f.make_device()));
    const auto receipt =
        election::verify_receipt(f.box->cast(f.id(), ballot.der), f.election.verified_manifest(), f.election.trust);
    CHECK(receipt.latest_epoch == 4);
    f.clock().set(TestPki::voting_opens() + Seconds{8599});
    CHECK(f.close().empty());
    f.clock().advance(Seconds{1});
    CHECK(f.close().at(0).number == 2);
    const auto checkpoint = merkle::verify_checkpoint(f.box->checkpoint(f.id()),
                                                      merkle::LogVerifier::parse_vkey(f.election.manifest.log_key));
    CHECK(checkpoint.checkpoint().size == 2);
}

TEST_CASE("the last epoch takes what is left, between closing and the manifest's limit") {
    BoxFixture f;
    f.vote();
    CHECK(reason_of([&] { f.close(EpochKind::last); }) == "epoch.too_early");
    f.clock().set(f.election.manifest.final_epoch_until + Seconds{1});
    CHECK(reason_of([&] { f.close(EpochKind::last); }) == "epoch.too_late");
    CHECK(reason_of([&] { f.box->final_crl(f.id(), "officer"); }) == "ballot_box.not_closed");
    CHECK(f.close_last().at(0).ballots == 1);
    CHECK(f.close(EpochKind::last).empty());
    const auto crl = f.box->final_crl(f.id(), "officer");
    CHECK(crl.next_update() == no_expiry);
    CHECK(crl.is_signed_by(x509::Certificate::parse(f.election.manifest.ballot_ca)));
    f.clock().advance(Seconds{1000});
    CHECK(equal(f.box->final_crl(f.id(), "officer").der(), crl.der()));
}

TEST_CASE("after closing a regular epoch no longer closes, and an election without ballots closes without epochs") {
    BoxFixture f;
    f.clock().set(TestPki::voting_closes() + Seconds{1});
    CHECK(f.close().empty());
    CHECK(f.close(EpochKind::last).empty());
    CHECK(f.box->epochs(f.id()).empty());
    CHECK(f.box->log_root(f.id()) == merkle::Tree().root());
    CHECK(f.box->final_crl(f.id(), "officer").entries().empty());
}

TEST_CASE("a time stamp that answers something else or comes from somebody else does not publish the epoch") {
    BoxFixture f({"registrar"}, 1);
    const auto leaf = f.vote();
    f.clock().set(TestPki::voting_opens() + Seconds{4000});
    const auto good = f.stamp();
    const auto close_with = [&](const ballot_box::Stamp& stamp) {
        return reason_of([&] { f.box->close_epochs(f.id(), EpochKind::regular, stamp); });
    };
    CHECK_FALSE(close_with([](ByteView) { return Bytes{0x30, 0x00}; }).empty());
    CHECK(close_with([&](ByteView) { return good(timestamp::make_request(sha256(as_bytes("x")))); }) == "epoch.stamp");
    const auto other_key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    const timestamp::Authority other(f.election.pki.issue_leaf(x509::Role::tsa, other_key), other_key,
                                     f.election.pki.arc, [] { return 1; });
    f.clock().advance(Seconds{1});
    CHECK(close_with([&](ByteView request) { return other.respond(request, f.clock()); }) == "epoch.stamp");
    CHECK(f.box->status(f.id(), leaf).state == State::accepted);
    // What was begun is finished; what was cast meanwhile waits for the next epoch.
    const auto later = f.vote();
    CHECK(f.close().at(0).ballots == 1);
    CHECK(f.box->status(f.id(), leaf).state == State::published);
    CHECK(f.box->status(f.id(), later).state == State::accepted);
}

TEST_CASE("a half-done epoch is finished by another process's call, once") {
    BoxFixture f({"registrar"}, 1);
    f.vote();
    f.clock().set(TestPki::voting_opens() + Seconds{4000});
    const auto second =
        BallotBox::open(f.folder.path() / "box", f.password, f.election.pki.clock, f.election.pki.random);
    std::vector<ballot_box::EpochOverview> inner;
    const auto outer = f.box->close_epochs(f.id(), EpochKind::regular, [&](ByteView request) {
        inner = second->close_epochs(f.id(), EpochKind::regular, f.stamp());
        return f.stamp()(request);
    });
    CHECK(inner.size() == 1);
    CHECK(outer.empty());
    CHECK(f.box->epochs(f.id()).size() == 1);
    CHECK(second->checkpoint(f.id()) == f.box->checkpoint(f.id()));
    CHECK(f.box->check_audit().empty());
}
