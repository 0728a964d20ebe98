#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <thread>

#include "tests/ca/office.h"
#include "uvpki/encoding.h"
#include "uvpki/service/sqlite_database.h"
#include "uvpki/timestamp/authority.h"
#include "uvpki/timestamp/verify.h"

using namespace uvpki;
using namespace uvpki::ca;
using namespace uvpki::ca::test;

namespace {

x509::VerifiedPath verify(const Office& office, const x509::Certificate& certificate, x509::Role role) {
    return office.authority.trust().verify_path(
        certificate, {.role = role, .time = office.clock.now(), .revocation = x509::PathRules::Revocation::if_listed});
}

}  // namespace

TEST_CASE("an installed authority issues certificates that hold their role, and keeps them in its inventory") {
    Office office;
    const auto officer = office.certify(x509::Role::officer, "Officer 1");
    CHECK(verify(office, officer.certificate, x509::Role::officer).leaf() == officer.certificate);
    CHECK(reason_of([&] { verify(office, officer.certificate, x509::Role::registrar); }) == "x509.path.policy");
    const auto entry = office.authority.get(officer.certificate.serial());
    CHECK(entry.certificate == officer.certificate);
    CHECK(entry.role == x509::Role::officer);
    CHECK(entry.state == CertificateState::good);
    CHECK(office.authority.check_audit().empty());
}

TEST_CASE("before the root has signed, nothing is issued, and a certificate for another key is not installed") {
    TempFolder folder;
    SimulatedClock clock(parse_rfc3339("2026-01-01T00:00:00Z"));
    SystemRandom random;
    auto authority =
        Authority::create(folder / "a", "Test", x509::Arc(), Office::password(), clock, random, Office::light());
    IssueRequest request;
    request.role = x509::Role::officer;
    request.request = request_for(new_key());
    request.common_name = "Officer";
    CHECK(reason_of([&] { authority.issue(request, "tester"); }) == "authority.not_installed");
    auto root =
        OfflineRoot::create(folder / "root", "Test", x509::Arc(), Office::password(), clock, random, Office::light());
    const auto foreign = root.sign_issuing_ca(request_for(new_key()), "Issuing CA");
    CHECK(reason_of([&] { authority.install(root.certificate(), foreign); }) == "authority.issuing");
    CHECK(!authority.is_installed());
    const auto issuing = root.sign_issuing_ca(authority.issuing_request(), "Issuing CA");
    authority.install(root.certificate(), issuing);
    CHECK(reason_of([&] { authority.install(root.certificate(), issuing); }) == "authority.installed");
    CHECK(reason_of([&] {
              Authority::create(folder / "a", "Test", x509::Arc(), Office::password(), clock, random, Office::light());
          }) == "authority.exists");
}

TEST_CASE("roles that are not the authority's to give are refused, and so are bad requests and names") {
    Office office;
    for (const auto role : {x509::Role::root, x509::Role::issuing_ca, x509::Role::ballot})
        CHECK(reason_of([&] { office.certify(role, "Somebody"); }) == "x509.issue.role");
    CHECK(reason_of([&] { office.certify(x509::Role::election, "Joint key"); }) == "x509.issue.possession");
    CHECK(reason_of([&] { office.certify(x509::Role::ballot_ca, "Ballot CA"); }) == "x509.issue.validity");
    auto request = office.order(x509::Role::officer, new_key(), "Officer");
    CHECK(reason_of([&] { office.authority.issue(request, ""); }) == "authority.actor");
    request.request.back() ^= 1;
    CHECK(reason_of([&] { office.authority.issue(request, "tester"); }) == "x509.request.possession");
    CHECK(reason_of([&] { office.certify(x509::Role::officer, ""); }) == "x509.name");
}

TEST_CASE("one key is certified for one role and name only, and never again once it was compromised") {
    Office office;
    const auto officer = office.certify(x509::Role::officer, "Officer 1");
    CHECK(reason_of([&] {
              office.authority.issue(office.order(x509::Role::registrar, officer.key, "Registrar"), "tester");
          }) == "authority.key_known");
    office.authority.revoke(officer.certificate.serial(), x509::RevocationReason::key_compromise, {}, "tester");
    CHECK(reason_of([&] {
              office.authority.issue(office.order(x509::Role::officer, officer.key, "Officer 1"), "tester");
          }) == "authority.key_revoked");
}

