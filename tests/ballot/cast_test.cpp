#include <algorithm>
#include <set>

#include "tests/ballot/box_fixture.h"
#include "uvpki/openssl/der.h"

using namespace uvpki;
using namespace uvpki::testing;
using State = api::BallotStatus::State;

namespace {

election::Receipt read_receipt(BoxFixture& f, const Bytes& der) {
    return election::verify_receipt(der, f.election.verified_manifest(), f.election.trust);
}

/// The message with another signature, the last value at this depth, and the lengths around it put right.
Bytes with_signature(ByteView element, int depth, ByteView signature) {
    if (depth == 0) return der::octet_string(signature);
    der::Reader reader(element);
    const auto outer = reader.any();
    der::Reader inner(outer.content);
    Bytes content;
    while (!inner.empty()) {
        const auto child = inner.any();
        const auto part =
            inner.empty() ? with_signature(child.encoding, depth - 1, signature) : to_bytes(child.encoding);
        content.insert(content.end(), part.begin(), part.end());
    }
    return der::encode(outer.tag, content);
}

/// (r, n - s), which verifies as well as (r, s).
Bytes twin_of(ByteView signature) {
    der::Reader outer(signature);
    auto pair = outer.sequence("signature");
    const auto r = pair.integer("r"), s = pair.integer("s");
    auto twin = parse_hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    int borrow = 0;
    for (std::size_t i = 0; i < 32; ++i) {
        const int digit = i < s.size() ? s[s.size() - 1 - i] : 0;
        const int difference = twin[31 - i] - digit - borrow;
        borrow = difference < 0 ? 1 : 0;
        twin[31 - i] = static_cast<std::uint8_t>(difference & 0xFF);
    }
    return der::sequence({der::unsigned_integer(r), der::unsigned_integer(twin)});
}

}  // namespace

TEST_CASE("a ballot certificate is what key, tokens and election demand, and the same on every repetition") {
    BoxFixture f;
    const auto device = f.make_device("south");
    const auto first = f.box->redeem(f.id(), device.request);
    const auto certificate = x509::Certificate::parse(first);
    CHECK(f.election.verifier().verify_ballot_certificate(certificate) == "south");
    CHECK(certificate.not_before() == TestPki::voting_opens());
    CHECK(certificate.not_after() == TestPki::voting_closes());
    CHECK(f.box->redeem(f.id(), device.request) == first);
    // T22: a device that made its request anew after a crash, from the same key and token, gets the same one.
    CHECK(f.box->redeem(f.id(), f.request_for(device.key, device.tokens)) == first);
    f.reopen();
    CHECK(f.box->redeem(f.id(), device.request) == first);
}

TEST_CASE("ballot certificates are given out in the voting window alone, but the one given is given again") {
    BoxFixture f;
    const auto early = f.make_device();
    f.clock().set(TestPki::voting_opens() - Seconds{1});
    CHECK(reason_of([&] { f.box->redeem(f.id(), early.request); }) == "redeem.window");
    f.clock().set(TestPki::voting_opens());
    const auto certificate = f.box->redeem(f.id(), early.request);
    f.clock().set(TestPki::voting_closes() + Seconds{1});
    CHECK(reason_of([&] { f.box->redeem(f.id(), f.make_device().request); }) == "redeem.window");
    CHECK(f.box->redeem(f.id(), early.request) == certificate);
}

TEST_CASE("a redeem request that breaks a rule is refused and leaves nothing behind") {
    BoxFixture f;
    const auto good = f.make_device(), other = f.make_device();
    const auto reason = [&](const Bytes& request) { return reason_of([&] { f.box->redeem(f.id(), request); }); };
    CHECK(reason(x509::make_request(good.key, x509::empty_name())) == "redeem.request");
    CHECK(reason(f.request_for(good.key, other.tokens)) == "token.signature");
    auto bent = good.request;
    bent.back() ^= 1;
    CHECK_FALSE(reason(bent).empty());
    auto trailing = good.request;
    trailing.push_back(0);
    CHECK_FALSE(reason(trailing).empty());
    CHECK(reason_of([&] { f.box->redeem("another-election", good.request); }) == "ballot_box.election");
    const std::vector<x509::Extension> two = {
        {f.election.pki.arc.ballot_token(), x509::Extension::Criticality::non_critical,
         election::encode_tokens(good.tokens)},
        {f.election.pki.arc.text() + ".2.9", x509::Extension::Criticality::non_critical, der::null()}};
    CHECK(reason(x509::make_request(good.key, x509::empty_name(), two)) == "redeem.request");
    const auto p384 = x509::PrivateKey::generate(x509::KeyType::ec_p384);
    const auto token = f.election.make_token("registrar", "north", p384.public_key());
    CHECK(reason(f.request_for(p384, {token})) == "redeem.key");
    CHECK_FALSE(f.box->redeem(f.id(), good.request).empty());
}

