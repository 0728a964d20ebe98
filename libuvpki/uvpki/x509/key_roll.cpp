#include "uvpki/x509/key_roll.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "uvpki/openssl/checked.h"
#include "uvpki/x509/key_quality.h"
#include "uvpki/x509/native_key.h"

namespace uvpki::x509 {
namespace {

using openssl::Bignum;
using openssl::require;
using openssl::require_ok;

using Holders = std::set<std::string>;

Bignum new_number() {
    return require(Bignum(BN_new()), "BN_new");
}

Bignum to_number(const Bytes& big_endian) {
    return require(Bignum(BN_bin2bn(big_endian.data(), static_cast<int>(big_endian.size()), nullptr)), "BN_bin2bn");
}

Bytes to_octets(const BIGNUM* number) {
    Bytes octets(static_cast<std::size_t>(BN_num_bytes(number)));
    BN_bn2bin(number, octets.data());
    return octets;
}

KeyFinding finding(std::string_view rule, const Holders& holders, std::string message) {
    return {std::string(rule), {holders.begin(), holders.end()}, std::move(message)};
}

/// The moduli that share a factor with any other of the list: D. J. Bernstein, "How to find smooth parts of integers"
/// (2004), section 4: with P the product of all, gcd(n, (P mod n^2) / n) is what n has in common with the others.
class BatchGcd {
public:
    explicit BatchGcd(const std::vector<Bytes>& moduli)
        : context_(require(openssl::BignumContext(BN_CTX_new()), "BN_CTX_new")) {
        std::vector<Bignum> level;
        for (const auto& modulus : moduli) level.push_back(to_number(modulus));
        levels_.push_back(std::move(level));
        while (levels_.back().size() > 1) levels_.push_back(products(levels_.back()));
    }

    /// Indexes into the list.
    std::vector<std::size_t> find_sharing() {
        std::vector<Bignum> rests;
        rests.push_back(require(Bignum(BN_dup(levels_.back().front().get())), "BN_dup"));
        for (std::size_t depth = levels_.size() - 1; depth-- > 0;) rests = rests_below(levels_[depth], rests);
        std::vector<std::size_t> sharing;
        for (std::size_t i = 0; i < rests.size(); ++i) {
            const auto& modulus = levels_.front()[i];
            auto common = new_number();
            require_ok(BN_div(rests[i].get(), nullptr, rests[i].get(), modulus.get(), context_.get()), "BN_div");
            require_ok(BN_gcd(common.get(), rests[i].get(), modulus.get(), context_.get()), "BN_gcd");
            if (!BN_is_one(common.get())) sharing.push_back(i);
        }
        return sharing;
    }

    Bignum common_factor(std::size_t a, std::size_t b) {
        auto common = new_number();
        require_ok(BN_gcd(common.get(), levels_[0][a].get(), levels_[0][b].get(), context_.get()), "BN_gcd");
        return common;
    }

private:
    std::vector<Bignum> products(const std::vector<Bignum>& level) {
        std::vector<Bignum> above;
        for (std::size_t i = 0; i < level.size(); i += 2) {
            if (i + 1 == level.size()) {
                above.push_back(require(Bignum(BN_dup(level[i].get())), "BN_dup"));
                continue;
            }
            auto product = new_number();
            require_ok(BN_mul(product.get(), level[i].get(), level[i + 1].get(), context_.get()), "BN_mul");
            above.push_back(std::move(product));
        }
        return above;
    }

    /// What remains of the node above modulo the square of each number of this level.
    std::vector<Bignum> rests_below(const std::vector<Bignum>& level, const std::vector<Bignum>& above) {
        std::vector<Bignum> rests;
        auto square = new_number();
        for (std::size_t i = 0; i < level.size(); ++i) {
            auto rest = new_number();
            require_ok(BN_sqr(square.get(), level[i].get(), context_.get()), "BN_sqr");
            require_ok(BN_nnmod(rest.get(), above[i / 2].get(), square.get(), context_.get()), "BN_nnmod");
            rests.push_back(std::move(rest));
        }
        return rests;
    }

