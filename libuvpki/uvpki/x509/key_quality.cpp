#include "uvpki/x509/key_quality.h"

#include <algorithm>
#include <array>

#include "uvpki/openssl/checked.h"
#include "uvpki/x509/native_key.h"

namespace uvpki::x509 {

namespace {

constexpr int min_rsa_bits = 2048, max_rsa_bits = 8192;
constexpr unsigned trial_limit = 10'000;
constexpr int fermat_rounds = 1'000;

struct Modulus {
    openssl::Bignum n;
    openssl::BignumContext context;

    explicit Modulus(ByteView octets)
        : n(openssl::require(openssl::Bignum(BN_bin2bn(octets.data(), static_cast<int>(octets.size()), nullptr)),
                             "BN_bin2bn")),
          context(openssl::require(openssl::BignumContext(BN_CTX_new()), "BN_CTX_new")) {}

    unsigned remainder(unsigned divisor) const { return static_cast<unsigned>(BN_mod_word(n.get(), divisor)); }
};

openssl::Bignum new_number() {
    return openssl::require(openssl::Bignum(BN_new()), "BN_new");
}

bool is_small_prime(unsigned candidate) {
    for (unsigned divisor = 2; divisor * divisor <= candidate; ++divisor)
        if (candidate % divisor == 0) return false;
    return true;
}

/// The smallest odd prime factor below the limit, or 0.
unsigned small_factor(const Modulus& modulus) {
    for (unsigned candidate = 3; candidate < trial_limit; candidate += 2)
        if (modulus.remainder(candidate) == 0 && is_small_prime(candidate)) return candidate;
    return 0;
}

/// ROCA (CVE-2017-15361; Nemec et al., "The Return of Coppersmith's Attack", CCS 2017, section 3): the primes are
/// k * M + (65537^a mod M) with M a product of the first primes, so the modulus is a power of 65537 modulo each of
/// them. A good 2048-bit modulus looks so with a chance below 2^-27.
bool is_roca(const Modulus& modulus) {
    static constexpr std::array<unsigned, 38> primes = {3,   5,   7,   11,  13,  17,  19,  23,  29,  31,  37,  41,  43,
                                                        47,  53,  59,  61,  67,  71,  73,  79,  83,  89,  97,  101, 103,
                                                        107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167};
    return std::ranges::all_of(primes, [&](unsigned prime) {
        const unsigned wanted = modulus.remainder(prime);
        unsigned power = 1;
        do {
            if (power == wanted) return true;
            power = power * (65537 % prime) % prime;
        } while (power != 1);
        return false;
    });
}

/// Quadratic residues rule out most numbers before a root is taken.
bool may_be_square(const BIGNUM* number) {
    for (const unsigned prime : {64u, 63u, 65u, 11u, 17u, 19u, 23u, 29u, 31u}) {
        const auto wanted = static_cast<unsigned>(BN_mod_word(number, prime));
        bool found = false;
        for (unsigned root = 0; root < prime && !found; ++root) found = root * root % prime == wanted;
        if (!found) return false;
    }
    return true;
}

/// floor(sqrt(number)) by Newton's method from above.
openssl::Bignum square_root(const BIGNUM* number, BN_CTX* context) {
    auto guess = new_number(), next = new_number();
    openssl::require_ok(BN_lshift(guess.get(), BN_value_one(), (BN_num_bits(number) + 1) / 2), "BN_lshift");
    for (;;) {
        openssl::require_ok(BN_div(next.get(), nullptr, number, guess.get(), context), "BN_div");
        openssl::require_ok(BN_add(next.get(), next.get(), guess.get()), "BN_add");
        openssl::require_ok(BN_rshift1(next.get(), next.get()), "BN_rshift1");
        if (BN_cmp(next.get(), guess.get()) >= 0) return guess;
        std::swap(guess, next);
    }
}

/// Fermat's factorization: with n = a^2 - b^2 and primes close together, b is found within a few values of a.
bool has_close_primes(const Modulus& modulus) {
    BN_CTX* context = modulus.context.get();
    auto a = square_root(modulus.n.get(), context);
    auto rest = new_number();
    openssl::require_ok(BN_sqr(rest.get(), a.get(), context), "BN_sqr");
    openssl::require_ok(BN_sub(rest.get(), rest.get(), modulus.n.get()), "BN_sub");
    if (BN_is_zero(rest.get())) return true;
    for (int round = 0; round < fermat_rounds; ++round) {
        // (a + 1)^2 - n = (a^2 - n) + 2a + 1
        openssl::require_ok(BN_add(rest.get(), rest.get(), a.get()), "BN_add");
        openssl::require_ok(BN_add_word(a.get(), 1), "BN_add_word");
        openssl::require_ok(BN_add(rest.get(), rest.get(), a.get()), "BN_add");
        if (!may_be_square(rest.get())) continue;
        const auto b = square_root(rest.get(), context);
        auto square = new_number();
        openssl::require_ok(BN_sqr(square.get(), b.get(), context), "BN_sqr");
        if (BN_cmp(square.get(), rest.get()) == 0) return true;
    }
    return false;
}

void check_exponent(ByteView exponent, std::vector<Finding>& findings) {
    // FIPS 186-5, section 5.1 (and the CA/Browser Forum's rules): odd, 2^16 < e < 2^256.
    static constexpr std::array<std::uint8_t, 3> smallest = {0x01, 0x00, 0x01};
    const bool small =
        exponent.size() < 3 || (exponent.size() == 3 && std::ranges::lexicographical_compare(exponent, smallest));
    if (small || exponent.size() > 32 || (exponent.back() & 1) == 0)
        findings.push_back({"key.rsa.exponent", "the RSA exponent is not an odd number between 65537 and 2^256"});
}

void check_rsa(const PublicKey::Native& key, std::vector<Finding>& findings) {
    if (key.bits < min_rsa_bits || key.bits > max_rsa_bits)
        findings.push_back(
            {"key.rsa.size", "the RSA modulus has " + std::to_string(key.bits) + " bits, not 2048 to 8192"});
    check_exponent(key.rsa_exponent, findings);
    if ((key.rsa_modulus.back() & 1) == 0) {
        findings.push_back({"key.rsa.even", "the RSA modulus is even"});
        return;  // the remaining tests are about odd numbers
    }
    const Modulus modulus(key.rsa_modulus);
    if (const auto factor = small_factor(modulus); factor != 0)
        findings.push_back({"key.rsa.small_factor", "the RSA modulus is divisible by " + std::to_string(factor)});
    if (is_roca(modulus))
        findings.push_back(
            {"key.rsa.roca", "the RSA modulus has the fingerprint of the ROCA key generator (CVE-2017-15361)"});
    if (has_close_primes(modulus))
        findings.push_back({"key.rsa.close_primes", "the two primes of the RSA modulus are close together (Fermat)"});
}

}  // namespace

std::vector<Finding> check_key_quality(const PublicKey& key) {
    std::vector<Finding> findings;
    switch (key.type()) {
        case KeyType::ec_p256:
        case KeyType::ec_p384:
            break;  // on the curve, or it would not have been read; smaller curves are not read at all
        case KeyType::ed25519:
            findings.push_back(
                {"key.type", "Ed25519 keys are not certified: openssl ts and other tools cannot use them"});
            break;
        case KeyType::rsa:
            check_rsa(key.native(), findings);
            break;
    }
    return findings;
}

}  // namespace uvpki::x509