TEST_CASE("T9: with two issuers a request needs the token of each, and one issuer's twice is refused") {
    BoxFixture f({"city", "court"});
    const auto device = f.make_device();
    const auto reason = [&](const std::vector<election::Token>& tokens) {
        return reason_of([&] { f.box->redeem(f.id(), f.request_for(device.key, tokens)); });
    };
    CHECK(reason({device.tokens[0]}) == "token.issuer");
    CHECK(reason({device.tokens[0], device.tokens[0]}) == "token.issuer");
    CHECK(reason({device.tokens[1], device.tokens[0]}) == "token.issuer");
    const auto south = f.election.make_token("court", "south", device.key.public_key());
    CHECK(reason({device.tokens[0], south}) == "token.style");
    CHECK(reason(device.tokens).empty());
}

TEST_CASE("T10: a token of a key that the manifest does not name gives no certificate") {
    BoxFixture f;
    const auto device = f.make_device();
    const auto own = blind::BlindPrivateKey::generate(3072);
    const auto message = election::token_message(f.id(), device.key.public_key().spki_sha256());
    const auto blinding = blind::blind(own.public_key(), message, f.election.pki.random);
    const election::Token forged{own.public_key().key_id(), blinding.prefix,
                                 blind::finalize(own.public_key(), blinding, own.blind_sign(blinding.blinded))};
    CHECK(reason_of([&] { f.box->redeem(f.id(), f.request_for(device.key, {forged})); }) == "token.key");
    auto renamed = forged;
    renamed.key_id = device.tokens[0].key_id;
    CHECK(reason_of([&] { f.box->redeem(f.id(), f.request_for(device.key, {renamed})); }) == "token.signature");
    CHECK_FALSE(f.box->redeem(f.id(), device.request).empty());
}

TEST_CASE("a ballot gets a receipt that names it, and the same receipt on every repetition (T22)") {
    BoxFixture f;
    const auto ballot = f.make_ballot(f.redeem(f.make_device()));
    CHECK(f.box->status(f.id(), ballot.leaf).state == State::unknown);
    const auto receipt = f.box->cast(f.id(), ballot.der);
    const auto read = read_receipt(f, receipt);
    CHECK(read.leaf == ballot.leaf);
    CHECK(read.latest_epoch == 3);
    CHECK(f.box->status(f.id(), ballot.leaf).state == State::accepted);
    CHECK(f.box->cast(f.id(), ballot.der) == receipt);
    f.reopen();
    CHECK(f.box->cast(f.id(), ballot.der) == receipt);
    f.close_last();
    CHECK(f.box->cast(f.id(), ballot.der) == receipt);
    CHECK(f.box->status(f.id(), ballot.leaf).state == State::published);
    CHECK(f.box->epochs(f.id()).at(0).ballots == 1);
}

TEST_CASE("a ballot certificate casts one ballot for ever") {
    BoxFixture f;
    const auto voter = f.redeem(f.make_device());
    const auto first = f.make_ballot(voter), second = f.make_ballot(voter);
    const auto receipt = f.box->cast(f.id(), first.der);
    CHECK(reason_of([&] { f.box->cast(f.id(), second.der); }) == "cast.other_ballot");
    CHECK(f.box->status(f.id(), second.leaf).state == State::unknown);
    CHECK(f.box->cast(f.id(), first.der) == receipt);
}

TEST_CASE("ballots are taken in the voting window alone") {
    BoxFixture f;
    const auto ballot = f.make_ballot(f.redeem(f.make_device()));
    for (const auto time : {TestPki::voting_opens() - Seconds{1}, TestPki::voting_closes() + Seconds{1}}) {
        f.clock().set(time);
        CHECK(reason_of([&] { f.box->cast(f.id(), ballot.der); }) == "cast.window");
    }
    f.clock().set(TestPki::voting_closes());
    CHECK_FALSE(f.box->cast(f.id(), ballot.der).empty());
}

TEST_CASE("T10: a ballot under a good certificate that this box did not give out is refused") {
    BoxFixture f;
    const auto device = f.make_device();
    const auto foreign = f.election.make_voter("north");  // by the test authority's own Ballot CA
    CHECK(reason_of([&] { f.box->cast(f.id(), f.make_ballot(foreign).der); }) == "ballot.certificate.issuer");
    const auto ballot = f.make_ballot(f.redeem(device));
    CHECK_FALSE(f.box->cast(f.id(), ballot.der).empty());
}