TEST_CASE("a renewal keeps subject and role, and revoking the first certificate revokes the whole line") {
    Office office;
    const auto first = office.certify(x509::Role::officer, "Officer 1");
    office.clock.advance(Days(300));
    const auto second = office.authority.renew(first.certificate.serial(), request_for(first.key), "tester");
    const auto third = office.authority.renew(second.serial(), request_for(new_key()), "tester");
    CHECK(third.subject_text() == first.certificate.subject_text());
    CHECK(third.not_after() > first.certificate.not_after());
    CHECK(office.authority.get(third.serial()).renews == second.serial_hex());
    const auto unrelated = office.certify(x509::Role::officer, "Officer 2");
    office.authority.revoke(first.certificate.serial(), x509::RevocationReason::privilege_withdrawn, {}, "tester");
    for (const auto& certificate : {first.certificate, second, third}) {
        CHECK(office.authority.get(certificate.serial()).state == CertificateState::revoked);
        CHECK(reason_of([&] { verify(office, certificate, x509::Role::officer); }) == "x509.path.revoked");
        CHECK(reason_of([&] { office.authority.renew(certificate.serial(), request_for(new_key()), "tester"); }) ==
              "renew.revoked");
    }
    CHECK(verify(office, unrelated.certificate, x509::Role::officer).leaf() == unrelated.certificate);
    CHECK(office.authority.check_audit().empty());
}

TEST_CASE("revoking publishes the next list at once; what cannot be revoked leaves the list as it was") {
    Office office;
    const auto officer = office.certify(x509::Role::officer, "Officer 1");
    const auto before = office.authority.latest_crl();
    CHECK(before.number() == 1);
    const auto since = office.clock.now();
    office.clock.advance(Days(1));
    office.authority.revoke(officer.certificate.serial(), x509::RevocationReason::key_compromise, since, "tester");
    const auto crl = office.authority.latest_crl();
    CHECK(crl.number() == 2);
    REQUIRE(crl.find(officer.certificate.serial()) != nullptr);
    CHECK(crl.find(officer.certificate.serial())->effective() == since);
    using enum x509::RevocationReason;
    const auto revoke = [&](ByteView serial, x509::RevocationReason reason, std::optional<Time> when) {
        return reason_of([&] { office.authority.revoke(serial, reason, when, "tester"); });
    };
    CHECK(revoke(officer.certificate.serial(), superseded, {}) == "revoke.again");
    CHECK(revoke(Bytes{0x40, 1}, superseded, {}) == "authority.serial");
    const auto other = office.certify(x509::Role::officer, "Officer 2");
    CHECK(revoke(other.certificate.serial(), superseded, since) == "revoke.date");
    CHECK(revoke(other.certificate.serial(), key_compromise, office.clock.now() + Days(1)) == "revoke.date");
    CHECK(office.authority.latest_crl().number() == 2);
    CHECK(office.authority.publish_crl().number() == 3);
    office.clock.set(since - Days(1));
    CHECK(reason_of([&] { office.authority.publish_crl(); }) == "authority.clock");
}

TEST_CASE("the inventory is searched by role, state, name and expiry, page by page") {
    Office office;
    std::set<std::string> officers;
    for (int i = 1; i <= 5; ++i)
        officers.insert(office.certify(x509::Role::officer, "Officer " + std::to_string(i)).certificate.serial_hex());
    const auto odd = office.certify(x509::Role::trustee, "100%_sure");
    office.authority.revoke(odd.certificate.serial(), x509::RevocationReason::superseded, {}, "tester");
    const auto found = [&](SearchOptions options) { return office.authority.search(options).size(); };
    CHECK(found({.role = x509::Role::officer}) == 5);
    CHECK(found({.state = CertificateState::revoked}) == 1);
    CHECK(found({.subject_contains = "OFFICER 3"}) == 1);
    CHECK(found({.subject_contains = "%_S"}) == 1);
    CHECK(found({.subject_contains = "O_ficer"}) == 0);
    CHECK(found({.role = x509::Role::officer, .expires_before = office.clock.now() + Days(365)}) == 0);
    office.clock.advance(Days(3 * 365));
    CHECK(found({.role = x509::Role::officer, .state = CertificateState::expired}) == 5);
    CHECK(found({.role = x509::Role::officer, .state = CertificateState::good}) == 0);
    std::set<std::string> seen;
    SearchOptions page{.role = x509::Role::officer, .limit = 2};
    for (auto entries = office.authority.search(page); !entries.empty(); entries = office.authority.search(page)) {
        for (const auto& entry : entries) seen.insert(entry.certificate.serial_hex());
        page.after_serial = entries.back().certificate.serial_hex();
    }
    CHECK(seen == officers);
    CHECK(reason_of([&] { found({.limit = 0}); }) == "search.limit");
}

