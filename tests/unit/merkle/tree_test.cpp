#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/support/command.h"
#include "tests/support/reason.h"
#include "uvpki/encoding.h"
#include "uvpki/error.h"
#include "uvpki/files.h"
#include "uvpki/merkle/proof.h"

using namespace uvpki;
using namespace uvpki::merkle;
using uvpki::test::reason_of;

namespace {

std::vector<Sha256> entries(std::size_t count) {
    std::vector<Sha256> result;
    for (std::size_t i = 0; i < count; ++i) result.push_back(sha256(as_bytes("ballot " + std::to_string(i))));
    return result;
}

/// RFC 9162, section 2.1.1, word by word.
Sha256 reference_root(std::span<const Sha256> list) {
    if (list.empty()) return sha256(ByteView{});
    if (list.size() == 1) return hash_leaf(list[0]);
    std::size_t k = 1;
    while (2 * k < list.size()) k *= 2;
    return hash_node(reference_root(list.first(k)), reference_root(list.subspan(k)));
}

nlohmann::json vectors(const std::string& name) {
    // Not parse_json: the cases hold indices up to 2^64-1.
    return nlohmann::json::parse(load_file(std::string(UVPKI_VECTORS) + "/merkle/" + name));
}

Sha256 hash_member(const nlohmann::json& vector, const char* name) {
    const auto bytes = parse_base64(vector.at(name).get<std::string>());
    // Some cases say "don't care" for a root, which our type cannot hold; the digest of it is as equal or unequal.
    return bytes.size() == 32 || bytes.empty() ? to_sha256(bytes) : sha256(bytes);
}

Proof proof_member(const nlohmann::json& vector) {
    Proof proof;
    if (vector.at("proof").is_null()) return proof;
    for (const auto& hash : vector.at("proof")) proof.push_back(to_sha256(parse_base64(hash.get<std::string>())));
    return proof;
}

/// Every way to spoil a proof that keeps its hashes whole: a bit of each hash, one less, one more, two exchanged.
std::vector<Proof> spoilt(const Proof& proof) {
    std::vector<Proof> result;
    for (std::size_t i = 0; i < proof.size(); ++i) {
        auto flipped = proof;
        flipped[i][(7 * i) % 32] ^= static_cast<std::uint8_t>(1 << (i % 8));
        result.push_back(flipped);
        if (i != 0 && proof[i] != proof[i - 1]) {
            auto swapped = proof;
            std::swap(swapped[i], swapped[i - 1]);
            result.push_back(swapped);
        }
    }
    if (!proof.empty()) result.emplace_back(proof.begin(), proof.end() - 1);
    auto longer = proof;
    longer.push_back(Sha256{});
    result.push_back(longer);
    return result;
}

}  // namespace

