// BoringSSL's verify_certificate_chain_unittest. What differs, and why: chains.txt beside the vectors.
#include "tests/support/vectors.h"
#include "uvpki/encoding.h"
#include "uvpki/x509/chain.h"

using namespace uvpki;
using namespace uvpki::x509;

namespace {

/// "DEFAULT" in the suite: a time at which all its certificates of that sort are valid.
constexpr std::string_view default_time = "2021-10-05T12:00:00Z";

/// "151102120000Z" as RFC 3339.
Time time_of(const std::string& text) {
    if (text == "DEFAULT") return parse_rfc3339(default_time);
    REQUIRE(text.size() == 13);
    const auto part = [&](std::size_t at) { return text.substr(at, 2); };
    return parse_rfc3339("20" + part(0) + "-" + part(2) + "-" + part(4) + "T" + part(6) + ":" + part(8) + ":" +
                         part(10) + "Z");
}

/// The suite's key purposes; the "strict" forms ask for more of the web's rules and are run as the plain ones.
std::string purpose_of(const std::string& name) {
    if (name.starts_with("SERVER_AUTH")) return "1.3.6.1.5.5.7.3.1";
    if (name.starts_with("CLIENT_AUTH")) return "1.3.6.1.5.5.7.3.2";
    if (name == "MLS_CLIENT_AUTH") return "1.3.6.1.4.1.37476.9000.64.4";
    if (name == "C2PA_TIMESTAMPING") return "1.3.6.1.5.5.7.3.8";
    if (name == "C2PA_MANIFEST") return "1.3.6.1.5.5.7.3.4";
    REQUIRE(name == "ANY_EKU");
    return "";
}

struct Suite {
    nlohmann::json data = test::load_json_vectors("boringssl/chains.json.gz");

    Certificate certificate(std::size_t index) const {
        return Certificate::parse(parse_base64(data.at("certificates").at(index).get<std::string>()));
    }

    VerifiedChain verify(const nlohmann::json& test) const {
        const auto chain = test.at("chain").get<std::vector<std::size_t>>();
        std::vector<Certificate> certificates;
        for (const auto index : chain) certificates.push_back(certificate(index));
        const auto trust = test.at("trust").get<std::string>();
        // An anchor of ours is a CA certificate that counts with all that it says; a leaf is none.
        std::vector<Certificate> anchors;
        if (trust.starts_with("TRUSTED_ANCHOR")) anchors.push_back(certificates.back());
        const std::vector<Certificate> between(certificates.begin() + 1, certificates.end());
        return verify_chain(certificates.front(), anchors, between,
                            {.time = time_of(test.at("time")), .key_purpose = purpose_of(test.at("purpose"))});
    }
};

}  // namespace

TEST_CASE("BoringSSL's certificate chains get BoringSSL's verdict, or one that chains.txt explains") {
    const Suite suite;
    test::Verdicts verdicts("boringssl/chains.txt");
    int policy_sets = 0;
    for (const auto& [id, test] : suite.data.at("cases").items()) {
        std::set<std::string> policies;
        const auto ours = test::verdict_of([&] { policies = suite.verify(test).policies(); });
        verdicts.check(id, test.at("verdict"), ours);
        // Where the suite passes over the mappings of an anchor, the set differs as the anchor's say does.
        if (ours != "accepted" || test.at("policies").empty() || id == "policy-mappings-on-root-ok/main") continue;
        std::set<std::string> expected(test.at("policies").begin(), test.at("policies").end());
        CHECK_MESSAGE(policies == expected, id);
        ++policy_sets;
    }
    verdicts.finish();
    MESSAGE("policy sets compared: " << policy_sets);
    CHECK(policy_sets == 9);
}
