#include "uvpki/merkle/tree.h"

#include <bit>
#include <string>

#include "uvpki/error.h"

namespace uvpki::merkle {

Sha256 hash_leaf(const Sha256& entry) {
    constexpr std::uint8_t label[] = {0x00};
    return sha256({label, entry});
}

Sha256 hash_node(const Sha256& left, const Sha256& right) {
    constexpr std::uint8_t label[] = {0x01};
    return sha256({label, left, right});
}

Tree::Tree(const std::vector<Sha256>& entries) {
    entries_.reserve(entries.size());
    for (const auto& entry : entries) append(entry);
}

void Tree::append(const Sha256& entry) {
    entries_.push_back(entry);
    Sha256 hash = hash_leaf(entry);
    for (std::size_t level = 0;; ++level) {
        if (levels_.size() == level) levels_.emplace_back();
        levels_[level].push_back(hash);
        const auto count = levels_[level].size();
        if (count % 2 != 0) return;
        hash = hash_node(levels_[level][count - 2], levels_[level][count - 1]);
    }
}

Sha256 Tree::root(std::uint64_t size) const {
    if (size > entries_.size()) {
        fail_input("merkle.size",
                   "the log has " + std::to_string(entries_.size()) + " entries, not " + std::to_string(size));
    }
    // RFC 9162, section 2.1.1: "The hash of an empty list is the hash of an empty string: MTH({}) = HASH()."
    if (size == 0) return sha256(ByteView{});
    return subtree(0, size);
}

Sha256 Tree::subtree(std::uint64_t begin, std::uint64_t end) const {
    if (begin >= end || end > entries_.size() || begin % std::bit_ceil(end - begin) != 0) {
        fail_input("merkle.range", "the log has no subtree of the entries from " + std::to_string(begin) + " to " +
                                       std::to_string(end));
    }
    // The range falls into complete subtrees of falling size; they are joined from the right.
    Sha256 hash{};
    bool first = true;
    while (end > begin) {
        const auto level = static_cast<unsigned>(std::countr_zero(end - begin));
        const auto width = std::uint64_t{1} << level;
        const auto& left = node(level, (end - width) >> level);
        hash = first ? left : hash_node(left, hash);
        first = false;
        end -= width;
    }
    return hash;
}

const Sha256& Tree::node(unsigned level, std::uint64_t index) const {
    if (level >= levels_.size() || index >= levels_[level].size()) {
        fail_input("merkle.range",
                   "the log has no complete subtree " + std::to_string(index) + " at level " + std::to_string(level));
    }
    return levels_[level][index];
}

}  // namespace uvpki::merkle