    openssl::BignumContext context_;
    std::vector<std::vector<Bignum>> levels_;  ///< the numbers, products of two of them, and so on to the one product
};

void check_shared_primes(const std::map<Bytes, Holders>& by_modulus, std::vector<KeyFinding>& findings) {
    std::vector<Bytes> moduli;
    std::vector<const Holders*> holders;
    for (const auto& [modulus, who] : by_modulus) {
        moduli.push_back(modulus);
        holders.push_back(&who);
    }
    if (moduli.size() < 2) return;
    BatchGcd batch(moduli);
    const auto sharing = batch.find_sharing();
    std::map<Bytes, Holders> by_factor;
    for (std::size_t i = 0; i < sharing.size(); ++i) {
        for (std::size_t j = i + 1; j < sharing.size(); ++j) {
            const auto factor = batch.common_factor(sharing[i], sharing[j]);
            if (BN_is_one(factor.get())) continue;
            auto& who = by_factor[to_octets(factor.get())];
            who.insert(holders[sharing[i]]->begin(), holders[sharing[i]]->end());
            who.insert(holders[sharing[j]]->begin(), holders[sharing[j]]->end());
        }
    }
    for (const auto& [factor, who] : by_factor)
        findings.push_back(finding("key.rsa.shared_prime", who,
                                   "different RSA moduli have a factor of " +
                                       std::to_string(BN_num_bits(to_number(factor).get())) +
                                       " bits in common, so anybody can factor them"));
}

/// Groups keys by what they must not have in common.
struct Groups {
    std::map<Bytes, Holders> by_spki;
    std::map<Bytes, std::map<Bytes, Holders>> points_by_x;  ///< curve and x, then the point
    std::map<Bytes, std::set<Bytes>> spkis_by_modulus;
    std::map<Bytes, Holders> by_modulus;

    void add(const HeldKey& held) {
        const auto spki = to_bytes(held.key.spki());
        by_spki[spki].insert(held.holder);
        const auto point = held.key.key_octets();
        switch (held.key.type()) {
            case KeyType::ec_p256:
            case KeyType::ec_p384:
                points_by_x[to_bytes(point.subspan(1, (point.size() - 1) / 2))][to_bytes(point)].insert(held.holder);
                break;
            case KeyType::ed25519:
                break;
            case KeyType::rsa: {
                const auto modulus = to_bytes(held.key.native().rsa_modulus);
                spkis_by_modulus[modulus].insert(spki);
                by_modulus[modulus].insert(held.holder);
                break;
            }
        }
    }
};

void check_single_keys(std::span<const HeldKey> keys, std::vector<KeyFinding>& findings) {
    std::set<std::pair<std::string, Sha256>> seen;
    for (const auto& held : keys) {
        if (!seen.emplace(held.holder, held.key.spki_sha256()).second) continue;
        for (auto& weakness : check_key_quality(held.key))
            findings.push_back({std::move(weakness.rule), {held.holder}, std::move(weakness.message)});
    }
}

}  // namespace

std::vector<KeyFinding> check_key_roll(std::span<const HeldKey> keys) {
    std::vector<KeyFinding> findings;
    check_single_keys(keys, findings);
    Groups groups;
    for (const auto& held : keys) groups.add(held);
    for (const auto& [spki, who] : groups.by_spki)
        if (who.size() > 1) findings.push_back(finding("key.duplicate", who, "several holders have the same key"));
    for (const auto& [x, points] : groups.points_by_x) {
        if (points.size() < 2) continue;
        Holders who;
        for (const auto& [point, holders] : points) who.insert(holders.begin(), holders.end());
        findings.push_back(
            finding("key.mirrored", who, "one key is the other's negative point, so one private key gives the other"));
    }
    for (const auto& [modulus, spkis] : groups.spkis_by_modulus)
        if (spkis.size() > 1)
            findings.push_back(finding("key.rsa.same_modulus", groups.by_modulus.at(modulus),
                                       "keys that differ have the same RSA modulus"));
    check_shared_primes(groups.by_modulus, findings);
    std::ranges::sort(findings, {}, [](const KeyFinding& f) { return std::tie(f.rule, f.holders, f.message); });
    return findings;
}

}  // namespace uvpki::x509
