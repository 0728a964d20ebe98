#pragma once
// The demo's voters: each with its own client state, driven by a few threads through the real client code. One object, one
// driving thread; the work inside each step runs on `threads` threads.

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "tools/demo/election_data.h"
#include "tools/uvote/voter.h"

namespace uvpki::demo {

using OnProgress = std::function<void(std::int64_t done, std::int64_t total)>;

class Electorate {
public:
    /// `codes[i]` is voter i's invitation. Voters are shuffled, so that the order of casting says nothing.
    Electorate(const ElectionData& data, std::vector<std::string> codes, std::string issuer, const Clock& clock,
               Random& random, int threads);

    void enrol(api::RegistrarApi& registrar, const x509::TrustStore& trust, const OnProgress& on_progress);
    void claim(const election::VerifiedManifest& manifest, api::RegistrarApi& registrar, const OnProgress& on_progress);
    /// Redeems and casts for the next `count` voters in the shuffled order; returns how many there were.
    std::size_t vote_next(std::size_t count, const election::VerifiedManifest& manifest, const x509::TrustStore& trust,
                          api::BallotApi& box, const OnProgress& on_progress);
    std::size_t size() const { return people_.size(); }
    std::int64_t receipts() const { return receipts_; }
    /// One voter's receipt, for the person at the keyboard to check.
    const Bytes& sample_receipt() const { return sample_receipt_; }

private:
    struct Person {
        const PlannedVoter* plan = nullptr;
        std::string code;
        voter::MemoryState state;
    };
    using Act = std::function<void(Person&)>;
    void for_each(std::size_t from, std::size_t to, const Act& act, const OnProgress& on_progress);

    std::vector<std::unique_ptr<Person>> people_;
    std::string issuer_;
    const Clock& clock_;
    Random& random_;
    int threads_;
    std::size_t next_ = 0;
    std::mutex receipts_mutex_;  ///< guards receipts_ and sample_receipt_
    std::int64_t receipts_ = 0;
    Bytes sample_receipt_;
};

}  // namespace uvpki::demo
