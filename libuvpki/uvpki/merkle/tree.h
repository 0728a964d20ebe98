#pragma once
// The Merkle tree of RFC 9162, section 2.1, over 32-byte entries (the SHA-256 of each ballot file). It only grows and
// keeps every complete subtree, so that roots and proofs for any earlier size cost O(log n). 96 bytes of memory per
// entry. One thread writes; const functions may run together as long as nobody appends.

#include <cstdint>
#include <vector>

#include "uvpki/digest.h"

namespace uvpki::merkle {

/// HASH(0x00 || entry), RFC 9162, section 2.1.1.
Sha256 hash_leaf(const Sha256& entry);
/// HASH(0x01 || left || right).
Sha256 hash_node(const Sha256& left, const Sha256& right);

/// The entries and all complete subtrees over them.
class Tree {
public:
    Tree() = default;
    /// The tree over these entries, in this order.
    explicit Tree(const std::vector<Sha256>& entries);

    /// Adds one entry at the end; O(log n).
    void append(const Sha256& entry);

    std::uint64_t size() const { return entries_.size(); }
    const std::vector<Sha256>& entries() const { return entries_; }

    /// MTH of all entries; of none: the SHA-256 of nothing.
    Sha256 root() const { return root(size()); }
    /// MTH of the first `size` entries; throws invalid_input "merkle.size" beyond the tree.
    Sha256 root(std::uint64_t size) const;

    /// MTH(D[begin:end]) as it occurs in a tree of any size >= end: begin is a multiple of the smallest power of two
    /// that is not less than end - begin. Throws invalid_input "merkle.range" otherwise.
    Sha256 subtree(std::uint64_t begin, std::uint64_t end) const;

    /// The complete subtree of 2^level entries with this index; throws "merkle.range" when it is not there.
    const Sha256& node(unsigned level, std::uint64_t index) const;

private:
    std::vector<Sha256> entries_;
    std::vector<std::vector<Sha256>> levels_;  ///< levels_[l][i]: complete subtree of entries [i * 2^l, (i+1) * 2^l)
};

}  // namespace uvpki::merkle
