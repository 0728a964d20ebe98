#include <algorithm>

#include "tests/ballot/box_fixture.h"
#include "uvpki/files.h"
#include "uvpki/service/sqlite_database.h"

using namespace uvpki;
using namespace uvpki::testing;

namespace {

/// Where these keys stand in the bytes of a file, as the sequence of keys by position, every occurrence counted.
std::vector<Sha256> order_in_file(const Bytes& file, const std::vector<Sha256>& keys) {
    std::vector<std::pair<std::ptrdiff_t, Sha256>> found;
    for (const auto& key : keys)
        for (auto at = std::search(file.begin(), file.end(), key.begin(), key.end()); at != file.end();
             at = std::search(at + 1, file.end(), key.begin(), key.end()))
            found.emplace_back(at - file.begin(), key);
    std::ranges::sort(found);
    std::vector<Sha256> keys_in_order;
    for (const auto& [position, key] : found) keys_in_order.push_back(key);
    return keys_in_order;
}

struct Ready {
    BoxFixture::Device device;
    TestElection::Voter voter;
    election::SealedBallot ballot;
};

}  // namespace

TEST_CASE("T2, T3: two boxes that differ only in who came when are left with the same lists, log and order of bytes") {
    BoxFixture f({"registrar"}, 12);
    std::vector<Ready> voters;
    for (int i = 0; i < 12; ++i) {
        auto device = f.make_device(i % 2 == 0 ? "north" : "south");
        auto voter = f.redeem(device);
        auto ballot = f.make_ballot(voter);
        voters.push_back({std::move(device), std::move(voter), std::move(ballot)});
    }
    // The twin has the same keys and certificates and no ballot yet.
    f.box.reset();
    const auto first = f.folder.path() / "box", second = f.folder.path() / "twin";
    std::filesystem::copy(first, second, std::filesystem::copy_options::recursive);

    std::vector<Sha256> leaves, keys;
    for (const auto& voter : voters) {
        leaves.push_back(voter.ballot.leaf);
        keys.push_back(voter.device.key.public_key().spki_sha256());
    }
    f.clock().set(TestPki::voting_opens() + Seconds{3600});
    const auto run = [&](const std::filesystem::path& folder, const std::vector<std::size_t>& order) {
        const auto box = BallotBox::open(folder, f.password, f.clock(), f.election.pki.random);
        for (const auto i : order) box->cast(f.id(), voters[i].ballot.der);
        f.tsa_serial = 0;
        REQUIRE(box->close_epochs(f.id(), EpochKind::regular, f.stamp()).size() == 1);
        return box->checkpoint(f.id());
    };
    std::vector<std::size_t> forward, backward;
    for (std::size_t i = 0; i < voters.size(); ++i) forward.push_back(i);
    backward.assign(forward.rbegin(), forward.rend());
    std::swap(backward[3], backward[8]);
    CHECK(run(first, forward) == run(second, backward));

    const auto one = load_file(first / "store.sqlite"), other = load_file(second / "store.sqlite");
    CHECK(one.size() == other.size());
    for (const auto* sought : {&leaves, &keys}) {
        const auto order = order_in_file(one, *sought);
        REQUIRE(order.size() >= 2 * voters.size());  // in the tables and their indexes
        CHECK(order == order_in_file(other, *sought));
    }
    // Nothing but the store remembers anything: the write-ahead log is empty or gone, and no other file is there.
    for (const auto& folder : {first, second})
        for (const auto& entry : std::filesystem::directory_iterator(folder)) {
            const auto name = entry.path().filename().string();
            CHECK(
                (name == "keys" || name == "store.sqlite" || name == "store.sqlite-wal" || name == "store.sqlite-shm"));
            if (name == "store.sqlite-wal") CHECK(order_in_file(load_file(entry.path()), leaves).empty());
        }
}

TEST_CASE("T3: the tables of redeems and casts have no row ids and no column for a time or a place") {
    BoxFixture f;
    const auto store = service::open_sqlite(f.folder.path() / "box" / "store.sqlite");
    for (const std::string table : {"ballot_intent", "ballot_certificate", "ballot", "ballot_content"}) {
        CAPTURE(table);
        const auto columns = store->read(
            [&](service::Transaction& t) { return t.query("SELECT name FROM pragma_table_info($1)", {table}); });
        REQUIRE_FALSE(columns.empty());
        for (const auto& column : columns) {
            const std::vector<std::string> known = {"election",  "serial",        "tbs_hash", "tbs",
                                                    "spki_hash", "certificate",   "leaf",     "ephemeral_hash",
                                                    "epoch",     "ballot_sealed", "receipt"};
            CHECK_MESSAGE(std::ranges::count(known, column.text(0)) == 1, column.text(0));
        }
        CHECK(reason_of([&] {
                  store->read([&](service::Transaction& t) { return t.query("SELECT rowid FROM " + table); });
              }) == "store.sql");
    }
}

TEST_CASE("ballots lie sealed in the store until they are published") {
    BoxFixture f;
    const auto ballot = f.make_ballot(f.redeem(f.make_device()));
    f.box->cast(f.id(), ballot.der);
    f.box.reset();
    const Bytes middle(ballot.der.begin() + 40, ballot.der.begin() + 72);
    for (const auto* name : {"store.sqlite", "store.sqlite-wal"}) {
        const auto path = f.folder.path() / "box" / name;
        if (!std::filesystem::exists(path)) continue;
        const auto file = load_file(path);
        CHECK(std::search(file.begin(), file.end(), middle.begin(), middle.end()) == file.end());
    }
}

TEST_CASE("neither ballots nor the spent list can be changed or deleted, whoever holds the store") {
    BoxFixture f;
    f.vote();
    const auto store = service::open_sqlite(f.folder.path() / "box" / "store.sqlite");
    for (const std::string sql : {"DELETE FROM ballot", "DELETE FROM ballot_content", "DELETE FROM ballot_certificate",
                                  "UPDATE ballot SET leaf = ephemeral_hash", "UPDATE ballot_content SET receipt = leaf",
                                  "UPDATE ballot_certificate SET certificate = spki_hash", "DELETE FROM manifest"}) {
        CAPTURE(sql);
        CHECK(reason_of([&] { store->transaction([&](service::Transaction& t) { t.execute(sql); }); }) ==
              "store.refused");
    }
}
