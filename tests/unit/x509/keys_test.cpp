#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/support/command.h"
#include "tests/support/reason.h"
#include "uvpki/encoding.h"
#include "uvpki/error.h"
#include "uvpki/files.h"
#include "uvpki/json.h"
#include "uvpki/openssl/der.h"
#include "uvpki/x509/keys.h"
#include "uvpki/x509/oids.h"

using namespace uvpki;
using namespace uvpki::x509;
using uvpki::test::reason_of;
using uvpki::test::run_command;
using uvpki::test::TempFolder;

namespace {

SecretBytes secret(std::string_view text) {
    return SecretBytes(as_bytes(text));
}

std::string parse_reason(ByteView spki) {
    return reason_of([&] { PublicKey::parse_spki(spki); });
}

Bytes ec_spki(std::string_view curve, ByteView point) {
    return der::sequence({der::sequence({der::oid(oid::ec_public_key), der::oid(curve)}), der::bit_string(point)});
}

/// Runs every test of a Wycheproof signature file; the number of tests that were compared.
int run_wycheproof(const std::string& file, SignatureAlgorithm algorithm) {
    const auto vectors = nlohmann::json::parse(to_text(load_file(std::string(UVPKI_VECTORS "/wycheproof/") + file)));
    int compared = 0;
    for (const auto& group : vectors.at("testGroups")) {
        const auto key = PublicKey::parse_spki(parse_hex(group.at("publicKeyDer").get<std::string>()));
        for (const auto& test : group.at("tests")) {
            const auto result = test.at("result").get<std::string>();
            if (result == "acceptable") continue;  // listed with reasons in the vectors' SOURCES.md
            CAPTURE(file);
            CAPTURE(test.at("tcId").get<int>());
            CAPTURE(test.at("comment").get<std::string>());
            CHECK(is_valid_signature(key, algorithm, parse_hex(test.at("msg").get<std::string>()),
                                     parse_hex(test.at("sig").get<std::string>())) == (result == "valid"));
            ++compared;
        }
    }
    return compared;
}

const KeyType all_types[] = {KeyType::ec_p256, KeyType::ec_p384, KeyType::ed25519, KeyType::rsa};

/// One key of each kind for all tests: making an RSA key takes a while.
const PrivateKey& test_key(KeyType type) {
    static const std::vector<PrivateKey> keys = [] {
        std::vector<PrivateKey> made;
        for (const auto kind : all_types) made.push_back(PrivateKey::generate(kind));
        return made;
    }();
    return keys[static_cast<std::size_t>(std::ranges::find(all_types, type) - all_types)];
}

}  // namespace

TEST_CASE("Wycheproof: signatures are accepted and refused as the vectors say") {
    CHECK(run_wycheproof("ecdsa_secp256r1_sha256_test.json", SignatureAlgorithm::ecdsa_sha256) == 484);
    CHECK(run_wycheproof("ecdsa_secp384r1_sha384_test.json", SignatureAlgorithm::ecdsa_sha384) == 504);
    CHECK(run_wycheproof("rsa_signature_2048_sha256_test.json", SignatureAlgorithm::rsa_sha256) == 258);
    CHECK(run_wycheproof("rsa_signature_3072_sha256_test.json", SignatureAlgorithm::rsa_sha256) == 258);
    CHECK(run_wycheproof("ed25519_test.json", SignatureAlgorithm::ed25519) == 151);
}

