#pragma once
// What the sources of the ballot box share: the open store, the keys, and the elections made ready for work. Private to
// this folder. Thread-safe.

#include <atomic>
#include <map>
#include <mutex>

#include "ballot-service/ballot_box.h"
#include "ballot-service/store.h"
#include "uvpki/election/ballot.h"
#include "uvpki/merkle/checkpoint.h"
#include "uvpki/merkle/tree.h"
#include "uvpki/service/audit_log.h"
#include "uvpki/service/group_commit.h"
#include "uvpki/service/sealed.h"
#include "uvpki/x509/issue.h"

namespace uvpki::ballot_box {

/// An election with its manifest installed. Immutable but for what says otherwise.
struct ElectionInUse {
    ElectionInUse(election::VerifiedManifest verified, const x509::TrustStore& store, x509::Issuer issuer,
                  merkle::LogKey key, x509::Certificate receipt)
        : manifest(std::move(verified)),
          id(manifest->id),
          trust(store),
          verifier(manifest, trust),
          tokens(manifest.manifest()),
          ballot_ca(std::move(issuer)),
          log_key(std::move(key)),
          receipt_signer(std::move(receipt)) {}

    bool is_voting(Time now) const { return now >= manifest->voting.opens && now <= manifest->voting.closes; }

    const election::VerifiedManifest manifest;
    const std::string id;
    const x509::TrustStore trust;
    const election::BallotVerifier verifier;
    const election::TokenVerifier tokens;
    const x509::Issuer ballot_ca;
    const merkle::LogKey log_key;
    const x509::Certificate receipt_signer;

    /// What the store said last; every cast checks it in its transaction.
    std::atomic<std::int64_t> open_epoch{1};

    std::mutex log_mutex;  ///< guards the two below
    merkle::Tree log;      ///< the leaves of epochs 1..epochs_in_log
    std::int64_t epochs_in_log = 0;
};

struct BallotBox::State {
    State(const std::filesystem::path& folder, x509::PrivateKey receipt, service::SealingKey sealing,
          std::unique_ptr<service::Database> opened, const Clock& clock_to_use, Random& random_to_use);

    const std::filesystem::path folder;
    const x509::PrivateKey receipt_key;
    const service::SealingKey sealing_key;
    const Clock& clock;
    Random& random;
    const std::unique_ptr<service::Database> database;
    const service::AuditLog audit{"ballot-box"};
    store::Box box;

    /// Throws not_found "ballot_box.election" unless its manifest is installed.
    std::shared_ptr<ElectionInUse> election(std::string_view id);
    /// Throws forbidden "ballot_box.not_installed".
    store::Installation installation(service::Transaction& transaction) const;
    x509::Arc arc() const { return x509::Arc(box.arc); }
    /// Root and issuing CA.
    x509::TrustStore trust(const store::Installation& installation) const;
    /// The row and a signed checkpoint after it.
    void record(service::Transaction& transaction, std::string_view actor, std::string_view action,
                std::string_view subject, std::string details = "{}") const;
    SecretBytes open_sealed(ByteView sealed, const std::string& place) const {
        return service::open_sealed(sealing_key, sealed, place);
    }
    Bytes seal(ByteView plaintext, const std::string& place) const {
        return service::seal(sealing_key, plaintext, place, random);
    }
    std::shared_ptr<ElectionInUse> prepare_for_use(const std::string& id) const;
    /// The eBallot's file.
    Bytes load_ballot(const std::string& election_id, const Sha256& leaf) const;

    std::mutex mutex;  ///< guards elections
    std::map<std::string, std::shared_ptr<ElectionInUse>, std::less<>> elections;

    service::GroupCommit commits;  ///< last: its writer thread ends before anything that it uses
};

/// "ballot/ELECTION/<leaf>"
std::string ballot_place(const std::string& election_id, const Sha256& leaf);

/// "tally/ELECTION/election_key"
inline std::string election_key_place(const std::string& election_id) {
    return "tally/" + election_id + "/election_key";
}

/// The newest signed note of the log: after the last stamped epoch, or of the empty log. `epochs` as
/// store::list_epochs.
std::string newest_checkpoint(const ElectionInUse& election, const std::vector<store::Epoch>& epochs);

/// Voting closed and every epoch stamped. Throws forbidden "ballot_box.not_closed" otherwise. Returns the epochs.
std::vector<store::Epoch> require_closed(service::Transaction& transaction, const std::string& election_id);

}  // namespace uvpki::ballot_box
