#include "tools/demo/electorate.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>

#include "uvpki/error.h"

namespace uvpki::demo {

namespace {

/// Fisher-Yates with rejection sampling, so that every order is equally likely.
template <typename T>
void shuffle(std::vector<T>& items, Random& random) {
    for (std::size_t i = items.size(); i > 1; --i) {
        const std::uint32_t limit = 0xFFFFFFFFu - (0xFFFFFFFFu % static_cast<std::uint32_t>(i));
        std::uint32_t draw = 0;
        do {
            const auto octets = random.bytes(4);
            draw = (std::uint32_t{octets[0]} << 24) | (std::uint32_t{octets[1]} << 16) | (std::uint32_t{octets[2]} << 8) |
                   octets[3];
        } while (draw >= limit);
        std::swap(items[i - 1], items[draw % i]);
    }
}

bool takes_part(const PlannedVoter& plan, Participation at_least) { return plan.participation >= at_least; }

}  // namespace

Electorate::Electorate(const ElectionData& data, std::vector<std::string> codes, std::string issuer, const Clock& clock,
                       Random& random, int threads)
    : issuer_(std::move(issuer)), clock_(clock), random_(random), threads_(std::max(threads, 1)) {
    if (codes.size() != data.voters.size())
        fail(ErrorCode::internal, "demo.invitations", "there is not one invitation per voter");
    for (std::size_t i = 0; i < data.voters.size(); ++i) {
        auto person = std::make_unique<Person>();
        person->plan = &data.voters[i];
        person->code = std::move(codes[i]);
        people_.push_back(std::move(person));
    }
    shuffle(people_, random_);
}

void Electorate::for_each(std::size_t from, std::size_t to, const Act& act, const OnProgress& on_progress) {
    std::atomic<std::size_t> next{from};
    std::atomic<std::int64_t> done{0};
    std::exception_ptr failure;
    std::mutex failure_mutex;
    const auto total = static_cast<std::int64_t>(to - from);
    const auto work = [&](const OnProgress& report) {
        for (std::size_t i = next++; i < to; i = next++) {
            try {
                act(*people_[i]);
            } catch (...) {
                const std::lock_guard lock(failure_mutex);
                if (!failure) failure = std::current_exception();
                next = to;
                return;
            }
            report(++done, total);
        }
    };
    std::vector<std::thread> workers;
    for (int i = 1; i < threads_; ++i) workers.emplace_back(work, [](std::int64_t, std::int64_t) {});
    work(on_progress);  // this thread works too, and is the only one that reports
    for (auto& worker : workers) worker.join();
    if (failure) std::rethrow_exception(failure);
    on_progress(total, total);
}

void Electorate::enrol(api::RegistrarApi& registrar, const x509::TrustStore& trust, const OnProgress& on_progress) {
    for_each(
        0, people_.size(),
        [&](Person& person) {
            if (!takes_part(*person.plan, Participation::only_enrols)) return;
            voter::Voter client(person.state, clock_, random_);
            client.enrol(issuer_, person.code, registrar, trust);
        },
        on_progress);
}

void Electorate::claim(const election::VerifiedManifest& manifest, api::RegistrarApi& registrar,
                       const OnProgress& on_progress) {
    for_each(
        0, people_.size(),
        [&](Person& person) {
            if (!takes_part(*person.plan, Participation::only_claims)) return;
            voter::Voter client(person.state, clock_, random_);
            client.claim(manifest, style_id, {{issuer_, &registrar}});
        },
        on_progress);
}

std::size_t Electorate::vote_next(std::size_t count, const election::VerifiedManifest& manifest,
                                  const x509::TrustStore& trust, api::BallotApi& box, const OnProgress& on_progress) {
    const auto from = next_, to = std::min(next_ + count, people_.size());
    for_each(
        from, to,
        [&](Person& person) {
            if (!takes_part(*person.plan, Participation::only_redeems)) return;
            voter::Voter client(person.state, clock_, random_);
            client.redeem(manifest, trust, box);
            if (!takes_part(*person.plan, Participation::votes)) return;
            client.seal(manifest, {{contest_id, person.plan->choices}});
            client.cast(manifest, trust, box);
            const auto receipt = client.find_receipt(manifest->id);
            const std::lock_guard lock(receipts_mutex_);
            ++receipts_;
            if (sample_receipt_.empty() && receipt) sample_receipt_ = *receipt;
        },
        on_progress);
    next_ = to;
    return to - from;
}

}  // namespace uvpki::demo
