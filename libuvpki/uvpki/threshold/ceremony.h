#pragma once
// The ceremony in which n trustees make an election key that nobody holds (Pedersen 1991, Feldman 1987): commit,
// reveal, deal, confirm; complaints are answered in public. Each step is a pure function of the plan, what has been
// posted and the trustee's own state, so that it works with files carried by hand. A Board belongs to one thread; the
// rest is stateless.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "uvpki/error.h"
#include "uvpki/threshold/share.h"
#include "uvpki/x509/path.h"

namespace uvpki::threshold {

/// Somebody who will hold a share, by his two certificates.
struct Trustee {
    std::string name;
    x509::Certificate certificate;             ///< role trustee; signs
    x509::Certificate encryption_certificate;  ///< role trustee-enc; shares are encrypted to it
};

/// Who takes part; every message names the SHA-256 of its encoding. Trustee numbers are 1..n in this order.
struct Plan {
    std::string election;
    int attempt = 1;
    int needed = 0;  ///< m
    Time time{};     ///< the certificates must be valid and of their role then
    std::vector<Trustee> trustees;
    std::optional<Sha256> previous;  ///< SHA-256 of the failure record of the attempt before; present from attempt 2 on
};
/// Canonical JSON. Throws invalid_input "threshold.plan" or "threshold.quorum".
Bytes encode_plan(const Plan& plan);
/// Strict inverse of encode_plan; throws as it does.
Plan parse_plan(ByteView json);

/// The rounds, in their order.
enum class Step { commit, reveal, deal, complaint, justify, confirm };
/// "commit" and so on, as in messages.
std::string_view step_name(Step step);

/// Something a trustee signed that breaks the rules, so that he has to be excluded and the ceremony started again.
struct Fault {
    int trustee = 0;
    Finding finding;
};

/// The messages of one ceremony, each checked to be signed by the trustee it names; at most one per trustee and step.
class Board {
public:
    /// Throws a path reason, or invalid_input "threshold.plan" when two trustees share a key.
    Board(Plan plan, const x509::TrustStore& trust);
    Board(Board&&) noexcept;
    Board& operator=(Board&&) noexcept;
    ~Board();

    const Plan& plan() const;
    const Sha256& plan_hash() const;

    /// One message on the board.
    struct Posted {
        Step step{};
        int trustee = 0;
        Sha256 hash{};  ///< of the message file
    };
    /// The same bytes again are welcome. Throws "cms...", invalid_input "threshold.message.malformed",
    /// verification_failed "threshold.message.ceremony" (another plan), "threshold.message.sender", conflict
    /// "threshold.message.duplicate".
    Posted add(ByteView message);
    /// In the order of steps, then trustees.
    std::vector<Posted> posted() const;
    /// Trustees whose message is still awaited: commit, reveal, deal, confirm of everybody; complaint: those who
    /// neither confirmed nor complained; justify: those complained about who have not answered.
    std::vector<int> missing(Step step) const;

    struct State;
    const State& state() const { return *state_; }

private:
    std::unique_ptr<State> state_;
};

/// Rules: "threshold.reveal.mismatch" (T27), "threshold.commitments", "threshold.share.mismatch" (T26: a justified
/// share that does not fit), "threshold.justify.incomplete", "threshold.confirm.mismatch", "threshold.message.view"
/// (the trustee answered to other messages than those posted). Empty while all is well.
std::vector<Fault> check_board(const Board& board);

/// Canonical JSON that keeps a failed attempt on record: plan hash, posted messages, faults. Its SHA-256 goes into the
/// next plan as `previous`. `absent` names trustees who are left out because they stopped answering.
Bytes encode_failure(const Board& board, const std::vector<int>& absent = {});

/// A trustee's secret between the steps; stored encrypted by the tool, destroyed after the backup of the share was
/// tested.
struct TrusteeState {
    Sha256 plan{};
    int trustee = 0;
    Polynomial polynomial;
};
/// For storage, to be sealed by whoever stores it.
SecretBytes encode_state(const TrusteeState& state);
/// Throws invalid_input "threshold.state".
TrusteeState parse_state(const SecretBytes& encoded);

// Each function below returns one CMS-signed message (DER) to be posted, its own copy included. They throw not_found
// "threshold.board.incomplete" naming who is awaited, verification_failed with the rule of the first fault, and
// invalid_input "threshold.state" when state or key belong to somebody else.

/// What the first step gives: to keep and to post.
struct Opening {
    TrusteeState state;
    Bytes message;
};
/// Step 1: draws the polynomial and posts the SHA-256 of its commitments.
Opening make_commit(const Board& board, int trustee, const x509::PrivateKey& key, const Clock& clock, Random& random);
/// Step 2, when all commits are there: shows the commitments.
Bytes make_reveal(const Board& board, const TrusteeState& state, const x509::PrivateKey& key, const Clock& clock);
/// Step 3, when all reveals are there and fit: one share for each other trustee, encrypted to him.
Bytes make_deal(const Board& board, const TrusteeState& state, const x509::PrivateKey& key, const Clock& clock,
                Random& random);
/// Step 4, when all deals are there: opens the own shares. A confirm, or a complaint naming every dealer whose share
/// cannot be opened or does not fit; called again after the dealers' answers it gives the confirm.
Bytes make_answer(const Board& board, const TrusteeState& state, const x509::PrivateKey& key,
                  const x509::PrivateKey& encryption_key, const Clock& clock);
/// Step 5, only for dealers complained about and when everybody has confirmed or complained: publishes those shares.
Bytes make_justify(const Board& board, const TrusteeState& state, const x509::PrivateKey& key, const Clock& clock);

}  // namespace uvpki::threshold
