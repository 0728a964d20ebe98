#include "uvpki/service/audit_log.h"

#include "temp_store.h"
#include "uvpki/encoding.h"

using namespace uvpki;
using namespace uvpki::service;
using namespace uvpki::service::test;

namespace {

const AuditLog log_("test");

// A stand-in for a signature: an HMAC that only the holder of the key can make.
Bytes sign(ByteView message) {
    return to_bytes(hmac_sha256(as_bytes("key"), message));
}
bool verify(ByteView message, ByteView signature) {
    return equal(sign(message), signature);
}

struct AuditStore : TempStore {
    explicit AuditStore(int rows = 0) {
        migrate(*database, {audit_migrations()});
        for (int i = 1; i <= rows; ++i) append("subject " + std::to_string(i));
    }
    AuditEntry append(const std::string& subject) {
        return database->transaction([&](Transaction& transaction) {
            return log_.append(transaction, {.time = from_unix_seconds(1'800'000'000),
                                             .actor = "officer",
                                             .action = "issue",
                                             .subject = subject,
                                             .details = R"({"serial":"01"})"});
        });
    }
    AuditCheckpoint checkpoint() {
        return database->transaction([](Transaction& transaction) {
            return log_.sign_checkpoint(transaction, from_unix_seconds(1'800'000'100), sign);
        });
    }
    /// What an intruder with the file does: the triggers go first.
    void tamper(const char* sql) {
        database->transaction([&](Transaction& transaction) {
            for (const char* trigger :
                 {"audit_no_update", "audit_no_delete", "audit_checkpoint_no_update", "audit_checkpoint_no_delete"})
                transaction.execute(std::string("DROP TRIGGER IF EXISTS ") + trigger);
            transaction.execute(sql);
        });
    }
    std::vector<Finding> check(std::vector<AuditCheckpoint> published = {}) {
        return database->read([&](Transaction& transaction) {
            return log_.check_chain(transaction, {.verify = verify, .published = std::move(published)});
        });
    }
    std::string only_rule() {
        const auto findings = check();
        return findings.size() == 1 ? findings[0].rule : "findings: " + std::to_string(findings.size());
    }
};

}  // namespace

TEST_CASE("an untouched log has no findings, also when it is empty") {
    CHECK(AuditStore(0).check().empty());
    AuditStore store(10);
    store.checkpoint();
    CHECK(store.check().empty());
}

TEST_CASE("the hash of a row is the documented one") {
    AuditStore store;
    const auto entry = store.append("a \"quoted\" subject");
    const auto origin = sha256(as_bytes(R"({"log":"test"})"));
    CHECK(entry.sequence == 1);
    CHECK(entry.previous_hash == origin);
    CHECK(entry.hash ==
          sha256(as_bytes(R"({"action":"issue","actor":"officer","details":{"serial":"01"},"previous":")" +
                          to_hex(origin) + R"(","sequence":1,"subject":"a \"quoted\" subject","time":1800000000})")));
    CHECK(store.append("next").previous_hash == entry.hash);
}

TEST_CASE("the row goes with its act: rolled back together") {
    AuditStore store(2);
    CHECK_THROWS(store->transaction([](Transaction& transaction) {
        log_.append(transaction, {.actor = "a", .action = "b", .subject = "c"});
        throw std::runtime_error("the act failed");
    }));
    CHECK(store.append("next").sequence == 3);
    CHECK(store.check().empty());
}

TEST_CASE("rows can be neither changed, removed nor replaced") {
    AuditStore store(3);
    store.checkpoint();
    for (const char* sql : {"UPDATE audit SET actor = 'x' WHERE sequence = 1", "DELETE FROM audit WHERE sequence = 3",
                            "DELETE FROM audit", "UPDATE audit_checkpoint SET time = 1", "DELETE FROM audit_checkpoint",
                            "INSERT OR REPLACE INTO audit SELECT sequence, time, 'x', action, subject, details_json,"
                            " previous_hash, hash FROM audit WHERE sequence = 2"})
        CHECK(reason_of([&] { store->transaction([&](Transaction& t) { t.execute(sql); }); }) == "store.refused");
    CHECK(store.check().empty());
}

TEST_CASE("a row changed behind the triggers is found with its number, whichever column it was") {
    for (const char* change :
         {"time = time + 1", "actor = 'nobody'", "action = 'revoke'", "subject = ''",
          "details_json = '{\"serial\":\"02\"}'", "details_json = '{ \"serial\":\"01\"}'", "details_json = 'x'"}) {
        CAPTURE(change);
        AuditStore store(7);
        store.tamper((std::string("UPDATE audit SET ") + change + " WHERE sequence = 4").c_str());
        const auto findings = store.check();
        REQUIRE(findings.size() == 1);
        CHECK(findings[0].rule == "audit.row");
        CHECK(findings[0].message.find("row 4 ") != std::string::npos);
    }
}

TEST_CASE("a changed hash or link, a missing row and a foreign type are found") {
    AuditStore hash(5);
    hash.tamper("UPDATE audit SET hash = zeroblob(32) WHERE sequence = 3");
    const auto findings = hash.check();
    REQUIRE(findings.size() == 2);
    CHECK(findings[0] == Finding{"audit.row", "audit row 3 is not what its hash says"});
    CHECK(findings[1] == Finding{"audit.link", "audit row 4 does not carry the hash of the row before it"});

    AuditStore missing(5);
    missing.tamper("DELETE FROM audit WHERE sequence = 2");
    REQUIRE(missing.check().size() == 2);
    CHECK(missing.check()[0].rule == "audit.gap");
    CHECK(missing.check()[1].rule == "audit.link");

    AuditStore foreign(5);
    foreign.tamper("UPDATE audit SET actor = x'00' WHERE sequence = 2");
    CHECK(foreign.only_rule() == "audit.row");
}

TEST_CASE("a log that was cut off at the end is found through its checkpoints") {
    AuditStore store(5);
    const auto published = store.checkpoint();
    store.tamper("DELETE FROM audit WHERE sequence >= 4");
    CHECK(store.only_rule() == "audit.truncated");
    store.tamper("DELETE FROM audit_checkpoint");
    CHECK(store.check().empty());
    const auto findings = store.check({published});
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].rule == "audit.truncated");
}

TEST_CASE("a log rewritten as a whole does not fit a published checkpoint") {
    AuditStore store(3);
    const auto published = store.checkpoint();
    AuditStore rewritten;
    for (int i = 1; i <= 3; ++i) rewritten.append("another subject");
    CHECK(rewritten.check().empty());
    const auto findings = rewritten.check({published});
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].rule == "audit.checkpoint");
    CHECK(store.check({published}).empty());
}

