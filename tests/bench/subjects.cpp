#include "tests/bench/subjects.h"

namespace uvpki::bench {

namespace {

/// Tests take smaller token keys; elections have these.
void use_full_size_keys(testing::TestElection& election) {
    election.token_keys.clear();
    for (auto& listed : election.manifest.token_keys) {
        auto key = blind::BlindPrivateKey::generate();
        listed.spki = key.public_key().spki();
        listed.key_id = key.public_key().key_id();
        election.token_keys.emplace(std::pair(listed.issuer, listed.style), std::move(key));
    }
}

std::vector<Bytes> make_ballots(testing::TestElection& election, std::size_t count) {
    use_full_size_keys(election);
    std::vector<Bytes> ballots;
    for (std::size_t i = 0; i < count; ++i) ballots.push_back(election.make_ballot(i % 2 == 0 ? "north" : "south").der);
    return ballots;
}

}  // namespace

AuditSubjects::AuditSubjects(std::size_t count)
    : ballots(make_ballots(election, count)), manifest(election.verified_manifest()), verifier(election.verifier()) {}

void AuditSubjects::audit(const Bytes& ballot) const {
    const auto verified = verifier.verify_ballot(election::parse_ballot(ballot));
    const auto opened = election::open_ballot(verified, manifest, election.election_key);
    if (opened.status != election::OpenedBallot::Status::valid)
        fail(ErrorCode::internal, "bench.ballot", "a good ballot was not counted");
}

IssueSubjects::IssueSubjects(testing::TestPki& authority)
    : pki(authority),
      second_opinion(pki.registrar_ca_key.public_key()),
      signer{pki.registrar_ca_key, &pki.registrar_ca, pki.arc, second_opinion} {
    for (std::size_t i = 0; i < variety; ++i)
        requests.push_back(x509::make_request(x509::PrivateKey::generate(x509::KeyType::ec_p256), x509::empty_name()));
}

x509::IssueOptions IssueSubjects::options() const {
    return {
        .subject = {.organization = "Test Election Authority", .common_name = "0f8fad5b-d9cb-469f-a165-70867728950e"},
        .alt_names = {"URI:urn:uuid:0f8fad5b-d9cb-469f-a165-70867728950e"},
        .crl_url = "http://crl.example/registrar-1.crl",
        .ocsp_url = "http://ocsp.example/"};
}

x509::Certificate IssueSubjects::issue(const Bytes& request) const {
    const auto parsed = x509::parse_request(request);
    return x509::Issuance(x509::profile_of(x509::Role::voter), parsed.public_key, options(), signer, pki.clock.now(),
                          pki.random)
        .sign();
}

std::vector<Bytes> make_claims(testing::TestElection& election) {
    const auto& key = election.token_keys.at({"registrar", "north"}).public_key();
    std::vector<Bytes> claims;
    for (std::size_t i = 0; i < variety; ++i) {
        const auto voter = x509::PrivateKey::generate(x509::KeyType::ec_p256);
        const auto certificate = election.pki.issue_leaf(x509::Role::voter, voter);
        const auto message = election::token_message(election.manifest.id, voter.public_key().spki_sha256());
        claims.push_back(election::make_claim({.election = election.manifest.id,
                                               .token_key = key.key_id(),
                                               .blinded = blind::blind(key, message, election.pki.random).blinded},
                                              certificate, voter, election.pki.clock));
    }
    return claims;
}

}  // namespace uvpki::bench
