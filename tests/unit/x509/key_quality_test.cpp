#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "uvpki/encoding.h"
#include "uvpki/files.h"
#include "uvpki/json.h"
#include "uvpki/openssl/der.h"
#include "uvpki/x509/key_quality.h"
#include "uvpki/x509/oids.h"

using namespace uvpki;
using namespace uvpki::x509;

namespace {

std::vector<std::string> broken_rules(const PublicKey& key) {
    std::vector<std::string> rules;
    for (const auto& finding : check_key_quality(key)) rules.push_back(finding.rule);
    return rules;
}

PublicKey rsa_key(ByteView modulus, ByteView exponent) {
    const auto numbers = der::sequence({der::unsigned_integer(modulus), der::unsigned_integer(exponent)});
    return PublicKey::parse_spki(
        der::sequence({der::sequence({der::oid(oid::rsa_encryption), der::null()}), der::bit_string(numbers)}));
}

}  // namespace

TEST_CASE("fresh keys of every certified kind are good") {
    for (const auto type : {KeyType::ec_p256, KeyType::ec_p384, KeyType::rsa})
        CHECK(check_key_quality(PrivateKey::generate(type).public_key()).empty());
    CHECK(check_key_quality(PrivateKey::generate_rsa(2048).public_key()).empty());
}

TEST_CASE("Ed25519 keys are not for certificates") {
    CHECK(broken_rules(PrivateKey::generate(KeyType::ed25519).public_key()) == std::vector<std::string>{"key.type"});
}

TEST_CASE("each weak key of the vectors is found by the rule that it breaks, and the good ones pass") {
    const auto keys = parse_json(load_file(UVPKI_VECTORS "/weak-keys/keys.json"));
    CHECK(keys.size() == 14);
    for (const auto& row : keys) {
        CAPTURE(row.at("name").get<std::string>());
        const auto key =
            rsa_key(parse_hex(row.at("modulus").get<std::string>()), parse_hex(row.at("exponent").get<std::string>()));
        CHECK(broken_rules(key) == row.at("expected").get<std::vector<std::string>>());
    }
}

TEST_CASE("a key of the real ROCA generator is found") {
    const auto pem = to_text(load_file(UVPKI_VECTORS "/weak-keys/roca-pubkey03.pem"));
    CHECK(broken_rules(PublicKey::parse_spki(parse_single_pem(pem, "PUBLIC KEY"))) ==
          std::vector<std::string>{"key.rsa.roca"});
}

TEST_CASE("a modulus outside 512 to 16384 bits is not even read") {
    const Bytes exponent{1, 0, 1};
    for (const std::size_t octets : {1u, 63u, 2049u}) {
        bool refused = false;
        try {
            rsa_key(Bytes(octets, 0xFF), exponent);
        } catch (const Error& error) {
            refused = error.reason() == "x509.key.unsupported";
        }
        CHECK(refused);
    }
}
