#include <doctest/doctest.h>

#include "tests/support/command.h"
#include "tests/support/reason.h"
#include "uvpki/encoding.h"
#include "uvpki/error.h"
#include "uvpki/files.h"
#include "uvpki/openssl/der.h"
#include "uvpki/x509/key_quality.h"
#include "uvpki/x509/oids.h"
#include "uvpki/x509/request.h"

using namespace uvpki;
using namespace uvpki::x509;
using uvpki::test::reason_of;
using uvpki::test::run_command;
using uvpki::test::TempFolder;

namespace {

std::string parse_refusal(ByteView der) {
    return reason_of([&] { parse_request(der); });
}

const std::vector<Extension> token_extension = {
    {Arc().ballot_token(), Extension::Criticality::non_critical, parse_hex("3003020101")}};

/// A request whose attributes are these bytes, rightly signed.
Bytes request_with_attributes(const PrivateKey& key, ByteView attributes) {
    const auto info = der::sequence(
        {der::integer(0), empty_name(), key.public_key().spki(), der::encode(der::context_constructed(0), attributes)});
    return der::sequence({info, encode_algorithm(key.algorithm()), der::bit_string(key.sign(info))});
}

}  // namespace

TEST_CASE("a request reads back as it was made, for every kind of key") {
    for (const auto type : {KeyType::ec_p256, KeyType::ec_p384, KeyType::ed25519, KeyType::rsa}) {
        const auto key = PrivateKey::generate(type);
        const auto subject = Name{"Example", "", "Voter"}.encode();
        const auto request = parse_request(make_request(key, subject, token_extension));
        CHECK(request.public_key == key.public_key());
        CHECK(request.subject == subject);
        REQUIRE(request.find_extension(Arc().ballot_token()) != nullptr);
        CHECK(to_hex(request.find_extension(Arc().ballot_token())->value) == "3003020101");
        CHECK(request.find_extension("1.2.3") == nullptr);
        const auto plain = parse_request(make_request(key, empty_name()));
        CHECK(plain.subject == parse_hex("3000"));
        CHECK(plain.extensions.empty());
    }
}

TEST_CASE("openssl reads our request and finds its signature good, and notices a bad one") {
    const TempFolder folder;
    const auto key = PrivateKey::generate(KeyType::ec_p256);
    auto der = make_request(key, Name{"Example", "", "Voter"}.encode(), token_extension);
    save_file(folder / "r.der", der);
    // openssl req -verify says what it found on the terminal; its exit code is 0 either way.
    const auto good = run_command(folder.path(), "openssl req -inform DER -in r.der -verify -noout -text");
    CHECK(good.output.find("verify OK") != std::string::npos);
    CHECK(good.output.find("O = Example, CN = Voter") != std::string::npos);
    CHECK(good.output.find(Arc().ballot_token()) != std::string::npos);
    der.back() ^= 1;
    save_file(folder / "r.der", der);
    const auto bad = run_command(folder.path(), "openssl req -inform DER -in r.der -verify -noout");
    CHECK(bad.output.find("verify OK") == std::string::npos);
    CHECK(bad.output.find("verify failure") != std::string::npos);
}

TEST_CASE("requests of openssl are read, with attributes that we do not know") {
    const TempFolder folder;
    save_file(folder / "c.cnf",
              std::string_view("[req]\ndistinguished_name=dn\nattributes=attrs\nprompt=no\nreq_extensions=ext\n"
                               "[dn]\nO=Example\nCN=Voter\n[attrs]\nchallengePassword=secret\n"
                               "[ext]\nsubjectAltName=DNS:example.org\n"));
    const auto made = run_command(folder.path(),
                                  "openssl req -new -newkey rsa:2048 -nodes -keyout k.pem -config c.cnf "
                                  "-outform DER -out r.der");
    REQUIRE_MESSAGE(made.exit_code == 0, made.output);
    const auto request = parse_request(load_file(folder / "r.der"));
    CHECK(name_text(request.subject) == "O=Example, CN=Voter");
    REQUIRE(request.extensions.size() == 1);
    CHECK(request.extensions[0].oid == oid::subject_alt_name);
}

TEST_CASE("a request made with a ROCA key proves possession, and its key is refused by its quality") {
    const auto pem = to_text(load_file(UVPKI_VECTORS "/weak-keys/roca-csr05.pem"));
    const auto request = parse_request(parse_single_pem(pem, "CERTIFICATE REQUEST"));
    REQUIRE(check_key_quality(request.public_key).size() == 1);
    CHECK(check_key_quality(request.public_key)[0].rule == "key.rsa.roca");
}

TEST_CASE("a request that is signed with another key does not prove possession") {
    const auto key = PrivateKey::generate(KeyType::ec_p256), other = PrivateKey::generate(KeyType::ec_p256);
    const auto info = der::sequence(
        {der::integer(0), empty_name(), key.public_key().spki(), der::encode(der::context_constructed(0), Bytes{})});
    const auto signed_by = [&](const PrivateKey& signer) {
        return der::sequence({info, encode_algorithm(signer.algorithm()), der::bit_string(signer.sign(info))});
    };
    CHECK(parse_refusal(signed_by(key)) == "");
    CHECK(parse_refusal(signed_by(other)) == "x509.request.possession");
    CHECK(parse_refusal(signed_by(PrivateKey::generate(KeyType::ed25519))) == "x509.request.possession");
}

TEST_CASE("attributes out of order, twice, with two values or without an end are refused") {
    const auto key = PrivateKey::generate(KeyType::ec_p256);
    const auto attribute = [](std::string_view oid, std::initializer_list<ByteView> values) {
        return der::sequence({der::oid(oid), der::encode(der::Tag::set, values)});
    };
    const auto extensions = attribute(oid::extension_request, {encode_extensions(token_extension)});
    const auto password = attribute("1.2.840.113549.1.9.7", {der::utf8_string("x")});
    CHECK(parse_refusal(request_with_attributes(key, concat({password, extensions}))) == "");
    CHECK(parse_refusal(request_with_attributes(key, concat({extensions, password}))) == "x509.request.malformed");
    CHECK(parse_refusal(request_with_attributes(key, concat({extensions, extensions}))) == "x509.request.malformed");
    const auto list = encode_extensions(token_extension);
    CHECK(parse_refusal(request_with_attributes(key, attribute(oid::extension_request, {list, list}))) ==
          "x509.request.malformed");
    CHECK(parse_refusal(request_with_attributes(key, attribute(oid::extension_request, {}))) ==
          "x509.request.malformed");
    CHECK(parse_refusal(request_with_attributes(key, attribute(oid::extension_request, {der::sequence({})}))) ==
          "x509.request.malformed");
    CHECK(parse_refusal(request_with_attributes(key, Bytes{0x05})) == "x509.request.malformed");
}

TEST_CASE("T17: a request cut anywhere or with any byte changed is refused") {
    const auto der = make_request(PrivateKey::generate(KeyType::ec_p256), Name{"E", "", "V"}.encode(), token_extension);
    for (std::size_t size = 0; size < der.size(); ++size)
        CHECK(parse_refusal(ByteView(der).first(size)) == "x509.request.malformed");
    CHECK(parse_refusal(concat({der, Bytes{0}})) == "x509.request.malformed");
    CHECK(parse_refusal(Bytes(max_request_size + 1, 0x30)) == "x509.request.malformed");
    for (std::size_t at = 0; at < der.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            auto damaged = der;
            damaged[at] = static_cast<std::uint8_t>(damaged[at] ^ (1u << bit));
            CHECK(parse_refusal(damaged) != "");
        }
    }
}
