// What must hold for every election: hundreds of small random ones, made from a fixed seed.
#include <array>
#include <map>
#include <random>

#include "support.h"

using namespace uvpki;
using namespace uvpki::count;
using namespace count_test;

namespace {

const Bytes seed{1, 2, 3, 4};

class Elections {
public:
    explicit Elections(std::uint32_t start) : random_(start) {}

    std::uint32_t below(std::uint32_t end) { return static_cast<std::uint32_t>(random_() % end); }

    Profile next() {
        const auto candidates = 2 + below(7);
        Profile result = profile(candidates, {});
        const auto ballots = 1 + below(40);
        for (std::uint32_t i = 0; i < ballots; ++i) {
            std::vector<std::uint32_t> order(candidates);
            for (std::uint32_t c = 0; c < candidates; ++c) order[c] = c;
            std::shuffle(order.begin(), order.end(), random_);
            order.resize(below(candidates + 1));
            result.ballots.push_back({.ranking = order, .weight = 1 + below(below(4) == 0 ? 500 : 3)});
        }
        if (below(4) == 0) result.withdrawn = {below(candidates)};
        return result;
    }

    Rules rules(Method method) {
        Rules result{.method = method, .seats = method == Method::irv ? 1 : 1 + below(4)};
        if (method == Method::stv) {
            result.decimals = below(max_decimals + 1);
            result.threshold = below(2) == 0 ? Threshold::droop_whole : Threshold::droop_fractional;
            if (below(4) == 0) result.write_ins = {"b"};
        }
        if (method == Method::irv) result.batch_elimination = below(2) == 0;
        return result;
    }

    template <typename Range>
    void shuffle(Range& range) {
        std::shuffle(range.begin(), range.end(), random_);
    }

private:
    std::mt19937 random_;
};

std::uint64_t sum(const Round& round) {
    std::uint64_t total = millionths(round.exhausted) + millionths(round.residue);
    for (const auto& tally : round.tallies) total += millionths(tally.votes);
    return total;
}

std::uint64_t amount(const Event& event) {
    std::uint64_t total = 0;
    for (const auto& transfer : event.transfers) total += millionths(transfer.votes);
    return total;
}

/// Each round follows from the one before by its transfers alone.
void require_chained(const Result& result) {
    for (std::size_t i = 0; i + 1 < result.rounds.size(); ++i) {
        std::map<std::uint32_t, std::int64_t> change;
        for (const auto& event : result.rounds[i].events) {
            change[event.candidate] -= static_cast<std::int64_t>(amount(event));
            for (const auto& transfer : event.transfers) {
                if (transfer.to != Destination::candidate) continue;
                change[transfer.candidate] += static_cast<std::int64_t>(millionths(transfer.votes));
            }
        }
        for (const auto& tally : result.rounds[i + 1].tallies) {
            const auto before = static_cast<std::int64_t>(millionths(votes(result.rounds[i], tally.candidate)));
            CHECK(before + change[tally.candidate] == static_cast<std::int64_t>(millionths(tally.votes)));
        }
    }
}

std::string canonical(const Profile& profile, const Rules& rules) {
    return canonical_json(result_json(count_election(profile, rules, seed)));
}

}  // namespace

TEST_CASE("tallies, exhausted and residue add up to the valid ballots in every round of irv and stv") {
    Elections elections(1);
    for (int i = 0; i < 600; ++i) {
        const auto profile = elections.next();
        const auto rules = elections.rules(i % 3 == 0 ? Method::irv : Method::stv);
        const auto result = count_election(profile, rules, seed);
        CAPTURE(canonical_json(result_json(result)));
        CHECK(result.valid + result.blank + result.invalid == result.ballots);
        for (const auto& round : result.rounds) CHECK(sum(round) == result.valid * 1'000'000);
        require_chained(result);
    }
}

TEST_CASE("nobody is elected twice, eliminated and elected, or elected although withdrawn or a write-in") {
    Elections elections(2);
    constexpr std::array methods{Method::plurality, Method::approval, Method::n_of_m,
                                 Method::irv,       Method::stv,      Method::schulze};
    for (int i = 0; i < 500; ++i) {
        const auto profile = elections.next();
        const auto rules = elections.rules(methods[static_cast<std::size_t>(i) % methods.size()]);
        const auto result = count_election(profile, rules, seed);
        CAPTURE(canonical_json(result_json(result)));
        CHECK(result.winners.size() + result.unfilled_seats == rules.seats);
        std::vector<std::uint32_t> seen;
        std::vector<std::uint32_t> elected;
        for (const auto& round : result.rounds) {
            for (const auto& event : round.events) {
                seen.push_back(event.candidate);
                if (event.kind == EventKind::elected) elected.push_back(event.candidate);
            }
        }
        CHECK(elected == result.winners);
        std::sort(seen.begin(), seen.end());
        CHECK(std::adjacent_find(seen.begin(), seen.end()) == seen.end());
        for (const auto winner : result.winners) {
            CHECK(std::count(profile.withdrawn.begin(), profile.withdrawn.end(), winner) == 0);
            const auto& ids = rules.write_ins;
            CHECK(std::count(ids.begin(), ids.end(), profile.candidates[winner].id) == 0);
        }
    }
}

TEST_CASE("the order of the ballots, and writing equal ballots apart or together, changes nothing") {
    Elections elections(3);
    constexpr std::array methods{Method::plurality, Method::approval, Method::n_of_m,
                                 Method::irv,       Method::stv,      Method::schulze};
    for (int i = 0; i < 300; ++i) {
        auto profile = elections.next();
        const auto rules = elections.rules(methods[static_cast<std::size_t>(i) % methods.size()]);
        const auto expected = canonical(profile, rules);
        elections.shuffle(profile.ballots);
        CHECK(canonical(profile, rules) == expected);
        std::vector<RankedBallot> apart;
        for (const auto& ballot : profile.ballots) {
            for (std::uint64_t n = 0; n < ballot.weight; ++n) apart.push_back({.ranking = ballot.ranking, .weight = 1});
        }
        profile.ballots = apart;
        CHECK(canonical(profile, rules) == expected);
    }
}

TEST_CASE("a candidate above the threshold in the first round is elected there") {
    Elections elections(4);
    for (int i = 0; i < 300; ++i) {
        auto rules = elections.rules(Method::stv);
        rules.write_ins.clear();
        const auto result = count_election(elections.next(), rules, seed);
        if (result.rounds.empty()) continue;
        const auto& first = result.rounds[0];
        for (const auto& tally : first.tallies) {
            if (millionths(tally.votes) < millionths(first.threshold)) continue;
            CHECK(std::any_of(first.events.begin(), first.events.end(), [&](const Event& event) {
                return event.candidate == tally.candidate && event.kind == EventKind::elected;
            }));
        }
    }
}

TEST_CASE("random profiles survive the way through a BLT file with the same result") {
    Elections elections(5);
    for (int i = 0; i < 200; ++i) {
        auto profile = elections.next();
        for (std::size_t c = 0; c < profile.candidates.size(); ++c) {
            profile.candidates[c].id = "c" + std::to_string(c + 1);
        }
        const Rules rules{.method = Method::stv, .seats = 2};
        CHECK(canonical(parse_blt(format_blt(profile)), rules) == canonical(profile, rules));
    }
}
