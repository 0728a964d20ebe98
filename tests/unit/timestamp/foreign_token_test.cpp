// Responses of other people's authorities; where the files come from stands in tests/vectors/rfc3161/SOURCES.md.
#include <doctest/doctest.h>

#include "tests/support/command.h"
#include "tests/support/reason.h"
#include "uvpki/error.h"
#include "uvpki/files.h"
#include "uvpki/timestamp/verify.h"

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
