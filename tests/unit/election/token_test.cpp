#include "tests/unit/election/expect.h"
#include "uvpki/openssl/der.h"

using namespace uvpki;
using namespace uvpki::testing;
using election::Token;

TEST_CASE("the token message is a DER sequence of label, election id and key hash") {
    const auto message = election::token_message("test-2026", Sha256{});
    CHECK(to_hex(message) ==
          "303e0c0f62616c6c6f742d746f6b656e2d76310c09746573742d32303236"
          "0420" +
              std::string(64, '0'));
}

TEST_CASE("tokens are read back as they were written") {
    const std::vector<Token> tokens{{sha256(as_bytes("a")), Bytes(32, 1), Bytes(256, 2)},
                                    {sha256(as_bytes("b")), Bytes(32, 3), Bytes(384, 4)}};
    const auto read = election::parse_tokens(election::encode_tokens(tokens));
    REQUIRE(read.size() == 2);
    CHECK(read[1].key_id == tokens[1].key_id);
    CHECK(read[1].prefix == tokens[1].prefix);
    CHECK(read[1].signature == tokens[1].signature);
    CHECK(election::encode_tokens(read) == election::encode_tokens(tokens));
}

TEST_CASE("T17: token extensions of any other form are refused") {
    const auto encode = [](int version, std::size_t id, std::size_t prefix, std::size_t signature) {
        return der::sequence({der::sequence({der::integer(version), der::octet_string(Bytes(id)),
                                             der::octet_string(Bytes(prefix)), der::octet_string(Bytes(signature))})});
    };
    const auto reason = [](ByteView der) { return reason_of([&] { election::parse_tokens(der); }); };
    CHECK(reason(encode(1, 32, 32, 384)).empty());
    CHECK(reason(encode(2, 32, 32, 384)) == "token.malformed");
    CHECK(reason(encode(1, 31, 32, 384)) == "token.malformed");
    CHECK(reason(encode(1, 32, 33, 384)) == "token.malformed");
    CHECK(reason(encode(1, 32, 32, 0)) == "token.malformed");
    CHECK(reason(encode(1, 32, 32, 513)) == "token.malformed");
    CHECK(reason(der::sequence({})) == "token.malformed");
    CHECK(reason({}) == "token.malformed");
    CHECK(reason(concat({encode(1, 32, 32, 384), der::null()})) == "token.malformed");
    const std::vector<Token> many(9, {Sha256{}, Bytes(32), Bytes(256)});
    CHECK(reason_of([&] { election::encode_tokens(many); }) == "token.malformed");
    CHECK(reason_of([] { election::encode_tokens({}); }) == "token.malformed");
    const auto good = encode(1, 32, 32, 256);
    for (std::size_t size = 0; size < good.size(); ++size)
        CHECK(reason(ByteView(good).first(size)) == "token.malformed");
}

TEST_CASE("a token holds for its own key and election alone") {
    auto& test = shared_election();
    const auto key = x509::PrivateKey::generate(x509::KeyType::ec_p256).public_key();
    const auto token = test.make_token("registrar", "north", key);
    const election::TokenVerifier verifier(test.manifest);
    CHECK(verifier.verify_tokens({token}, key.spki_sha256()) == "north");
    CHECK(reason_of([&] { verifier.verify_tokens({token}, sha256(as_bytes("x"))); }) == "token.signature");
    CHECK(reason_of([&] { verifier.verify_tokens({}, key.spki_sha256()); }) == "token.issuer");
    auto other = test.manifest;
    other.id = "test-2027";
    const election::TokenVerifier elsewhere(other);
    CHECK(reason_of([&] { elsewhere.verify_tokens({token}, key.spki_sha256()); }) == "token.signature");
}