TEST_CASE("a signature verifies with its key and message, and with nothing else") {
    const auto message = to_bytes("one voter, one ballot");
    for (const auto type : all_types) {
        const auto &key = test_key(type), other = PrivateKey::generate(type);
        const auto signature = key.sign(message);
        CHECK(is_valid_signature(key.public_key(), key.algorithm(), message, signature));
        CHECK_FALSE(is_valid_signature(other.public_key(), key.algorithm(), message, signature));
        CHECK_FALSE(
            is_valid_signature(key.public_key(), key.algorithm(), to_bytes("one voter, two ballots"), signature));
        CHECK_FALSE(is_valid_signature(key.public_key(), key.algorithm(), message, {}));
        for (std::size_t i = 0; i < signature.size(); ++i) {
            auto damaged = signature;
            damaged[i] ^= 0x01;
            CHECK_FALSE(is_valid_signature(key.public_key(), key.algorithm(), message, damaged));
            CHECK_FALSE(is_valid_signature(key.public_key(), key.algorithm(), message, ByteView(signature).first(i)));
        }
        auto longer = signature;
        longer.push_back(0);
        CHECK_FALSE(is_valid_signature(key.public_key(), key.algorithm(), message, longer));
        for (const auto wrong : all_types)
            if (wrong != type)
                CHECK_FALSE(is_valid_signature(test_key(wrong).public_key(), key.algorithm(), message, signature));
    }
}

TEST_CASE("T15: our ECDSA signatures have a low s, and the twin (r, n-s) is recognised") {
    const auto order = parse_hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    const auto key = PrivateKey::generate(KeyType::ec_p256);
    const auto large = PrivateKey::generate(KeyType::ec_p384);
    for (int i = 0; i < 64; ++i) {
        const auto message = to_bytes("message " + std::to_string(i));
        CHECK(has_low_s(large.sign(message), KeyType::ec_p384));
        const auto signature = key.sign(message);
        CHECK(has_low_s(signature, KeyType::ec_p256));
        auto parts = der::Reader(signature).sequence("signature");
        const auto r = parts.integer("r");
        auto s = to_bytes(parts.integer("s"));
        while (s.size() < 32) s.insert(s.begin(), 0);
        if (s.size() == 33) s.erase(s.begin());
        Bytes twin_s(32);
        int borrow = 0;
        for (int at = 31; at >= 0; --at) {
            const auto index = static_cast<std::size_t>(at);
            const int difference = order[index] - s[index] - borrow;
            borrow = difference < 0 ? 1 : 0;
            twin_s[index] = static_cast<std::uint8_t>(difference & 0xFF);
        }
        const auto twin = der::sequence({der::encode(der::Tag::integer, r), der::unsigned_integer(twin_s)});
        CHECK(is_valid_signature(key.public_key(), key.algorithm(), message, twin));  // so a checker must ask for low s
        CHECK_FALSE(has_low_s(twin, KeyType::ec_p256));
    }
    CHECK_FALSE(has_low_s({}, KeyType::ec_p256));
    CHECK_FALSE(has_low_s(key.sign(order), KeyType::ed25519));
}

TEST_CASE("n/2 is the last low s and the next number the first high one") {
    const auto signature = [](std::string_view s) {
        return der::sequence({der::integer(1), der::unsigned_integer(parse_hex(s))});
    };
    CHECK(has_low_s(signature("7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8"), KeyType::ec_p256));
    CHECK_FALSE(
        has_low_s(signature("7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a9"), KeyType::ec_p256));
    CHECK_FALSE(
        has_low_s(signature("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"), KeyType::ec_p256));
}

