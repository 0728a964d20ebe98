#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "tests/support/command.h"
#include "tests/support/reason.h"
#include "uvpki/blind/blind_rsa.h"
#include "uvpki/encoding.h"
#include "uvpki/error.h"
#include "uvpki/files.h"
#include "uvpki/openssl/der.h"

using namespace uvpki;
using blind::BlindPrivateKey;
using blind::BlindPublicKey;
using uvpki::test::reason_of;

namespace {

const BlindPrivateKey& key_2048() {
    static const auto key = BlindPrivateKey::generate(2048);
    return key;
}

Bytes rsa_spki(ByteView modulus, ByteView exponent) {
    return der::sequence(
        {der::sequence({der::oid("1.2.840.113549.1.1.1"), der::null()}),
         der::bit_string(der::sequence({der::unsigned_integer(modulus), der::unsigned_integer(exponent)}))});
}

/// An odd number with its top bit set; not a product of two primes, which a public key's reader cannot see anyway.
Bytes odd_number(std::size_t size) {
    Bytes number(size, 0xA5);
    number.back() |= 1;
    return number;
}

constexpr std::uint8_t f4[] = {1, 0, 1};

std::string refusal(const Bytes& spki) {
    return reason_of([&] { BlindPublicKey::parse_spki(spki); });
}

}  // namespace

TEST_CASE("a generated key comes back from PKCS#8 and from its published SPKI") {
    const auto& key = key_2048();
    const auto again = BlindPrivateKey::parse_pkcs8(key.pkcs8().view());
    CHECK(again.public_key() == key.public_key());
    const auto pub = BlindPublicKey::parse_spki(key.public_key().spki());
    CHECK(pub == key.public_key());
    CHECK(pub.spki() == key.public_key().spki());
    CHECK(pub.key_id() == sha256(pub.spki()));
    CHECK(pub.size() == 256);
    CHECK(reason_of([] { BlindPrivateKey::generate(1024); }) == "blind.key.size");
    CHECK(reason_of([] { BlindPrivateKey::generate(3073); }) == "blind.key.size");
}

TEST_CASE("the same key as rsaEncryption or with NULL hash parameters has the same key id") {
    const auto number = odd_number(256);
    const auto key = BlindPublicKey::parse_spki(rsa_spki(number, f4));
    CHECK(BlindPublicKey::parse_spki(key.spki()).key_id() == key.key_id());

    const auto hash = der::sequence({der::oid("2.16.840.1.101.3.4.2.2"), der::null()});
    const auto mgf = der::sequence({der::oid("1.2.840.113549.1.1.8"), hash});
    const auto spki_with_salt = [&](std::int64_t salt) {
        const auto parameters = der::sequence({der::encode(der::context_constructed(0), hash),
                                               der::encode(der::context_constructed(1), mgf),
                                               der::encode(der::context_constructed(2), der::integer(salt))});
        return der::sequence(
            {der::sequence({der::oid("1.2.840.113549.1.1.10"), parameters}),
             der::bit_string(der::sequence({der::unsigned_integer(number), der::unsigned_integer(f4)}))});
    };
    CHECK(BlindPublicKey::parse_spki(spki_with_salt(48)).key_id() == key.key_id());
    CHECK(refusal(spki_with_salt(32)) == "blind.key.algorithm");
}

TEST_CASE("T18: keys that could tag voters are refused: e = 1, e = 3, even, short, long and odd-sized moduli") {
    CHECK(refusal(rsa_spki(odd_number(256), f4)).empty());
    CHECK(refusal(rsa_spki(odd_number(384), f4)).empty());
    CHECK(refusal(rsa_spki(odd_number(512), f4)).empty());
    CHECK(refusal(rsa_spki(odd_number(256), Bytes{1})) == "blind.key.exponent");
    CHECK(refusal(rsa_spki(odd_number(256), Bytes{3})) == "blind.key.exponent");
    CHECK(refusal(rsa_spki(odd_number(256), Bytes{1, 0, 0, 1})) == "blind.key.exponent");
    auto even = odd_number(256);
    even.back() = 0x10;
    CHECK(refusal(rsa_spki(even, f4)) == "blind.key.even");
    CHECK(refusal(rsa_spki(odd_number(128), f4)) == "blind.key.size");
    CHECK(refusal(rsa_spki(odd_number(255), f4)) == "blind.key.size");
    CHECK(refusal(rsa_spki(odd_number(1024), f4)) == "blind.key.size");
    auto short_by_a_bit = odd_number(256);
    short_by_a_bit[0] = 0x7F;
    CHECK(refusal(rsa_spki(short_by_a_bit, f4)) == "blind.key.size");
}

TEST_CASE("T18: another key than the one in the manifest has another key id, and its answers are refused") {
    const auto other = BlindPrivateKey::generate(2048);
    CHECK_FALSE(other.public_key() == key_2048().public_key());
    SystemRandom random;
    const auto blinding = blind::blind(key_2048().public_key(), as_bytes("message"), random);
    // The blinded number may exceed the other modulus; then there is no answer at all.
    try {
        const auto answer = other.blind_sign(blinding.blinded);
        CHECK(reason_of([&] { blind::finalize(key_2048().public_key(), blinding, answer); }) == "blind.signature");
    } catch (const Error& error) {
        CHECK(error.reason() == "blind.message.range");
    }
}

