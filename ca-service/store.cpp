#include "ca-service/store.h"

#include <algorithm>

#include "uvpki/encoding.h"
#include "uvpki/error.h"

namespace uvpki::ca::store {

using service::blob;
using service::Row;
using service::Value;

namespace {

std::string folded(std::string_view text) {
    std::string result(text);
    for (auto& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

/// Pattern for LIKE ... ESCAPE '\' that finds the text itself.
std::string contains_pattern(std::string_view text) {
    std::string pattern = "%";
    for (const char c : folded(text)) {
        if (c == '%' || c == '_' || c == '\\') pattern += '\\';
        pattern += c;
    }
    return pattern + "%";
}

x509::RevokedEntry revoked_entry(const Row& row) {
    return {.serial = row.bytes("serial"),
            .revoked_at = row.time("revoked_at"),
            .reason = static_cast<x509::RevocationReason>(row.integer("reason")),
            .invalid_since = row.find_time("invalid_since")};
}

InventoryEntry entry_from(const Row& row, Time now) {
    InventoryEntry entry{.certificate = x509::Certificate::parse(row.bytes("der")),
                         .role = static_cast<x509::Role>(row.integer("role")),
                         .state = CertificateState::good,
                         .revocation = {},
                         .renews = to_hex(row.find_bytes("renews").value_or(Bytes{}))};
    if (!row.is_null("revoked_at")) {
        entry.revocation = revoked_entry(row);
        entry.state = CertificateState::revoked;
    } else if (entry.certificate.not_after() < now) {
        entry.state = CertificateState::expired;
    }
    return entry;
}

std::vector<InventoryEntry> entries_from(const service::Rows& rows, Time now) {
    std::vector<InventoryEntry> entries;
    for (const auto& row : rows) entries.push_back(entry_from(row, now));
    return entries;
}

}  // namespace

void put_value(Transaction& transaction, std::string_view name, ByteView value) {
    transaction.execute("INSERT INTO authority_value (name, value) VALUES ($1, $2)",
                        {service::text(name), blob(value)});
}

std::optional<Bytes> find_value(Transaction& transaction, std::string_view name) {
    const auto row = transaction.query_one("SELECT value FROM authority_value WHERE name = $1", {service::text(name)});
    if (!row) return std::nullopt;
    return row->bytes("value");
}

void add_intent(Transaction& transaction, ByteView serial, ByteView tbs, Time time) {
    const auto added = transaction.execute(
        "INSERT INTO issuance_intent (serial, tbs, recorded_at) VALUES ($1, $2, $3) ON CONFLICT (serial) DO NOTHING",
        {blob(serial), blob(tbs), service::seconds(time)});
    if (added != 1) fail(ErrorCode::conflict, "x509.serial", "serial number " + to_hex(serial) + " is taken");
}

void add_certificate(Transaction& transaction, const x509::Certificate& certificate, x509::Role role, Time time,
                     const Lineage& lineage) {
    const auto subject = certificate.subject_text();
    transaction.execute(
        "INSERT INTO certificate (serial, role, subject, subject_folded, key_sha256, fingerprint, not_before, "
        "not_after, "
        "issued_at, renews, der) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        {blob(certificate.serial()), static_cast<std::int64_t>(role), subject, folded(subject),
         blob(key_digest(certificate.public_key())), blob(certificate.fingerprint()),
         service::seconds(certificate.not_before()), service::seconds(certificate.not_after()), service::seconds(time),
         lineage.renews.empty() ? service::null_value() : blob(lineage.renews), blob(certificate.der())});
}

std::optional<InventoryEntry> find_certificate(Transaction& transaction, ByteView serial, Time now) {
    const auto row = transaction.query_one(
        "SELECT c.serial AS serial, c.role AS role, c.renews AS renews, c.der AS der, r.revoked_at AS revoked_at, "
        "r.reason AS reason, r.invalid_since AS invalid_since "
        "FROM certificate c LEFT JOIN revocation r ON r.serial = c.serial WHERE c.serial = $1",
        {blob(serial)});
    if (!row) return std::nullopt;
    return entry_from(*row, now);
}

std::vector<InventoryEntry> find_by_key(Transaction& transaction, const Sha256& key, Time now) {
    return entries_from(
        transaction.query("SELECT c.serial AS serial, c.role AS role, c.renews AS renews, c.der AS der, "
                          "r.revoked_at AS revoked_at, r.reason AS reason, "
                          "r.invalid_since AS invalid_since "
                          "FROM certificate c LEFT JOIN revocation r ON r.serial = c.serial "
                          "WHERE c.key_sha256 = $1 ORDER BY c.serial",
                          {blob(key)}),
        now);
}

std::vector<InventoryEntry> search(Transaction& transaction, const SearchOptions& options, Time now) {
    // States as numbers in the statement: 0 any, 1 good, 2 revoked, 3 expired.
    const std::int64_t state = options.state ? static_cast<std::int64_t>(*options.state) + 1 : 0;
    const std::int64_t role = options.role ? static_cast<std::int64_t>(*options.role) : 0;
    const auto expires_before = options.expires_before.value_or(no_expiry + Seconds{1});
    return entries_from(
        transaction.query(
            "SELECT c.serial AS serial, c.role AS role, c.renews AS renews, c.der AS der, r.revoked_at AS revoked_at, "
            "r.reason AS reason, r.invalid_since AS invalid_since "
            "FROM certificate c LEFT JOIN revocation r ON r.serial = c.serial "
            "WHERE c.serial > $1 AND ($2 = 0 OR c.role = $2) AND c.subject_folded LIKE $3 ESCAPE '\\' "
            "AND c.not_after < $4 AND ($5 = 0 OR ($5 = 1 AND r.serial IS NULL AND c.not_after >= $6) "
            "OR ($5 = 2 AND r.serial IS NOT NULL) OR ($5 = 3 AND r.serial IS NULL AND c.not_after < $6)) "
            "ORDER BY c.serial LIMIT $7",
            {blob(parse_hex(options.after_serial)), role, contains_pattern(options.subject_contains),
             service::seconds(expires_before), state, service::seconds(now), std::int64_t{options.limit}}),
        now);
}

std::vector<Bytes> lineage_from(Transaction& transaction, ByteView serial) {
    std::vector<Bytes> result;
    const auto rows = transaction.query(
        "WITH RECURSIVE lineage (serial) AS (SELECT serial FROM certificate WHERE serial = $1 "
        "UNION SELECT c.serial FROM certificate c JOIN lineage l ON c.renews = l.serial) "
        "SELECT serial FROM lineage ORDER BY serial",
        {blob(serial)});
    for (const auto& row : rows) result.push_back(row.bytes("serial"));
    return result;
}

std::int64_t count_intents(Transaction& transaction) {
    return transaction.query_one("SELECT count(*) AS intents FROM issuance_intent")->integer("intents");
}

void for_each_certificate(Transaction& transaction,
                          const std::function<void(const Bytes& serial, const Bytes& der)>& visit) {
    transaction.for_each("SELECT serial, der FROM certificate ORDER BY serial", {},
                         [&](const Row& row) { visit(row.bytes("serial"), row.bytes("der")); });
}

void add_revocation(Transaction& transaction, const x509::RevokedEntry& entry) {
    transaction.execute(
        "INSERT INTO revocation (serial, revoked_at, reason, invalid_since) VALUES ($1, $2, $3, $4)",
        {blob(entry.serial), service::seconds(entry.revoked_at), static_cast<std::int64_t>(entry.reason),
         entry.invalid_since ? service::seconds(*entry.invalid_since) : service::null_value()});
}

std::vector<x509::RevokedEntry> revocations(Transaction& transaction) {
    std::vector<x509::RevokedEntry> entries;
    const auto rows =
        transaction.query("SELECT serial, revoked_at, reason, invalid_since FROM revocation ORDER BY serial");
    for (const auto& row : rows) entries.push_back(revoked_entry(row));
    return entries;
}

void add_crl(Transaction& transaction, const x509::Crl& crl) {
    transaction.execute(
        "INSERT INTO crl (number, this_update, next_update, der) VALUES ($1, $2, $3, $4)",
        {crl.number(), service::seconds(crl.this_update()), service::seconds(crl.next_update()), blob(crl.der())});
}

std::optional<Bytes> find_latest_crl(Transaction& transaction) {
    const auto row = transaction.query_one("SELECT der FROM crl ORDER BY number DESC LIMIT 1");
    if (!row) return std::nullopt;
    return row->bytes("der");
}

std::int64_t reserve_timestamp_serials(Transaction& transaction, std::int64_t count) {
    const auto row = transaction.query_one(
        "UPDATE timestamp_serial SET reserved = reserved + $1 WHERE id = 1 RETURNING reserved", {count});
    if (!row) fail(ErrorCode::internal, "authority.store", "the store has lost its time-stamp numbers");
    return row->integer("reserved") - count + 1;
}

Sha256 key_digest(const x509::PublicKey& key) {
    return sha256(key.key_octets());
}

}  // namespace uvpki::ca::store
