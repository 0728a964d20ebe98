#include "ballot-service/store.h"

#include "uvpki/error.h"

namespace uvpki::ballot_box::store {

using service::blob;
using service::null_value;
using service::Row;
using service::seconds;

namespace {

std::vector<Sha256> leaves(const service::Rows& rows) {
    std::vector<Sha256> result;
    result.reserve(rows.size());
    for (const auto& row : rows) result.push_back(to_sha256(row.bytes(0)));
    return result;
}

bool exists(Transaction& transaction, std::string_view sql, const std::string& election, ByteView key) {
    return transaction.query_one(sql, {election, blob(key)}).has_value();
}

}  // namespace

void insert_box(Transaction& transaction, const Box& box) {
    transaction.execute("INSERT INTO box (name, organization, arc, sealing_key) VALUES ('box', $1, $2, $3)",
                        {box.organization, box.arc, blob(box.sealing_key)});
}

std::optional<Box> find_box(Transaction& transaction) {
    const auto row = transaction.query_one("SELECT organization, arc, sealing_key FROM box");
    if (!row) return std::nullopt;
    return Box{row->text(0), row->text(1), to_sha256(row->bytes(2))};
}

void put_installation(Transaction& transaction, const Installation& installation) {
    transaction.execute("DELETE FROM installation");
    transaction.execute("INSERT INTO installation (name, root, issuing, receipt) VALUES ('box', $1, $2, $3)",
                        {installation.root, installation.issuing, installation.receipt});
}

std::optional<Installation> find_installation(Transaction& transaction) {
    const auto row = transaction.query_one("SELECT root, issuing, receipt FROM installation");
    if (!row) return std::nullopt;
    return Installation{row->bytes(0), row->bytes(1), row->bytes(2)};
}

void insert_prepared(Transaction& transaction, const std::string& election, const PreparedElection& prepared) {
    transaction.execute(
        "INSERT INTO prepared_election"
        " (election, ballot_ca_request, ballot_ca_key_sealed, log_origin, log_key, log_key_sealed)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        {election, prepared.ballot_ca_request, prepared.ballot_ca_key_sealed, prepared.log_origin, prepared.log_key,
         prepared.log_key_sealed});
}

std::optional<PreparedElection> find_prepared(Transaction& transaction, const std::string& election) {
    const auto row = transaction.query_one(
        "SELECT ballot_ca_request, ballot_ca_key_sealed, log_origin, log_key, log_key_sealed FROM prepared_election"
        " WHERE election = $1",
        {election});
    if (!row) return std::nullopt;
    return PreparedElection{row->bytes(0), row->bytes(1), row->text(2), row->text(3), row->bytes(4)};
}

void insert_manifest(Transaction& transaction, const std::string& election, const StoredManifest& manifest) {
    transaction.execute("INSERT INTO manifest (election, manifest, signature) VALUES ($1, $2, $3)",
                        {election, manifest.manifest, manifest.signature});
}

std::optional<StoredManifest> find_manifest(Transaction& transaction, const std::string& election) {
    const auto row = transaction.query_one("SELECT manifest, signature FROM manifest WHERE election = $1", {election});
    if (!row) return std::nullopt;
    return StoredManifest{row->bytes(0), row->bytes(1)};
}

