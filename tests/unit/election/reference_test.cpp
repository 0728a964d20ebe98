// eBallots are verified without OpenSSL's decoder, with one verified issuing chain per election and, in a ballot box,
// without looking at the tokens again. Here CMS_verify says what it thinks of the same bytes.
#include <set>

#include "tests/unit/election/expect.h"
#include "uvpki/openssl/checked.h"
#include "uvpki/openssl/handles.h"

using namespace uvpki;
using namespace uvpki::testing;

namespace {

openssl::X509Cert native(const x509::Certificate& certificate) {
    const auto* at = certificate.der().data();
    return openssl::require(openssl::X509Cert(d2i_X509(nullptr, &at, static_cast<long>(certificate.der().size()))),
                            "d2i_X509");
}

/// `openssl cms -verify` with the chain, the time and the ballots' policy, as the election package prints it.
class Reference {
public:
    explicit Reference(const TestElection& test)
        : store_(openssl::require(openssl::X509Store(X509_STORE_new()), "X509_STORE_new")) {
        for (const auto* certificate : {&test.pki.root, &test.pki.issuing, &test.pki.ballot_ca})
            REQUIRE(X509_STORE_add_cert(store_.get(), native(*certificate).get()) == 1);
        auto* rules = X509_STORE_get0_param(store_.get());
        X509_VERIFY_PARAM_set_time(rules, unix_seconds(test.manifest.verify_at));
        const auto policy = test.pki.arc.policy(static_cast<int>(x509::Role::ballot));
        X509_VERIFY_PARAM_add0_policy(rules, OBJ_txt2obj(policy.c_str(), 1));
        X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_POLICY_CHECK | X509_V_FLAG_EXPLICIT_POLICY);
    }

    bool accepts(ByteView ballot) const {
        const auto* at = ballot.data();
        const openssl::CmsMessage message(d2i_CMS_ContentInfo(nullptr, &at, static_cast<long>(ballot.size())));
        const bool good = message && at == ballot.data() + ballot.size() &&
                          CMS_verify(message.get(), nullptr, store_.get(), nullptr, nullptr, CMS_BINARY) == 1;
        openssl::clear_errors();
        return good;
    }

private:
    openssl::X509Store store_;
};

/// What says that a signature or the signed content is wrong; every other reason is about the form.
bool is_about_signatures(std::string_view reason) {
    return reason == "cms.digest" || reason == "cms.signature" || reason == "x509.path.signature";
}

/// A voter whose tokens were altered before the Ballot CA signed the certificate without looking at them.
template <typename Alter>
TestElection::Voter voter_with_bad_token(TestElection& test, Alter alter) {
    auto key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    std::vector tokens{test.make_token("registrar", "south", key.public_key())};
    alter(tokens[0]);
    auto certificate = test.pki.issue_leaf(x509::Role::ballot, key, test.ballot_options(key.public_key(), tokens));
    return {"south", std::move(key), std::move(tokens), std::move(certificate)};
}

}  // namespace

TEST_CASE("CMS_verify accepts the ballots that we accept, and what it refuses for a signature we refuse") {
    auto& test = shared_election();
    const auto verifier = test.verifier();
    const Reference reference(test);
    const auto ours = [&](ByteView der) {
        return reason_of([&] { verifier.accept_ballot(election::parse_ballot(der)); });
    };
    for (const std::string style : {"north", "south", "north"}) {
        const auto good = test.make_ballot(style).der;
        CHECK(ours(good).empty());
        CHECK(reference.accepts(good));
    }
    const auto good = test.make_ballot("south").der;
    std::size_t accepted = 0, different = 0;
    std::set<std::string> form;
    auto bad = good;
    for (std::size_t i = 0; i < bad.size(); ++i) {
        const auto bit = static_cast<std::uint8_t>(1u << (i % 8));
        bad[i] ^= bit;
        const auto refusal = ours(bad);
        accepted += refusal.empty() ? 1u : 0u;
        if (reference.accepts(bad)) {
            different += is_about_signatures(refusal) ? 1u : 0u;
            form.insert(refusal);
        }
        bad[i] ^= bit;
    }
    CHECK(accepted == 0);
    CHECK(different == 0);
    // Fields that CMS leaves unsigned and OpenSSL does not look at: version numbers, the digest algorithm's name.
    CHECK(form == std::set<std::string>{"cms.profile"});
}

TEST_CASE("a ballot box accepts what verify_ballot verifies, but does not look at the tokens' signatures again") {
    auto& test = shared_election();
    const auto verifier = test.verifier();
    const auto good = election::parse_ballot(test.make_ballot("south").der);
    CHECK(verifier.accept_ballot(good).style() == verifier.verify_ballot(good).style());
    CHECK(verifier.accept_ballot(good).leaf() == good.leaf);

    const auto verdicts = [&](const TestElection::Voter& voter) {
        const auto ballot = election::parse_ballot(test.make_ballot(voter, TestElection::choices("south")).der);
        return std::pair(reason_of([&] { verifier.accept_ballot(ballot); }),
                         reason_of([&] { verifier.verify_ballot(ballot); }));
    };
    // T10: whoever looks at the tokens finds it; and a ballot box, which never gave this certificate out, refuses it.
    const auto forged = voter_with_bad_token(test, [](election::Token& token) { token.signature[10] ^= 1; });
    CHECK(verdicts(forged) == std::pair<std::string, std::string>{"", "token.signature"});
    const auto unknown = voter_with_bad_token(test, [](election::Token& token) { token.key_id[0] ^= 1; });
    CHECK(verdicts(unknown) == std::pair<std::string, std::string>{"token.key", "token.key"});
}
