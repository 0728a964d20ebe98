#pragma once
// Inclusion and consistency proofs of RFC 9162, sections 2.1.3 and 2.1.4. Stateless functions, thread-safe.

#include "uvpki/merkle/tree.h"

namespace uvpki::merkle {

/// Hashes from the leaf's (or the smaller tree's) level upwards; never more than 64 + 64.
using Proof = std::vector<Sha256>;

/// PATH(index, D[0:size]), RFC 9162, section 2.1.3.1. Throws invalid_input "merkle.size" unless index < size <=
/// tree.size().
Proof make_inclusion_proof(const Tree& tree, std::uint64_t index, std::uint64_t size);

/// PROOF(first, D[0:second]), RFC 9162, section 2.1.4.1. Throws "merkle.size" unless 0 < first <= second <=
/// tree.size().
Proof make_consistency_proof(const Tree& tree, std::uint64_t first, std::uint64_t second);

/// That an entry stands at an index of a tree.
struct InclusionClaim {
    Sha256 leaf_hash{};  ///< hash_leaf(entry)
    std::uint64_t index = 0;
    std::uint64_t size = 0;
    Sha256 root{};  ///< of the tree of `size` entries
};

/// RFC 9162, section 2.1.3.2. Throws verification_failed "merkle.inclusion".
void verify_inclusion(const InclusionClaim& claim, const Proof& proof);

/// That one tree is the beginning of another.
struct ConsistencyClaim {
    std::uint64_t first_size = 0;
    Sha256 first_root{};
    std::uint64_t second_size = 0;
    Sha256 second_root{};
};

/// RFC 9162, section 2.1.4.2; a first size of 0 proves nothing and is refused. Throws verification_failed
/// "merkle.consistency".
void verify_consistency(const ConsistencyClaim& claim, const Proof& proof);

}  // namespace uvpki::merkle
