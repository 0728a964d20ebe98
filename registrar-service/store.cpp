#include "registrar-service/store.h"

namespace uvpki::registrar::store {

using service::blob;
using service::null_value;
using service::Row;
using service::seconds;
using service::text;
using service::Value;

namespace {

Value optional_blob(const auto& bytes) {
    return bytes ? blob(*bytes) : null_value();
}

std::optional<Sha256> find_sha256(const Row& row, Row::Column column) {
    const auto bytes = row.find_bytes(column);
    if (!bytes) return std::nullopt;
    return to_sha256(*bytes);
}

InvitationRow read_invitation(const Row& row) {
    return {.entry = row.text(0),
            .expires = row.time(1),
            .withdrawn_at = row.find_time(2),
            .key_hash = find_sha256(row, 3)};
}

CertificateRow read_certificate(const Row& row) {
    return {.serial = row.bytes(0),
            .entry = row.text(1),
            .key_hash = to_sha256(row.bytes(2)),
            .der = row.bytes(3),
            .issued_at = row.time(4),
            .not_after = row.time(5),
            .code_hash = find_sha256(row, 6),
            .renews = row.find_bytes(7),
            .revoked = !row.is_null(8)};
}

x509::RevokedEntry read_revocation(const Row& row) {
    return {.serial = row.bytes(0),
            .revoked_at = row.time(1),
            .reason = static_cast<x509::RevocationReason>(row.integer(2)),
            .invalid_since = row.find_time(3)};
}

std::optional<CertificateRow> read_certificate(const std::optional<Row>& row) {
    if (!row) return std::nullopt;
    return read_certificate(*row);
}

}  // namespace

std::optional<Bytes> find_setting(Transaction& t, std::string_view name) {
    const auto row = t.query_one("SELECT value FROM setting WHERE name = $1", {text(name)});
    if (!row) return std::nullopt;
    return row->bytes(0);
}

void put_setting(Transaction& t, std::string_view name, ByteView value) {
    t.execute(
        "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        {text(name), blob(value)});
}

void add_invitation(Transaction& t, const Sha256& code_hash, std::string_view entry, Time expires) {
    t.execute("INSERT INTO invitation (code_hash, entry, expires) VALUES ($1, $2, $3)",
              {blob(code_hash), text(entry), seconds(expires)});
}

std::optional<InvitationRow> find_invitation(Transaction& t, const Sha256& code_hash) {
    const auto row = t.query_one("SELECT entry, expires, withdrawn_at, key_hash FROM invitation WHERE code_hash = $1",
                                 {blob(code_hash)});
    if (!row) return std::nullopt;
    return read_invitation(*row);
}

void bind_invitation(Transaction& t, const Sha256& code_hash, const Sha256& key_hash) {
    t.execute("UPDATE invitation SET key_hash = $2 WHERE code_hash = $1", {blob(code_hash), blob(key_hash)});
}

void withdraw_invitations(Transaction& t, std::string_view entry, Time now) {
    t.execute("UPDATE invitation SET withdrawn_at = $2 WHERE entry = $1 AND withdrawn_at IS NULL",
              {text(entry), seconds(now)});
}

bool claim_key(Transaction& t, const Sha256& key_hash, std::string_view entry) {
    const auto row = t.query_one("SELECT entry FROM voter_key WHERE key_hash = $1", {blob(key_hash)});
    if (row) return row->text(0) == entry;
    t.execute("INSERT INTO voter_key (key_hash, entry) VALUES ($1, $2)", {blob(key_hash), text(entry)});
    return true;
}

void add_intent(Transaction& t, const IntentRow& intent) {
    t.execute("INSERT INTO issuance_intent (serial, entry, key_hash, tbs, recorded_at) VALUES ($1, $2, $3, $4, $5)",
              {blob(intent.serial), text(intent.entry), blob(intent.key_hash), blob(intent.tbs),
               seconds(intent.recorded_at)});
}

void add_certificate(Transaction& t, const CertificateRow& c) {
    t.execute(
        "INSERT INTO certificate (serial, entry, key_hash, der, issued_at, not_after, code_hash, renews)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        {blob(c.serial), text(c.entry), blob(c.key_hash), blob(c.der), seconds(c.issued_at), seconds(c.not_after),
         optional_blob(c.code_hash), optional_blob(c.renews)});
}

std::optional<CertificateRow> find_certificate(Transaction& t, ByteView serial) {
    return read_certificate(t.query_one(
        "SELECT c.serial, c.entry, c.key_hash, c.der, c.issued_at, c.not_after, c.code_hash, c.renews, r.revoked_at"
        " FROM certificate c LEFT JOIN revocation r ON r.serial = c.serial WHERE c.serial = $1",
        {blob(serial)}));
}

std::optional<CertificateRow> find_certificate_for_code(Transaction& t, const Sha256& code_hash) {
    return read_certificate(t.query_one(
        "SELECT c.serial, c.entry, c.key_hash, c.der, c.issued_at, c.not_after, c.code_hash, c.renews, r.revoked_at"
        " FROM certificate c LEFT JOIN revocation r ON r.serial = c.serial WHERE c.code_hash = $1",
        {blob(code_hash)}));
}

std::optional<CertificateRow> find_renewal_of(Transaction& t, ByteView serial) {
    return read_certificate(t.query_one(
        "SELECT c.serial, c.entry, c.key_hash, c.der, c.issued_at, c.not_after, c.code_hash, c.renews, r.revoked_at"
        " FROM certificate c LEFT JOIN revocation r ON r.serial = c.serial WHERE c.renews = $1",
        {blob(serial)}));
}

std::vector<CertificateRow> certificates_of(Transaction& t, std::string_view entry) {
    std::vector<CertificateRow> found;
    t.for_each(
        "SELECT c.serial, c.entry, c.key_hash, c.der, c.issued_at, c.not_after, c.code_hash, c.renews, r.revoked_at"
        " FROM certificate c LEFT JOIN revocation r ON r.serial = c.serial WHERE c.entry = $1"
        " ORDER BY c.issued_at, c.not_after, c.serial",
        {text(entry)}, [&](const Row& row) { found.push_back(read_certificate(row)); });
    return found;
}

void add_revocation(Transaction& t, const x509::RevokedEntry& revoked) {
    t.execute("INSERT INTO revocation (serial, revoked_at, reason, invalid_since) VALUES ($1, $2, $3, $4)",
              {blob(revoked.serial), seconds(revoked.revoked_at), static_cast<std::int64_t>(revoked.reason),
               revoked.invalid_since ? seconds(*revoked.invalid_since) : null_value()});
}

std::optional<x509::RevokedEntry> find_revocation(Transaction& t, ByteView serial) {
    const auto row = t.query_one("SELECT serial, revoked_at, reason, invalid_since FROM revocation WHERE serial = $1",
                                 {blob(serial)});
    if (!row) return std::nullopt;
    return read_revocation(*row);
}

std::vector<x509::RevokedEntry> revocations(Transaction& t) {
    std::vector<x509::RevokedEntry> found;
    t.for_each("SELECT serial, revoked_at, reason, invalid_since FROM revocation ORDER BY serial", {},
               [&](const Row& row) { found.push_back(read_revocation(row)); });
    return found;
}

void for_each_good_certificate(Transaction& t,
                               const std::function<void(const std::string& entry, const Bytes& der)>& visit) {
    t.for_each(
        "SELECT c.entry, c.der FROM certificate c LEFT JOIN revocation r ON r.serial = c.serial"
        " WHERE r.serial IS NULL ORDER BY c.entry, c.serial",
        {}, [&](const Row& row) { visit(row.text(0), row.bytes(1)); });
}

void add_responder_intent(Transaction& t, const ResponderIntent& intent, Time now) {
    t.execute("INSERT INTO responder_intent (serial, tbs, sealed_key, recorded_at) VALUES ($1, $2, $3, $4)",
              {blob(intent.serial), blob(intent.tbs), blob(intent.sealed_key), seconds(now)});
}

void add_responder(Transaction& t, const x509::Certificate& certificate) {
    t.execute("INSERT INTO responder (serial, der, not_after) VALUES ($1, $2, $3)",
              {blob(certificate.serial()), blob(certificate.der()), seconds(certificate.not_after())});
}

std::optional<ResponderRow> find_responder(Transaction& t) {
    const auto row = t.query_one(
        "SELECT r.der, i.sealed_key FROM responder r JOIN responder_intent i ON i.serial = r.serial"
        " ORDER BY r.not_after DESC, r.serial LIMIT 1");
    if (!row) return std::nullopt;
    return ResponderRow{row->bytes(0), row->bytes(1)};
}

std::int64_t last_crl_number(Transaction& t) {
    return t.query("SELECT COALESCE(MAX(number), 0) FROM crl").at(0).integer(0);
}

std::optional<Bytes> find_latest_crl(Transaction& t) {
    const auto row = t.query_one("SELECT der FROM crl ORDER BY number DESC LIMIT 1");
    if (!row) return std::nullopt;
    return row->bytes(0);
}

void add_crl(Transaction& t, const x509::Crl& crl, Time now) {
    t.execute("INSERT INTO crl (number, der, published_at) VALUES ($1, $2, $3)",
              {crl.number(), blob(crl.der()), seconds(now)});
}

}  // namespace uvpki::registrar::store
