#include "uvpki/threshold/share.h"
#include "tests/support/reason.h"

#include <doctest/doctest.h>

#include "tests/support/command.h"
#include "uvpki/encoding.h"
#include "uvpki/error.h"

using namespace uvpki;
using namespace uvpki::threshold;
using test::reason_of;

namespace {

SecretBytes number(std::uint8_t value) {
    SecretBytes result(32);
    result.writable()[31] = value;
    return result;
}

const auto order = parse_hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
const auto base_point = parse_hex(
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5");

}  // namespace

TEST_CASE("a majority of at most 32 trustees is needed") {
    for (const auto& [m, n] : {std::pair{1, 1}, {2, 2}, {2, 3}, {3, 4}, {3, 5}, {17, 32}, {32, 32}})
        CHECK(reason_of([&] { require_quorum(m, n); }).empty());
    for (const auto& [m, n] : {std::pair{0, 0}, {1, 2}, {2, 4}, {4, 3}, {16, 32}, {17, 33}, {-1, 1}, {0, 1}})
        CHECK(reason_of([&] { require_quorum(m, n); }) == "threshold.quorum");
}

TEST_CASE("a polynomial with known coefficients has known values") {
    Polynomial polynomial;
    for (const std::uint8_t coefficient : {std::uint8_t{5}, std::uint8_t{3}, std::uint8_t{2}})
        polynomial.coefficients.push_back(number(coefficient));
    CHECK(equal(evaluate(polynomial, 1).view(), number(10).view()));
    CHECK(equal(evaluate(polynomial, 2).view(), number(19).view()));
    CHECK(equal(evaluate(polynomial, 5).view(), number(70).view()));
    std::vector<IndexedScalar> shares;
    for (const auto& [index, value] : {std::pair{1, 10}, {5, 70}, {2, 19}})
        shares.push_back({index, number(static_cast<std::uint8_t>(value))});
    CHECK(equal(interpolate(shares).view(), number(5).view()));
    CHECK(scalar_point(number(1)) == base_point);
    CHECK(to_hex(scalar_point(number(2)))
              .starts_with("047cf27b188d034f7e8a52380304b51ac3c08969e277f21b35a60b48fc47669978"));
    CHECK(equal(commit_to(polynomial)[0], scalar_point(number(5))));
}

TEST_CASE("arithmetic is modulo the group order") {
    auto last = SecretBytes(ByteView(order));
    last.writable()[31] = static_cast<std::uint8_t>(last.view()[31] - 1);
    std::vector<SecretBytes> scalars;
    scalars.push_back(last.clone());
    scalars.push_back(number(8));
    CHECK(equal(sum_of_scalars(scalars).view(), number(7).view()));
    Polynomial polynomial;
    polynomial.coefficients.push_back(number(9));
    polynomial.coefficients.push_back(last.clone());  // 9 - x
    CHECK(equal(evaluate(polynomial, 2).view(), number(7).view()));
    CHECK(fits(number(7), 2, commit_to(polynomial)));
}

TEST_CASE("shares fit their commitments in every place, and any m of them give the secret") {
    SystemRandom random;
    for (const auto& [needed, trustees] : {std::pair{1, 1}, {2, 3}, {3, 5}, {17, 32}}) {
        const auto polynomial = random_polynomial(needed, random);
        const auto commitments = commit_to(polynomial);
        require_commitments(commitments, needed);
        std::vector<IndexedScalar> shares;
        std::vector<IndexedPoint> points;
        for (int index = trustees; index > trustees - needed; --index) {
            shares.push_back({index, evaluate(polynomial, index)});
            points.push_back({index, share_point(commitments, index)});
            CHECK(fits(shares.back().scalar, index, commitments));
            CHECK(scalar_point(shares.back().scalar) == points.back().point);
            if (needed > 1) CHECK_FALSE(fits(shares.back().scalar, index == 1 ? 2 : index - 1, commitments));
        }
        CHECK(equal(interpolate(shares).view(), polynomial.coefficients[0].view()));
        CHECK(interpolate_points(points) == commitments[0]);
        if (needed > 1) {
            shares.pop_back();
            CHECK_FALSE(equal(interpolate(shares).view(), polynomial.coefficients[0].view()));
        }
    }
}

TEST_CASE("a sum of polynomials is shared by the sums of their shares") {
    SystemRandom random;
    std::vector<Commitments> commitments;
    std::vector<SecretBytes> shares, secrets;
    for (int dealer = 0; dealer < 4; ++dealer) {
        const auto polynomial = random_polynomial(3, random);
        commitments.push_back(commit_to(polynomial));
        shares.push_back(evaluate(polynomial, 7));
        secrets.push_back(polynomial.coefficients[0].clone());
    }
    const auto joint = sum_of_commitments(commitments);
    CHECK(fits(sum_of_scalars(shares), 7, joint));
    CHECK(scalar_point(sum_of_scalars(secrets)) == joint[0]);
}

TEST_CASE("scalars out of range, points off the curve and bad indices are refused") {
    CHECK(reason_of([] { scalar_point(SecretBytes(ByteView(order))); }) == "threshold.scalar");
    CHECK(reason_of([] { scalar_point(number(0)); }) == "threshold.scalar");
    CHECK(reason_of([] { scalar_point(SecretBytes(31)); }) == "threshold.scalar");
    const Commitments good{base_point};
    CHECK_FALSE(fits(SecretBytes(ByteView(order)), 1, good));
    CHECK_FALSE(fits(SecretBytes(5), 1, good));
    auto off = base_point;
    off[64] ^= 1;
    CHECK(reason_of([&] { require_commitments({off}, 1); }) == "threshold.commitments");
    CHECK(reason_of([&] { require_commitments({Bytes{0}}, 1); }) == "threshold.commitments");
    CHECK(reason_of([&] { require_commitments(good, 2); }) == "threshold.commitments");
    CHECK(reason_of([&] { share_point(good, 0); }) == "threshold.share.index");
    CHECK(reason_of([&] { share_point(good, 33); }) == "threshold.share.index");
    std::vector<IndexedScalar> twice;
    twice.push_back({1, number(4)});
    twice.push_back({1, number(4)});
    CHECK(reason_of([&] { interpolate(twice); }) == "threshold.share.duplicate");
    CHECK(reason_of([&] { interpolate({}); }) == "threshold.share.too_few");
    // A commitment and its opposite add up to nothing.
    auto opposite = SecretBytes(ByteView(order));
    opposite.writable()[31] = static_cast<std::uint8_t>(opposite.view()[31] - 1);
    const std::vector<Commitments> cancel{{base_point}, {scalar_point(opposite)}};
    CHECK(reason_of([&] { sum_of_commitments(cancel); }) == "threshold.commitments");
}
