#pragma once
// The arithmetic of the trustees' key on P-256: polynomials whose value at 0 is shared, Feldman commitments to them,
// shares, and Lagrange interpolation. Knows nothing of people or messages. Stateless functions, thread-safe; scalars
// are 32 octets big-endian, points 65 octets uncompressed.

#include <span>
#include <vector>

#include "uvpki/random.h"
#include "uvpki/secret.h"

namespace uvpki::threshold {

inline constexpr int max_trustees = 32;

/// Throws invalid_input "threshold.quorum" unless n/2 < m <= n <= max_trustees.
void require_quorum(int needed, int trustees);

/// f(x) = a[0] + a[1] x + ... mod the group order; a[0] is the part of the key.
struct Polynomial {
    std::vector<SecretBytes> coefficients;
};

/// a[k]·G, in the order of the coefficients.
using Commitments = std::vector<Bytes>;

/// `needed` coefficients, each uniform in 1..order-1.
Polynomial random_polynomial(int needed, Random& random);

/// One point for each coefficient.
Commitments commit_to(const Polynomial& polynomial);

/// f(index); index 1..max_trustees.
SecretBytes evaluate(const Polynomial& polynomial, int index);

/// Throws invalid_input "threshold.commitments" unless exactly `needed` points of the curve.
void require_commitments(const Commitments& commitments, int needed);

/// The point f(index)·G that the commitments promise (Feldman 1987). Throws "threshold.commitments".
Bytes share_point(const Commitments& commitments, int index);

/// scalar·G. Throws invalid_input "threshold.scalar" unless 1 <= scalar < order.
Bytes scalar_point(const SecretBytes& scalar);

/// The share is what the commitments promise; false as well for a scalar out of range.
bool fits(const SecretBytes& share, int index, const Commitments& commitments);

/// Sum modulo the order: a trustee's share of the joint key from what each dealer gave.
SecretBytes sum_of_scalars(std::span<const SecretBytes> scalars);

/// Coefficient by coefficient: the commitments of the joint polynomial. Throws "threshold.commitments" when lengths
/// differ or a sum is the point at infinity.
Commitments sum_of_commitments(std::span<const Commitments> all);

/// The value of the polynomial at an index 1..max_trustees.
struct IndexedScalar {
    int index = 0;
    SecretBytes scalar;
};
/// The same times G.
struct IndexedPoint {
    int index = 0;
    Bytes point;
};

/// f(0) from shares with different indices (Shamir 1979). Throws invalid_input "threshold.share.duplicate" or
/// "threshold.share.index".
SecretBytes interpolate(std::span<const IndexedScalar> shares);
/// f(0)·G from share points, likewise.
Bytes interpolate_points(std::span<const IndexedPoint> points);

}  // namespace uvpki::threshold
