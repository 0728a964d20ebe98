#include <set>

#include "tests/unit/election/expect.h"
#include "uvpki/openssl/der.h"

using namespace uvpki;
using namespace uvpki::testing;
using election::OpenedBallot;

namespace {

/// A ballot of this voter over these vote fields, whatever they are.
Bytes ballot_over(TestElection& test, const TestElection::Voter& voter, const election::Plaintext& plaintext) {
    const auto text = election::format_plaintext(plaintext, test.manifest.plaintext_size);
    return test.make_raw_ballot(voter, text.view());
}

election::Plaintext honest_plaintext(const TestElection& test, const TestElection::Voter& voter) {
    return {.election = test.manifest.id,
            .manifest = election::manifest_digest(test.manifest),
            .style = voter.style,
            .ballot = voter.certificate.spki_sha256(),
            .contests = TestElection::choices(voter.style)};
}

OpenedBallot open(TestElection& test, ByteView der) {
    return election::open_ballot(test.verifier().verify_ballot(election::parse_ballot(der)), test.verified_manifest(),
                                 test.election_key);
}

std::string invalid_rule(TestElection& test, ByteView der) {
    const auto opened = open(test, der);
    CHECK(opened.contests.empty() == (opened.status == OpenedBallot::Status::invalid));
    return opened.invalid_because ? opened.invalid_because->rule : "";
}

/// The last `old_bytes` in `der` replaced by as many others.
Bytes replaced(ByteView der, ByteView old_bytes, ByteView new_bytes) {
    auto result = to_bytes(der);
    const auto found = std::find_end(result.begin(), result.end(), old_bytes.begin(), old_bytes.end());
    REQUIRE(found != result.end());
    REQUIRE(old_bytes.size() == new_bytes.size());
    std::ranges::copy(new_bytes, found);
    return result;
}

/// The DER with the element at this path of child numbers put through `change`; all lengths fit again.
template <typename Change>
Bytes edited(ByteView der, std::vector<std::size_t> path, Change change) {
    der::Reader reader(der);
    const auto element = reader.any();
    if (path.empty()) return change(element);
    const auto wanted = path.front();
    path.erase(path.begin());
    Bytes content;
    der::Reader children(element.content);
    std::size_t i = 0;
    for (; !children.empty(); ++i) {
        const auto child = children.any();
        const auto bytes = i == wanted ? edited(child.encoding, path, change) : to_bytes(child.encoding);
        content.insert(content.end(), bytes.begin(), bytes.end());
    }
    REQUIRE(wanted < i);
    return der::encode(element.tag, content);
}

}  // namespace

TEST_CASE("a ballot of either style verifies, opens and says what was chosen") {
    auto& test = shared_election();
    const auto verifier = test.verifier();
    for (const std::string style : {"north", "south"}) {
        const auto sealed = test.make_ballot(style);
        CHECK(sealed.leaf == sha256(sealed.der));
        const auto verified = verifier.verify_ballot(election::parse_ballot(sealed.der));
        CHECK(verified.style() == style);
        CHECK(verified.leaf() == sealed.leaf);
        CHECK(equal(verified.der(), sealed.der));
        CHECK(equal(verified.envelope().ephemeral_point, sealed.ephemeral.public_key().key_octets()));
        const auto opened = election::open_ballot(verified, test.verified_manifest(), test.election_key);
        CHECK(opened.status == OpenedBallot::Status::valid);
        CHECK(!opened.invalid_because);
        REQUIRE(opened.contests.size() == TestElection::choices(style).size());
        CHECK(opened.contests.back().choices == TestElection::choices(style).back().choices);
    }
}

TEST_CASE("a ballot without any choice is blank, one with a choice in one contest is valid") {
    auto& test = shared_election();
    const auto blank = test.make_ballot(test.make_voter("north"), TestElection::blank("north"));
    CHECK(open(test, blank.der).status == OpenedBallot::Status::blank);
    const auto half = test.make_ballot(test.make_voter("north"), {{"mayor", {}}, {"council", {"c4"}}});
    CHECK(open(test, half.der).status == OpenedBallot::Status::valid);
}

TEST_CASE("the client refuses to encrypt a vote that would be invalid") {
    auto& test = shared_election();
    const auto voter = test.make_voter("north");
    CHECK(reason_of([&] { test.make_ballot(voter, {{"mayor", {"m1", "m2"}}, {"council", {}}}); }) == "vote.choices");
    CHECK(reason_of([&] { test.make_ballot(voter, TestElection::choices("south")); }) == "vote.style");
}

