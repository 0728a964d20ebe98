// Epochs in three steps, each of which may be the last before a crash: (1) one transaction fixes the list, (2) the list
// is time-stamped, (3) one transaction stores the stamp and the log's new head, which publishes the epoch. Whoever
// calls next goes on where it stopped; two callers at once publish the same epoch once.

#include <algorithm>

#include "ballot-service/state.h"
#include "uvpki/election/epoch.h"
#include "uvpki/timestamp/authority.h"
#include "uvpki/timestamp/verify.h"

namespace uvpki::ballot_box {

namespace {

using service::Transaction;

/// A TSA serial of our request's nonce; RFC 3161, section 2.4.1: "a large random number with a high probability that
/// the client generates it only once (e.g., a 64 bit integer)".
constexpr std::size_t nonce_size = 8;

/// Appends the leaves of the epochs that the tree does not hold yet; call with log_mutex held.
void bring_log_up_to_date(ElectionInUse& election, Transaction& transaction, std::int64_t last) {
    for (auto number = election.epochs_in_log + 1; number <= last; ++number) {
        for (const auto& leaf : store::leaves_of_epoch(transaction, election.id, number)) election.log.append(leaf);
        election.epochs_in_log = number;
    }
}

/// Step 1. The epoch that waits for its stamp, fixed now or before a crash; nullopt when there is nothing to close.
std::optional<store::Epoch> fix_list(Transaction& transaction, const ElectionInUse& election,
                                     const std::vector<store::Epoch>& epochs, BallotBox::EpochKind kind, Time now) {
    const auto& manifest = election.manifest.manifest();
    if (!epochs.empty() && !epochs.back().token) return epochs.back();
    if (store::find_last_epoch(transaction, election.id)) return std::nullopt;
    const bool last = kind == BallotBox::EpochKind::last;
    if (!last) {
        const auto begin = epochs.empty() ? manifest.voting.opens : epochs.back().stamped_at.value();
        // Once voting has closed, what is left waits for the last epoch, so that no small group stands alone before it.
        if (now < begin + Seconds{manifest.epoch_seconds} || now > manifest.voting.closes) return std::nullopt;
    }
    auto leaves = store::pending_leaves(transaction, election.id);
    const auto count = static_cast<std::int64_t>(leaves.size());
    if (!last && count < manifest.epoch_min_ballots) return std::nullopt;
    const auto number = static_cast<std::int64_t>(epochs.size()) + 1;
    // The same transaction ends casting: no ballot can come in behind the last list.
    if (last) store::insert_closing(transaction, election.id, count > 0 ? number : number - 1);
    if (count == 0) return std::nullopt;
    const store::Epoch epoch{.number = number,
                             .ballots = count,
                             .list_hash = sha256(as_bytes(election::format_epoch_list(std::move(leaves)))),
                             .token = std::nullopt,
                             .stamped_at = std::nullopt,
                             .checkpoint = std::nullopt};
    store::insert_epoch(transaction, election.id, epoch);
    return epoch;
}

/// Step 2.
void stamp_list(store::Epoch& epoch, const ElectionInUse& election, Time not_before, const Stamp& stamp,
                Random& random) {
    const auto& manifest = election.manifest.manifest();
    auto nonce = random.bytes(nonce_size);
    nonce[0] = static_cast<std::uint8_t>((nonce[0] & 0x7Fu) | 0x40u);
    auto response = stamp(timestamp::make_request(epoch.list_hash, nonce));
    const auto token = timestamp::parse_response(response);
    if (token.nonce != nonce)
        fail(ErrorCode::verification_failed, "epoch.stamp", "the time stamp answers another request");
    if (!equal(token.signer.der(), manifest.tsa_certificate))
        fail(ErrorCode::verification_failed, "epoch.stamp", "the time stamp is not by the manifest's authority");
    if (token.time < not_before || token.time > manifest.final_epoch_until)
        fail(ErrorCode::verification_failed, "epoch.stamp",
             "the time stamp's time " + format_rfc3339(token.time) +
                 " is before the epoch before it, before opening, or after the last epoch's limit");
    epoch.token = std::move(response);
    epoch.stamped_at = token.time;
}

}  // namespace

std::string newest_checkpoint(const ElectionInUse& election, const std::vector<store::Epoch>& epochs) {
    for (auto epoch = epochs.rbegin(); epoch != epochs.rend(); ++epoch)
        if (epoch->checkpoint) return *epoch->checkpoint;
    return merkle::sign_checkpoint(
        {.origin = election.log_key.verifier().name(), .size = 0, .root = merkle::Tree().root()}, election.log_key);
}

std::vector<store::Epoch> require_closed(Transaction& transaction, const std::string& election_id) {
    auto epochs = store::list_epochs(transaction, election_id);
    if (!store::find_last_epoch(transaction, election_id) || (!epochs.empty() && !epochs.back().token))
        fail(ErrorCode::forbidden, "ballot_box.not_closed",
             "the last epoch of election " + election_id + " is not closed yet");
    return epochs;
}

std::vector<EpochOverview> BallotBox::close_epochs(std::string_view election_id, EpochKind kind, const Stamp& stamp) {
    const auto in_use = state_->election(election_id);
    auto& election = *in_use;
    const auto& manifest = election.manifest.manifest();
    auto& database = *state_->database;
    if (kind == EpochKind::last) {
        const auto now = state_->clock.now();
        if (now <= manifest.voting.closes)
            fail(ErrorCode::forbidden, "epoch.too_early",
                 "the last epoch can be closed after voting has closed, " + format_rfc3339(manifest.voting.closes));
        const bool closed = database.read(
            [&](Transaction& transaction) { return store::find_last_epoch(transaction, election.id).has_value(); });
        if (!closed && now > manifest.final_epoch_until)
            fail(ErrorCode::forbidden, "epoch.too_late",
                 "the manifest counts nothing that is published after " + format_rfc3339(manifest.final_epoch_until));
    }

    std::vector<EpochOverview> closed_now;
    for (;;) {
        Time previous{};
        auto epoch = database.transaction([&](Transaction& transaction) {
            const auto epochs = store::list_epochs(transaction, election.id);
            previous = manifest.voting.opens;
            for (const auto& other : epochs) previous = std::max(previous, other.stamped_at.value_or(previous));
            const bool was_closed = store::find_last_epoch(transaction, election.id).has_value();
            auto fixed = fix_list(transaction, election, epochs, kind, state_->clock.now());
            if (!was_closed && store::find_last_epoch(transaction, election.id))
                state_->record(transaction, "ballot-box", "voting.closed", election.id);
            return fixed;
        });
        if (!epoch) break;
        during("closing epoch " + std::to_string(epoch->number) + " of election " + election.id,
               [&] { stamp_list(*epoch, election, previous, stamp, state_->random); });
        const bool published = database.transaction([&](Transaction& transaction) {
            const std::scoped_lock lock(election.log_mutex);
            const auto leaves = store::leaves_of_epoch(transaction, election.id, epoch->number);
            const auto list = election::format_epoch_list(leaves);
            if (sha256(as_bytes(list)) != epoch->list_hash)
                fail(ErrorCode::internal, "epoch.list", "the list of the epoch is not the one that was fixed");
            timestamp::verify_timestamp(timestamp::parse_response(*epoch->token), as_bytes(list), election.trust);
            bring_log_up_to_date(election, transaction, epoch->number - 1);
            auto log = election.log;
            for (const auto& leaf : leaves) log.append(leaf);
            epoch->checkpoint = merkle::sign_checkpoint(
                {.origin = election.log_key.verifier().name(), .size = log.size(), .root = log.root()},
                election.log_key);
            if (!store::stamp_epoch(transaction, election.id, *epoch)) return false;
            state_->record(
                transaction, "ballot-box", "epoch.closed", election.id,
                "{\"ballots\":" + std::to_string(epoch->ballots) + ",\"epoch\":" + std::to_string(epoch->number) + "}");
            return true;
        });
        if (published) closed_now.push_back({epoch->number, epoch->ballots, *epoch->stamped_at});
        election.open_epoch = epoch->number + 1;
    }
    // T3: a crash before the end leaves the mark, so that the next call does it.
    const bool traces =
        database.read([&](Transaction& transaction) { return store::has_traces(transaction, election.id); });
    if (traces) {
        database.erase_traces();
        database.transaction([&](Transaction& transaction) { store::clear_traces(transaction, election.id); });
    }
    return closed_now;
}

std::vector<EpochOverview> BallotBox::epochs(std::string_view election_id) const {
    const auto election = state_->election(election_id);
    std::vector<EpochOverview> overview;
    for (const auto& epoch : state_->database->read(
             [&](Transaction& transaction) { return store::list_epochs(transaction, election->id); }))
        if (epoch.token) overview.push_back({epoch.number, epoch.ballots, *epoch.stamped_at});
    return overview;
}

std::string BallotBox::checkpoint(std::string_view election_id) const {
    const auto election = state_->election(election_id);
    return newest_checkpoint(*election, state_->database->read([&](Transaction& transaction) {
        return store::list_epochs(transaction, election->id);
    }));
}

Sha256 BallotBox::log_root(std::string_view election_id) const {
    const auto election = state_->election(election_id);
    return merkle::verify_checkpoint(checkpoint(election_id), election->log_key.verifier()).checkpoint().root;
}

x509::Crl BallotBox::final_crl(std::string_view election_id, std::string_view actor) {
    const auto election = state_->election(election_id);
    const auto& ca = election->ballot_ca;
    const auto der = state_->database->transaction([&](Transaction& transaction) {
        if (auto stored = store::find_final_crl(transaction, election->id)) return std::move(*stored);
        require_closed(transaction, election->id);
        // No ballot certificate is ever revoked. Its CA issues nothing any more, so the list may stand for ever.
        const auto crl = x509::make_final_crl(
            ca.certificate(), ca.key(), {}, state_->arc(),
            {.number = 1, .this_update = state_->clock.now(), .last_not_after = election->manifest->voting.closes});
        store::insert_final_crl(transaction, election->id, crl.der());
        state_->record(transaction, actor, "crl.final", election->id);
        return to_bytes(crl.der());
    });
    return x509::Crl::parse(der);
}

}  // namespace uvpki::ballot_box
