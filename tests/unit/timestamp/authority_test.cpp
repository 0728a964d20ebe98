#include "uvpki/timestamp/authority.h"
#include "tests/support/reason.h"

#include <doctest/doctest.h>

#include "tests/support/command.h"
#include "tests/support/test_pki.h"
#include "uvpki/error.h"
#include "uvpki/files.h"
#include "uvpki/timestamp/verify.h"

using namespace uvpki;
using test::run_command;
using test::TempFolder;
using testing::TestPki;
using uvpki::test::reason_of;

namespace {

struct Bureau {
    TestPki pki;
    x509::PrivateKey key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    x509::Certificate certificate = pki.issue_leaf(x509::Role::tsa, key);
    std::int64_t serial = 0;
    timestamp::Authority authority{certificate, key, pki.arc, [this] { return ++serial; }};
    x509::TrustStore trust = pki.trust();

    Bytes stamp(std::string_view data, std::optional<Bytes> nonce = std::nullopt) {
        return authority.respond(timestamp::make_request(sha256(as_bytes(data)), std::move(nonce)), pki.clock);
    }
    std::string verify(ByteView response, std::string_view data) {
        return reason_of(
            [&] { timestamp::verify_timestamp(timestamp::parse_response(response), as_bytes(data), trust); });
    }
};

Bureau& bureau() {
    static Bureau once;
    return once;
}

/// A TimeStampReq from its parts.
Bytes request(std::int64_t version, std::string_view hash, std::size_t digest_size, const Bytes& rest = {}) {
    const auto imprint =
        der::sequence({der::sequence({der::oid(hash), der::null()}), der::octet_string(Bytes(digest_size, 7))});
    return der::sequence({der::integer(version), imprint, rest});
}

/// The failure bit of a rejection, or -1 for anything else.
int failure_bit(ByteView response) {
    auto outer = der::Reader(response).sequence("TimeStampResp");
    auto status = outer.sequence("PKIStatusInfo");
    if (status.small_integer("status") != 2 || !outer.empty()) return -1;
    status.element(der::Tag::sequence, "statusString");
    const auto bits = status.element(der::Tag::bit_string, "failInfo").content;
    return static_cast<int>((bits.size() - 2) * 8 + 7u - bits[0]);
}

}  // namespace

TEST_CASE("a token says when, carries the nonce and verifies for its data alone") {
    auto& b = bureau();
    const Bytes nonce{0x81, 2, 3};
    const auto response = b.stamp("epoch", nonce);
    const auto token = timestamp::parse_response(response);
    CHECK(token.time == b.pki.clock.now());
    CHECK(token.nonce == nonce);
    CHECK(token.policy == b.pki.arc.policy(7));
    CHECK(token.digest == to_bytes(sha256(as_bytes("epoch"))));
    CHECK(token.signer == b.certificate);
    const auto verified = timestamp::verify_timestamp(token, as_bytes("epoch"), b.trust);
    CHECK(verified.time() == b.pki.clock.now());
    CHECK(verified.signer() == b.certificate);
    CHECK(b.verify(response, "epoch").empty());
    CHECK(b.verify(response, "other") == "timestamp.imprint");
    CHECK(timestamp::parse_response(b.stamp("x")).nonce.empty());
    CHECK(timestamp::parse_response(b.stamp("x")).serial != timestamp::parse_response(b.stamp("x")).serial);
}