TEST_CASE("a ballot is not signed before the voting window opens or after it has closed") {
    auto& test = shared_election();
    const auto voter = test.make_voter("south");
    const auto back = test.pki.clock.now();
    for (const auto time : {TestPki::voting_opens() - Seconds{1}, TestPki::voting_closes() + Seconds{1}}) {
        test.pki.clock.set(time);
        CHECK(reason_of([&] { test.make_ballot(voter, TestElection::choices("south")); }) == "cms.signer.expired");
    }
    test.pki.clock.set(back);
}

TEST_CASE("T5: every possible vote of a voter makes a ballot of one and the same size") {
    auto& test = shared_election();
    const auto voter = test.make_voter("north");
    std::set<std::size_t> sizes;
    std::set<std::size_t> envelopes;
    for (const std::vector<std::string>& mayor : {std::vector<std::string>{}, {"m1"}, {"m2"}}) {
        for (const std::vector<std::string>& council :
             {std::vector<std::string>{}, {"c1"}, {"c2", "c1"}, {"c4", "c3", "c2"}, {"c1", "c2", "c4"}}) {
            const auto sealed = test.make_ballot(voter, {{"mayor", mayor}, {"council", council}});
            sizes.insert(sealed.der.size());
            envelopes.insert(election::parse_ballot(sealed.der).signed_data.content->size());
        }
    }
    CHECK(sizes.size() == 1);
    CHECK(envelopes.size() == 1);
    // The other style's envelope has the same size: the length does not tell the district either.
    const auto south = test.make_ballot("south");
    CHECK(election::parse_ballot(south.der).signed_data.content->size() == *envelopes.begin());
}

TEST_CASE("every byte of a small ballot flipped never verifies") {
    auto& test = shared_election();
    const auto verifier = test.verifier();
    const auto good = test.make_ballot("south").der;
    REQUIRE(reason_of([&] { verifier.verify_ballot(election::parse_ballot(good)); }).empty());
    std::size_t passed = 0;
    for (std::size_t i = 0; i < good.size(); ++i) {
        auto bad = good;
        bad[i] ^= static_cast<std::uint8_t>(1u << (i % 8));
        passed += reason_of([&] { verifier.verify_ballot(election::parse_ballot(bad)); }).empty() ? 1u : 0u;
    }
    CHECK(passed == 0);
}

TEST_CASE("T10: a ballot without a valid token is refused, and so is one with another ballot's token") {
    auto& test = shared_election();
    const auto verifier = test.verifier();
    const auto stuff = [&](auto alter) {
        auto key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
        std::vector tokens{test.make_token("registrar", "south", key.public_key())};
        alter(tokens);
        auto certificate = test.pki.issue_leaf(x509::Role::ballot, key, test.ballot_options(key.public_key(), tokens));
        const TestElection::Voter voter{"south", key, tokens, certificate};
        const auto sealed = test.make_ballot(voter, TestElection::choices("south"));
        return reason_of([&] { verifier.verify_ballot(election::parse_ballot(sealed.der)); });
    };
    CHECK(stuff([](auto&) {}).empty());
    CHECK(stuff([](auto& tokens) { tokens[0].signature[7] ^= 1; }) == "token.signature");
    CHECK(stuff([](auto& tokens) { tokens[0].prefix[0] ^= 1; }) == "token.signature");
    CHECK(stuff([&](auto& tokens) { tokens = test.make_voter("south").tokens; }) == "token.signature");
    CHECK(stuff([](auto& tokens) { tokens[0].key_id[0] ^= 1; }) == "token.key");
    // A token of one style presented as one of the other: the key's style decides, and the signature does not fit it.
    CHECK(stuff([&](auto& tokens) {
              tokens[0].key_id = test.token_keys.at({"registrar", "north"}).public_key().key_id();
          }) == "token.signature");
}

TEST_CASE("T12: an envelope copied from another ballot and signed by another key opens as ballot.copied") {
    auto& test = shared_election();
    const auto victim = election::parse_ballot(test.make_ballot("north").der);
    const auto thief = test.make_voter("north");
    const auto copy = cms::sign(*victim.signed_data.content, thief.certificate, thief.key, test.pki.clock);
    CHECK(invalid_rule(test, copy) == "ballot.copied");
}

