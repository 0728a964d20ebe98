#include "uvpki/threshold/share.h"

#include <algorithm>

#include "uvpki/error.h"
#include "uvpki/openssl/checked.h"

namespace uvpki::threshold {

namespace {

using openssl::require;
using openssl::require_ok;

constexpr std::size_t scalar_size = 32, point_size = 65;

/// The curve and scratch space of one thread. Multiplication goes through Montgomery form, whose time does not depend
/// on the values; BN_mod_mul divides, and a division's time does.
class Curve {
public:
    Curve()
        : group_(require(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1), "EC_GROUP_new_by_curve_name")),
          context_(require(BN_CTX_secure_new(), "BN_CTX_secure_new")),
          montgomery_(require(BN_MONT_CTX_new(), "BN_MONT_CTX_new")) {
        require_ok(BN_MONT_CTX_set(montgomery_.get(), order(), context_.get()), "BN_MONT_CTX_set");
    }
    const EC_GROUP* group() const { return group_.get(); }
    const BIGNUM* order() const { return EC_GROUP_get0_order(group_.get()); }
    BN_CTX* context() const { return context_.get(); }

    openssl::Bignum number() const {
        openssl::Bignum result{require(BN_secure_new(), "BN_secure_new")};
        BN_set_flags(result.get(), BN_FLG_CONSTTIME);
        return result;
    }
    openssl::Bignum small(int value) const {
        auto result = number();
        require_ok(BN_set_word(result.get(), static_cast<BN_ULONG>(value)), "BN_set_word");
        return result;
    }
    /// Throws "threshold.scalar" when not below the order.
    openssl::Bignum read(const SecretBytes& scalar) const {
        auto result = number();
        if (scalar.size() != scalar_size) fail_input("threshold.scalar", "a scalar has 32 octets");
        require(BN_bin2bn(scalar.view().data(), static_cast<int>(scalar_size), result.get()), "BN_bin2bn");
        if (BN_cmp(result.get(), order()) >= 0) fail_input("threshold.scalar", "a scalar is not below the group order");
        return result;
    }
    SecretBytes write(const BIGNUM* value) const {
        SecretBytes result(scalar_size);
        if (BN_bn2binpad(value, result.writable().data(), static_cast<int>(scalar_size)) !=
            static_cast<int>(scalar_size))
            openssl::fail_call("BN_bn2binpad");
        return result;
    }
    /// a = a·b mod order.
    void multiply(BIGNUM* a, const BIGNUM* b) const {
        require_ok(BN_to_montgomery(a, a, montgomery_.get(), context_.get()), "BN_to_montgomery");
        require_ok(BN_mod_mul_montgomery(a, a, b, montgomery_.get(), context_.get()), "BN_mod_mul_montgomery");
    }
    /// a = a+b mod order.
    void add(BIGNUM* a, const BIGNUM* b) const { require_ok(BN_mod_add_quick(a, a, b, order()), "BN_mod_add_quick"); }

    openssl::Point point() const { return openssl::Point(require(EC_POINT_new(group_.get()), "EC_POINT_new")); }
    /// Throws "threshold.commitments" unless an uncompressed point of the curve.
    openssl::Point read_point(ByteView octets) const {
        auto result = point();
        if (octets.size() != point_size || octets[0] != 4 ||
            EC_POINT_oct2point(group_.get(), result.get(), octets.data(), octets.size(), context_.get()) != 1) {
            openssl::clear_errors();
            fail_input("threshold.commitments", "a commitment is not an uncompressed point of the curve P-256");
        }
        return result;
    }
    Bytes write_point(const EC_POINT* value) const {
        if (EC_POINT_is_at_infinity(group_.get(), value) == 1)
            fail_input("threshold.commitments", "points add up to the point at infinity");
        Bytes result(point_size);
        if (EC_POINT_point2oct(group_.get(), value, POINT_CONVERSION_UNCOMPRESSED, result.data(), result.size(),
                               context_.get()) != point_size)
            openssl::fail_call("EC_POINT_point2oct");
        return result;
    }
    void add_point(EC_POINT* to, const EC_POINT* what) const {
        require_ok(EC_POINT_add(group_.get(), to, to, what, context_.get()), "EC_POINT_add");
    }

private:
    openssl::Group group_;
    openssl::BignumContext context_;
    openssl::MontgomeryContext montgomery_;
};

const Curve& curve() {
    thread_local const Curve once;
    return once;
}

void require_index(int index) {
    if (index < 1 || index > max_trustees)
        fail_input("threshold.share.index", "trustee number " + std::to_string(index) + " is not between 1 and 32");
}

/// Product over the other indices j of j/(j-i) mod order: public numbers only.
openssl::Bignum lagrange_at_zero(int index, const std::vector<int>& indices) {
    const auto& c = curve();
    auto numerator = c.small(1), denominator = c.small(1);
    for (const int other : indices) {
        if (other == index) continue;
        c.multiply(numerator.get(), c.small(other).get());
        auto difference = c.small(std::abs(other - index));
        if (other < index) require_ok(BN_sub(difference.get(), c.order(), difference.get()), "BN_sub");
        c.multiply(denominator.get(), difference.get());
    }
    auto inverse = c.number();
    require(BN_mod_inverse(inverse.get(), denominator.get(), c.order(), c.context()), "BN_mod_inverse");
    c.multiply(numerator.get(), inverse.get());
    return numerator;
}

template <typename Item>
std::vector<int> different_indices(std::span<const Item> items) {
    std::vector<int> indices;
    for (const auto& item : items) {
        require_index(item.index);
        if (std::ranges::find(indices, item.index) != indices.end())
            fail_input("threshold.share.duplicate", "trustee " + std::to_string(item.index) + " has two shares");
        indices.push_back(item.index);
    }
    if (indices.empty()) fail_input("threshold.share.too_few", "there is no share");
    return indices;
}

}  // namespace