TEST_CASE("damaged, truncated or extended keys are refused with a reason, never with a crash") {
    const auto& spki = key_2048().public_key().spki();
    CHECK(refusal({}) == "blind.key.malformed");
    for (std::size_t size = 0; size < spki.size(); ++size) {
        CHECK_FALSE(refusal(Bytes(spki.begin(), spki.begin() + static_cast<std::ptrdiff_t>(size))).empty());
    }
    auto longer = spki;
    longer.push_back(0);
    CHECK(refusal(longer) == "blind.key.malformed");
    const auto negative = der::sequence({der::encode(der::Tag::integer, odd_number(256)), der::unsigned_integer(f4)});
    CHECK(refusal(der::sequence({der::sequence({der::oid("1.2.840.113549.1.1.1"), der::null()}),
                                 der::bit_string(negative)})) == "blind.key.malformed");
    CHECK(refusal(der::sequence({der::sequence({der::oid("1.2.840.10045.2.1"), der::null()}), der::bit_string(f4)})) ==
          "blind.key.algorithm");

    const auto pkcs8 = key_2048().pkcs8();
    const auto parse = [](ByteView der) { return reason_of([&] { BlindPrivateKey::parse_pkcs8(der); }); };
    CHECK(parse({}) == "blind.key.malformed");
    CHECK(parse(pkcs8.view().first(pkcs8.size() - 1)) == "blind.key.malformed");
    CHECK(parse(concat({pkcs8.view(), f4})) == "blind.key.malformed");
}

TEST_CASE("a private key whose numbers do not fit together is refused") {
    auto pkcs8 = key_2048().pkcs8();
    // The modulus starts within the first 50 bytes and is 256 long; the private exponent follows after e.
    auto bytes = pkcs8.writable();
    bytes[330] ^= 0x01;
    CHECK(reason_of([&] { BlindPrivateKey::parse_pkcs8(pkcs8.view()); }) == "blind.key.mismatch");
}

TEST_CASE("blinded messages of the wrong size or at the edges of the range are refused") {
    const auto& key = key_2048();
    const auto sign = [&](const Bytes& message) { return reason_of([&] { key.blind_sign(message); }); };
    CHECK(sign({}) == "blind.message.size");
    CHECK(sign(Bytes(255, 1)) == "blind.message.size");
    CHECK(sign(Bytes(257, 1)) == "blind.message.size");
    Bytes number(256);
    CHECK(sign(number) == "blind.message.range");
    number.back() = 1;
    CHECK(sign(number) == "blind.message.range");
    number.back() = 2;
    CHECK(sign(number).empty());

    // n-1, n and above: the modulus read back from the published key.
    der::Reader outer(key.public_key().spki());
    auto spki = outer.sequence("spki");
    spki.any();
    der::Reader bits(spki.octet_aligned_bits("key"));
    const auto modulus = to_bytes(bits.sequence("key").integer("n").subspan(1));
    CHECK(sign(modulus) == "blind.message.range");
    auto less = modulus;
    less.back() ^= 1;
    CHECK(sign(less) == "blind.message.range");
    less.back() ^= 2;
    CHECK(sign(Bytes(256, 0xFF)) == "blind.message.range");
}

TEST_CASE("T20: a signature spoilt by a fault is never sent") {
    const auto& good = key_2048();
    for (const int fault : {0, 1, 2, 3}) {
        const auto faulty = BlindPrivateKey::from_operation(good.public_key(), [&](ByteView message) {
            auto signature = good.blind_sign(message);
            if (fault == 1) signature[100] ^= 0x04;
            if (fault == 2) signature.pop_back();
            if (fault == 3) signature = to_bytes(message);
            return signature;
        });
        Bytes message(256, 0x11);
        Bytes sent;
        const auto reason = reason_of([&] { sent = faulty.blind_sign(message); });
        CHECK(reason == std::string(fault == 0 ? "" : "blind.fault"));
        CHECK(sent == (fault == 0 ? good.blind_sign(message) : Bytes{}));
        CHECK(reason_of([&] { faulty.pkcs8(); }) == "blind.key.not_exportable");
    }
}

TEST_CASE("one key signs and verifies on many threads at once") {
    const auto& key = key_2048();
    std::atomic<int> good = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&key, &good, t] {
            SystemRandom random;
            for (int i = 0; i < 8; ++i) {
                const auto text = std::to_string(t) + "/" + std::to_string(i);
                const auto blinding = blind::blind(key.public_key(), as_bytes(text), random);
                const auto token = blind::finalize(key.public_key(), blinding, key.blind_sign(blinding.blinded));
                auto broken = token;
                broken[7] ^= 0x80;
                if (blind::is_valid_token(key.public_key(), blinding.prepared, token) &&
                    !blind::is_valid_token(key.public_key(), blinding.prepared, broken)) {
                    ++good;
                }
            }
        });
    }
    for (auto& thread : threads) thread.join();
    CHECK(good == 64);
}

TEST_CASE("the openssl command reads the published key as RSA-PSS restricted to SHA-384 and salt length 48") {
    const test::TempFolder folder;
    save_file(folder / "key.pem", to_pem("PUBLIC KEY", key_2048().public_key().spki()));
    const auto result = test::run_command(folder.path(), "openssl pkey -pubin -in key.pem -noout -text");
    REQUIRE(result.exit_code == 0);
    CHECK(result.output.find("PSS parameter restrictions") != std::string::npos);
    CHECK(result.output.find("Hash Algorithm: SHA2-384") != std::string::npos);
    CHECK(result.output.find("Mask Algorithm: MGF1 with SHA2-384") != std::string::npos);
    CHECK(result.output.find("Minimum Salt Length: 48") != std::string::npos);
}
