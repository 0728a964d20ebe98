#include "tests/unit/election/expect.h"
#include "uvpki/openssl/der.h"
#include "uvpki/x509/to_be_signed.h"

using namespace uvpki;
using namespace uvpki::testing;

namespace {

/// A ballot certificate as the Ballot CA would sign it if it did not keep the rules: no pipeline, no lint.
struct Draft {
    x509::ToBeSigned tbs;
    const x509::PrivateKey* ca_key;
};

template <typename Alter>
std::string refusal(TestElection& test, Alter alter) {
    const auto key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    const std::vector tokens{test.make_token("registrar", "south", key.public_key())};
    const x509::Extension token_extension{test.pki.arc.ballot_token(), x509::Extension::Criticality::non_critical,
                                          election::encode_tokens(tokens)};
    Draft draft{.tbs = {.serial = x509::derive_ballot_serial(test.manifest.id, key.public_key().spki()),
                        .algorithm = x509::SignatureAlgorithm::ecdsa_sha256,
                        .issuer = to_bytes(test.pki.ballot_ca.subject()),
                        .not_before = test.manifest.voting.opens,
                        .not_after = test.manifest.voting.closes,
                        .subject = election::ballot_subject(test.manifest, key.public_key().spki_sha256()).encode(),
                        .spki = to_bytes(key.public_key().spki()),
                        .extensions = x509::make_extensions(
                            x509::profile_of(x509::Role::ballot), test.pki.arc,
                            {.subject_key_identifier = key.public_key().key_identifier(),
                             .authority_key_identifier = to_bytes(test.pki.ballot_ca.subject_key_identifier()),
                             .extra = {token_extension}})},
                .ca_key = &test.pki.ballot_ca_key};
    alter(draft);
    const auto tbs = draft.tbs.encode();
    const auto certificate =
        x509::Certificate::parse(x509::assemble_certificate(tbs, draft.tbs.algorithm, draft.ca_key->sign(tbs)));
    return reason_of([&] { test.verifier().verify_ballot_certificate(certificate); });
}

x509::Extension& extension(Draft& draft, std::string_view oid) {
    return *std::ranges::find(draft.tbs.extensions, oid, &x509::Extension::oid);
}

}  // namespace

TEST_CASE("a ballot certificate that follows from its key, tokens and election is accepted and tells the style") {
    auto& test = shared_election();
    CHECK(refusal(test, [](Draft&) {}).empty());
    CHECK(test.verifier().verify_ballot_certificate(test.make_voter("north").certificate) == "north");
}

TEST_CASE("each deviation of a ballot certificate that the Ballot CA itself signed has its own reason") {
    auto& test = shared_election();
    const auto refused = [&](auto alter) { return refusal(test, alter); };
    CHECK(refused([](Draft& d) { d.tbs.not_before += Seconds{1}; }) == "ballot.certificate.window");
    CHECK(refused([](Draft& d) { d.tbs.not_after -= Seconds{1}; }) == "ballot.certificate.window");
    CHECK(refused([](Draft& d) { d.tbs.serial.back() ^= 1; }) == "ballot.certificate.serial");
    CHECK(refused([&](Draft& d) {
              d.tbs.subject = election::ballot_subject(test.manifest, sha256(as_bytes("x"))).encode();
          }) == "ballot.certificate.subject");
    CHECK(refused([](Draft& d) { d.tbs.subject = TestPki::name("Anna Voter").encode(); }) ==
          "ballot.certificate.subject");
    CHECK(refused([&](Draft& d) { d.tbs.issuer = to_bytes(test.pki.issuing.subject()); }) ==
          "ballot.certificate.issuer");
    CHECK(refused([&](Draft& d) {
              extension(d, x509::oid::authority_key_identifier).value =
                  der::sequence({der::encode(der::context(0), test.pki.issuing.subject_key_identifier())});
          }) == "ballot.certificate.issuer");
    CHECK(refused([](Draft& d) {
              extension(d, x509::oid::subject_key_identifier).value = der::octet_string(Bytes(20, 7));
          }) == "ballot.certificate.key_identifier");
    CHECK(refused([](Draft& d) { extension(d, x509::oid::key_usage).value = x509::encode_key_usage(1); }) ==
          "ballot.certificate.key_usage");
    CHECK(refused([](Draft& d) {
              extension(d, x509::oid::key_usage).criticality = x509::Extension::Criticality::non_critical;
          }) == "ballot.certificate.extensions");
    CHECK(refused([&](Draft& d) {
              extension(d, x509::oid::certificate_policies).value =
                  x509::encode_policies({test.pki.arc.policy(static_cast<int>(x509::Role::officer))});
          }) == "ballot.certificate.policy");
    CHECK(refused([](Draft& d) {
              d.tbs.extensions.push_back({std::string(x509::oid::subject_alt_name),
                                          x509::Extension::Criticality::non_critical,
                                          der::sequence({der::encode(der::context(1), as_bytes("a@b.example"))})});
          }) == "ballot.certificate.extensions");
    CHECK(refused([](Draft& d) { d.tbs.extensions.pop_back(); }) == "ballot.certificate.extensions");
    // Nothing may hide in the order of the extensions either.
    CHECK(refused([](Draft& d) { std::swap(d.tbs.extensions[1], d.tbs.extensions[2]); }) ==
          "ballot.certificate.profile");
    CHECK(refused([](Draft& d) { d.tbs.extensions.back().value.push_back(0); }) == "token.malformed");
    CHECK(refused([](Draft& d) { d.tbs.extensions.back().value = der::sequence({}); }) == "token.malformed");
    CHECK(refused([&](Draft& d) { d.ca_key = &test.pki.issuing_key; }) == "x509.path.signature");
}

TEST_CASE("a revoked ballot certificate, or a revoked Ballot CA, is refused") {
    TestElection test;
    const auto voter = test.make_voter("south");
    const auto verify = [&] {
        return reason_of([&] { test.verifier().verify_ballot_certificate(voter.certificate); });
    };
    CHECK(verify().empty());
    const x509::RevokedEntry entry{.serial = to_bytes(voter.certificate.serial()), .revoked_at = test.pki.clock.now()};
    test.trust.add_crl(test.pki.crl(test.pki.ballot_issuer, {entry}, 2));
    CHECK(verify() == "x509.path.revoked");
}

TEST_CASE("the subject of a ballot certificate is a version 8 UUID that depends on the election and the key") {
    auto manifest = shared_election().manifest;
    const auto key = sha256(as_bytes("key"));
    const auto name = election::ballot_subject(manifest, key);
    CHECK(name.organization == manifest.organization);
    CHECK(name.organizational_unit == manifest.id);
    REQUIRE(name.common_name.size() == 36);
    CHECK(name.common_name[14] == '8');
    CHECK(std::string("89ab").find(name.common_name[19]) != std::string::npos);
    CHECK(election::ballot_subject(manifest, sha256(as_bytes("other"))).common_name != name.common_name);
    manifest.id = "test-2027";
    CHECK(election::ballot_subject(manifest, key).common_name != name.common_name);
}

TEST_CASE("a ballot certificate of another election's Ballot CA is refused by name") {
    TestElection other({"registrar"});
    const auto voter = other.make_voter("south");
    CHECK(reason_of([&] { shared_election().verifier().verify_ballot_certificate(voter.certificate); }) ==
          "ballot.certificate.issuer");
}