TEST_CASE("SubjectPublicKeyInfo is read and equal to what openssl writes") {
    const TempFolder folder;
    const auto made =
        run_command(folder.path(),
                    "openssl ecparam -name prime256v1 -genkey -noout -out p256.pem && "
                    "openssl ecparam -name secp384r1 -genkey -noout -out p384.pem && "
                    "openssl genpkey -quiet -algorithm ed25519 -out ed.pem && "
                    "openssl genrsa -out rsa.pem 2048 && "
                    "for k in p256 p384 ed rsa; do openssl pkcs8 -topk8 -nocrypt -in $k.pem -outform DER -out $k.p8 && "
                    "openssl pkey -in $k.pem -pubout -outform DER -out $k.spki || exit 1; done");
    REQUIRE_MESSAGE(made.exit_code == 0, made.output);
    const std::pair<const char*, KeyType> rows[] = {
        {"p256", KeyType::ec_p256}, {"p384", KeyType::ec_p384}, {"ed", KeyType::ed25519}, {"rsa", KeyType::rsa}};
    const int bits[] = {256, 384, 256, 2048};
    for (std::size_t i = 0; i < 4; ++i) {
        const auto& [name, type] = rows[i];
        const auto spki = load_file(folder / (std::string(name) + ".spki"));
        const auto key = PrivateKey::parse_pkcs8(SecretBytes(load_file(folder / (std::string(name) + ".p8"))));
        const auto parsed = PublicKey::parse_spki(spki);
        CHECK(parsed.type() == type);
        CHECK(parsed.bits() == bits[i]);
        CHECK(parsed == key.public_key());
        CHECK(to_bytes(key.public_key().spki()) == spki);
        CHECK(parsed.spki_sha256() == sha256(spki));
        CHECK(parsed.key_identifier().size() == 20);
        CHECK(is_valid_signature(parsed, key.algorithm(), spki, key.sign(spki)));
        CHECK(to_bytes(key.to_pkcs8().view()) == load_file(folder / (std::string(name) + ".p8")));
    }
}

TEST_CASE("a public key that is not strict DER, not on its curve or of a foreign kind is refused") {
    const auto key = PrivateKey::generate(KeyType::ec_p256).public_key();
    const auto spki = to_bytes(key.spki());
    for (std::size_t size = 0; size < spki.size(); ++size)
        CHECK(parse_reason(ByteView(spki).first(size)) == "x509.key.malformed");
    CHECK(parse_reason(concat({spki, Bytes{0}})) == "x509.key.malformed");
    auto off_curve = to_bytes(key.key_octets());
    off_curve.back() ^= 1;
    CHECK(reason_of([&] { PublicKey::from_p256_point(off_curve); }) == "x509.key.malformed");
    CHECK(PublicKey::from_p256_point(key.key_octets()) == key);
    Bytes compressed(key.key_octets().begin(), key.key_octets().begin() + 33);
    compressed[0] = static_cast<std::uint8_t>(2 + (key.key_octets().back() & 1));
    CHECK(parse_reason(ec_spki(oid::prime256v1, compressed)) == "x509.key.unsupported");
    CHECK(parse_reason(ec_spki(oid::prime256v1, Bytes{0})) == "x509.key.malformed");           // the point at infinity
    CHECK(parse_reason(ec_spki("1.3.132.0.10", key.key_octets())) == "x509.key.unsupported");  // secp256k1
    CHECK(parse_reason(ec_spki("1.3.132.0.33", Bytes(57, 4))) == "x509.key.unsupported");      // P-224
    auto hybrid = to_bytes(key.key_octets());
    hybrid[0] = static_cast<std::uint8_t>(6 + (hybrid.back() & 1));
    CHECK(parse_reason(ec_spki(oid::prime256v1, hybrid)) == "x509.key.malformed");
    // BER: the outer length in the long form.
    CHECK(parse_reason(concat({Bytes{0x30, 0x81}, ByteView(spki).subspan(1)})) == "x509.key.malformed");
    const auto rsa_without_null =
        der::sequence({der::sequence({der::oid(oid::rsa_encryption)}), der::bit_string(Bytes{5})});
    CHECK(parse_reason(rsa_without_null) == "x509.key.malformed");
    CHECK(parse_reason(Bytes(5000, 0x30)) == "x509.key.malformed");
}

