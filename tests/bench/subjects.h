#pragma once
// What is measured, made ready: one election with token keys of the default size, and as many voters, requests and
// ballots as it takes that none is worked on twice in a moment. Constant once made; verify and open from any thread.

#include <vector>

#include "tests/support/test_election.h"
#include "uvpki/x509/issuance.h"

namespace uvpki::bench {

/// How many different ones of everything.
inline constexpr std::size_t variety = 64;

struct AuditSubjects {
    testing::TestElection election;
    std::vector<Bytes> ballots;
    election::VerifiedManifest manifest;
    election::BallotVerifier verifier;

    explicit AuditSubjects(std::size_t count = variety);
    /// Parse, profile, both signatures, token, open: everything that an auditor asks of one ballot.
    void audit(const Bytes& ballot) const;
};

/// Requests for voter certificates, as a voter's device makes them, and what a registrar puts into the certificate.
struct IssueSubjects {
    testing::TestPki& pki;
    std::vector<Bytes> requests;
    x509::SecondOpinion second_opinion;
    x509::Signer signer;

    explicit IssueSubjects(testing::TestPki& authority);
    x509::IssueOptions options() const;
    /// Everything before the certificate leaves, but the lint, the second opinion and the store.
    x509::Certificate issue(const Bytes& request) const;
};

/// Signed claims of different voters for the key of style "north".
std::vector<Bytes> make_claims(testing::TestElection& election);

}  // namespace uvpki::bench
