#pragma once
// A whole small authority for tests, made through the issuing pipeline: root, issuing CA, registrar CA, Ballot CA, and
// any leaf on demand. Everything is in memory; the clock stands at 2026-01-01 until it is moved. Made in a few
// milliseconds.

#include <string>
#include <vector>

#include "tests/support/memory_issuance_store.h"
#include "uvpki/clock.h"
#include "uvpki/openssl/der.h"
#include "uvpki/random.h"
#include "uvpki/x509/issue.h"
#include "uvpki/x509/path.h"
#include "uvpki/x509/request.h"
#include "uvpki/x509/revocation.h"

namespace uvpki::testing {

struct TestPki {
    /// Start of all validities, and the voting window of `ballot_ca`'s election.
    static Time start() { return parse_rfc3339("2026-01-01T00:00:00Z"); }
    static Time voting_opens() { return parse_rfc3339("2026-02-01T08:00:00Z"); }
    static Time voting_closes() { return parse_rfc3339("2026-02-03T20:00:00Z"); }
    static constexpr const char* election_id = "test-2026";

    SimulatedClock clock{start()};
    SystemRandom random;
    x509::Arc arc;
    MemoryIssuanceStore store;

    x509::PrivateKey root_key = x509::PrivateKey::generate(x509::KeyType::ec_p384);
    x509::PrivateKey issuing_key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    x509::PrivateKey registrar_ca_key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    x509::PrivateKey ballot_ca_key = x509::PrivateKey::generate(x509::KeyType::ec_p256);

    x509::Certificate root = x509::issue_root(root_key, {.subject = name("Test Root")}, arc, store, clock, random);
    x509::Issuer root_issuer{root, root_key, arc};
    x509::Certificate issuing = root_issuer.issue(x509::Role::issuing_ca, request(issuing_key),
                                                  {.subject = name("Test Issuing CA")}, store, clock, random);
    x509::Issuer issuing_issuer{issuing, issuing_key, arc};
    x509::Certificate registrar_ca = issuing_issuer.issue(x509::Role::registrar_ca, request(registrar_ca_key),
                                                          {.subject = name("Test Registrar CA")}, store, clock, random);
    x509::Issuer registrar_issuer{registrar_ca, registrar_ca_key, arc};
    x509::Certificate ballot_ca = issuing_issuer.issue(
        x509::Role::ballot_ca, request(ballot_ca_key),
        {.subject = name(std::string("Ballot CA ") + election_id), .not_after = add_years(voting_closes(), 1)}, store,
        clock, random);
    x509::Issuer ballot_issuer{ballot_ca, ballot_ca_key, arc};

    static x509::Name name(std::string common_name, std::string unit = "") {
        return {.organization = "Test Election Authority",
                .organizational_unit = std::move(unit),
                .common_name = std::move(common_name)};
    }

    static x509::CertificateRequest request(const x509::PrivateKey& key) {
        return x509::parse_request(x509::make_request(key, x509::empty_name()));
    }

    /// The CA that issues leaves of this role.
    const x509::Issuer& issuer_of(x509::Role role) const {
        if (role == x509::Role::voter) return registrar_issuer;
        if (role == x509::Role::ballot) return ballot_issuer;
        if (role == x509::Role::issuing_ca) return root_issuer;
        return issuing_issuer;
    }

    /// What a leaf of this role needs beyond its profile: names, the ballot's window, serial and (made-up) token.
    x509::IssueOptions leaf_options(x509::Role role, const x509::PublicKey& key) const {
        const std::string role_name(x509::profile_of(role).name);
        x509::IssueOptions options{.subject = name("Test " + role_name)};
        if (role == x509::Role::voter) options.alt_names = {"URI:urn:uuid:0f8fad5b-d9cb-469f-a165-70867728950e"};
        if (role == x509::Role::tls_server || role == x509::Role::tls_client)
            options.alt_names = {"DNS:service.example", "IP:192.0.2.7"};
        if (role == x509::Role::election) options.not_after = ballot_ca.not_after();
        if (role == x509::Role::ballot) {
            options.subject = name("7d444840-9dc0-41d1-b245-5ffdce74fad2", election_id);
            options.not_before = voting_opens();
            options.not_after = voting_closes();
            options.serial = x509::derive_ballot_serial(election_id, key.spki());
            options.extra_extensions = {
                {arc.ballot_token(), x509::Extension::Criticality::non_critical, der::sequence({})}};
        }
        return options;
    }

    x509::Certificate issue_leaf(x509::Role role, const x509::PrivateKey& key) {
        return issue_leaf(role, key, leaf_options(role, key.public_key()));
    }
    x509::Certificate issue_leaf(x509::Role role, const x509::PrivateKey& key, const x509::IssueOptions& options) {
        const auto& issuer = issuer_of(role);
        if (x509::profile_of(role).possession == x509::Profile::Proof::by_transcript)
            return issuer.issue_for_key(role, key.public_key(), options, store, clock, random);
        return issuer.issue(role, request(key), options, store, clock, random);
    }

    /// A CRL of this CA as of now, valid for a week.
    x509::Crl crl(const x509::Issuer& issuer, const std::vector<x509::RevokedEntry>& entries = {},
                  std::int64_t number = 1) const {
        return x509::make_crl(issuer.certificate(), issuer.key(), entries,
                              {.number = number,
                               .this_update = clock.now(),
                               .next_update = clock.now() + Days{7},
                               .expired_certs_since = start()});
    }

    /// Root, the three intermediates and no CRL.
    x509::TrustStore trust_without_crls() const {
        x509::TrustStore trust(root, arc);
        for (const auto& certificate : {issuing, registrar_ca, ballot_ca}) trust.add_intermediate(certificate);
        return trust;
    }

    /// As trust_without_crls, with an empty CRL of each CA.
    x509::TrustStore trust() const {
        auto trust = trust_without_crls();
        for (const auto* issuer : {&root_issuer, &issuing_issuer, &registrar_issuer, &ballot_issuer})
            trust.add_crl(crl(*issuer));
        return trust;
    }
};

}  // namespace uvpki::testing
