// uvbench: what the hot paths cost, each as a ratio to its limit: the bare primitives it cannot do without, measured in the
// same run on the same core. Prints a table and writes [{"limit_per_second","name","per_second","ratio"}].

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/test_election.h"
#include "uvpki/election/ballot.h"
#include "uvpki/files.h"

namespace {

using namespace uvpki;
using testing::TestElection;
using testing::TestPki;

/// Median seconds of one call over several batches, each long enough for the clock.
double seconds_of(const std::function<void()>& call) {
    using clock = std::chrono::steady_clock;
    call();
    std::vector<double> batches;
    for (int batch = 0; batch < 7; ++batch) {
        const auto start = clock::now();
        int calls = 0;
        std::chrono::duration<double> elapsed{};
        do {
            call();
            ++calls;
            elapsed = clock::now() - start;
        } while (elapsed.count() < 0.08);
        batches.push_back(elapsed.count() / calls);
    }
    std::ranges::nth_element(batches, batches.begin() + 3);
    return batches[3];
}

struct Row {
    std::string name;
    double seconds;
    double limit_seconds;
};

std::vector<Row> measure() {
    TestElection election;
    auto& pki = election.pki;
    const auto message = pki.random.bytes(1024);
    const auto key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    const auto signature = key.sign(message);
    const double sign = seconds_of([&] { key.sign(message); });
    const double verify = seconds_of(
        [&] { x509::is_valid_signature(key.public_key(), x509::SignatureAlgorithm::ecdsa_sha256, message, signature); });

    std::vector<Row> rows;
    const auto request = x509::make_request(key, x509::empty_name());
    auto voter = pki.leaf_options(x509::Role::voter, key.public_key());
    rows.push_back({"issue (possession, lint, Botan, all)",
                    seconds_of([&] {
                        pki.registrar_issuer.issue(x509::Role::voter, x509::parse_request(request), voter, pki.store,
                                                   pki.clock, pki.random);
                    }),
                    verify + sign});

    const auto ballot = election.make_ballot("north");
    const auto verifier = election.verifier();
    const auto manifest = election.verified_manifest();
    const auto& token_key = election.token_keys.begin()->second.public_key();
    const auto prepared = pki.random.bytes(120);
    const Bytes not_a_token(token_key.size(), 1);
    const double token = seconds_of([&] { blind::is_valid_token(token_key, prepared, not_a_token); });
    const double accept = seconds_of([&] { verifier.verify_ballot(election::parse_ballot(ballot.der)); });
    rows.push_back({"accept_ballot (profile, signatures, token)", accept, 2 * verify + token});

    const auto verified = verifier.verify_ballot(election::parse_ballot(ballot.der));
    const double open = seconds_of([&] { cms::open_envelope(verified.envelope(), election.election_key); });
    rows.push_back({"audit_ballot (accept and open)", accept + seconds_of([&] {
                        election::open_ballot(verified, manifest, election.election_key);
                    }),
                    2 * verify + token + open});

    const auto blind_key = blind::BlindPrivateKey::generate(3072);
    const auto blinding = blind::blind(blind_key.public_key(), message, pki.random);
    const auto rsa = x509::PrivateKey::generate_rsa(3072);
    rows.push_back({"blind_sign (RSA-3072, self-checked)", seconds_of([&] { blind_key.blind_sign(blinding.blinded); }),
                    seconds_of([&] { rsa.sign(message); })});
    rows.push_back({"sign CMS (1 kB)",
                    seconds_of([&] { cms::sign(message, election.officer, election.officer_key, pki.clock); }), sign});
    return rows;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string out = argc == 3 && std::string(argv[1]) == "--json" ? argv[2] : "";
    if (argc != 1 && out.empty()) {
        std::fputs("uvbench: usage: uvbench [--json FILE]\n", stderr);
        return 2;
    }
    try {
        auto list = Json::array();
        std::printf("%-44s %12s %12s %7s\n", "one core", "per second", "limit", "ratio");
        for (const auto& row : measure()) {
            const double ratio = row.limit_seconds / row.seconds;
            std::printf("%-44s %12.0f %12.0f %7.2f\n", row.name.c_str(), 1 / row.seconds, 1 / row.limit_seconds, ratio);
            list.push_back({{"name", row.name},
                            {"per_second", 1 / row.seconds},
                            {"limit_per_second", 1 / row.limit_seconds},
                            {"ratio", ratio}});
        }
        if (!out.empty()) save_file(out, list.dump(2) + "\n");
    } catch (const Error& error) {
        std::fprintf(stderr, "uvbench: %s\n", error.what());
        return 2;
    }
    return 0;
}
