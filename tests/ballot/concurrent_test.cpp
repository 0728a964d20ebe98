#include <algorithm>
#include <set>
#include <thread>

#include "tests/ballot/box_fixture.h"

using namespace uvpki;
using namespace uvpki::testing;
using State = api::BallotStatus::State;

namespace {

template <typename Action>
void on_threads(int threads, const Action& action) {
    std::vector<std::thread> running;
    for (int i = 0; i < threads; ++i) running.emplace_back([&, i] { action(i); });
    for (auto& thread : running) thread.join();
}

}  // namespace

TEST_CASE("one voter redeeming in parallel gets one certificate, and casting in parallel one ballot") {
    BoxFixture f;
    const auto device = f.make_device();
    const auto second = BallotBox::open(f.folder.path() / "box", f.password, f.clock(), f.election.pki.random);
    std::vector<Bytes> certificates(8);
    on_threads(8, [&](int i) {
        auto& box = i % 2 == 0 ? *f.box : *second;
        certificates[static_cast<std::size_t>(i)] = box.redeem(f.id(), device.request);
    });
    CHECK(std::set(certificates.begin(), certificates.end()).size() == 1);

    const TestElection::Voter voter{"north", device.key, device.tokens, x509::Certificate::parse(certificates[0])};
    std::vector<election::SealedBallot> ballots;
    for (int i = 0; i < 8; ++i) ballots.push_back(f.make_ballot(voter));
    std::vector<std::string> reasons(8);
    on_threads(8, [&](int i) {
        auto& box = i % 2 == 0 ? *f.box : *second;
        reasons[static_cast<std::size_t>(i)] =
            reason_of([&] { box.cast(f.id(), ballots[static_cast<std::size_t>(i)].der); });
    });
    CHECK(std::ranges::count(reasons, "") == 1);
    CHECK(std::ranges::count(reasons, "cast.other_ballot") == 7);
    CHECK(f.close_last().at(0).ballots == 1);
}

TEST_CASE("voters who come together while epochs close are all published once, as early as their receipts promise") {
    constexpr int threads = 6, each = 4;
    BoxFixture f({"registrar"}, 1, [](TestElection& election) { election.manifest.epoch_seconds = 1; });
    std::vector<BoxFixture::Device> devices;
    for (int i = 0; i < threads * each; ++i) devices.push_back(f.make_device(i % 3 == 0 ? "south" : "north"));
    std::vector<Sha256> leaves(devices.size());
    std::vector<std::int64_t> promised(devices.size());
    const auto manifest = f.election.verified_manifest();
    std::atomic<bool> voting{true};
    std::thread closer([&] {
        while (voting) {
            f.clock().advance(Seconds{1});
            f.close();
        }
    });
    on_threads(threads, [&](int thread) {
        for (int i = thread * each; i < (thread + 1) * each; ++i) {
            const auto at = static_cast<std::size_t>(i);
            const auto certificate = x509::Certificate::parse(f.box->redeem(f.id(), devices[at].request));
            const auto ballot =
                election::make_ballot(manifest, devices[at].style, TestElection::choices(devices[at].style),
                                      certificate, devices[at].key, f.clock(), f.election.pki.random);
            const auto receipt = f.box->cast(f.id(), ballot.der);
            leaves[at] = ballot.leaf;
            promised[at] = election::verify_receipt(receipt, manifest, f.election.trust).latest_epoch;
        }
    });
    voting = false;
    closer.join();
    f.close_last();
    std::int64_t sum = 0;
    for (const auto& epoch : f.box->epochs(f.id())) sum += epoch.ballots;
    CHECK(sum == threads * each);
    for (std::size_t i = 0; i < leaves.size(); ++i) {
        const auto status = f.box->status(f.id(), leaves[i]);
        CHECK(status.state == State::published);
        CHECK(status.epoch <= promised[i]);
    }
    CHECK(f.box->check_audit().empty());
}