TEST_CASE("time stamps verify, and their numbers are never used again after a restart") {
    Office office;
    const auto digest = sha256(as_bytes("a list"));
    const auto stamp = [&](Authority& authority) {
        return timestamp::parse_response(authority.timestamp(timestamp::make_request(digest)));
    };
    std::set<Bytes> serials;
    for (int i = 0; i < 3; ++i) serials.insert(stamp(office.authority).serial);
    for (int i = 0; i < 2; ++i) {
        auto again = office.reopen();
        serials.insert(stamp(again).serial);
        serials.insert(stamp(again).serial);
    }
    CHECK(serials.size() == 7);
    const auto token = stamp(office.authority);
    CHECK(timestamp::verify_timestamp(token, as_bytes("a list"), office.authority.trust()).time() ==
          office.clock.now());
}

TEST_CASE("an authority opened for reading shows everything and changes nothing") {
    Office office;
    const auto officer = office.certify(x509::Role::officer, "Officer 1");
    auto locked = Authority::open_for_reading(office.folder / "authority", office.clock, office.random);
    CHECK(locked.get(officer.certificate.serial()).certificate == officer.certificate);
    CHECK(locked.latest_crl().number() == 1);
    CHECK(locked.check_audit().empty());
    CHECK(reason_of([&] { locked.issue(office.order(x509::Role::officer, new_key(), "X"), "tester"); }) ==
          "authority.locked");
    CHECK(reason_of([&] {
              locked.revoke(officer.certificate.serial(), x509::RevocationReason::superseded, {}, "tester");
          }) == "authority.locked");
    CHECK(reason_of([&] { locked.publish_crl(); }) == "authority.locked");
    CHECK(reason_of([&] { locked.timestamp(timestamp::make_request(sha256(as_bytes("x")))); }) == "authority.locked");
    CHECK(reason_of([&] { locked.elections().create("test-1", "Test", "tester"); }) == "authority.locked");
    const SecretBytes wrong(as_bytes("wrong"));
    CHECK(reason_of([&] { Authority::open(office.folder / "authority", wrong, office.clock, office.random); }) ==
          "x509.key.password");
}

TEST_CASE("a store put back from an older copy is refused") {
    TempFolder folder;
    SimulatedClock clock(parse_rfc3339("2026-01-01T00:00:00Z"));
    SystemRandom random;
    const auto path = folder / "a";
    Authority::create(path, "Test", x509::Arc(), Office::password(), clock, random, Office::light());
    const auto store = load_file(path / "store.sqlite");
    {
        auto root = OfflineRoot::create(folder / "root", "Test", x509::Arc(), Office::password(), clock, random,
                                        Office::light());
        auto authority = Authority::open(path, Office::password(), clock, random);
        authority.install(root.certificate(), root.sign_issuing_ca(authority.issuing_request(), "Issuing CA 1"));
    }
    CHECK_NOTHROW(Authority::open(path, Office::password(), clock, random));
    save_file(path / "store.sqlite", store);
    CHECK(reason_of([&] { Authority::open(path, Office::password(), clock, random); }) == "authority.rollback");
}

TEST_CASE("a certificate slipped into the store or changed there is found by the audit check") {
    Office office;
    const auto officer = office.certify(x509::Role::officer, "Officer 1");
    REQUIRE(office.authority.check_audit().empty());
    const auto database = service::open_sqlite(office.folder / "authority" / "store.sqlite");
    CHECK(reason_of([&] {
              database->transaction(
                  [](service::Transaction& transaction) { transaction.execute("DELETE FROM certificate"); });
          }) == "store.refused");
    database->transaction([&](service::Transaction& transaction) {
        transaction.execute_script("DROP TRIGGER certificate_no_delete");
        transaction.execute("DELETE FROM certificate WHERE serial = $1", {service::blob(officer.certificate.serial())});
    });
    const auto findings = office.authority.check_audit();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].rule == "audit.certificate");
    CHECK(findings[0].message.find(officer.certificate.serial_hex()) != std::string::npos);
}

TEST_CASE("many threads issue at once: every certificate has its own number and its audit row") {
    Office office;
    constexpr int threads = 8;
    constexpr int each = 10;
    std::vector<std::thread> workers;
    for (int t = 0; t < threads; ++t)
        workers.emplace_back([&, t] {
            for (int i = 0; i < each; ++i)
                office.certify(x509::Role::officer, "Officer " + std::to_string(t) + "-" + std::to_string(i));
        });
    for (auto& worker : workers) worker.join();
    CHECK(office.authority.search({.role = x509::Role::officer}).size() == threads * each);
    CHECK(office.authority.check_audit().empty());
}

