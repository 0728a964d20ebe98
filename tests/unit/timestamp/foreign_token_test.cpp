// Responses of other people's authorities; where the files come from stands in tests/vectors/rfc3161/SOURCES.md.
#include <doctest/doctest.h>

#include "tests/support/command.h"
#include "tests/support/reason.h"
#include "tests/support/test_pki.h"
#include "uvpki/error.h"
#include "uvpki/files.h"
#include "uvpki/timestamp/authority.h"
#include "uvpki/timestamp/verify.h"
#include "uvpki/x509/chain.h"
#include "uvpki/x509/oids.h"

using namespace uvpki;
using timestamp::TokenForm;
using uvpki::test::reason_of;

namespace {

timestamp::Token load_token(const std::string& name, TokenForm form = TokenForm::lenient) {
    return timestamp::parse_response(load_file(std::string(UVPKI_VECTORS) + "/rfc3161/" + name), form);
}

std::string verdict(const std::string& name, std::string_view data) {
    return reason_of([&] { timestamp::verify_token_only(load_token(name), as_bytes(data)); });
}

}  // namespace

TEST_CASE("good tokens of a P-384 authority that signs with SHA-256 verify") {
    for (const auto* name :
         {"sigstage/response-sha256.tsr", "sigstage/response-sha384.tsr", "sigstage/response-sha512.tsr"}) {
        CHECK_MESSAGE(verdict(name, "hello") == "", name);
        CHECK(verdict(name, "hallo") == "timestamp.imprint");
        CHECK(format_rfc3339(load_token(name).time).starts_with("2025-05-09T11:58:5"));
        CHECK(load_token(name).signer.public_key().type() == x509::KeyType::ec_p384);
    }
}

TEST_CASE("good tokens of a P-256 authority verify") {
    CHECK(verdict("test_tsa/response.tsr", "hello") == "");
    CHECK(verdict("test_tsa/other_response.tsr", "hello") == "");
    CHECK(load_token("test_tsa/other_response.tsr").nonce != load_token("test_tsa/response.tsr").nonce);
    CHECK(verdict("test_tsa/response.tsr", "hello ") == "timestamp.imprint");
}

TEST_CASE("an RSA token that names its certificate by SHA-1 has a good signature") {
    // The stamped file is not part of the vectors, so the imprint, which is looked at last, cannot fit.
    CHECK(verdict("identrust/issue-104.tsr", "") == "timestamp.imprint");
    CHECK(format_rfc3339(load_token("identrust/issue-104.tsr").time) == "2025-03-11T08:52:08Z");
}

TEST_CASE("a token whose signature was altered is refused") {
    CHECK(verdict("sigstage/response-invalid-signature.tsr", "hello") == "timestamp.signature");
}

TEST_CASE("tokens without the certificate of their signer are refused") {
    CHECK(verdict("sigstage/response-no-embedded-cert.tsr", "hello") == "timestamp.profile");
    // This one is about an expired chain in its source; it carries no certificate, so it is refused before that.
    CHECK(verdict("sigstore.mock/response-expired.tsr", "") == "timestamp.profile");
}

TEST_CASE("foreign signers' certificates lead to their roots at the token's time, and to no other root") {
    const auto chain_verdict = [](const std::string& token_name, const std::string& chain_name) {
        const auto token = load_token(token_name);
        const auto chain = x509::parse_certificate_bundle(
            to_text(load_file(std::string(UVPKI_VECTORS) + "/rfc3161/" + chain_name + "/ts_chain.pem")));
        return reason_of([&] {
            x509::verify_chain(token.signer, {chain.back()}, chain,
                               {.time = token.time, .key_purpose = std::string(x509::oid::eku_time_stamping)});
        });
    };
    for (const auto* hash : {"sha256", "sha384", "sha512"}) {
        const auto name = std::string("sigstage/response-") + hash + ".tsr";
        CHECK(chain_verdict(name, "sigstage") == "");
        CHECK(chain_verdict(name, "test_tsa") == "x509.path.issuer");
    }
    CHECK(chain_verdict("test_tsa/response.tsr", "test_tsa") == "");
    // By an authority of the same name with other keys.
    CHECK(chain_verdict("test_tsa/other_response.tsr", "test_tsa") == "x509.path.issuer");
    CHECK(chain_verdict("test_tsa/response-injected-certs.tsr", "test_tsa") == "");
    CHECK(chain_verdict("test_tsa/response.tsr", "sigstage") == "x509.path.issuer");
}

