// The count: every published ballot is verified and opened again, in parallel, and the result is kept as the files of
// the package, so that whatever is signed, shown and archived is the same bytes.

#include <atomic>
#include <exception>
#include <thread>

#include "ballot-service/state.h"
#include "uvpki/election/epoch.h"
#include "uvpki/encoding.h"

namespace uvpki::ballot_box {

namespace {

using service::Transaction;

/// Runs `work(i)` for every i below `count` on this thread and threads - 1 more; `told` after each on this one. The
/// first exception ends all and comes out here.
template <typename Work, typename Told>
void in_parallel(std::size_t count, int threads, const Work& work, const Told& told) {
    std::atomic<std::size_t> next{0}, done{0};
    std::mutex mutex;  // guards failure
    std::exception_ptr failure;
    const auto run = [&](const auto& after_each) {
        try {
            for (auto i = next++; i < count; i = next++) {
                work(i);
                ++done;
                after_each();
            }
        } catch (...) {
            const std::scoped_lock lock(mutex);
            if (!failure) failure = std::current_exception();
            next = count;
        }
    };
    std::vector<std::thread> workers;
    for (int i = 1; i < threads; ++i) workers.emplace_back([&] { run([] {}); });
    run([&] { told(done.load()); });
    for (auto& worker : workers) worker.join();
    if (failure) std::rethrow_exception(failure);
    told(count);
}

std::map<std::string, std::string> result_files(const ElectionInUse& election, const election::Results& results) {
    std::map<std::string, std::string> files;
    files["results/results.json"] = election::format_results(results);
    files["results/results.csv"] = election::results_csv(election.manifest, results);
    auto& rounds = files["results/rounds.txt"];
    for (const auto& contest : results.contests) {
        rounds += count::rounds_text(contest.result);
        files["results/" + contest.contest + ".blt"] = contest.blt;
    }
    return files;
}

}  // namespace

election::Results BallotBox::tally(std::string_view election_id, const TallyInput& input, std::string_view actor) {
    const auto election = state_->election(election_id);
    const auto certificate = x509::Certificate::parse(election->manifest->election_certificate);
    if (!(input.election_key.public_key() == certificate.public_key()))
        fail(ErrorCode::verification_failed, "tally.key", "the key is not that of the election certificate");

    std::vector<Sha256> leaves;
    election::Totals known{.roll = election->manifest->roll_size, .claimed = input.claimed};
    std::string note;
    state_->database->read([&](Transaction& transaction) {
        const auto epochs = require_closed(transaction, election->id);
        for (const auto& epoch : epochs) {
            const auto of_epoch = store::leaves_of_epoch(transaction, election->id, epoch.number);
            leaves.insert(leaves.end(), of_epoch.begin(), of_epoch.end());
        }
        note = newest_checkpoint(*election, epochs);
        known.redeemed = store::count_certificates(transaction, election->id);
    });
    const auto head = merkle::verify_checkpoint(note, election->log_key.verifier()).checkpoint();

    std::vector<election::OpenedBallot> opened(leaves.size());
    const auto total = static_cast<std::int64_t>(leaves.size());
    in_parallel(
        leaves.size(), input.threads,
        [&](std::size_t i) {
            const auto der = state_->load_ballot(election->id, leaves[i]);
            const auto ballot = during("verifying ballot " + to_hex(leaves[i]),
                                       [&] { return election->verifier.verify_ballot(election::parse_ballot(der)); });
            if (ballot.leaf() != leaves[i])
                fail(ErrorCode::internal, "tally.leaf",
                     "a ballot of the store is not the one whose hash was published");
            opened[i] = election::open_ballot(ballot, election->manifest, input.election_key);
        },
        [&](std::size_t done) {
            if (input.on_progress) input.on_progress(static_cast<std::int64_t>(done), total);
        });

    auto results = election::compute_results(election->manifest, opened, known, head.root,
                                             static_cast<std::int64_t>(head.size), sha256(as_bytes(note)));
    const auto files = result_files(*election, results);
    const auto hash = sha256(as_bytes(files.at("results/results.json")));
    const store::Tally tally{
        .results_hash = hash,
        .election_key_sealed = state_->seal(input.election_key.to_pkcs8().view(), election_key_place(election->id))};
    state_->database->transaction([&](Transaction& transaction) {
        if (const auto stored = store::find_tally(transaction, election->id)) {
            if (stored->results_hash != hash)
                fail(ErrorCode::conflict, "tally.differs",
                     "election " + election->id + " was counted with another result");
            return;
        }
        store::insert_tally(transaction, election->id, tally, files);
        state_->record(transaction, actor, "election.tallied", election->id, "{\"results\":\"" + to_hex(hash) + "\"}");
    });
    return results;
}

}  // namespace uvpki::ballot_box