TEST_CASE("T15: the twin of a ballot's signature, with n - s for s, is refused") {
    auto& test = shared_election();
    const auto good = test.make_ballot("south").der;
    const auto twin = edited(good, {1, 0, 4, 0, 5}, [](der::Element signature) {
        der::Reader outer(signature.content);
        auto pair = outer.sequence("signature");
        const auto r = to_bytes(pair.integer("r"));
        const auto s = to_bytes(pair.integer("s"));
        const auto order = parse_hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
        REQUIRE(s.size() == order.size());
        Bytes other(order.size());
        int borrow = 0;
        for (std::size_t i = order.size(); i-- > 0;) {
            const int digit = order[i] - s[i] - borrow;
            borrow = digit < 0 ? 1 : 0;
            other[i] = static_cast<std::uint8_t>(digit + 256 * borrow);
        }
        return der::octet_string(der::sequence({der::unsigned_integer(r), der::unsigned_integer(other)}));
    });
    CHECK(equal(edited(good, {1, 0, 4, 0, 5}, [](der::Element e) { return to_bytes(e.encoding); }), good));
    CHECK(twin.size() == good.size() + 1);
    CHECK(reason_of([&] { election::parse_ballot(twin); }) == "cms.profile");
}

TEST_CASE("T16: an unsigned attribute, another certificate, a CRL and a second signer are refused") {
    auto& test = shared_election();
    const auto good = test.make_ballot("south").der;
    const auto appended = [&](std::vector<std::size_t> path, ByteView extra) {
        return edited(good, std::move(path), [&](der::Element e) { return der::encode(e.tag, {e.content, extra}); });
    };
    const auto attribute =
        der::encode(der::context_constructed(1), der::sequence({der::oid("1.2.3.4"), der::set_of({der::null()})}));
    CHECK(reason_of([&] { election::parse_ballot(appended({1, 0, 4, 0}, attribute)); }) == "cms.profile");
    CHECK(reason_of([&] { election::parse_ballot(appended({1, 0, 3}, test.officer.der())); }) == "cms.profile");
    const auto with_crl = edited(good, {1, 0, 3}, [&](der::Element e) {
        const auto crl = test.pki.crl(test.pki.ballot_issuer);
        return concat({e.encoding, der::encode(der::context_constructed(1), crl.der())});
    });
    CHECK(reason_of([&] { election::parse_ballot(with_crl); }) == "cms.profile");
    const auto twice = edited(good, {1, 0, 4}, [](der::Element e) {
        return der::encode(e.tag, {e.content, e.content});
    });
    CHECK(reason_of([&] { election::parse_ballot(twice); }) == "cms.profile");
}

TEST_CASE("T17: bytes after the end, a cut end and other lengths of lengths are refused") {
    auto& test = shared_election();
    const auto good = test.make_ballot("south").der;
    auto longer = good;
    longer.push_back(0);
    CHECK(!reason_of([&] { election::parse_ballot(longer); }).empty());
    CHECK(!reason_of([&] { election::parse_ballot(ByteView(good).first(good.size() - 1)); }).empty());
    REQUIRE(good[1] == 0x82);
    // The same length in three octets instead of two: BER, not DER.
    auto ber = good;
    ber[1] = 0x83;
    ber.insert(ber.begin() + 2, 0);
    CHECK(!reason_of([&] { election::parse_ballot(ber); }).empty());
    // Indefinite length.
    auto indefinite = good;
    indefinite[1] = 0x80;
    indefinite.erase(indefinite.begin() + 2, indefinite.begin() + 4);
    indefinite.insert(indefinite.end(), {0, 0});
    CHECK(!reason_of([&] { election::parse_ballot(indefinite); }).empty());
    CHECK(reason_of([&] { election::parse_ballot(Bytes(election::max_ballot_size + 1)); }) == "ballot.too_large");
    CHECK(!reason_of([&] { election::parse_ballot({}); }).empty());
}