void insert_intent(Transaction& transaction, const std::string& election, ByteView serial, ByteView tbs) {
    transaction.execute(
        "INSERT INTO ballot_intent (election, serial, tbs_hash, tbs) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        {election, blob(serial), blob(sha256(tbs)), blob(tbs)});
}

Bytes insert_certificate(Transaction& transaction, const std::string& election, const Sha256& spki,
                         ByteView certificate) {
    const auto added = transaction.execute(
        "INSERT INTO ballot_certificate (election, spki_hash, certificate) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        {election, blob(spki), blob(certificate)});
    if (added == 1) return to_bytes(certificate);
    return find_certificate(transaction, election, spki).value();
}

std::optional<Bytes> find_certificate(Transaction& transaction, const std::string& election, const Sha256& spki) {
    const auto row = transaction.query_one(
        "SELECT certificate FROM ballot_certificate WHERE election = $1 AND spki_hash = $2", {election, blob(spki)});
    if (!row) return std::nullopt;
    return row->bytes(0);
}

std::int64_t count_certificates(Transaction& transaction, const std::string& election) {
    return transaction.query("SELECT count(*) FROM ballot_certificate WHERE election = $1", {election})
        .at(0)
        .integer(0);
}

void insert_ballot(Transaction& transaction, const std::string& election, const NewBallot& ballot) {
    transaction.execute(
        "INSERT INTO ballot (election, leaf, spki_hash, ephemeral_hash, epoch) VALUES ($1, $2, $3, $4, $5)",
        {election, blob(ballot.leaf), blob(ballot.spki), blob(ballot.ephemeral), null_value()});
    transaction.execute("INSERT INTO ballot_content (election, leaf, ballot_sealed, receipt) VALUES ($1, $2, $3, $4)",
                        {election, blob(ballot.leaf), ballot.sealed, ballot.receipt});
}

std::optional<Bytes> find_receipt(Transaction& transaction, const std::string& election, const Sha256& leaf) {
    const auto row = transaction.query_one("SELECT receipt FROM ballot_content WHERE election = $1 AND leaf = $2",
                                           {election, blob(leaf)});
    if (!row) return std::nullopt;
    return row->bytes(0);
}

bool has_ballot_of(Transaction& transaction, const std::string& election, const Sha256& spki) {
    return exists(transaction, "SELECT 1 FROM ballot WHERE election = $1 AND spki_hash = $2", election, spki);
}

bool has_ephemeral(Transaction& transaction, const std::string& election, const Sha256& ephemeral) {
    return exists(transaction, "SELECT 1 FROM ballot WHERE election = $1 AND ephemeral_hash = $2", election, ephemeral);
}

Bytes load_sealed_ballot(Transaction& transaction, const std::string& election, const Sha256& leaf) {
    const auto row = transaction.query_one("SELECT ballot_sealed FROM ballot_content WHERE election = $1 AND leaf = $2",
                                           {election, blob(leaf)});
    if (!row) fail(ErrorCode::internal, "store.rows", "a ballot of the store has no content");
    return row->bytes(0);
}

std::optional<Placement> find_placement(Transaction& transaction, const std::string& election, const Sha256& leaf) {
    const auto row = transaction.query_one(
        "SELECT epoch.number AS number FROM ballot"
        " LEFT JOIN epoch ON epoch.election = ballot.election AND epoch.number = ballot.epoch"
        " AND epoch.token IS NOT NULL WHERE ballot.election = $1 AND ballot.leaf = $2",
        {election, blob(leaf)});
    if (!row) return std::nullopt;
    return Placement{row->find_integer(0)};
}

std::vector<Epoch> list_epochs(Transaction& transaction, const std::string& election) {
    std::vector<Epoch> epochs;
    transaction.for_each(
        "SELECT number, ballots, list_hash, token, stamped_at, checkpoint FROM epoch WHERE election = $1"
        " ORDER BY number",
        {election}, [&](const Row& row) {
            epochs.push_back({row.integer(0), row.integer(1), to_sha256(row.bytes(2)), row.find_bytes(3),
                              row.find_time(4), row.find_text(5)});
        });
    return epochs;
}

std::int64_t open_epoch(Transaction& transaction, const std::string& election) {
    return transaction.query("SELECT coalesce(max(number), 0) + 1 FROM epoch WHERE election = $1", {election})
        .at(0)
        .integer(0);
}

std::vector<Sha256> pending_leaves(Transaction& transaction, const std::string& election) {
    return leaves(
        transaction.query("SELECT leaf FROM ballot WHERE election = $1 AND epoch IS NULL ORDER BY leaf", {election}));
}

std::vector<Sha256> leaves_of_epoch(Transaction& transaction, const std::string& election, std::int64_t number) {
    return leaves(transaction.query("SELECT leaf FROM ballot WHERE election = $1 AND epoch = $2 ORDER BY leaf",
                                    {election, number}));
}

void insert_epoch(Transaction& transaction, const std::string& election, const Epoch& epoch) {
    transaction.execute("INSERT INTO epoch (election, number, ballots, list_hash) VALUES ($1, $2, $3, $4)",
                        {election, epoch.number, epoch.ballots, blob(epoch.list_hash)});
    const auto moved = transaction.execute("UPDATE ballot SET epoch = $2 WHERE election = $1 AND epoch IS NULL",
                                           {election, epoch.number});
    if (moved != epoch.ballots)
        fail(ErrorCode::internal, "store.rows", "the epoch's list does not hold all the ballots that wait");
}

bool stamp_epoch(Transaction& transaction, const std::string& election, const Epoch& epoch) {
    return transaction.execute(
               "UPDATE epoch SET token = $3, stamped_at = $4, checkpoint = $5"
               " WHERE election = $1 AND number = $2 AND token IS NULL",
               {election, epoch.number, epoch.token.value(), seconds(epoch.stamped_at.value()),
                epoch.checkpoint.value()}) == 1;
}

bool has_traces(Transaction& transaction, const std::string& election) {
    return transaction
               .query("SELECT count(*) FROM epoch WHERE election = $1 AND token IS NOT NULL AND traces = 1", {election})
               .at(0)
               .integer(0) > 0;
}

void clear_traces(Transaction& transaction, const std::string& election) {
    transaction.execute("UPDATE epoch SET traces = 0 WHERE election = $1 AND token IS NOT NULL AND traces = 1",
                        {election});
}

void insert_closing(Transaction& transaction, const std::string& election, std::int64_t last_epoch) {
    transaction.execute("INSERT INTO closing (election, last_epoch) VALUES ($1, $2)", {election, last_epoch});
}

std::optional<std::int64_t> find_last_epoch(Transaction& transaction, const std::string& election) {
    const auto row = transaction.query_one("SELECT last_epoch FROM closing WHERE election = $1", {election});
    if (!row) return std::nullopt;
    return row->integer(0);
}

void insert_final_crl(Transaction& transaction, const std::string& election, ByteView crl) {
    transaction.execute("INSERT INTO final_crl (election, crl) VALUES ($1, $2)", {election, blob(crl)});
}

std::optional<Bytes> find_final_crl(Transaction& transaction, const std::string& election) {
    const auto row = transaction.query_one("SELECT crl FROM final_crl WHERE election = $1", {election});
    if (!row) return std::nullopt;
    return row->bytes(0);
}

void insert_tally(Transaction& transaction, const std::string& election, const Tally& tally,
                  const std::map<std::string, std::string>& files) {
    transaction.execute("INSERT INTO tally (election, results_hash, election_key_sealed) VALUES ($1, $2, $3)",
                        {election, blob(tally.results_hash), tally.election_key_sealed});
    for (const auto& [path, content] : files)
        transaction.execute("INSERT INTO tally_file (election, path, content) VALUES ($1, $2, $3)",
                            {election, path, blob(as_bytes(content))});
}

std::optional<Tally> find_tally(Transaction& transaction, const std::string& election) {
    const auto row =
        transaction.query_one("SELECT results_hash, election_key_sealed FROM tally WHERE election = $1", {election});
    if (!row) return std::nullopt;
    return Tally{to_sha256(row->bytes(0)), row->bytes(1)};
}

std::map<std::string, Bytes> tally_files(Transaction& transaction, const std::string& election) {
    std::map<std::string, Bytes> files;
    transaction.for_each("SELECT path, content FROM tally_file WHERE election = $1", {election},
                         [&](const Row& row) { files.emplace(row.text(0), row.bytes(1)); });
    return files;
}

}  // namespace uvpki::ballot_box::store
