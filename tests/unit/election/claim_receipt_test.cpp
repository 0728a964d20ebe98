#include "tests/unit/election/expect.h"

using namespace uvpki;
using namespace uvpki::testing;

namespace {

struct ClaimCase {
    TestElection& test = shared_election();
    x509::PrivateKey voter_key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    x509::Certificate voter = test.pki.issue_leaf(x509::Role::voter, voter_key);
    election::Claim claim{test.manifest.id, test.manifest.token_keys[0].key_id, Bytes(256, 0x42)};
    x509::PathRules rules{.role = x509::Role::voter, .time = test.pki.clock.now()};

    std::string refusal() const { return refusal(election::make_claim(claim, voter, voter_key, test.pki.clock)); }
    std::string refusal(ByteView der) const {
        return reason_of([&] { election::verify_claim(der, test.manifest, test.trust, rules); });
    }
};

}  // namespace

TEST_CASE("T7: a claim is verified with the voter's certificate and kept as it was signed") {
    const ClaimCase c;
    const auto der = election::make_claim(c.claim, c.voter, c.voter_key, c.test.pki.clock);
    const auto verified = election::verify_claim(der, c.test.manifest, c.test.trust, c.rules);
    CHECK(verified.voter() == c.voter);
    CHECK(verified.claim().blinded == c.claim.blinded);
    CHECK(verified.claim().token_key == c.claim.token_key);
    CHECK(verified.der() == der);
    CHECK(!cms::parse_signed_data(der).signing_time);
}

TEST_CASE("claims for another election, with an unknown key or of a wrong size are refused") {
    ClaimCase c;
    c.claim.election = "test-2025";
    CHECK(c.refusal() == "claim.election");
    c.claim.election = c.test.manifest.id;
    c.claim.token_key[0] ^= 1;
    CHECK(c.refusal() == "claim.token_key");
    c.claim.token_key[0] ^= 1;
    for (const std::size_t size : {0u, 1u, 255u, 257u, 384u}) {
        c.claim.blinded.resize(size);
        CHECK(c.refusal() == "claim.size");
    }
    c.claim.blinded.resize(1000);
    CHECK(c.refusal() == "claim.malformed");
}

TEST_CASE("a claim signed by anybody but a voter, altered, or not a claim at all is refused") {
    const ClaimCase c;
    const auto by_officer = election::make_claim(c.claim, c.test.officer, c.test.officer_key, c.test.pki.clock);
    CHECK(c.refusal(by_officer) == "x509.path.policy");
    auto der = election::make_claim(c.claim, c.voter, c.voter_key, c.test.pki.clock);
    const auto at = std::ranges::search(der, as_bytes("QkJC"));
    REQUIRE(!at.empty());
    *at.begin() = 'R';
    CHECK(c.refusal(der) == "cms.digest");
    for (const std::string text : {"", "{}", "[]", "{\"version\":1}", "{ }"}) {
        const auto bad = cms::sign(as_bytes(text), c.voter, c.voter_key, c.test.pki.clock);
        CHECK(c.refusal(bad) == "claim.malformed");
    }
    auto rules = c.rules;
    rules.role = x509::Role::officer;
    CHECK(reason_of([&] { election::verify_claim(by_officer, c.test.manifest, c.test.trust, rules); }) == "claim.role");
}

TEST_CASE("a receipt is verified with the role of the receipt signer, for this election and manifest") {
    auto& test = shared_election();
    const auto manifest = test.verified_manifest();
    const election::Receipt receipt{test.manifest.id, manifest.digest(), sha256(as_bytes("ballot")), 7};
    const auto der = election::make_receipt(receipt, test.receipt_signer, test.receipt_key, test.pki.clock);
    const auto read = election::verify_receipt(der, manifest, test.trust);
    CHECK(read.leaf == receipt.leaf);
    CHECK(read.latest_epoch == 7);
    CHECK(!cms::parse_signed_data(der).signing_time);
    const auto refusal = [&](const election::Receipt& wrong) {
        const auto bad = election::make_receipt(wrong, test.receipt_signer, test.receipt_key, test.pki.clock);
        return reason_of([&] { election::verify_receipt(bad, manifest, test.trust); });
    };
    CHECK(refusal({"test-2025", receipt.manifest, receipt.leaf, 7}) == "receipt.election");
    CHECK(refusal({receipt.election, receipt.leaf, receipt.leaf, 7}) == "receipt.manifest");
    CHECK(refusal({receipt.election, receipt.manifest, receipt.leaf, 0}) == "receipt.malformed");
    const auto by_officer = election::make_receipt(receipt, test.officer, test.officer_key, test.pki.clock);
    CHECK(reason_of([&] { election::verify_receipt(by_officer, manifest, test.trust); }) == "x509.path.policy");
}
