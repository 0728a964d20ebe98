#include <algorithm>

#include "tests/registrar/office.h"
#include "uvpki/blind/blind_key.h"

using namespace uvpki;
using namespace uvpki::testing;

TEST_CASE("a frozen roll has one salted commitment per voter of its styles, and a key of its own per style") {
    Office office;
    office.import();
    const auto frozen =
        office.registrar->freeze_roll("test-2026", {.styles = {"north", "south"}, .token_key_bits = 2048}, "office");
    CHECK(frozen.summary.size == 4);
    CHECK(frozen.summary.styles == std::map<std::string, std::int64_t>{{"north", 2}, {"south", 2}});
    CHECK(frozen.commitments.size() == 4);
    CHECK(std::ranges::is_sorted(frozen.commitments));
    CHECK(frozen.summary.root == election::commitments_root(frozen.commitments));
    REQUIRE(frozen.token_keys.size() == 2);
    CHECK(frozen.token_keys[0].style == "north");
    CHECK(frozen.token_keys[0].key_id != frozen.token_keys[1].key_id);
    for (const auto& key : frozen.token_keys) {
        CHECK(key.issuer == "registrar-1");
        CHECK(blind::BlindPublicKey::parse_spki(key.spki).key_id() == key.key_id);
    }

    // Again, and from another process: the same.
    const auto again =
        office.open()->freeze_roll("test-2026", {.styles = {"south", "north"}, .token_key_bits = 2048}, "office");
    CHECK(again.summary.root == frozen.summary.root);
    CHECK(again.commitments == frozen.commitments);
    CHECK(again.token_keys[0].spki == frozen.token_keys[0].spki);
    CHECK(reason_of([&] {
              office.registrar->freeze_roll("test-2026", {.styles = {"north"}, .token_key_bits = 2048}, "office");
          }) == "roll.frozen");
    // Another election has other salts and keys.
    const auto other =
        office.registrar->freeze_roll("test-2027", {.styles = {"north", "south"}, .token_key_bits = 2048}, "office");
    CHECK(other.summary.root != frozen.summary.root);
    CHECK(other.token_keys[0].key_id != frozen.token_keys[0].key_id);
}

TEST_CASE("what cannot be frozen is refused") {
    Office office;
    office.import();
    const auto reason = [&](std::string_view id, std::vector<std::string> styles, int bits) {
        return reason_of([&] {
            office.registrar->freeze_roll(id, {.styles = std::move(styles), .token_key_bits = bits}, "office");
        });
    };
    CHECK(reason("Test 2026", {"north"}, 2048) == "roll.election");
    CHECK(reason("test-2026", {}, 2048) == "roll.styles");
    CHECK(reason("test-2026", {"north", "north"}, 2048) == "roll.styles");
    CHECK(reason("test-2026", {"North"}, 2048) == "roll.styles");
    CHECK(reason("test-2026", {"north"}, 1024) == "blind.key.size");
    CHECK(reason("test-2026", {"north"}, -1) == "blind.key.size");
    CHECK(reason("test-2026", {"east"}, 2048) == "roll.empty");
    CHECK(office.count("roll") == 0);
    CHECK(office.count("token_key") == 0);
}

TEST_CASE("a voter on a frozen roll is not removed, one who is not on it is") {
    Office office;
    office.import();
    office.registrar->freeze_roll("test-2026", {.styles = {"north"}, .token_key_bits = 2048}, "office");
    CHECK(reason_of([&] { office.registrar->remove(office.entry_of("A-1"), "office"); }) == "roll.frozen");
    CHECK(office.registrar->search("A-1", 1).size() == 1);
    CHECK(reason_of([&] { office.registrar->remove(office.entry_of("A-3"), "office"); }) == "");
}

TEST_CASE("voters imported after the freeze are on the next roll only") {
    ElectionOffice office;
    office.import("voter_id,name,style\nB-1,Late Comer,north\n");
    const auto late = enrol(*office.registrar, office.invite().at("B-1"));
    CHECK(reason_of([&] { office.registrar->claim(office.make_claim(late, "north").der); }) == "claim.not_on_roll");
    CHECK(office.registrar->turnout("test-2026").roll == 4);
}

