#include "ballot-service/state.h"
#include "uvpki/election/receipt.h"

namespace uvpki::ballot_box {

namespace {

/// How many epochs beyond the open one a receipt leaves the box for publishing.
constexpr std::int64_t receipt_epochs = 2;

/// T12, T13: the x coordinate alone, because (x, y) and (x, -y) agree with every key on the same secret.
Sha256 ephemeral_hash(const cms::Envelope& envelope) {
    return sha256(ByteView(envelope.ephemeral_point).subspan(1, 32));
}

/// What the transaction of a cast found.
struct Outcome {
    std::optional<Bytes> receipt;
    std::int64_t open_epoch = 0;
};

Outcome store_ballot(service::Transaction& transaction, const ElectionInUse& election,
                     const election::AcceptedBallot& ballot, const store::NewBallot& row, std::int64_t open_epoch) {
    if (auto receipt = store::find_receipt(transaction, election.id, row.leaf)) return {std::move(receipt), open_epoch};
    // Whoever passed the window before it closed but comes to the store after the last list was fixed came too late.
    if (store::find_last_epoch(transaction, election.id))
        fail(ErrorCode::forbidden, "cast.window", "voting in election " + election.id + " has closed");
    const auto certificate = store::find_certificate(transaction, election.id, row.spki);
    if (!certificate || !equal(*certificate, ballot.certificate().der()))
        fail(ErrorCode::verification_failed, "cast.certificate",
             "the ballot certificate is not one that this ballot box gave out");
    if (store::has_ballot_of(transaction, election.id, row.spki))
        fail(ErrorCode::conflict, "cast.other_ballot", "this ballot certificate has cast another ballot already");
    if (store::has_ephemeral(transaction, election.id, row.ephemeral))
        fail(ErrorCode::conflict, "cast.repeated_ephemeral",
             "another ballot has the same ephemeral key: it was copied, or the device's random numbers repeat");
    const auto actual = store::open_epoch(transaction, election.id);
    if (actual != open_epoch) return {std::nullopt, actual};
    store::insert_ballot(transaction, election.id, row);
    return {row.receipt, actual};
}

}  // namespace

Bytes BallotBox::cast(std::string_view election_id, ByteView ballot_der) {
    const auto election = state_->election(election_id);
    auto parsed = election::parse_ballot(ballot_der);
    if (!election->is_voting(state_->clock.now())) {
        const auto given = state_->database->read([&](service::Transaction& transaction) {
            return store::find_receipt(transaction, election->id, parsed.leaf);
        });
        if (given) return *given;
        fail(ErrorCode::forbidden, "cast.window",
             "ballots of election " + election->id + " are taken from " +
                 format_rfc3339(election->manifest->voting.opens) + " to " +
                 format_rfc3339(election->manifest->voting.closes));
    }
    // The tokens were checked when this ballot box gave out the certificate; store_ballot makes sure that it did.
    const auto ballot = election->verifier.accept_ballot(std::move(parsed));
    store::NewBallot row{.leaf = ballot.leaf(),
                         .spki = ballot.certificate().spki_sha256(),
                         .ephemeral = ephemeral_hash(ballot.envelope()),
                         .sealed = state_->seal(ballot.der(), ballot_place(election->id, ballot.leaf())),
                         .receipt = {}};
    for (;;) {
        const auto open_epoch = election->open_epoch.load();
        row.receipt = election::make_receipt({.election = election->id,
                                              .manifest = election->manifest.digest(),
                                              .leaf = row.leaf,
                                              .latest_epoch = open_epoch + receipt_epochs},
                                             election->receipt_signer, state_->receipt_key, state_->clock);
        auto outcome = state_->commits.submit([&](service::Transaction& transaction) {
            return store_ballot(transaction, *election, ballot, row, open_epoch);
        });
        if (outcome.receipt) return std::move(*outcome.receipt);
        // An epoch was closed meanwhile: the promise is made anew.
        election->open_epoch = outcome.open_epoch;
    }
}

api::BallotStatus BallotBox::status(std::string_view election_id, const Sha256& leaf) {
    const auto election = state_->election(election_id);
    const auto found = state_->database->read(
        [&](service::Transaction& transaction) { return store::find_placement(transaction, election->id, leaf); });
    using Stage = api::BallotStatus::State;
    if (!found) return {Stage::unknown, 0};
    if (!found->published_in) return {Stage::accepted, 0};
    return {Stage::published, *found->published_in};
}

}  // namespace uvpki::ballot_box
