#pragma once
// The ballot box: ballot certificates against tokens, eBallots, receipts, epochs, the log, the count and the package.
// Knows ballots, never a voter; stores no arrival time or order. On one store, which several processes may share; many
// requests share a commit. Thread-safe, and so must be the Clock and the Random that it is given.

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "uvpki/api/ballot_api.h"
#include "uvpki/clock.h"
#include "uvpki/election/manifest.h"
#include "uvpki/election/results.h"
#include "uvpki/election/roll.h"
#include "uvpki/random.h"
#include "uvpki/secret.h"
#include "uvpki/x509/path.h"
#include "uvpki/x509/revocation.h"

namespace uvpki::ballot_box {

/// Sends an RFC 3161 request (DER) to a time-stamp authority and returns its response (DER).
using Stamp = std::function<Bytes(ByteView request)>;

struct EpochOverview {
    std::int64_t number = 0;
    std::int64_t ballots = 0;
    Time stamped_at{};
};

class BallotBox final : public api::BallotApi {
public:
    /// Keys in folder/keys (the receipt key under the password), everything else in folder/store.sqlite. Throws
    /// conflict "ballot_box.exists".
    static std::unique_ptr<BallotBox> create(const std::filesystem::path& folder, std::string_view organization,
                                             const x509::Arc& arc, const SecretBytes& password, const Clock& clock,
                                             Random& random);
    /// Throws not_found "ballot_box.missing", verification_failed "x509.key.password", conflict
    /// "ballot_box.sealing_key".
    static std::unique_ptr<BallotBox> open(const std::filesystem::path& folder, const SecretBytes& password,
                                           const Clock& clock, Random& random);
    ~BallotBox() override;

    Bytes receipt_request() const;  ///< PKCS#10 of the receipt key
    /// The certificates to work under; again for a renewed receipt certificate. Throws conflict
    /// "ballot_box.receipt_key" or "ballot_box.root", or a path reason.
    void install(const x509::Certificate& root, const x509::Certificate& issuing, const x509::Certificate& receipt);

    /// Makes the Ballot CA key and the log key of an election; again: the same. Throws invalid_input
    /// "ballot_box.election_id".
    struct Preparation {
        Bytes ballot_ca_request;  ///< PKCS#10
        std::string log_origin;
        std::string log_key;  ///< signed-note verifier key
    };
    Preparation prepare_election(std::string_view election, std::string_view actor);
    /// Ballot CA and log key must be the prepared ones: conflict "ballot_box.manifest" otherwise.
    void install_manifest(const election::VerifiedManifest& manifest, std::string_view actor);

    /// Besides BallotApi's reasons: invalid_input "redeem.request" or "redeem.key", not_found "ballot_box.election".
    Bytes redeem(std::string_view election, ByteView request) override;
    /// Besides BallotApi's and BallotVerifier's reasons: verification_failed "cast.certificate" (not given out here).
    Bytes cast(std::string_view election, ByteView ballot) override;
    api::BallotStatus status(std::string_view election, const Sha256& leaf) override;

    /// Closes the open epoch when its period is over and it holds at least k ballots (or, with `last`, whatever is left
    /// once voting has closed): list, time stamp, log, publication. Finishes first what a crash left half-done. Returns
    /// the epochs closed now. Afterwards the store is rewritten without traces of the order of arrival (T3). The last
    /// epoch alone may be smaller than k. Throws forbidden "epoch.too_early" or "epoch.too_late" (last),
    /// verification_failed "epoch.stamp", unavailable "store.busy" (call again).
    enum class EpochKind { regular, last };
    std::vector<EpochOverview> close_epochs(std::string_view election, EpochKind kind, const Stamp& stamp);
    std::vector<EpochOverview> epochs(std::string_view election) const;
    /// The log's newest checkpoint (signed note text).
    std::string checkpoint(std::string_view election) const;
    /// Root hash of that checkpoint.
    Sha256 log_root(std::string_view election) const;
    /// After the last epoch (forbidden "ballot_box.not_closed" before): the Ballot CA's final list, nextUpdate
    /// 99991231235959Z; the same list every time.
    x509::Crl final_crl(std::string_view election, std::string_view actor);

    /// Opens every published ballot with the election key and counts; `threads` workers. The result is kept for the
    /// package. Throws verification_failed "tally.key", forbidden "ballot_box.not_closed", conflict "tally.differs"
    /// (another result was kept before).
    struct TallyInput {
        x509::PrivateKey election_key;
        std::int64_t claimed = 0;
        int threads = 1;
        std::function<void(std::int64_t done, std::int64_t total)> on_progress;
    };
    election::Results tally(std::string_view election, const TallyInput& input, std::string_view actor);

    /// What others contribute to the package; everything else comes from the box itself.
    struct PackageParts {
        std::string roll_text;
        Bytes roll_signature;
        std::vector<Sha256> roll_commitments;
        struct Claims {
            std::string issuer;
            std::string text;
            Bytes signature;
            std::vector<Sha256> commitments;
        };
        std::vector<Claims> claims;
        Bytes manifest_signature;
        std::vector<x509::Certificate> registrar_cas;  ///< in the order of token_issuers
        std::map<std::string, x509::Crl> crls;         ///< "root", "issuing-ca", "registrar-ca-ISSUER"
        std::string transcript;
        std::vector<Bytes> ceremony_messages;
        std::vector<Bytes> rehearsals;               ///< by trustee index - 1
        std::map<int, Bytes> checkpoint_signatures;  ///< by trustee index
        std::map<int, SecretBytes> shares;           ///< released scalars by trustee index
        Bytes results_signature;
    };
    /// Writes the whole package of docs/formats/package.md into an empty or new folder, time stamp last. Throws
    /// invalid_input "package.parts", conflict "package.folder", forbidden "package.not_tallied" or
    /// "package.final_crl".
    void write_package(std::string_view election, const std::filesystem::path& folder, const PackageParts& parts,
                       const Stamp& stamp, const std::function<void(std::int64_t, std::int64_t)>& on_progress) const;

    /// Everything wrong with the audit log's chain and its signed checkpoints; see service::AuditLog::check_chain.
    std::vector<Finding> check_audit() const;

    struct State;

private:
    explicit BallotBox(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace uvpki::ballot_box