TEST_CASE("the empty tree and the tree of one empty leaf hash as in RFC 6962") {
    CHECK(to_hex(Tree().root()) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    constexpr std::uint8_t leaf_label[] = {0};
    CHECK(to_hex(sha256(leaf_label)) == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

TEST_CASE("nodes over the leaves of the RFC 6962 test tree give its published roots") {
    // The inputs of the Certificate Transparency reference tree; their lengths differ, so the tree is built by node
    // hashes.
    std::vector<Sha256> level;
    for (const auto* hex :
         {"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"}) {
        constexpr std::uint8_t label[] = {0};
        level.push_back(sha256({label, parse_hex(hex)}));
    }
    const auto root = [&](std::span<const Sha256> leaves, const auto& self) -> Sha256 {
        if (leaves.size() == 1) return leaves[0];
        std::size_t k = 1;
        while (2 * k < leaves.size()) k *= 2;
        return hash_node(self(leaves.first(k), self), self(leaves.subspan(k), self));
    };
    const char* const roots[] = {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                 "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                 "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                 "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                 "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                 "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                 "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                 "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
    for (std::size_t size = 1; size <= level.size(); ++size) {
        CHECK(to_hex(root(std::span(level).first(size), root)) == roots[size - 1]);
    }
}

TEST_CASE("the root of every size from 0 to 130 is the one the RFC's definition gives, also for earlier sizes") {
    const auto list = entries(130);
    Tree tree;
    for (std::size_t size = 0; size <= list.size(); ++size) {
        CHECK(tree.root() == reference_root(std::span(list).first(size)));
        if (size < list.size()) tree.append(list[size]);
    }
    for (std::size_t size = 0; size <= list.size(); ++size) {
        CHECK(tree.root(size) == reference_root(std::span(list).first(size)));
    }
    CHECK(reason_of([&] { tree.root(131); }) == "merkle.size");
    CHECK(reason_of([&] { tree.subtree(1, 3); }) == "merkle.range");
    CHECK(reason_of([&] { tree.subtree(4, 4); }) == "merkle.range");
    CHECK(reason_of([&] { tree.node(3, 16); }) == "merkle.range");
}

TEST_CASE("every inclusion proof of every tree up to 64 entries verifies, and no spoilt one does") {
    const Tree tree(entries(64));
    for (std::uint64_t size = 1; size <= 64; ++size) {
        for (std::uint64_t index = 0; index < size; ++index) {
            const InclusionClaim claim{hash_leaf(tree.entries()[index]), index, size, tree.root(size)};
            const auto proof = make_inclusion_proof(tree, index, size);
            CHECK(reason_of([&] { verify_inclusion(claim, proof); }).empty());
            const auto refused = [&](const InclusionClaim& c, const Proof& p) {
                return reason_of([&] { verify_inclusion(c, p); }) == "merkle.inclusion";
            };
            for (const auto& bad : spoilt(proof)) CHECK(refused(claim, bad));
            auto other = claim;
            other.leaf_hash[index % 32] ^= 0x10;
            CHECK(refused(other, proof));
            other = claim;
            other.root[index % 32] ^= 0x01;
            CHECK(refused(other, proof));
            other = claim;
            other.index = index ^ 1;
            CHECK((refused(other, proof) || size == 1));
            other.index = size;
            CHECK(refused(other, proof));
        }
    }
}

TEST_CASE("every consistency proof between trees up to 64 entries verifies, and no spoilt one does") {
    const Tree tree(entries(64));
    for (std::uint64_t second = 1; second <= 64; ++second) {
        for (std::uint64_t first = 1; first <= second; ++first) {
            const ConsistencyClaim claim{first, tree.root(first), second, tree.root(second)};
            const auto proof = make_consistency_proof(tree, first, second);
            CHECK(reason_of([&] { verify_consistency(claim, proof); }).empty());
            const auto refused = [&](const ConsistencyClaim& c, const Proof& p) {
                return reason_of([&] { verify_consistency(c, p); }) == "merkle.consistency";
            };
            for (const auto& bad : spoilt(proof)) CHECK(refused(claim, bad));
            auto other = claim;
            other.first_root[first % 32] ^= 0x08;
            CHECK(refused(other, proof));
            other = claim;
            other.second_root[second % 32] ^= 0x80;
            CHECK(refused(other, proof));
            other = claim;
            other.first_size = 0;
            CHECK(refused(other, proof));
            other.first_size = second + 1;
            CHECK(refused(other, proof));
        }
    }
    CHECK(reason_of([&] { make_consistency_proof(tree, 0, 5); }) == "merkle.size");
    CHECK(reason_of([&] { make_consistency_proof(tree, 6, 5); }) == "merkle.size");
    CHECK(reason_of([&] { make_consistency_proof(tree, 6, 65); }) == "merkle.size");
    CHECK(reason_of([&] { make_inclusion_proof(tree, 5, 5); }) == "merkle.size");
    CHECK(reason_of([&] { make_inclusion_proof(tree, 5, 65); }) == "merkle.size");
}

TEST_CASE("T44: a log that changed an entry has no consistency proof with its earlier head") {
    auto list = entries(20);
    const Tree before(list);
    list[3] = sha256(as_bytes("another ballot"));
    for (int i = 0; i < 13; ++i) list.push_back(sha256(as_bytes("late " + std::to_string(i))));
    const Tree after(list);
    const ConsistencyClaim claim{20, before.root(), 33, after.root()};
    CHECK(reason_of([&] { verify_consistency(claim, make_consistency_proof(after, 20, 33)); }) == "merkle.consistency");
}

TEST_CASE("the inclusion vectors of transparency-dev/merkle are accepted and refused as they say") {
    int good = 0, bad = 0;
    for (const auto& vector : vectors("inclusion.json")) {
        CAPTURE(vector.at("file").get<std::string>());
        const auto reason = reason_of([&] {
            verify_inclusion({hash_member(vector, "leafHash"), vector.at("leafIdx").get<std::uint64_t>(),
                              vector.at("treeSize").get<std::uint64_t>(), hash_member(vector, "root")},
                             proof_member(vector));
        });
        const bool expect_error = vector.at("wantErr").get<bool>();
        CHECK(reason.empty() == !expect_error);
        ++(expect_error ? bad : good);
    }
    CHECK(good == 6);
    CHECK(bad == 92);
}

TEST_CASE("the consistency vectors of transparency-dev/merkle are accepted and refused as they say") {
    int good = 0, bad = 0;
    for (const auto& vector : vectors("consistency.json")) {
        CAPTURE(vector.at("file").get<std::string>());
        const auto reason = reason_of([&] {
            verify_consistency({vector.at("size1").get<std::uint64_t>(), hash_member(vector, "root1"),
                                vector.at("size2").get<std::uint64_t>(), hash_member(vector, "root2")},
                               proof_member(vector));
        });
        const bool expect_error = vector.at("wantErr").get<bool>();
        CHECK(reason.empty() == !expect_error);
        ++(expect_error ? bad : good);
    }
    CHECK(good == 6);
    CHECK(bad == 92);
}