TEST_CASE("a ballot with a signing time, or signed by a certificate that carries no tokens, is refused") {
    auto& test = shared_election();
    const auto voter = test.make_voter("south");
    const auto sealed = election::parse_ballot(test.make_ballot(voter, TestElection::choices("south")).der);
    const auto& envelope = *sealed.signed_data.content;
    const auto timed =
        cms::sign(envelope, voter.certificate, voter.key, test.pki.clock, {.signing_time = cms::SigningTime::present});
    CHECK(reason_of([&] { election::parse_ballot(timed); }) == "ballot.signing_time");
    const auto detached =
        cms::sign(envelope, voter.certificate, voter.key, test.pki.clock, {.content = cms::Content::detached});
    CHECK(reason_of([&] { election::parse_ballot(detached); }) == "ballot.content");
    const auto by_officer = cms::sign(envelope, test.officer, test.officer_key, test.pki.clock);
    CHECK(reason_of([&] { election::parse_ballot(by_officer); }) == "ballot.tokens");
}

TEST_CASE("T24: what is not an envelope of exactly our form is refused") {
    auto& test = shared_election();
    const auto voter = test.make_voter("south");
    const auto sign = [&](ByteView content) {
        return cms::sign(content, voter.certificate, voter.key, test.pki.clock);
    };
    CHECK(!reason_of([&] { election::parse_ballot(sign(as_bytes("{}"))); }).empty());
    const auto good = to_bytes(*election::parse_ballot(test.make_ballot("south").der).signed_data.content);
    CHECK(reason_of([&] { election::parse_ballot(sign(good)); }).empty());
    // id-aes256-GCM ...1.46 becomes id-aes256-CBC ...1.42.
    const auto gcm = parse_hex("060960864801650304012e");
    const auto cbc = parse_hex("060960864801650304012a");
    CHECK(reason_of([&] { election::parse_ballot(sign(replaced(good, gcm, cbc))); }) == "cms.envelope.algorithm");
}

TEST_CASE("a ballot that is encrypted to another certificate is refused, also with the same serial or key") {
    auto& test = shared_election();
    const auto voter = test.make_voter("south");
    const auto other_key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    const auto other = test.pki.issue_leaf(x509::Role::election, other_key);
    const auto same_key = test.pki.issue_leaf(x509::Role::election, test.election_key);
    for (const auto& recipient : {other, same_key}) {
        const auto sealing = cms::seal_envelope(as_bytes("x"), recipient, test.pki.random);
        const auto der = cms::sign(sealing.envelope, voter.certificate, voter.key, test.pki.clock);
        CHECK(reason_of([&] { test.verifier().verify_ballot(election::parse_ballot(der)); }) == "ballot.election");
    }
    // Addressed rightly, but encrypted for another key: only opening shows it, and it is an invalid vote, not an error.
    auto sealing = cms::seal_envelope(as_bytes("x"), other, test.pki.random);
    const auto renamed = replaced(sealing.envelope, der::encode(der::Tag::integer, other.serial()),
                                  der::encode(der::Tag::integer, test.election_certificate.serial()));
    const auto der = cms::sign(renamed, voter.certificate, voter.key, test.pki.clock);
    CHECK(invalid_rule(test, der) == "ballot.open");
}

TEST_CASE("T39: a ballot made for another manifest or election is invalid") {
    auto& test = shared_election();
    const auto voter = test.make_voter("south");
    auto plaintext = honest_plaintext(test, voter);
    CHECK(invalid_rule(test, ballot_over(test, voter, plaintext)).empty());
    plaintext.manifest[0] ^= 1;
    CHECK(invalid_rule(test, ballot_over(test, voter, plaintext)) == "ballot.manifest");
    plaintext = honest_plaintext(test, voter);
    plaintext.election = "test-2025";
    CHECK(invalid_rule(test, ballot_over(test, voter, plaintext)) == "ballot.manifest");
}

TEST_CASE("a ballot that claims another style than its token is invalid") {
    auto& test = shared_election();
    const auto voter = test.make_voter("south");
    auto plaintext = honest_plaintext(test, voter);
    plaintext.style = "north";
    plaintext.contests = TestElection::choices("north");
    CHECK(invalid_rule(test, ballot_over(test, voter, plaintext)) == "vote.style");
    // Nor does it help to keep the style and bring the other style's contests.
    plaintext.style = "south";
    CHECK(invalid_rule(test, ballot_over(test, voter, plaintext)) == "vote.style");
}

