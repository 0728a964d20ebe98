#include "uvpki/merkle/proof.h"

#include <algorithm>
#include <bit>
#include <string>

#include "uvpki/error.h"

namespace uvpki::merkle {

namespace {

[[noreturn]] void refuse_sizes(const char* rule) {
    fail_input("merkle.size", std::string("no such proof: ") + rule);
}

void require_that(bool holds, const char* reason, const char* message) {
    if (!holds) fail(ErrorCode::verification_failed, reason, message);
}

/// RFC 9162, section 2.1.1: "let k be the largest power of two smaller than n (i.e., k < n <= 2k)".
std::uint64_t split(std::uint64_t size) {
    return std::bit_ceil(size) / 2;
}

}  // namespace

Proof make_inclusion_proof(const Tree& tree, std::uint64_t index, std::uint64_t size) {
    if (index >= size || size > tree.size()) refuse_sizes("the index must be below the size, the size within the log");
    Proof proof;
    std::uint64_t begin = 0, end = size;
    while (end - begin > 1) {
        const auto middle = begin + split(end - begin);
        if (index < middle) {
            proof.push_back(tree.subtree(middle, end));
            end = middle;
        } else {
            proof.push_back(tree.subtree(begin, middle));
            begin = middle;
        }
    }
    std::ranges::reverse(proof);
    return proof;
}

Proof make_consistency_proof(const Tree& tree, std::uint64_t first, std::uint64_t second) {
    if (first == 0 || first > second || second > tree.size()) {
        refuse_sizes("sizes must rise from 1 and stay within the log");
    }
    Proof proof;
    std::uint64_t begin = 0, end = second;
    // SUBPROOF(m, D_n, b) with b false as soon as the walk has turned right.
    while (first < end) {
        const auto middle = begin + split(end - begin);
        if (first <= middle) {
            proof.push_back(tree.subtree(middle, end));
            end = middle;
        } else {
            proof.push_back(tree.subtree(begin, middle));
            begin = middle;
        }
    }
    if (begin != 0) proof.push_back(tree.subtree(begin, end));
    std::ranges::reverse(proof);
    return proof;
}

void verify_inclusion(const InclusionClaim& claim, const Proof& proof) {
    constexpr auto reason = "merkle.inclusion";
    // "1. Compare leaf_index from the inclusion_proof_v2 structure against tree_size. If leaf_index is greater than or
    // equal to tree_size, then stop the verification and fail the proof verification."
    require_that(claim.index < claim.size, reason, "the entry's index is not below the size of the log");
    auto fn = claim.index;
    auto sn = claim.size - 1;
    auto r = claim.leaf_hash;
    for (const auto& p : proof) {
        require_that(sn != 0, reason, "the inclusion proof is too long");
        if ((fn & 1) != 0 || fn == sn) {
            r = hash_node(p, r);
            // "If LSB(fn) is not set, then right-shift both fn and sn equally until either LSB(fn) is set or fn is 0."
            while ((fn & 1) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            r = hash_node(r, p);
        }
        fn >>= 1;
        sn >>= 1;
    }
    require_that(sn == 0, reason, "the inclusion proof is too short");
    require_that(r == claim.root, reason, "the inclusion proof does not lead to the root");
}

void verify_consistency(const ConsistencyClaim& claim, const Proof& proof) {
    constexpr auto reason = "merkle.consistency";
    require_that(claim.first_size != 0, reason, "consistency with an empty log proves nothing");
    require_that(claim.first_size <= claim.second_size, reason, "the log has become smaller");
    if (claim.first_size == claim.second_size) {
        require_that(proof.empty(), reason, "the consistency proof of equal sizes must be empty");
        require_that(claim.first_root == claim.second_root, reason, "two roots for the same size of the log");
        return;
    }
    require_that(!proof.empty(), reason, "the consistency proof is too short");

    // "2. If first is an exact power of 2, then prepend first_hash to the consistency_path array."
    auto next = proof.begin();
    const bool whole = std::has_single_bit(claim.first_size);
    auto fn = claim.first_size - 1;
    auto sn = claim.second_size - 1;
    while ((fn & 1) != 0) {
        fn >>= 1;
        sn >>= 1;
    }
    auto fr = whole ? claim.first_root : *next++;
    auto sr = fr;
    for (; next != proof.end(); ++next) {
        require_that(sn != 0, reason, "the consistency proof is too long");
        if ((fn & 1) != 0 || fn == sn) {
            fr = hash_node(*next, fr);
            sr = hash_node(*next, sr);
            while ((fn & 1) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            sr = hash_node(sr, *next);
        }
        fn >>= 1;
        sn >>= 1;
    }
    require_that(sn == 0, reason, "the consistency proof is too short");
    require_that(fr == claim.first_root, reason, "the consistency proof does not lead to the first root");
    require_that(sr == claim.second_root, reason, "the consistency proof does not lead to the second root");
}

}  // namespace uvpki::merkle