TEST_CASE("openssl ts verifies and prints our tokens, also decades after the certificates have expired") {
    auto& b = bureau();
    const TempFolder folder;
    save_file(folder / "chain.pem", b.pki.root.pem() + b.pki.issuing.pem());
    save_file(folder / "data", "leaf list\n");
    save_file(folder / "other", "another list\n");
    save_file(folder / "r.tsr", b.stamp("leaf list\n"));
    const auto verify = "openssl ts -verify -attime " + std::to_string(unix_seconds(b.pki.clock.now())) +
                        " -in r.tsr -CAfile chain.pem -data ";
    const auto good = run_command(folder.path(), verify + "data");
    CHECK_MESSAGE(good.exit_code == 0, good.output);
    CHECK(good.output.find("Verification: OK") != std::string::npos);
    CHECK(run_command(folder.path(), verify + "other").exit_code == 1);
    const auto text = run_command(folder.path(), "openssl ts -reply -in r.tsr -text");
    CHECK(text.exit_code == 0);
    CHECK(text.output.find("Status: Granted.") != std::string::npos);
    CHECK(text.output.find("Jan  1 00:00:00 2026 GMT") != std::string::npos);
    CHECK(text.output.find("Accuracy: unspecified") != std::string::npos);
}

TEST_CASE("requests made by openssl are answered, with and without the certificate") {
    auto& b = bureau();
    const TempFolder folder;
    save_file(folder / "data", "x\n");
    save_file(folder / "chain.pem", b.pki.root.pem() + b.pki.issuing.pem());
    save_file(folder / "tsa.pem", b.certificate.pem());
    for (const std::string options : {"-sha256 -cert", "-sha384 -cert -no_nonce", "-sha512"}) {
        REQUIRE(run_command(folder.path(), "openssl ts -query -data data " + options + " -out q.tsq").exit_code == 0);
        const auto response = b.authority.respond(load_file(folder / "q.tsq"), b.pki.clock);
        save_file(folder / "r.tsr", response);
        const auto verified =
            run_command(folder.path(),
                        "openssl ts -verify -queryfile q.tsq -in r.tsr -CAfile chain.pem -untrusted tsa.pem "
                        "-attime " +
                            std::to_string(unix_seconds(b.pki.clock.now())));
        CHECK_MESSAGE(verified.exit_code == 0, verified.output);
        // RFC 3161, section 2.4.1: without certReq the certificate must not be in the token; our own form needs it.
        CHECK(b.verify(response, "x\n") == (options == "-sha512" ? "timestamp.profile" : ""));
    }
}

TEST_CASE("a request that breaks a rule gets a rejection that names the failure") {
    auto& b = bureau();
    const auto answer = [&](const Bytes& input) { return failure_bit(b.authority.respond(input, b.pki.clock)); };
    CHECK(answer(request(1, x509::oid::sha256, 32)) == -1);
    CHECK(answer(request(1, "1.3.14.3.2.26", 20)) == 0);    // SHA-1: badAlg
    CHECK(answer(request(2, x509::oid::sha256, 32)) == 2);  // badRequest
    CHECK(answer(request(1, x509::oid::sha256, 31)) == 5);  // badDataFormat
    CHECK(answer({}) == 5);
    CHECK(answer(Bytes(5000, 0x30)) == 2);
    CHECK(answer(request(1, x509::oid::sha256, 32, der::oid("1.2.3.4"))) == 15);  // unacceptedPolicy
    CHECK(answer(request(1, x509::oid::sha256, 32, der::oid(b.pki.arc.policy(7)))) == -1);
    CHECK(answer(request(1, x509::oid::sha256, 32, der::encode(der::context_constructed(0), Bytes{}))) == 16);
    CHECK(answer(request(1, x509::oid::sha256, 32, der::octet_string({}))) == 5);
    auto trailing = timestamp::make_request(sha256({}));
    trailing.push_back(0);
    CHECK(answer(trailing) == 5);
    const auto rejection = b.authority.respond(request(2, x509::oid::sha256, 32), b.pki.clock);
    CHECK(reason_of([&] { timestamp::parse_response(rejection); }) == "timestamp.status");
    const TempFolder folder;
    save_file(folder / "r.tsr", rejection);
    const auto text = run_command(folder.path(), "openssl ts -reply -in r.tsr -text");
    CHECK(text.output.find("Status: Rejected.") != std::string::npos);
    CHECK(text.output.find("the version must be 1") != std::string::npos);
}