TEST_CASE("T42: whatever was encrypted, opening gives a reason and no exception") {
    auto& test = shared_election();
    const auto voter = test.make_voter("north");
    const auto with = [&](TestElection::Choices contests) {
        auto plaintext = honest_plaintext(test, voter);
        plaintext.contests = std::move(contests);
        return invalid_rule(test, ballot_over(test, voter, plaintext));
    };
    CHECK(with({{"mayor", {"m1", "m2"}}, {"council", {}}}) == "vote.choices");
    CHECK(with({{"mayor", {"m9"}}, {"council", {}}}) == "vote.candidate");
    CHECK(with({{"mayor", {}}, {"council", {"c1", "c1"}}}) == "vote.repeated");
    CHECK(with({{"mayor", {}}}) == "vote.style");
    CHECK(with({{"council", {}}, {"mayor", {}}}) == "vote.style");
    CHECK(with({{"mayor", {}}, {"council", {}}, {"king", {}}}) == "vote.contest");
    const auto size = static_cast<std::size_t>(test.manifest.plaintext_size);
    CHECK(invalid_rule(test, test.make_raw_ballot(voter, Bytes(size, 0xFF))) == "ballot.plaintext.malformed");
    CHECK(invalid_rule(test, test.make_raw_ballot(voter, Bytes(size, '['))) == "ballot.plaintext.malformed");
    CHECK(invalid_rule(test, test.make_raw_ballot(voter, Bytes(size - 1, '0'))) == "ballot.plaintext.size");
    CHECK(invalid_rule(test, test.make_raw_ballot(voter, {})) == "ballot.plaintext.size");
}

TEST_CASE("check_vote names each broken rule of plurality and ranked contests") {
    auto& test = shared_election();
    const auto rules = [&](const TestElection::Choices& vote) {
        return election::check_vote(test.manifest, "north", vote);
    };
    CHECK(rules(TestElection::choices("north")).empty());
    CHECK(rules(TestElection::blank("north")).empty());
    CHECK(rules({{"mayor", {"m1"}}, {"council", {"c1", "c2", "c3"}}}).empty());
    CHECK(has_rule(rules({{"mayor", {"m1"}}, {"council", {"c1", "c2", "c3", "c4"}}}), "vote.choices"));
    CHECK(has_rule(rules({{"mayor", {"c1"}}, {"council", {}}}), "vote.candidate"));
    CHECK(has_rule(election::check_vote(test.manifest, "east", {}), "vote.style"));
    const auto both = rules({{"mayor", {"m1", "m1"}}, {"council", {"nobody"}}});
    CHECK(both.size() == 3);
}

TEST_CASE("approval takes any number of candidates, n-of-m up to n") {
    auto manifest = shared_election().manifest;
    manifest.contests[1].rules = {.method = count::Method::approval, .seats = 2};
    const auto rules = [&](std::vector<std::string> council) {
        return election::check_vote(manifest, "north", {{"mayor", {}}, {"council", std::move(council)}});
    };
    CHECK(rules({"c1", "c2", "c3", "c4"}).empty());
    CHECK(has_rule(rules({"c1", "c1"}), "vote.repeated"));
    manifest.contests[1].rules = {.method = count::Method::n_of_m, .seats = 2};
    CHECK(rules({"c4", "c1"}).empty());
    CHECK(has_rule(rules({"c1", "c2", "c3"}), "vote.choices"));
}

TEST_CASE("T9: with two issuers, a ballot needs one token of each, in their order and of one style") {
    TestElection test({"registrar", "observer"});
    const auto verifier = test.verifier();
    const auto outcome = [&](std::vector<std::pair<std::string, std::string>> from) {
        auto key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
        std::vector<election::Token> tokens;
        for (const auto& [issuer, style] : from) tokens.push_back(test.make_token(issuer, style, key.public_key()));
        const auto certificate =
            test.pki.issue_leaf(x509::Role::ballot, key, test.ballot_options(key.public_key(), tokens));
        const TestElection::Voter voter{"south", key, tokens, certificate};
        const auto sealed = test.make_ballot(voter, TestElection::choices("south"));
        return reason_of([&] { verifier.verify_ballot(election::parse_ballot(sealed.der)); });
    };
    CHECK(outcome({{"registrar", "south"}, {"observer", "south"}}).empty());
    CHECK(outcome({{"registrar", "south"}}) == "token.issuer");
    CHECK(outcome({{"registrar", "south"}, {"registrar", "south"}}) == "token.issuer");
    CHECK(outcome({{"observer", "south"}, {"registrar", "south"}}) == "token.issuer");
    CHECK(outcome({{"registrar", "south"}, {"observer", "south"}, {"observer", "south"}}) == "token.issuer");
    CHECK(outcome({{"registrar", "south"}, {"observer", "north"}}) == "token.style");
}