TEST_CASE("threads that bring the same key at once get one certificate") {
    Office office;
    const auto key = new_key();
    std::atomic<int> issued = 0;
    std::vector<std::thread> workers;
    for (int t = 0; t < 8; ++t)
        workers.emplace_back([&] {
            const auto request = office.order(x509::Role::officer, key, "Officer 1");
            if (reason_of([&] { office.authority.issue(request, "tester"); }).empty()) ++issued;
        });
    for (auto& worker : workers) worker.join();
    CHECK(issued == 1);
    CHECK(office.authority.search({.role = x509::Role::officer}).size() == 1);
}

namespace {

/// Randomness that repeats itself for serial numbers: what a broken or restored generator would give.
class RepeatingRandom final : public Random {
public:
    void fill(std::span<std::uint8_t> out) override { std::fill(out.begin(), out.end(), std::uint8_t{0x55}); }
};

}  // namespace

TEST_CASE("a serial number that was intended is never used again, even if no certificate came of it") {
    Office office;
    RepeatingRandom repeating;
    const auto database = service::open_sqlite(office.folder / "authority" / "store.sqlite");
    const auto run = [&](const std::string& sql) {
        database->transaction([&](service::Transaction& transaction) { transaction.execute_script(sql); });
    };
    auto authority = Authority::open(office.folder / "authority", Office::password(), office.clock, repeating);
    const auto issue = [&] {
        return reason_of([&] { authority.issue(office.order(x509::Role::officer, new_key(), "Officer"), "tester"); });
    };
    // The intent is stored, then the certificate is not.
    run("CREATE TRIGGER broken BEFORE INSERT ON certificate BEGIN SELECT RAISE(ABORT, 'broken'); END;");
    CHECK(issue() == "store.refused");
    run("DROP TRIGGER broken;");
    CHECK(issue() == "x509.serial");
    CHECK(office.authority.search({.role = x509::Role::officer}).empty());
    CHECK_NOTHROW(office.certify(x509::Role::officer, "Officer"));
}

TEST_CASE("kill -9 in the middle of issuing leaves intents at most, a whole audit log and an authority that goes on") {
    TempFolder folder;
    SimulatedClock clock(parse_rfc3339("2026-01-01T00:00:00Z"));
    SystemRandom random;
    {
        auto root = OfflineRoot::create(folder / "root", "Test", x509::Arc(), Office::password(), clock, random,
                                        Office::light());
        auto authority =
            Authority::create(folder / "a", "Test", x509::Arc(), Office::password(), clock, random, Office::light());
        authority.install(root.certificate(), root.sign_issuing_ca(authority.issuing_request(), "Issuing CA 1"));
    }
    std::size_t acknowledged = 0;
    for (int round = 0; round < 3; ++round) {
        int pipe_ends[2];
        REQUIRE(::pipe(pipe_ends) == 0);
        const pid_t child = ::fork();
        if (child == 0) {
            try {
                auto authority = Authority::open(folder / "a", Office::password(), clock, random);
                for (;;) {
                    IssueRequest request;
                    request.role = x509::Role::officer;
                    request.request = request_for(new_key());
                    request.common_name = "Officer";
                    const auto certificate = authority.issue(request, "tester");
                    if (::write(pipe_ends[1], certificate.serial().data(), 20) != 20) ::_exit(1);
                }
            } catch (...) {
                ::_exit(1);
            }
        }
        ::close(pipe_ends[1]);
        std::vector<Bytes> serials;
        Bytes serial(20);
        // The child is killed at a point of its own: while it makes the certificate after the last one that it
        // reported.
        while (serials.size() < 5u + static_cast<std::size_t>(round) * 3u &&
               ::read(pipe_ends[0], serial.data(), 20) == 20)
            serials.push_back(serial);
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        while (::read(pipe_ends[0], serial.data(), 20) == 20) serials.push_back(serial);
        ::close(pipe_ends[0]);
        auto authority = Authority::open(folder / "a", Office::password(), clock, random);
        for (const auto& each : serials) CHECK(authority.get(each).state == CertificateState::good);
        acknowledged += serials.size();
        CHECK(authority.search({.role = x509::Role::officer, .limit = 1000}).size() >= acknowledged);
        CHECK(authority.check_audit().empty());
    }
    CHECK(acknowledged >= 15);
}