TEST_CASE("nothing is stamped outside the certificate's validity") {
    auto& b = bureau();
    const auto query = timestamp::make_request(sha256({}));
    SimulatedClock clock(b.certificate.not_after());
    CHECK(reason_of([&] { b.authority.respond(query, clock); }).empty());
    clock.advance(Seconds{1});
    CHECK(reason_of([&] { b.authority.respond(query, clock); }) == "timestamp.expired");
    clock.set(b.certificate.not_before() - Seconds{1});
    CHECK(reason_of([&] { b.authority.respond(query, clock); }) == "timestamp.expired");
}

TEST_CASE("an authority needs a certificate of its role and the key to it") {
    auto& b = bureau();
    const auto serial = [] { return std::int64_t{1}; };
    const auto officer = b.pki.issue_leaf(x509::Role::officer, b.key);
    CHECK(reason_of([&] { timestamp::Authority(officer, b.key, b.pki.arc, serial); }) == "timestamp.certificate");
    const auto other = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    CHECK(reason_of([&] { timestamp::Authority(b.certificate, other, b.pki.arc, serial); }) == "timestamp.certificate");
    timestamp::Authority broken(b.certificate, b.key, b.pki.arc, [] { return std::int64_t{0}; });
    CHECK(reason_of([&] { broken.respond(timestamp::make_request(sha256({})), b.pki.clock); }) == "timestamp.serial");
}

TEST_CASE("a token of another authority's chain, or of a revoked time-stamper, does not verify") {
    auto& b = bureau();
    const auto response = b.stamp("x");
    TestPki stranger;
    const auto strange_trust = stranger.trust();
    CHECK(reason_of([&] {
              timestamp::verify_timestamp(timestamp::parse_response(response), as_bytes("x"), strange_trust);
          }).starts_with("x509.path."));
    auto revoking = b.pki.trust_without_crls();
    revoking.add_crl(b.pki.crl(b.pki.issuing_issuer, {{.serial = to_bytes(b.certificate.serial()),
                                                       .revoked_at = b.pki.clock.now() - Seconds{1},
                                                       .reason = x509::RevocationReason::superseded}}));
    CHECK(reason_of([&] {
              timestamp::verify_timestamp(timestamp::parse_response(response), as_bytes("x"), revoking);
          }) == "x509.path.revoked");
    auto later = b.pki.trust_without_crls();
    const auto stamped_at = b.pki.clock.now();
    b.pki.clock.advance(Days{1});
    later.add_crl(b.pki.crl(b.pki.issuing_issuer, {{.serial = to_bytes(b.certificate.serial()),
                                                    .revoked_at = stamped_at + Seconds{1},
                                                    .reason = x509::RevocationReason::superseded}}));
    b.pki.clock.set(stamped_at);
    CHECK(reason_of([&] {
              timestamp::verify_timestamp(timestamp::parse_response(response), as_bytes("x"), later);
          }).empty());
}

TEST_CASE("every byte of a token flipped never verifies") {
    auto& b = bureau();
    const auto response = b.stamp("x");
    REQUIRE(b.verify(response, "x").empty());
    for (std::size_t i = 0; i < response.size(); ++i) {
        auto changed = response;
        changed[i] ^= 0x01;
        CHECK_MESSAGE(b.verify(changed, "x") != "", "byte " << i);
    }
}

TEST_CASE("what a token's members say is not believed over its signed bytes") {
    auto& b = bureau();
    auto token = timestamp::parse_response(b.stamp("x"));
    token.time += Days{365};
    token.digest = to_bytes(sha256(as_bytes("y")));
    CHECK(timestamp::verify_timestamp(token, as_bytes("x"), b.trust).time() == b.pki.clock.now());
    CHECK(reason_of([&] { timestamp::verify_timestamp(token, as_bytes("y"), b.trust); }) == "timestamp.imprint");
}