TEST_CASE("another log's rows do not pass under this log's name") {
    AuditStore store(2);
    const auto findings =
        store->read([](Transaction& transaction) { return AuditLog("other").check_chain(transaction); });
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].rule == "audit.link");
}

TEST_CASE("a checkpoint signs the head once, and a forged signature is found") {
    AuditStore store;
    const auto empty = store.checkpoint();
    CHECK(empty.head.sequence == 0);
    store.append("one");
    const auto first = store.checkpoint();
    CHECK(first.head.sequence == 1);
    CHECK(verify(log_.checkpoint_message(first.head, first.time), first.signature));
    CHECK(store.checkpoint().signature == first.signature);
    CHECK(count(*store.database, "audit_checkpoint") == 2);
    store.tamper("UPDATE audit_checkpoint SET time = time + 1 WHERE sequence = 1");
    CHECK(store.only_rule() == "audit.signature");
}

TEST_CASE("records outside the limits are refused") {
    AuditStore store;
    const auto append = [&](AuditRecord record) {
        return reason_of([&] { store->transaction([&](Transaction& t) { log_.append(t, record); }); });
    };
    CHECK(append({.actor = "a", .action = "b", .subject = ""}) == "");
    CHECK(append({.actor = "", .action = "b", .subject = "c"}) == "audit.record");
    CHECK(append({.actor = "a\nb", .action = "b", .subject = "c"}) == "audit.record");
    CHECK(append({.actor = "a", .action = "b", .subject = std::string(257, 'c')}) == "audit.record");
    CHECK(append({.actor = "a", .action = "b", .subject = "\xff"}) == "audit.record");
    CHECK(append({.actor = "a", .action = "b", .subject = "c", .details = "[]"}) == "audit.record");
    CHECK(append({.actor = "a", .action = "b", .subject = "c", .details = "{\"b\":1,\"a\":2}"}) ==
          "json.not_canonical");
    CHECK(reason_of([] { AuditLog(""); }) == "audit.record");
    CHECK(count(*store.database, "audit") == 1);
}

TEST_CASE("rows can be listed by range, actor, action and subject") {
    AuditStore store(5);
    const auto listed = [&](AuditFilter filter) {
        std::vector<std::int64_t> found;
        store->read([&](Transaction& transaction) {
            log_.for_each(transaction, filter, [&](const AuditEntry& entry) { found.push_back(entry.sequence); });
        });
        return found;
    };
    CHECK(listed({}) == std::vector<std::int64_t>{1, 2, 3, 4, 5});
    CHECK(listed({.first = 2, .last = 3}) == std::vector<std::int64_t>{2, 3});
    CHECK(listed({.actor = "officer", .subject = "subject 4"}) == std::vector<std::int64_t>{4});
    CHECK(listed({.action = "nothing"}).empty());
}
