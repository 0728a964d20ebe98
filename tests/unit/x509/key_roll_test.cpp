#include "uvpki/x509/key_roll.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "uvpki/openssl/checked.h"
#include "uvpki/openssl/der.h"
#include "uvpki/x509/oids.h"

using namespace uvpki;
using namespace uvpki::x509;

namespace {

using openssl::Bignum;

Bignum random_prime(int bits) {
    Bignum prime(BN_new());
    openssl::require_ok(BN_generate_prime_ex(prime.get(), bits, 0, nullptr, nullptr, nullptr), "BN_generate_prime_ex");
    return prime;
}

/// An RSA key with these two primes.
PublicKey rsa_key(const Bignum& p, const Bignum& q, std::int64_t exponent = 65537) {
    const openssl::BignumContext context(BN_CTX_new());
    const Bignum n(BN_new());
    openssl::require_ok(BN_mul(n.get(), p.get(), q.get(), context.get()), "BN_mul");
    Bytes modulus(static_cast<std::size_t>(BN_num_bytes(n.get())));
    BN_bn2bin(n.get(), modulus.data());
    const auto numbers = der::sequence({der::unsigned_integer(modulus), der::integer(exponent)});
    return PublicKey::parse_spki(
        der::sequence({der::sequence({der::oid(oid::rsa_encryption), der::null()}), der::bit_string(numbers)}));
}

PublicKey new_key(KeyType type = KeyType::ec_p256) {
    return PrivateKey::generate(type).public_key();
}

/// -P for the key P on P-256.
PublicKey mirrored(const PublicKey& key) {
    const openssl::Group group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
    const openssl::Point point(EC_POINT_new(group.get()));
    const auto octets = key.key_octets();
    openssl::require_ok(EC_POINT_oct2point(group.get(), point.get(), octets.data(), octets.size(), nullptr),
                        "oct2point");
    openssl::require_ok(EC_POINT_invert(group.get(), point.get(), nullptr), "EC_POINT_invert");
    Bytes negative(octets.size());
    EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED, negative.data(), negative.size(),
                       nullptr);
    return PublicKey::from_p256_point(negative);
}

using Found = std::vector<std::pair<std::string, std::vector<std::string>>>;

/// Rules and holders, without what is wrong with a key by itself (the test's RSA keys are small).
Found between_holders(const std::vector<HeldKey>& keys) {
    Found found;
    for (const auto& finding : check_key_roll(keys))
        if (finding.rule != "key.rsa.size") found.emplace_back(finding.rule, finding.holders);
    return found;
}

}  // namespace

TEST_CASE("a roll of good keys has no finding, whatever their kinds, and a holder may have one key twice") {
    std::vector<HeldKey> keys;
    for (int i = 0; i < 20; ++i) keys.push_back({"voter " + std::to_string(i), new_key()});
    keys.push_back({"voter p384", new_key(KeyType::ec_p384)});
    keys.push_back({"voter rsa", PrivateKey::generate_rsa(2048).public_key()});
    keys.push_back(keys.front());
    keys.push_back({"voter 0", new_key()});
    CHECK(check_key_roll(keys).empty());
    CHECK(check_key_roll({}).empty());
}

TEST_CASE("one key of several holders is reported once, with all of their names") {
    const auto shared = new_key();
    const auto rsa = PrivateKey::generate_rsa(2048).public_key();
    CHECK(between_holders({{"carol", shared}, {"ben", new_key()}, {"ada", shared}, {"ada", shared}, {"dan", shared}}) ==
          Found{{"key.duplicate", {"ada", "carol", "dan"}}});
    CHECK(between_holders({{"ada", rsa}, {"ben", rsa}}) == Found{{"key.duplicate", {"ada", "ben"}}});
}

TEST_CASE("a key and its negative are reported, because one private key gives the other") {
    const auto key = new_key();
    CHECK(between_holders({{"ada", key}, {"ben", mirrored(key)}, {"carol", new_key()}}) ==
          Found{{"key.mirrored", {"ada", "ben"}}});
    CHECK(mirrored(mirrored(key)) == key);
}

TEST_CASE("one modulus under two exponents is reported, also for one holder") {
    const auto p = random_prime(512), q = random_prime(512);
    CHECK(between_holders({{"ada", rsa_key(p, q)}, {"ben", rsa_key(p, q, 65539)}}) ==
          Found{{"key.rsa.same_modulus", {"ada", "ben"}}});
    CHECK(between_holders({{"ada", rsa_key(p, q)}, {"ada", rsa_key(p, q, 65539)}}) ==
          Found{{"key.rsa.same_modulus", {"ada"}}});
}

TEST_CASE("RSA keys that share a prime are found among others, each shared prime with its holders") {
    std::vector<Bignum> primes;
    for (int i = 0; i < 15; ++i) primes.push_back(random_prime(512));
    const auto key = [&](std::size_t p, std::size_t q) { return rsa_key(primes[p], primes[q]); };
    // 0 is shared by two, 2 by three; "both" shares each of its primes with somebody else: its gcd is all of it.
    CHECK(between_holders({{"ada", key(0, 1)},
                           {"good", key(7, 8)},
                           {"both", key(0, 2)},
                           {"ben", key(2, 3)},
                           {"carol", key(2, 4)},
                           {"fine", key(5, 6)}}) ==
          Found{{"key.rsa.shared_prime", {"ada", "both"}}, {"key.rsa.shared_prime", {"ben", "both", "carol"}}});
    // For every number of keys around powers of two, wherever the two stand.
    for (std::size_t count = 2; count <= 7; ++count) {
        CAPTURE(count);
        std::vector<HeldKey> keys;
        for (std::size_t i = 0; i + 1 < count; ++i) keys.push_back({std::to_string(i), key(2 * i, 2 * i + 1)});
        keys.push_back({"last", key(14, 0)});
        CHECK(between_holders(keys) == Found{{"key.rsa.shared_prime", {"0", "last"}}});
    }
}

TEST_CASE("what is wrong with one key alone is reported with its holder") {
    const auto findings = check_key_roll(std::vector<HeldKey>{{"ada", new_key(KeyType::ed25519)}, {"ben", new_key()}});
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].rule == "key.type");
    CHECK(findings[0].holders == std::vector<std::string>{"ada"});
}
