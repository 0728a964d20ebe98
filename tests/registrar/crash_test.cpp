// kill -9 while claims are answered: what was answered stays answered, and nobody gets a second signature.
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "tests/registrar/office.h"

using namespace uvpki;
using namespace uvpki::testing;

namespace {

struct Answer {
    std::uint32_t claim = 0;
    std::array<std::uint8_t, 256> signature{};
};

/// A child that opens the registrar and answers the claims on four threads, telling each answer through the pipe.
pid_t start_registrar(Office& office, const std::vector<ElectionOffice::Claim>& claims, int out) {
    const auto child = ::fork();
    if (child != 0) return child;
    try {
        const auto registrar = office.open();
        std::atomic<std::uint32_t> next{0};
        std::vector<std::thread> workers;
        for (int i = 0; i < 4; ++i)
            workers.emplace_back([&] {
                for (auto item = next++; item < claims.size(); item = next++) {
                    Answer answer{.claim = item};
                    const auto signature = registrar->claim(claims[item].der);
                    std::ranges::copy(signature, answer.signature.begin());
                    // One write below PIPE_BUF is not mixed with others.
                    if (::write(out, &answer, sizeof answer) != static_cast<ssize_t>(sizeof answer)) ::_exit(2);
                }
            });
        for (auto& worker : workers) worker.join();
    } catch (...) {
        ::_exit(1);
    }
    ::_exit(0);
}

}  // namespace

TEST_CASE("T20, T22: kill -9 among claims loses no answer and gives no second signature") {
    std::string csv = "voter_id,name,style\nS-1,South Voter,south\n";
    for (int i = 0; i < 24; ++i) csv += "N-" + std::to_string(i) + ",North Voter,north\n";
    ElectionOffice office(csv);
    std::vector<ElectionOffice::Claim> claims;
    for (int i = 0; i < 24; ++i) claims.push_back(office.make_claim("N-" + std::to_string(i), "north"));
    office.registrar.reset();  // no thread and no open store may be there when a child is forked

    std::map<std::uint32_t, std::array<std::uint8_t, 256>> answered;
    for (const int kill_after : {0, 1, 5, 9, 14}) {
        int ends[2];
        REQUIRE(::pipe(ends) == 0);
        const auto child = start_registrar(office, claims, ends[1]);
        REQUIRE(child > 0);
        ::close(ends[1]);
        Answer answer;
        int seen = 0;
        while (::read(ends[0], &answer, sizeof answer) == static_cast<ssize_t>(sizeof answer)) {
            const auto [earlier, is_new] = answered.emplace(answer.claim, answer.signature);
            CHECK(earlier->second == answer.signature);
            if (++seen == kill_after + 1) ::kill(child, SIGKILL);
        }
        ::close(ends[0]);
        int status = 0;
        ::waitpid(child, &status, 0);
        CHECK(seen > 0);
    }
    REQUIRE(!answered.empty());

    office.registrar = office.open();
    for (std::uint32_t i = 0; i < claims.size(); ++i) {
        const auto signature = office.registrar->claim(claims[i].der);
        CHECK(office.is_token(claims[i], "north", signature));
        if (answered.contains(i)) CHECK(std::ranges::equal(answered.at(i), signature));
        CHECK(reason_of([&] { office.registrar->claim(office.make_claim("N-" + std::to_string(i), "north").der); }) ==
              "claim.other_message");
    }
    CHECK(office.count("claim") == 24);
    CHECK(office.count("claim_signature") == 24);
    CHECK(office.registrar->check_audit().empty());
    CHECK(office.store()->check_integrity().empty());
}