TEST_CASE("T12, T13: an envelope cast before is refused under another certificate, also with the mirrored point") {
    BoxFixture f;
    const auto voter = f.redeem(f.make_device()), copier = f.redeem(f.make_device());
    const auto ballot = f.make_ballot(voter);
    const auto parsed = election::parse_ballot(ballot.der);
    f.box->cast(f.id(), ballot.der);
    const auto copy = cms::sign(*parsed.signed_data.content, copier.certificate, copier.key, f.clock());
    CHECK(reason_of([&] { f.box->cast(f.id(), copy); }) == "cast.repeated_ephemeral");

    // (x, -y) gives the same shared secret: p - y.
    auto mirrored = *parsed.signed_data.content;
    const auto& point = parsed.envelope.ephemeral_point;
    const auto at = std::search(mirrored.begin(), mirrored.end(), point.begin(), point.end()) - mirrored.begin();
    const auto prime = parse_hex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
    int borrow = 0;
    for (std::size_t i = 32; i-- > 0;) {
        const int difference = prime[i] - point[33 + i] - borrow;
        borrow = difference < 0 ? 1 : 0;
        mirrored[static_cast<std::size_t>(at) + 33 + i] = static_cast<std::uint8_t>(difference & 0xFF);
    }
    REQUIRE(mirrored != *parsed.signed_data.content);
    const auto mirror = cms::sign(mirrored, copier.certificate, copier.key, f.clock());
    CHECK(reason_of([&] { f.box->cast(f.id(), mirror); }) == "cast.repeated_ephemeral");
    CHECK_FALSE(f.box->cast(f.id(), f.make_ballot(copier).der).empty());
}

TEST_CASE("T15: neither the twin signature (r, n-s) nor a fresh one makes a second leaf of a cast ballot") {
    BoxFixture f;
    const auto voter = f.redeem(f.make_device());
    const auto ballot = f.make_ballot(voter);
    const auto parsed = election::parse_ballot(ballot.der);
    const auto twin = with_signature(ballot.der, 5, twin_of(parsed.signed_data.signature));
    REQUIRE(with_signature(ballot.der, 5, parsed.signed_data.signature) == ballot.der);
    const auto again = cms::sign(*parsed.signed_data.content, voter.certificate, voter.key, f.clock());
    REQUIRE(again != ballot.der);

    CHECK(reason_of([&] { f.box->cast(f.id(), twin); }) == "cms.profile");
    f.box->cast(f.id(), ballot.der);
    CHECK(reason_of([&] { f.box->cast(f.id(), twin); }) == "cms.profile");
    CHECK(reason_of([&] { f.box->cast(f.id(), again); }) == "cast.other_ballot");
    CHECK(f.box->status(f.id(), sha256(twin)).state == State::unknown);
    CHECK(f.close_last().at(0).ballots == 1);
}

TEST_CASE("T16, T17: a ballot with anything before, behind or bent in it is refused and stores nothing") {
    BoxFixture f;
    const auto ballot = f.make_ballot(f.redeem(f.make_device()));
    auto trailing = ballot.der;
    trailing.push_back(0);
    CHECK_FALSE(reason_of([&] { f.box->cast(f.id(), trailing); }).empty());
    auto ber = ballot.der;
    ber[1] = 0x80;
    ber.insert(ber.end(), {0, 0});
    CHECK_FALSE(reason_of([&] { f.box->cast(f.id(), ber); }).empty());
    for (std::size_t i = 0; i < ballot.der.size(); i += 37) {
        auto bent = ballot.der;
        bent[i] ^= 0x01;
        CHECK_FALSE(reason_of([&] { f.box->cast(f.id(), bent); }).empty());
    }
    CHECK_FALSE(reason_of([&] { f.box->cast(f.id(), Bytes(election::max_ballot_size + 1)); }).empty());
    CHECK_FALSE(f.box->cast(f.id(), ballot.der).empty());
    CHECK(f.close_last().at(0).ballots == 1);
}

TEST_CASE("T5: requests, certificates, ballots and receipts have one size each, whatever is chosen") {
    BoxFixture f;
    std::set<std::size_t> certificates, ballots, receipts;
    const std::vector<TestElection::Choices> votes = {{{"mayor", {"m1"}}, {"council", {}}},
                                                      {{"mayor", {}}, {"council", {"c1", "c2", "c3"}}},
                                                      TestElection::blank("north"),
                                                      TestElection::choices("north")};
    for (int i = 0; i < 24; ++i) {
        const auto voter = f.redeem(f.make_device("north"));
        const auto ballot = f.election.make_ballot(voter, votes[static_cast<std::size_t>(i) % votes.size()]);
        certificates.insert(voter.certificate.der().size());
        ballots.insert(ballot.der.size());
        receipts.insert(f.box->cast(f.id(), ballot.der).size());
    }
    CHECK(certificates.size() == 1);
    CHECK(ballots.size() == 1);
    CHECK(receipts.size() == 1);
}
