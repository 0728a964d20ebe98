#pragma once
// The ballot box's tables: all its SQL and nothing else, no rule of elections and no cryptography. Stateless functions
// that work in the caller's transaction; thread-safe.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "uvpki/digest.h"
#include "uvpki/service/database.h"
#include "uvpki/service/migrate.h"

namespace uvpki::ballot_box {

/// The series "main", embedded from migrations/.
service::MigrationSeries migrations();

namespace store {

using service::Transaction;

struct Box {
    std::string organization;
    std::string arc;
    Sha256 sealing_key{};  ///< its identifier
};
void insert_box(Transaction& transaction, const Box& box);
std::optional<Box> find_box(Transaction& transaction);

struct Installation {
    Bytes root;
    Bytes issuing;
    Bytes receipt;
    bool operator==(const Installation&) const = default;
};
void put_installation(Transaction& transaction, const Installation& installation);
std::optional<Installation> find_installation(Transaction& transaction);

struct PreparedElection {
    Bytes ballot_ca_request;
    Bytes ballot_ca_key_sealed;
    std::string log_origin;
    std::string log_key;
    Bytes log_key_sealed;
};
void insert_prepared(Transaction& transaction, const std::string& election, const PreparedElection& prepared);
std::optional<PreparedElection> find_prepared(Transaction& transaction, const std::string& election);

struct StoredManifest {
    Bytes manifest;
    Bytes signature;
};
void insert_manifest(Transaction& transaction, const std::string& election, const StoredManifest& manifest);
std::optional<StoredManifest> find_manifest(Transaction& transaction, const std::string& election);

// ---- ballot certificates ----

/// The same bytes again are no conflict.
void insert_intent(Transaction& transaction, const std::string& election, ByteView serial, ByteView tbs);
/// Returns the certificate that the spent list holds for this key: this one, or the one that was there before.
Bytes insert_certificate(Transaction& transaction, const std::string& election, const Sha256& spki,
                         ByteView certificate);
std::optional<Bytes> find_certificate(Transaction& transaction, const std::string& election, const Sha256& spki);
std::int64_t count_certificates(Transaction& transaction, const std::string& election);

// ---- ballots ----

struct NewBallot {
    Sha256 leaf{};
    Sha256 spki{};
    Sha256 ephemeral{};
    Bytes sealed;
    Bytes receipt;
};
void insert_ballot(Transaction& transaction, const std::string& election, const NewBallot& ballot);
std::optional<Bytes> find_receipt(Transaction& transaction, const std::string& election, const Sha256& leaf);
bool has_ballot_of(Transaction& transaction, const std::string& election, const Sha256& spki);
bool has_ephemeral(Transaction& transaction, const std::string& election, const Sha256& ephemeral);
/// Throws internal "store.rows" when there is none.
Bytes load_sealed_ballot(Transaction& transaction, const std::string& election, const Sha256& leaf);

struct Placement {
    std::optional<std::int64_t> published_in;
};
/// nullopt: no such ballot.
std::optional<Placement> find_placement(Transaction& transaction, const std::string& election, const Sha256& leaf);

// ---- epochs ----

struct Epoch {
    std::int64_t number = 0;
    std::int64_t ballots = 0;
    Sha256 list_hash{};
    std::optional<Bytes> token;
    std::optional<Time> stamped_at;
    std::optional<std::string> checkpoint;
};
/// Ascending by number, stamped and unstamped.
std::vector<Epoch> list_epochs(Transaction& transaction, const std::string& election);
/// The number after the last fixed epoch: what is cast now comes into it.
std::int64_t open_epoch(Transaction& transaction, const std::string& election);
/// Sorted; in no epoch yet.
std::vector<Sha256> pending_leaves(Transaction& transaction, const std::string& election);
/// Sorted.
std::vector<Sha256> leaves_of_epoch(Transaction& transaction, const std::string& election, std::int64_t number);
/// Puts all pending ballots into the epoch; throws internal "store.rows" unless these are exactly epoch.ballots.
void insert_epoch(Transaction& transaction, const std::string& election, const Epoch& epoch);
/// False when it was stamped already.
bool stamp_epoch(Transaction& transaction, const std::string& election, const Epoch& epoch);
bool has_traces(Transaction& transaction, const std::string& election);
void clear_traces(Transaction& transaction, const std::string& election);

void insert_closing(Transaction& transaction, const std::string& election, std::int64_t last_epoch);
std::optional<std::int64_t> find_last_epoch(Transaction& transaction, const std::string& election);

void insert_final_crl(Transaction& transaction, const std::string& election, ByteView crl);
std::optional<Bytes> find_final_crl(Transaction& transaction, const std::string& election);

// ---- tally ----

struct Tally {
    Sha256 results_hash{};
    Bytes election_key_sealed;
};
void insert_tally(Transaction& transaction, const std::string& election, const Tally& tally,
                  const std::map<std::string, std::string>& files);
std::optional<Tally> find_tally(Transaction& transaction, const std::string& election);
std::map<std::string, Bytes> tally_files(Transaction& transaction, const std::string& election);

}  // namespace store

}  // namespace uvpki::ballot_box