TEST_CASE("T18: only a manifest with this registrar's roll and token keys is installed") {
    PreparedOffice office;
    auto& manifest = office.election.manifest;
    const auto good = manifest;
    const auto reason = [&] {
        return reason_of([&] { office.registrar->install_manifest(office.election.verified_manifest(), "office"); });
    };
    SUBCASE("keys of two styles exchanged") {
        std::swap(manifest.token_keys[0].spki, manifest.token_keys[1].spki);
        std::swap(manifest.token_keys[0].key_id, manifest.token_keys[1].key_id);
        CHECK(reason() == "registrar.manifest");
    }
    SUBCASE("a key that this registrar did not make") {
        const auto key = blind::BlindPrivateKey::generate(2048).public_key();
        manifest.token_keys[0].spki = key.spki();
        manifest.token_keys[0].key_id = key.key_id();
        CHECK(reason() == "registrar.manifest");
    }
    SUBCASE("another roll") {
        manifest.roll_root = sha256(as_bytes("another roll"));
        CHECK(reason() == "registrar.manifest");
    }
    SUBCASE("voters moved between styles") {
        manifest.styles[0].voters += 1;
        manifest.styles[1].voters -= 1;
        CHECK(reason() == "registrar.manifest");
    }
    SUBCASE("another token issuer") {
        manifest.token_issuers = {"registrar-2"};
        for (auto& key : manifest.token_keys) key.issuer = "registrar-2";
        CHECK(reason() == "registrar.manifest");
    }
    SUBCASE("no roll was frozen") {
        Office empty;
        CHECK(reason_of([&] { empty.registrar->install_manifest(empty.election.verified_manifest(), "office"); }) ==
              "election.unknown");
    }
    CHECK(office.count("installed_manifest") == 0);
    manifest = good;
    CHECK(reason() == "");
    CHECK(reason() == "");
    manifest.title = "Another title";
    CHECK(reason() == "registrar.manifest");
    CHECK(office.count("installed_manifest") == 1);
}

TEST_CASE("rows that are evidence cannot be changed or deleted, by whatever program") {
    ElectionOffice office;
    const auto claim = office.make_claim("A-1", "north");
    office.registrar->claim(claim.der);
    office.registrar->revoke(office.entry_of("A-4"), x509::RevocationReason::superseded, {}, "office");
    office.pki.clock.set(office.election.manifest.claim.closes);
    office.registrar->close_claims("test-2026", "office");
    office.registrar->archive("test-2026", "office");
    const auto store = office.store();
    const auto reason = [&](const std::string& sql) {
        return reason_of([&] { store->transaction([&](service::Transaction& t) { t.execute(sql); }); });
    };
    for (const std::string table :
         {"voter_key", "issuance_intent", "certificate", "revocation", "crl", "roll", "roll_entry", "token_key",
          "installed_manifest", "claim", "claim_signature", "closed_claims", "archived_election", "audit"}) {
        CAPTURE(table);
        REQUIRE(office.count(table) > 0);
        const auto column = store->read([&](service::Transaction& t) {
            return t.query("SELECT name FROM pragma_table_info('" + table + "') LIMIT 1").at(0).text(0);
        });
        CHECK(reason("DELETE FROM " + table) == "store.refused");
        CHECK(reason("UPDATE " + table + " SET " + column + " = " + column) == "store.refused");
        CHECK(reason("INSERT OR REPLACE INTO " + table + " SELECT * FROM " + table) == "store.refused");
    }
    CHECK(reason("DELETE FROM voter") == "store.refused");
    CHECK(reason("UPDATE voter SET style = 'south'") == "store.refused");
    CHECK(reason("DELETE FROM invitation") == "store.refused");
    CHECK(reason("UPDATE invitation SET key_hash = zeroblob(32) WHERE key_hash IS NOT NULL") == "store.refused");
    CHECK(
        reason("INSERT INTO claim SELECT election, entry, style, commitment, commitment, commitment FROM roll_entry") ==
        "store.refused");
}
