// The part of the store that belongs to elections: frozen rolls, token keys, manifests, claims.
#include "registrar-service/store.h"

namespace uvpki::registrar::store {

using service::blob;
using service::Row;
using service::seconds;
using service::text;

void add_roll(Transaction& t, std::string_view election, const RollRow& roll, Time now) {
    t.execute("INSERT INTO roll (election, size, root, token_key_bits, frozen_at) VALUES ($1, $2, $3, $4, $5)",
              {text(election), roll.size, blob(roll.root), std::int64_t{roll.token_key_bits}, seconds(now)});
}

std::optional<RollRow> find_roll(Transaction& t, std::string_view election) {
    const auto row = t.query_one("SELECT size, root, token_key_bits FROM roll WHERE election = $1", {text(election)});
    if (!row) return std::nullopt;
    return RollRow{row->integer(0), to_sha256(row->bytes(1)), static_cast<int>(row->integer(2))};
}

void add_roll_entry(Transaction& t, std::string_view election, const RollEntryRow& entry) {
    t.execute("INSERT INTO roll_entry (election, entry, style, sealed_salt, commitment) VALUES ($1, $2, $3, $4, $5)",
              {text(election), text(entry.entry), text(entry.style), blob(entry.sealed_salt), blob(entry.commitment)});
}

std::optional<std::string> find_roll_style(Transaction& t, std::string_view election, std::string_view entry) {
    const auto row =
        t.query_one("SELECT style FROM roll_entry WHERE election = $1 AND entry = $2", {text(election), text(entry)});
    if (!row) return std::nullopt;
    return row->text(0);
}

std::vector<Sha256> roll_commitments(Transaction& t, std::string_view election) {
    std::vector<Sha256> found;
    t.for_each("SELECT commitment FROM roll_entry WHERE election = $1 ORDER BY commitment", {text(election)},
               [&](const Row& row) { found.push_back(to_sha256(row.bytes(0))); });
    return found;
}

void for_each_roll_entry(Transaction& t, std::string_view election,
                         const std::function<void(const RollEntryRow&, const VoterRow&)>& visit) {
    t.for_each(
        "SELECT e.entry, e.style, e.sealed_salt, e.commitment, v.wrapped_key, v.sealed_person"
        " FROM roll_entry e JOIN voter v ON v.entry = e.entry WHERE e.election = $1 ORDER BY e.entry",
        {text(election)}, [&](const Row& row) {
            VoterRow voter;
            voter.entry = row.text(0);
            voter.style = row.text(1);
            voter.wrapped_key = row.find_bytes(4).value_or(Bytes{});
            voter.sealed_person = row.find_bytes(5).value_or(Bytes{});
            visit({row.text(0), row.text(1), row.bytes(2), to_sha256(row.bytes(3))}, voter);
        });
}

std::map<std::string, std::int64_t> roll_styles(Transaction& t, std::string_view election) {
    std::map<std::string, std::int64_t> counts;
    // Styles without a voter have a token key all the same.
    t.for_each(
        "SELECT k.style, COUNT(e.entry) FROM token_key k LEFT JOIN roll_entry e"
        " ON e.election = k.election AND e.style = k.style WHERE k.election = $1 GROUP BY k.style",
        {text(election)}, [&](const Row& row) { counts.emplace(row.text(0), row.integer(1)); });
    return counts;
}

void add_token_key(Transaction& t, std::string_view election, const TokenKeyRow& key) {
    t.execute("INSERT INTO token_key (key_id, election, style, spki, sealed_key) VALUES ($1, $2, $3, $4, $5)",
              {blob(key.key_id), text(election), text(key.style), blob(key.spki), blob(key.sealed_key)});
}

std::vector<Bytes> all_token_keys(Transaction& t) {
    std::vector<Bytes> keys;
    for (const auto& row : t.query("SELECT spki FROM token_key ORDER BY key_id")) keys.push_back(row.bytes("spki"));
    return keys;
}

std::vector<TokenKeyRow> token_keys(Transaction& t, std::string_view election) {
    std::vector<TokenKeyRow> found;
    t.for_each("SELECT key_id, style, spki, sealed_key FROM token_key WHERE election = $1 ORDER BY style",
               {text(election)}, [&](const Row& row) {
                   found.push_back({to_sha256(row.bytes(0)), row.text(1), row.bytes(2), row.bytes(3)});
               });
    return found;
}

void add_manifest(Transaction& t, std::string_view election, const ManifestRow& manifest, Time now) {
    t.execute("INSERT INTO installed_manifest (election, digest, text, installed_at) VALUES ($1, $2, $3, $4)",
              {text(election), blob(manifest.digest), blob(manifest.text), seconds(now)});
}

std::optional<ManifestRow> find_manifest(Transaction& t, std::string_view election) {
    const auto row = t.query_one("SELECT digest, text FROM installed_manifest WHERE election = $1", {text(election)});
    if (!row) return std::nullopt;
    return ManifestRow{to_sha256(row->bytes(0)), row->bytes(1)};
}

void add_claim(Transaction& t, std::string_view election, const ClaimRow& claim) {
    t.execute("INSERT INTO claim (election, entry, style, blinded_hash, message, salt) VALUES ($1, $2, $3, $4, $5, $6)",
              {text(election), text(claim.entry), text(claim.style), blob(claim.blinded_hash), blob(claim.message),
               blob(claim.salt)});
}

std::optional<Sha256> find_claimed(Transaction& t, std::string_view election, std::string_view entry) {
    const auto row =
        t.query_one("SELECT blinded_hash FROM claim WHERE election = $1 AND entry = $2", {text(election), text(entry)});
    if (!row) return std::nullopt;
    return to_sha256(row->bytes(0));
}

void for_each_claim(Transaction& t, std::string_view election, const std::function<void(const ClaimRow&)>& visit) {
    t.for_each("SELECT entry, style, blinded_hash, message, salt FROM claim WHERE election = $1 ORDER BY entry",
               {text(election)}, [&](const Row& row) {
                   visit({row.text(0), row.text(1), to_sha256(row.bytes(2)), row.bytes(3), row.bytes(4)});
               });
}

void add_claim_signature(Transaction& t, std::string_view election, std::string_view entry, ByteView signature) {
    t.execute("INSERT INTO claim_signature (election, entry, signature) VALUES ($1, $2, $3)",
              {text(election), text(entry), blob(signature)});
}

std::optional<Bytes> find_claim_signature(Transaction& t, std::string_view election, std::string_view entry) {
    const auto row = t.query_one("SELECT signature FROM claim_signature WHERE election = $1 AND entry = $2",
                                 {text(election), text(entry)});
    if (!row) return std::nullopt;
    return row->bytes(0);
}

std::map<std::string, std::int64_t> claims_by_style(Transaction& t, std::string_view election) {
    std::map<std::string, std::int64_t> counts;
    t.for_each(
        "SELECT k.style, COUNT(c.entry) FROM token_key k LEFT JOIN claim c"
        " ON c.election = k.election AND c.style = k.style WHERE k.election = $1 GROUP BY k.style",
        {text(election)}, [&](const Row& row) { counts.emplace(row.text(0), row.integer(1)); });
    return counts;
}

std::int64_t enrolled_on_roll(Transaction& t, std::string_view election, Time now) {
    return t
        .query(
            "SELECT COUNT(*) FROM roll_entry e WHERE e.election = $1 AND EXISTS (SELECT 1 FROM certificate c"
            " LEFT JOIN revocation r ON r.serial = c.serial"
            " WHERE c.entry = e.entry AND r.serial IS NULL AND c.not_after >= $2)",
            {text(election), seconds(now)})
        .at(0)
        .integer(0);
}

void add_closed_claims(Transaction& t, std::string_view election, const ClosedClaimsRow& closed, Time now) {
    t.execute("INSERT INTO closed_claims (election, text, signature, closed_at) VALUES ($1, $2, $3, $4)",
              {text(election), blob(closed.text), blob(closed.signature), seconds(now)});
}

std::optional<ClosedClaimsRow> find_closed_claims(Transaction& t, std::string_view election) {
    const auto row = t.query_one("SELECT text, signature FROM closed_claims WHERE election = $1", {text(election)});
    if (!row) return std::nullopt;
    return ClosedClaimsRow{row->bytes(0), row->bytes(1)};
}

void add_archived(Transaction& t, std::string_view election, Time now) {
    t.execute("INSERT INTO archived_election (election, archived_at) VALUES ($1, $2)", {text(election), seconds(now)});
}

bool is_archived(Transaction& t, std::string_view election) {
    return t.query_one("SELECT 1 FROM archived_election WHERE election = $1", {text(election)}).has_value();
}

Totals totals(Transaction& t) {
    const auto row = t.query(
        "SELECT (SELECT COUNT(*) FROM certificate), (SELECT COUNT(*) FROM claim),"
        " (SELECT COUNT(*) FROM claim_signature)");
    return {row.at(0).integer(0), row.at(0).integer(1), row.at(0).integer(2)};
}

}  // namespace uvpki::registrar::store
