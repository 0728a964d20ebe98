#pragma once
// A ballot box in a folder of its own with a small election installed, and voters who redeem and cast. One thread,
// unless a test starts more.

#include <doctest/doctest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "ballot-service/ballot_box.h"
#include "tests/support/command.h"
#include "tests/support/reason.h"
#include "tests/support/test_election.h"
#include "uvpki/timestamp/authority.h"

namespace uvpki::testing {

using ballot_box::BallotBox;
using uvpki::test::reason_of;
using EpochKind = BallotBox::EpochKind;

struct BoxFixture {
    /// The anonymous side of one voter before anything was sent.
    struct Device {
        std::string style;
        x509::PrivateKey key;
        std::vector<election::Token> tokens;
        Bytes request;
    };

    test::TempFolder folder;
    TestElection election;
    SecretBytes password{as_bytes("correct horse")};
    std::unique_ptr<BallotBox> box;
    std::atomic<std::int64_t> tsa_serial{0};
    timestamp::Authority tsa{election.tsa, election.tsa_key, election.pki.arc, [this] { return ++tsa_serial; }};

    /// `adjust` may change the test election before its manifest is signed.
    explicit BoxFixture(
        std::vector<std::string> issuers = {"registrar"}, std::int64_t min_ballots = 3,
        const std::function<void(TestElection&)>& adjust = [](TestElection&) {})
        : election(std::move(issuers)) {
        auto& pki = election.pki;
        pki.clock.set(TestPki::start() + Days{1});
        box = BallotBox::create(folder.path() / "box", "Test Election Authority", pki.arc, password, pki.clock,
                                pki.random);
        const auto receipt =
            pki.issuing_issuer.issue(x509::Role::receipt, x509::parse_request(box->receipt_request()),
                                     {.subject = TestPki::name("Receipts")}, pki.store, pki.clock, pki.random);
        box->install(pki.root, pki.issuing, receipt);
        const auto prepared = box->prepare_election(TestPki::election_id, "officer");
        const auto ballot_ca =
            pki.issuing_issuer.issue(x509::Role::ballot_ca, x509::parse_request(prepared.ballot_ca_request),
                                     {.subject = TestPki::name(std::string("Ballot CA ") + TestPki::election_id),
                                      .not_after = add_years(TestPki::voting_closes(), 1)},
                                     pki.store, pki.clock, pki.random);
        election.manifest.ballot_ca = to_bytes(ballot_ca.der());
        election.manifest.log_origin = prepared.log_origin;
        election.manifest.log_key = prepared.log_key;
        election.manifest.epoch_min_ballots = min_ballots;
        election.trust.add_intermediate(ballot_ca);
        adjust(election);
        box->install_manifest(election.verified_manifest(), "officer");
        pki.clock.set(TestPki::voting_opens() + Seconds{60});
    }

    const std::string& id() const { return election.manifest.id; }
    SimulatedClock& clock() { return election.pki.clock; }

    void reopen() {
        box.reset();
        box = BallotBox::open(folder.path() / "box", password, election.pki.clock, election.pki.random);
    }

    Bytes request_for(const x509::PrivateKey& key, const std::vector<election::Token>& tokens) const {
        return x509::make_request(key, x509::empty_name(),
                                  {{election.pki.arc.ballot_token(), x509::Extension::Criticality::non_critical,
                                    election::encode_tokens(tokens)}});
    }
    Device make_device(const std::string& style = "north") {
        auto key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
        std::vector<election::Token> tokens;
        for (const auto& issuer : election.issuers)
            tokens.push_back(election.make_token(issuer, style, key.public_key()));
        auto request = request_for(key, tokens);
        return {style, std::move(key), std::move(tokens), std::move(request)};
    }
    TestElection::Voter redeem(const Device& device) {
        auto certificate = x509::Certificate::parse(box->redeem(id(), device.request));
        return {device.style, device.key, device.tokens, std::move(certificate)};
    }
    election::SealedBallot make_ballot(const TestElection::Voter& voter) {
        return election.make_ballot(voter, TestElection::choices(voter.style));
    }
    /// Redeems, votes and casts; the leaf.
    Sha256 vote(const std::string& style = "north") {
        const auto ballot = make_ballot(redeem(make_device(style)));
        box->cast(id(), ballot.der);
        return ballot.leaf;
    }

    ballot_box::Stamp stamp() {
        return [this](ByteView request) { return tsa.respond(request, election.pki.clock); };
    }
    std::vector<ballot_box::EpochOverview> close(EpochKind kind = EpochKind::regular) {
        return box->close_epochs(id(), kind, stamp());
    }
    std::vector<ballot_box::EpochOverview> close_last() {
        clock().set(TestPki::voting_closes() + Seconds{60});
        return close(EpochKind::last);
    }
};

}  // namespace uvpki::testing