TEST_CASE("an RSASSA-PSS key is read as RSA but never verifies PKCS#1 v1.5") {
    const auto key = PrivateKey::generate_rsa(2048);
    const auto pss = PublicKey::parse_spki(
        der::sequence({der::sequence({der::oid(oid::rsassa_pss)}), der::bit_string(key.public_key().key_octets())}));
    CHECK(pss.type() == KeyType::rsa);
    CHECK(pss.bits() == 2048);
    const auto message = to_bytes("m");
    CHECK(is_valid_signature(key.public_key(), SignatureAlgorithm::rsa_sha256, message, key.sign(message)));
    CHECK_FALSE(is_valid_signature(pss, SignatureAlgorithm::rsa_sha256, message, key.sign(message)));
}

TEST_CASE("an encrypted private key opens with its password here and in openssl, and with no other") {
    const TempFolder folder;
    const auto password = secret("correct horse battery");
    save_file(folder / "password", "correct horse battery\n", FileMode::secret);
    for (const auto type : all_types) {
        const auto& key = test_key(type);
        const auto pem = key.to_encrypted_pem(password, 2048);
        CHECK(PrivateKey::parse_encrypted_pem(pem, password).public_key() == key.public_key());
        for (const auto* wrong : {"", "correct horse", "Correct horse battery", "correct horse battery "})
            CHECK(reason_of([&] { PrivateKey::parse_encrypted_pem(pem, secret(wrong)); }) == "x509.key.password");
        save_file(folder / "key.pem", pem, FileMode::secret);
        const auto shown = run_command(folder.path(), "openssl pkey -in key.pem -passin file:password -pubout");
        CHECK(shown.exit_code == 0);
        CHECK(shown.output == to_pem("PUBLIC KEY", key.public_key().spki()));
    }
    const auto pem = PrivateKey::generate(KeyType::ec_p256).to_encrypted_pem(password, 1000);
    save_file(folder / "key.pem", pem, FileMode::secret);
    const auto shown = run_command(folder.path(), "openssl asn1parse -in key.pem");
    for (const auto* part : {"PBES2", "PBKDF2", "hmacWithSHA256", "aes-256-cbc"})
        CHECK(shown.output.find(part) != std::string::npos);
}

