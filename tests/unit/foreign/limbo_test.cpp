// x509-limbo (C2SP): certificate paths of other people's making. What differs, and why: verdicts.txt beside them.
#include "tests/support/vectors.h"
#include "uvpki/encoding.h"
#include "uvpki/x509/chain.h"

using namespace uvpki;
using namespace uvpki::x509;

namespace {

std::vector<Certificate> parse_all(const nlohmann::json& list) {
    std::vector<Certificate> result;
    for (const auto& pem : list) result.push_back(Certificate::parse_pem(pem.get<std::string>()));
    return result;
}

/// A candidate that cannot be parsed is no candidate.
std::vector<Certificate> parse_readable(const nlohmann::json& list) {
    std::vector<Certificate> result;
    for (const auto& pem : list)
        test::verdict_of([&] { result.push_back(Certificate::parse_pem(pem.get<std::string>())); });
    return result;
}

void judge(const nlohmann::json& test) {
    ChainRules rules;
    // "validation_time: null" asks for any time; every such certificate of the suite is valid in 2023.
    const auto& time = test.at("validation_time");
    rules.time = parse_rfc3339(time.is_null() ? "2023-12-01T00:00:00Z" : time.get<std::string>().substr(0, 19) + "Z");
    rules.key_purpose = "1.3.6.1.5.5.7.3.1";  // all cases are of validation_kind SERVER
    const auto& depth = test.at("max_chain_depth");
    // Certificates between leaf and anchor; the anchor is one more.
    if (!depth.is_null()) rules.max_issuers = depth.get<std::size_t>() + 1;
    const auto anchors = parse_all(test.at("trusted_certs"));
    const auto leaf = Certificate::parse_pem(test.at("peer_certificate").get<std::string>());
    verify_chain(leaf, anchors, parse_readable(test.at("untrusted_intermediates")), rules);
}

}  // namespace

TEST_CASE("x509-limbo: every case gets the suite's verdict, or one that verdicts.txt explains") {
    const auto suite = test::load_json_vectors("x509-limbo/limbo.json.gz");
    test::Verdicts verdicts("x509-limbo/verdicts.txt");
    for (const auto& test : suite.at("testcases")) {
        REQUIRE(test.at("validation_kind") == "SERVER");
        const bool good = test.at("expected_result") == "SUCCESS";
        verdicts.check(test.at("id"), good ? "accepted" : "refused", test::verdict_of([&] { judge(test); }));
    }
    verdicts.finish();
}