void require_quorum(int needed, int trustees) {
    if (trustees < 1 || trustees > max_trustees || needed > trustees || 2 * needed <= trustees)
        fail_input("threshold.quorum", "m of n trustees must have n/2 < m <= n <= 32, not " + std::to_string(needed) +
                                           " of " + std::to_string(trustees));
}

Polynomial random_polynomial(int needed, Random& random) {
    require_quorum(needed, needed);
    const auto& c = curve();
    Polynomial result;
    while (result.coefficients.size() < static_cast<std::size_t>(needed)) {
        auto candidate = random.secret(scalar_size);
        auto value = c.number();
        require(BN_bin2bn(candidate.view().data(), static_cast<int>(scalar_size), value.get()), "BN_bin2bn");
        if (BN_is_zero(value.get()) || BN_cmp(value.get(), c.order()) >= 0) continue;
        result.coefficients.push_back(std::move(candidate));
    }
    return result;
}

Bytes scalar_point(const SecretBytes& scalar) {
    const auto& c = curve();
    const auto value = c.read(scalar);
    if (BN_is_zero(value.get())) fail_input("threshold.scalar", "a scalar is zero");
    const auto result = c.point();
    require_ok(EC_POINT_mul(c.group(), result.get(), value.get(), nullptr, nullptr, c.context()), "EC_POINT_mul");
    return c.write_point(result.get());
}

Commitments commit_to(const Polynomial& polynomial) {
    Commitments result;
    for (const auto& coefficient : polynomial.coefficients) result.push_back(scalar_point(coefficient));
    return result;
}

SecretBytes evaluate(const Polynomial& polynomial, int index) {
    require_index(index);
    const auto& c = curve();
    const auto at = c.small(index);
    auto sum = c.number();
    BN_zero(sum.get());
    for (auto coefficient = polynomial.coefficients.rbegin(); coefficient != polynomial.coefficients.rend();
         ++coefficient) {
        c.multiply(sum.get(), at.get());  // Horner's rule
        c.add(sum.get(), c.read(*coefficient).get());
    }
    return c.write(sum.get());
}

void require_commitments(const Commitments& commitments, int needed) {
    if (commitments.size() != static_cast<std::size_t>(needed))
        fail_input("threshold.commitments",
                   "there are " + std::to_string(commitments.size()) + " commitments, not " + std::to_string(needed));
    for (const auto& commitment : commitments) curve().read_point(commitment);
}

Bytes share_point(const Commitments& commitments, int index) {
    require_index(index);
    if (commitments.empty()) fail_input("threshold.commitments", "there are no commitments");
    const auto& c = curve();
    const auto at = c.small(index);
    auto sum = c.read_point(commitments.back());
    for (auto commitment = commitments.rbegin() + 1; commitment != commitments.rend(); ++commitment) {
        require_ok(EC_POINT_mul(c.group(), sum.get(), nullptr, sum.get(), at.get(), c.context()), "EC_POINT_mul");
        c.add_point(sum.get(), c.read_point(*commitment).get());
    }
    return c.write_point(sum.get());
}

bool fits(const SecretBytes& share, int index, const Commitments& commitments) {
    const auto promised = share_point(commitments, index);
    try {
        return equal(scalar_point(share), promised);
    } catch (const Error& error) {
        if (error.reason() != "threshold.scalar") throw;
        return false;
    }
}

SecretBytes sum_of_scalars(std::span<const SecretBytes> scalars) {
    const auto& c = curve();
    auto sum = c.number();
    BN_zero(sum.get());
    for (const auto& scalar : scalars) c.add(sum.get(), c.read(scalar).get());
    return c.write(sum.get());
}

Commitments sum_of_commitments(std::span<const Commitments> all) {
    const auto& c = curve();
    if (all.empty()) fail_input("threshold.commitments", "there are no commitments");
    Commitments result;
    for (std::size_t k = 0; k < all[0].size(); ++k) {
        auto sum = c.point();
        require_ok(EC_POINT_set_to_infinity(c.group(), sum.get()), "EC_POINT_set_to_infinity");
        for (const auto& commitments : all) {
            if (commitments.size() != all[0].size())
                fail_input("threshold.commitments", "trustees committed to polynomials of different degree");
            c.add_point(sum.get(), c.read_point(commitments[k]).get());
        }
        result.push_back(c.write_point(sum.get()));
    }
    return result;
}

SecretBytes interpolate(std::span<const IndexedScalar> shares) {
    const auto indices = different_indices(shares);
    const auto& c = curve();
    auto sum = c.number();
    BN_zero(sum.get());
    for (const auto& share : shares) {
        auto term = c.read(share.scalar);
        c.multiply(term.get(), lagrange_at_zero(share.index, indices).get());
        c.add(sum.get(), term.get());
    }
    return c.write(sum.get());
}

Bytes interpolate_points(std::span<const IndexedPoint> points) {
    const auto indices = different_indices(points);
    const auto& c = curve();
    auto sum = c.point();
    require_ok(EC_POINT_set_to_infinity(c.group(), sum.get()), "EC_POINT_set_to_infinity");
    for (const auto& item : points) {
        auto term = c.read_point(item.point);
        const auto factor = lagrange_at_zero(item.index, indices);
        require_ok(EC_POINT_mul(c.group(), term.get(), nullptr, term.get(), factor.get(), c.context()), "EC_POINT_mul");
        c.add_point(sum.get(), term.get());
    }
    return c.write_point(sum.get());
}

}  // namespace uvpki::threshold