TEST_CASE("an encrypted key with another scheme or an endless derivation is refused before any work") {
    const auto make = [](std::string_view scheme, std::string_view derivation, std::int64_t iterations) {
        const auto pbkdf2 = der::sequence(
            {der::oid(derivation), der::sequence({der::octet_string(Bytes(16)), der::integer(iterations)})});
        const auto algorithm = der::sequence({der::oid(scheme), der::sequence({pbkdf2, der::sequence({})})});
        return to_pem("ENCRYPTED PRIVATE KEY", der::sequence({algorithm, der::octet_string(Bytes(48))}));
    };
    const auto reason = [&](const std::string& pem) {
        return reason_of([&] { PrivateKey::parse_encrypted_pem(pem, secret("x")); });
    };
    const std::string pbes2 = "1.2.840.113549.1.5.13", pbkdf2 = "1.2.840.113549.1.5.12";
    CHECK(reason(make("1.2.840.113549.1.5.3", pbkdf2, 1000)) == "x509.key.unsupported");
    CHECK(reason(make(pbes2, "1.3.6.1.4.1.11591.4.11", 1000)) == "x509.key.unsupported");
    CHECK(reason(make(pbes2, pbkdf2, 2'000'000'000)) == "x509.key.unsupported");
    CHECK(reason(to_pem("ENCRYPTED PRIVATE KEY", Bytes{0x30, 0x00})) == "x509.key.malformed");
    CHECK(reason("no key at all") == "encoding.pem");
}

TEST_CASE("a P-256 key and its scalar are the same thing") {
    const auto key = PrivateKey::generate(KeyType::ec_p256);
    CHECK(PrivateKey::from_p256_scalar(key.p256_scalar()).public_key() == key.public_key());
    CHECK(PrivateKey::parse_pkcs8(PrivateKey::from_p256_scalar(key.p256_scalar()).to_pkcs8()).public_key() ==
          key.public_key());
    // NIST's base point: the public key of the scalar 1.
    Bytes one(32, 0);
    one[31] = 1;
    CHECK(to_hex(PrivateKey::from_p256_scalar(SecretBytes(std::move(one))).public_key().key_octets()) ==
          "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
          "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5");
    for (const auto* bad : {"0000000000000000000000000000000000000000000000000000000000000000",
                            "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", "01", ""})
        CHECK(reason_of([&] { PrivateKey::from_p256_scalar(SecretBytes(parse_hex(bad))); }) == "x509.key.malformed");
    CHECK(reason_of([] { PrivateKey::generate(KeyType::ec_p384).p256_scalar(); }) == "x509.key.unsupported");
}

TEST_CASE("a private key whose public half is another's is refused") {
    const auto key = PrivateKey::generate(KeyType::ec_p256), other = PrivateKey::generate(KeyType::ec_p256);
    auto der = to_bytes(key.to_pkcs8().view());
    const auto mine = key.public_key().key_octets();
    const auto at = std::search(der.begin(), der.end(), mine.begin(), mine.end());
    REQUIRE(at != der.end());
    std::ranges::copy(other.public_key().key_octets(), at);
    CHECK(reason_of([&] { PrivateKey::parse_pkcs8(SecretBytes(std::move(der))); }) == "x509.key.malformed");
}

TEST_CASE("a damaged PKCS#8 key is refused or read, but never crashes") {
    const auto der = to_bytes(PrivateKey::generate(KeyType::ec_p256).to_pkcs8().view());
    for (std::size_t size = 0; size < der.size(); ++size)
        CHECK(reason_of([&] { PrivateKey::parse_pkcs8(SecretBytes(ByteView(der).first(size))); }) ==
              "x509.key.malformed");
}

TEST_CASE("the algorithm identifiers are those of openssl and anything else is refused") {
    CHECK(to_hex(encode_algorithm(SignatureAlgorithm::ecdsa_sha256)) == "300a06082a8648ce3d040302");
    CHECK(to_hex(encode_algorithm(SignatureAlgorithm::rsa_sha256)) == "300d06092a864886f70d01010b0500");
    CHECK(to_hex(encode_algorithm(SignatureAlgorithm::ed25519)) == "300506032b6570");
    for (const auto algorithm :
         {SignatureAlgorithm::ecdsa_sha256, SignatureAlgorithm::ecdsa_sha384, SignatureAlgorithm::rsa_sha256,
          SignatureAlgorithm::rsa_sha384, SignatureAlgorithm::ed25519})
        CHECK(parse_algorithm(encode_algorithm(algorithm)) == algorithm);
    for (const auto* bad : {"", "3000", "300c06082a8648ce3d0403020500", "300b06092a864886f70d01010b",
                            "300906072a8648ce3d0401", "300d06092a864886f70d0101050500"})
        CHECK(reason_of([&] { parse_algorithm(parse_hex(bad)); }) == "x509.algorithm");
}

TEST_CASE("one key serves several threads") {
    const auto key = PrivateKey::generate(KeyType::ec_p256);
    const auto shared = PublicKey::parse_spki(key.public_key().spki());
    std::atomic<int> good = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < 50; ++i) {
                const auto message = to_bytes(std::to_string(t * 1000 + i));
                if (is_valid_signature(shared, key.algorithm(), message, key.sign(message))) ++good;
            }
        });
    for (auto& thread : threads) thread.join();
    CHECK(good == 200);
}

TEST_CASE("an arc is dotted digits outside 2.25") {
    CHECK(Arc().policy(5) == "1.3.6.1.4.1.32473.1.5");
    CHECK(Arc("1.2.3").ballot_token() == "1.2.3.2.1");
    for (const auto* bad : {"", "1", "1.2.", ".1.2", "1..2", "3.1", "1.40", "1.2.x", "2.25", "2.25.12345", "01.2"})
        CHECK(reason_of([&] { Arc{bad}; }) == "x509.arc");
}
