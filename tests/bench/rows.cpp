#include "tests/bench/rows.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <thread>

#include "tests/bench/primitives.h"
#include "tests/bench/subjects.h"
#include "tests/ca/office.h"

namespace uvpki::bench {

namespace {

/// Rows whose own call and limit run in turn.
class Table {
public:
    void add(std::string name, Race::Call own, Race::Call limit, double target = 0) {
        const auto first = race_.add(std::move(own));
        const auto second = race_.add(std::move(limit));
        entries_.push_back({std::move(name), first, second, target});
    }
    std::vector<Row> run(const Effort& effort) {
        race_.run(effort.rounds, effort.batch_seconds);
        std::vector<Row> rows;
        for (const auto& entry : entries_)
            rows.push_back({entry.name, 1 / race_.seconds(entry.own), 1 / race_.seconds(entry.limit), entry.target});
        return rows;
    }

private:
    struct Entry {
        std::string name;
        std::size_t own;
        std::size_t limit;
        double target;
    };
    Race race_;
    std::vector<Entry> entries_;
};

constexpr int token_bits = static_cast<int>(blind::default_modulus_bits);

/// Pieces of work a second that `threads` threads do together within this time, each by its own undisturbed seconds.
double rate_of(int threads, double seconds, const std::function<void(std::size_t)>& work) {
    std::vector<double> rates(static_cast<std::size_t>(threads));
    const auto start = wall_seconds();
    const auto loop = [&](std::size_t thread) {
        const auto before = undisturbed_seconds();
        std::size_t done = 0;
        do {
            work(thread * variety / 2 + done++);
        } while (wall_seconds() - start < seconds);
        rates[thread] = static_cast<double>(done) / (undisturbed_seconds() - before);
    };
    std::vector<std::thread> others;
    for (std::size_t i = 1; i < rates.size(); ++i) others.emplace_back(loop, i);
    loop(0);
    for (auto& other : others) other.join();
    return std::accumulate(rates.begin(), rates.end(), 0.0);
}

}  // namespace

std::vector<Row> measure_one_core(const Effort& effort) {
    AuditSubjects audit;
    IssueSubjects issue(audit.election.pki);
    Primitives bare(token_bits, static_cast<std::size_t>(audit.manifest->plaintext_size));
    const auto verify_and_sign = [&] {
        bare.p256_verify();
        bare.p256_sign();
    };
    Table table;

    const auto key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    const auto message = audit.election.pki.random.bytes(200);
    const auto signature = key.sign(message);
    table.add(
        "sign_p256", [&] { key.sign(message); }, [&] { bare.p256_sign(); });
    table.add(
        "verify_p256",
        [&] { x509::is_valid_signature(key.public_key(), x509::SignatureAlgorithm::ecdsa_sha256, message, signature); },
        [&] { bare.p256_verify(); });

    Turns requests(issue.requests);
    table.add(
        "parse_request", [&] { x509::parse_request(requests.next()); }, [&] { bare.p256_verify(); });
    table.add(
        "issue", [&] { issue.issue(requests.next()); }, verify_and_sign, 0.60);
    const auto parsed = x509::parse_request(issue.requests.front());
    const x509::Issuance issuance(x509::profile_of(x509::Role::voter), parsed.public_key, issue.options(), issue.signer,
                                  audit.election.pki.clock.now(), audit.election.pki.random);
    const auto certificate = issuance.sign();
    table.add(
        "issue_lint", [&] { issuance.require_clean_lint(); }, verify_and_sign);
    table.add(
        "issue_second_opinion", [&] { issuance.require_second_opinion(certificate); }, verify_and_sign);
    table.add(
        "issue_checked",
        [&] {
            const auto request = x509::parse_request(requests.next());
            testing::MemoryIssuanceStore store;
            audit.election.pki.registrar_issuer.issue(x509::Role::voter, request, issue.options(), store,
                                                      audit.election.pki.clock, audit.election.pki.random);
        },
        verify_and_sign);

    const auto claims = make_claims(audit.election);
    Turns claim_turns(claims);
    const auto& blind_key = audit.election.token_keys.at({"registrar", "north"});
    const x509::PathRules rules{.role = x509::Role::voter,
                                .time = audit.election.pki.clock.now(),
                                .revocation = x509::PathRules::Revocation::ignored};
    table.add(
        "claim",
        [&] {
            const auto claim =
                election::verify_claim(claim_turns.next(), audit.election.manifest, audit.election.trust, rules);
            blind_key.blind_sign(claim.claim().blinded);
        },
        [&] { bare.rsa_private(); }, 0.85);

    Turns ballots(audit.ballots);
    table.add(
        "accept_ballot", [&] { audit.verifier.accept_ballot(election::parse_ballot(ballots.next())); },
        [&] {
            bare.p256_verify();
            bare.p256_verify();
        },
        0.70);
    table.add(
        "verify_ballot", [&] { audit.verifier.verify_ballot(election::parse_ballot(ballots.next())); },
        [&] {
            bare.p256_verify();
            bare.p256_verify();
            bare.rsa_pss_verify();
        });
    table.add(
        "audit_ballot", [&] { audit.audit(ballots.next()); },
        [&] {
            bare.p256_verify();
            bare.p256_verify();
            bare.rsa_pss_verify();
            bare.p256_agree();
            bare.aes_key_unwrap();
            bare.aes_gcm_decrypt();
        },
        0.70);
    const auto& officer = audit.election.receipt_signer;
    table.add(
        "sign_receipt",
        [&] {
            election::make_receipt({.election = audit.election.manifest.id, .latest_epoch = 3}, officer,
                                   audit.election.receipt_key, audit.election.pki.clock);
        },
        [&] { bare.p256_sign(); });
    return table.run(effort);
}

Row measure_stored_issuing() {
    constexpr std::size_t workers = 16, each = 60;
    ca::test::Office office;
    std::vector<ca::IssueRequest> orders;
    for (std::size_t i = 0; i < workers * each; ++i)
        orders.push_back(office.order(x509::Role::officer, ca::test::new_key(), "Officer " + std::to_string(i)));
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
        for (auto i = next++; i < orders.size(); i = next++) office.authority.issue(orders[i], "bench");
    };
    const auto start = wall_seconds();
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < workers; ++i) threads.emplace_back(work);
    for (auto& thread : threads) thread.join();
    const auto seconds = wall_seconds() - start;

    Primitives bare(token_bits, 64);
    Race race;
    const auto limit = race.add([&] {
        bare.p256_verify();
        bare.p256_sign();
    });
    race.run(5, 0.02);
    return {"issue_stored", static_cast<double>(orders.size()) / seconds, 1 / race.seconds(limit), 0};
}

std::vector<Row> measure_two_threads() {
    constexpr int rounds = 15;
    constexpr double seconds = 0.1;
    if (std::thread::hardware_concurrency() < 2) return {};
    const AuditSubjects subjects;
    const auto audit = [&](std::size_t i) { subjects.audit(subjects.ballots[i % variety]); };
    std::vector<double> one, two;
    for (int round = 0; round < rounds; ++round) {
        one.push_back(rate_of(1, seconds, audit));
        two.push_back(rate_of(2, seconds, audit));
    }
    return {{"audit_ballot_2_threads", median(two), 2 * median(one), 0.90}};
}

}  // namespace uvpki::bench
