// kill -9 at every step of casting and of closing epochs. Children are forked, open the box themselves and die by
// SIGKILL; nobody else has the box open meanwhile.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "tests/ballot/box_fixture.h"

using namespace uvpki;
using namespace uvpki::testing;
using State = api::BallotStatus::State;

namespace {

/// A clock that kills its process when it is asked for the time so many times.
class DeadlyClock final : public Clock {
public:
    DeadlyClock(const Clock& clock, int deadly_call) : clock_(clock), left_(deadly_call) {}
    Time now() const override {
        if (--left_ == 0) ::raise(SIGKILL);
        return clock_.now();
    }

private:
    const Clock& clock_;
    mutable std::atomic<int> left_;
};

/// Runs `action` in a child. Exit status, or minus the signal that ended it.
template <typename Action>
int in_child(const Action& action) {
    const pid_t child = ::fork();
    if (child == 0) {
        int status = 99;
        try {
            action();
            status = 0;
        } catch (...) {
        }
        ::_exit(status);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

std::set<Sha256> published(BoxFixture& f, const std::vector<Sha256>& leaves) {
    std::set<Sha256> found;
    for (const auto& leaf : leaves)
        if (f.box->status(f.id(), leaf).state == State::published) found.insert(leaf);
    return found;
}

std::int64_t ballots_in_epochs(BoxFixture& f) {
    std::int64_t sum = 0;
    for (const auto& epoch : f.box->epochs(f.id())) sum += epoch.ballots;
    return sum;
}

}  // namespace

TEST_CASE(
    "T45: whatever got a receipt before kill -9 is published once; the voter's repetition gets the same receipt") {
    BoxFixture f;
    std::vector<BoxFixture::Device> devices;
    for (int i = 0; i < 6; ++i) devices.push_back(f.make_device(i % 2 == 0 ? "north" : "south"));
    std::vector<TestElection::Voter> voters;
    std::vector<election::SealedBallot> ballots;
    for (const auto& device : devices) {
        voters.push_back(f.redeem(device));
        ballots.push_back(f.make_ballot(voters.back()));
    }
    f.box.reset();
    // Casting asks for the time twice or more for each ballot, so the deaths fall between all its steps.
    for (int deadly = 1; deadly <= 14; deadly += 2) {
        int channel[2];
        REQUIRE(::pipe(channel) == 0);
        const int ended = in_child([&] {
            const DeadlyClock clock(f.clock(), deadly);
            const auto box = BallotBox::open(f.folder.path() / "box", f.password, clock, f.election.pki.random);
            for (const auto& ballot : ballots) {
                const auto receipt = sha256(box->cast(f.id(), ballot.der));
                if (::write(channel[1], receipt.data(), receipt.size()) != 32) ::_exit(98);
            }
        });
        ::close(channel[1]);
        CHECK((ended == -SIGKILL || ended == 0));
        std::vector<Sha256> acknowledged;
        Sha256 receipt{};
        while (::read(channel[0], receipt.data(), receipt.size()) == 32) acknowledged.push_back(receipt);
        ::close(channel[0]);
        f.reopen();
        for (std::size_t i = 0; i < acknowledged.size(); ++i)
            CHECK(sha256(f.box->cast(f.id(), ballots[i].der)) == acknowledged[i]);
        f.box.reset();
    }
    f.reopen();
    for (const auto& ballot : ballots) f.box->cast(f.id(), ballot.der);
    CHECK(f.close_last().at(0).ballots == 6);
    CHECK(f.box->check_audit().empty());
}

TEST_CASE("kill -9 during a redeem leaves a certificate to be had by repeating it (T22)") {
    BoxFixture f;
    const auto device = f.make_device();
    f.box.reset();
    for (int deadly = 1; deadly <= 3; ++deadly) {
        in_child([&] {
            const DeadlyClock clock(f.clock(), deadly);
            const auto box = BallotBox::open(f.folder.path() / "box", f.password, clock, f.election.pki.random);
            box->redeem(f.id(), device.request);
        });
    }
    f.reopen();
    const auto certificate = f.box->redeem(f.id(), device.request);
    CHECK(f.box->redeem(f.id(), device.request) == certificate);
}

TEST_CASE("kill -9 at each step of closing an epoch loses nothing and counts nothing twice") {
    BoxFixture f({"registrar"}, 1);
    std::vector<Sha256> leaves;
    int killed = 0;
    Time now = TestPki::voting_opens();
    for (int step = 0; step < 8; ++step) {
        f.clock().set(now + Seconds{10});
        leaves.push_back(f.vote());
        leaves.push_back(f.vote("south"));
        f.box.reset();
        now += Seconds{4000};
        f.clock().set(now);
        const int ended = in_child([&] {
            // Steps 0 and 1: before and after the stamp was obtained, with the list fixed; later ones: by the clock,
            // which is asked in each transaction and in the time-stamp authority.
            const DeadlyClock clock(f.clock(), step < 2 ? -1 : step - 1);
            const auto box = BallotBox::open(f.folder.path() / "box", f.password, clock, f.election.pki.random);
            box->close_epochs(f.id(), EpochKind::regular, [&](ByteView request) {
                if (step == 0) ::raise(SIGKILL);
                auto response = f.stamp()(request);
                if (step == 1) ::raise(SIGKILL);
                return response;
            });
        });
        if (ended == -SIGKILL) ++killed;
        CHECK((ended == -SIGKILL || ended == 0));
        f.tsa_serial += 100;
        f.reopen();
        f.close();
        CHECK(published(f, leaves).size() == leaves.size());
        CHECK(ballots_in_epochs(f) == static_cast<std::int64_t>(leaves.size()));
        CHECK(static_cast<int>(f.box->epochs(f.id()).size()) == step + 1);
    }
    CHECK(killed >= 4);
    f.close_last();
    CHECK(f.box->check_audit().empty());
    const auto checkpoint = merkle::verify_checkpoint(f.box->checkpoint(f.id()),
                                                      merkle::LogVerifier::parse_vkey(f.election.manifest.log_key));
    CHECK(checkpoint.checkpoint().size == leaves.size());
}

TEST_CASE("kill -9 while the last epoch is closed: the next call finishes it, also after the limit for beginning it") {
    BoxFixture f;
    const auto leaf = f.vote();
    f.box.reset();
    f.clock().set(TestPki::voting_closes() + Seconds{5});
    CHECK(in_child([&] {
              const auto box = BallotBox::open(f.folder.path() / "box", f.password, f.clock(), f.election.pki.random);
              box->close_epochs(f.id(), EpochKind::last, [](ByteView) -> Bytes {
                  ::raise(SIGKILL);
                  return {};
              });
          }) == -SIGKILL);
    f.reopen();
    CHECK(f.box->status(f.id(), leaf).state == State::accepted);
    CHECK(f.close(EpochKind::last).size() == 1);
    CHECK(f.box->status(f.id(), leaf).state == State::published);
    CHECK(f.close(EpochKind::last).empty());
}