TEST_CASE("a signer whose chain had expired at another time is refused for that time") {
    const auto chain = x509::parse_certificate_bundle(
        to_text(load_file(std::string(UVPKI_VECTORS) + "/rfc3161/sigstore.mock/ts_chain.pem")));
    REQUIRE(chain.size() == 2);
    const auto verdict = [&](std::string_view time) {
        return reason_of([&] {
            x509::verify_chain(chain.front(), {chain.back()}, {},
                               {.time = parse_rfc3339(time), .key_purpose = std::string(x509::oid::eku_time_stamping)});
        });
    };
    CHECK(verdict("2023-06-01T00:00:00Z") == "");
    CHECK(verdict("2024-06-01T00:00:00Z") == "x509.path.expired");
    CHECK(verdict("2022-06-01T00:00:00Z") == "x509.path.not_yet_valid");
}

TEST_CASE(
    "foreign requests are answered with their own imprint and nonce, and no foreign answer fits another request") {
    testing::TestPki pki;
    const auto key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    std::int64_t serial = 0;
    const timestamp::Authority authority(pki.issue_leaf(x509::Role::tsa, key), key, pki.arc, [&] { return ++serial; });
    const auto answer = [&](const std::string& name) {
        const auto request = load_file(std::string(UVPKI_VECTORS) + "/rfc3161/" + name);
        return timestamp::parse_response(authority.respond(request, pki.clock));
    };
    const auto ours = answer("test_tsa/request.der"), other = answer("test_tsa/other_request.der");
    const auto theirs = load_token("test_tsa/response.tsr");
    CHECK(ours.digest == theirs.digest);
    CHECK(ours.nonce == theirs.nonce);
    CHECK(ours.nonce != other.nonce);
    // The file's own second answer is to neither of its requests.
    CHECK(load_token("test_tsa/other_response.tsr").nonce != other.nonce);
    CHECK(load_token("test_tsa/other_response.tsr").nonce != ours.nonce);
    CHECK(answer("sigstage/request.der").digest.size() > 0);
}

TEST_CASE("certificates that were added to a token do not change who signed it") {
    const auto plain = load_token("test_tsa/response.tsr"),
               injected = load_token("test_tsa/response-injected-certs.tsr");
    CHECK(verdict("test_tsa/response-injected-certs.tsr", "hello") == "");
    CHECK(plain.signer == injected.signer);
    CHECK(plain.signed_data != injected.signed_data);
}

TEST_CASE("the strict form refuses every foreign token") {
    for (const auto* name : {"sigstage/response-sha256.tsr", "test_tsa/response.tsr", "identrust/issue-104.tsr",
                             "test_tsa/response-injected-certs.tsr"}) {
        const auto reason = reason_of([&] { load_token(name, TokenForm::strict); });
        CHECK_MESSAGE((reason == "timestamp.profile" || reason == "timestamp.malformed"), name << " " << reason);
    }
}

TEST_CASE("a foreign token cut anywhere or with a byte flipped is refused or does not verify") {
    const auto good = load_file(std::string(UVPKI_VECTORS) + "/rfc3161/sigstage/response-sha256.tsr");
    for (std::size_t size = 0; size < good.size(); size += 5)
        CHECK(reason_of([&] { timestamp::parse_response(ByteView(good).first(size), TokenForm::lenient); }) != "");
    // The last 90 bytes lie in the signature; some of the rest of a lenient token is not covered by it.
    for (std::size_t i = good.size() - 90; i < good.size(); ++i) {
        auto changed = good;
        changed[i] ^= 0x01;
        CHECK_MESSAGE(reason_of([&] {
                          timestamp::verify_token_only(timestamp::parse_response(changed, TokenForm::lenient),
                                                       as_bytes("hello"));
                      }) != "",
                      "byte " << i);
    }
}
