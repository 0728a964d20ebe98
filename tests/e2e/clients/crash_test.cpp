#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/e2e/clients/polling_place.h"

using namespace uvpki;
using testing::polling_place;
using testing::PollingPlace;

namespace {

/// Counts the moments at which a crash could matter, and at one of them kills the process as `kill -9` does.
class Moments {
public:
    explicit Moments(int deadly) : deadly_(deadly) {}
    void pass() {
        if (++passed_ == deadly_) ::kill(::getpid(), SIGKILL);
    }

private:
    int deadly_;
    int passed_ = 0;
};

class MortalStore final : public voter::StateStore {
public:
    MortalStore(voter::StateStore& store, Moments& moments) : store_(store), moments_(moments) {}
    SecretBytes load() override { return store_.load(); }
    void save(const SecretBytes& state) override {
        moments_.pass();
        store_.save(state);
        moments_.pass();
    }

private:
    voter::StateStore& store_;
    Moments& moments_;
};

class MortalRegistrar final : public api::RegistrarApi {
public:
    MortalRegistrar(api::RegistrarApi& registrar, Moments& moments) : registrar_(registrar), moments_(moments) {}
    Bytes enrol(std::string_view invitation, ByteView request) override {
        moments_.pass();
        auto answer = registrar_.enrol(invitation, request);
        moments_.pass();
        return answer;
    }
    Bytes claim(ByteView claim) override {
        moments_.pass();
        auto answer = registrar_.claim(claim);
        moments_.pass();
        return answer;
    }

private:
    api::RegistrarApi& registrar_;
    Moments& moments_;
};

class MortalBox final : public api::BallotApi {
public:
    MortalBox(api::BallotApi& box, Moments& moments) : box_(box), moments_(moments) {}
    Bytes redeem(std::string_view election, ByteView request) override {
        moments_.pass();
        auto answer = box_.redeem(election, request);
        moments_.pass();
        return answer;
    }
    Bytes cast(std::string_view election, ByteView ballot) override {
        moments_.pass();
        auto answer = box_.cast(election, ballot);
        moments_.pass();
        return answer;
    }
    api::BallotStatus status(std::string_view election, const Sha256& leaf) override {
        return box_.status(election, leaf);
    }

private:
    api::BallotApi& box_;
    Moments& moments_;
};

constexpr int never = 0;

/// Everything a voter does, from wherever the state says; the leaf of the ballot that was cast.
Sha256 vote_from_state(PollingPlace& p, int number, int deadly_moment) {
    Moments moments(deadly_moment);
    const auto office = p.open_registrar();
    const auto box = p.open_box();
    voter::EncryptedStateFile file(p.state_path(number), p.password.clone(), p.election.pki.random, 1000);
    MortalStore store(file, moments);
    MortalRegistrar registrar(*office, moments);
    MortalBox ballots(*box, moments);
    const auto manifest = p.election.verified_manifest();
    voter::Voter voter(store, p.election.pki.clock, p.election.pki.random);
    voter.enrol("registrar-1", p.codes.at(PollingPlace::voter_id(number)), registrar, p.election.trust);
    voter.claim(manifest, "north", {{"registrar-1", &registrar}});
    voter.redeem(manifest, p.election.trust, ballots);
    voter.seal(manifest, testing::TestElection::choices("north"));
    return voter.cast(manifest, p.election.trust, ballots).leaf;
}

}  // namespace

TEST_CASE("T22: killed before and after every save and every message, a voter resumes and has exactly one ballot") {
    PollingPlace p;
    std::vector<Sha256> leaves;
    int moment = 1;
    for (bool survived = false; !survived; ++moment) {
        REQUIRE(moment < PollingPlace::voters);
        const int number = moment < 20 ? moment : moment + 1;  // V20 is of the other style
        const auto child = fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            try {
                vote_from_state(p, number, moment);
                _exit(0);
            } catch (...) {
                _exit(1);
            }
        }
        int status = 0;
        REQUIRE(waitpid(child, &status, 0) == child);
        survived = WIFEXITED(status);
        if (survived)
            REQUIRE(WEXITSTATUS(status) == 0);
        else
            REQUIRE(WTERMSIG(status) == SIGKILL);
        INFO("killed at moment " << moment);
        Sha256 leaf{};
        CHECK_NOTHROW(leaf = vote_from_state(p, number, never));
        leaves.push_back(leaf);
    }
    CHECK(leaves.size() > 20);  // 7 saves and 4 messages, before and after each, and one voter who lived
    const auto turnout = p.open_registrar()->turnout("test-2026");
    CHECK(turnout.claimed == static_cast<std::int64_t>(leaves.size()));
    const auto box = p.open_box();
    for (const auto& leaf : leaves) CHECK(box->status("test-2026", leaf).state == api::BallotStatus::State::accepted);
    p.election.pki.clock.advance(std::chrono::hours{2});
    CHECK(p.close_epoch() == leaves.size());
}
