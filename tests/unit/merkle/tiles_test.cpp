#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/command.h"
#include "tests/support/reason.h"
#include "uvpki/encoding.h"
#include "uvpki/merkle/tiles.h"

using namespace uvpki;
using namespace uvpki::merkle;
using uvpki::test::reason_of;

namespace {

Tree tree_of(std::size_t count) {
    Tree tree;
    for (std::size_t i = 0; i < count; ++i) tree.append(sha256(as_bytes(std::to_string(i))));
    return tree;
}

Checkpoint head(const Tree& tree, std::uint64_t size) {
    return {"log.example", size, tree.root(size)};
}

bool names(const std::vector<Finding>& findings, const std::string& path) {
    return std::ranges::any_of(findings, [&](const Finding& f) { return f.message.find(path) != std::string::npos; });
}

}  // namespace

TEST_CASE("tile paths are those of the C2SP examples") {
    CHECK(tile_path(0, 0, 256) == "tile/0/000");
    CHECK(tile_path(0, 1234067, 256) == "tile/0/x001/x234/067");
    CHECK(tile_path(2, 273, 112) == "tile/2/273.p/112");
    CHECK(tile_path(63, 1000, 1) == "tile/63/x001/000.p/1");
    CHECK(entries_path(999, 255) == "tile/entries/999.p/255");
    CHECK(reason_of([] { tile_path(64, 0, 256); }) == "merkle.tiles.path");
    CHECK(reason_of([] { tile_path(0, 0, 0); }) == "merkle.tiles.path");
    CHECK(reason_of([] { tile_path(0, 0, 257); }) == "merkle.tiles.path");
}

TEST_CASE("a log of 70,000 entries has the tiles that tlog-tiles counts for it") {
    const auto tree = tree_of(70'000);
    const auto tiles = make_tiles(tree);
    const auto count = [&](const std::string& start, bool partial) {
        return std::ranges::count_if(tiles, [&](const auto& file) {
            return file.first.starts_with(start) && (file.first.find(".p/") != std::string::npos) == partial;
        });
    };
    CHECK(count("tile/0/", false) == 273);
    CHECK(tiles.at("tile/0/273.p/112").size() == 112 * 32);
    CHECK(count("tile/0/", true) == 1);
    CHECK(count("tile/1/", false) == 1);
    CHECK(tiles.at("tile/1/001.p/17").size() == 17 * 32);
    CHECK(tiles.at("tile/2/000.p/1").size() == 32);
    CHECK(count("tile/entries/", false) == 273);
    CHECK(tiles.at("tile/entries/000").size() == 256 * 34);
    CHECK(tiles.size() == 2 * 274 + 3);
    CHECK(root_from_tiles(tiles, 70'000) == tree.root());
    CHECK(check_tiles(tiles, head(tree, 70'000)).empty());
    CHECK(verify_tiles(tiles, head(tree, 70'000)).root() == tree.root());
}

TEST_CASE("the tiles of every size around the widths lead to the root of that size") {
    const auto tree = tree_of(1030);
    for (const std::uint64_t size : {0, 1, 2, 3, 5, 255, 256, 257, 511, 512, 513, 1024, 1030}) {
        CAPTURE(size);
        const auto tiles = make_tiles(tree, size);
        CHECK(root_from_tiles(tiles, size) == tree.root(size));
        CHECK(check_tiles(tiles, head(tree, size)).empty());
    }
    CHECK(make_tiles(tree, 0).empty());
    CHECK(make_tiles(tree, 256).contains("tile/1/000.p/1"));
    CHECK(reason_of([&] { make_tiles(tree, 1031); }) == "merkle.size");
}

TEST_CASE("a byte flipped in any file of the log is found and the file is named") {
    const auto tree = tree_of(600);
    const auto tiles = make_tiles(tree);
    for (const auto& [path, content] : tiles) {
        CAPTURE(path);
        for (const std::size_t at : {std::size_t{0}, content.size() / 2, content.size() - 1}) {
            auto broken = tiles;
            broken[path][at] ^= 0x20;
            CHECK(names(check_tiles(broken, head(tree, 600)), path));
            CHECK(reason_of([&] { root_from_tiles(broken, 600); }).starts_with("merkle.tiles."));
        }
        auto shorter = tiles;
        shorter[path].pop_back();
        CHECK(names(check_tiles(shorter, head(tree, 600)), path));
        auto missing = tiles;
        missing.erase(path);
        CHECK(names(check_tiles(missing, head(tree, 600)), path));
    }
    auto extra = tiles;
    extra["tile/0/007"] = Bytes(8192);
    CHECK(check_tiles(extra, head(tree, 600)) ==
          std::vector<Finding>{{"merkle.tiles.unexpected", "tile/0/007: the log of this size has no such file"}});
}

TEST_CASE("tiles that agree with each other but not with the checkpoint are refused") {
    const auto tree = tree_of(300);
    auto other = tree_of(299);
    other.append(sha256(as_bytes("stuffed")));
    const auto findings = check_tiles(make_tiles(other), head(tree, 300));
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].rule == "merkle.tiles.root");
    CHECK(reason_of([&] { verify_tiles(make_tiles(other), head(tree, 300)); }) == "merkle.tiles.root");
    CHECK_FALSE(check_tiles(make_tiles(tree), head(tree, 299)).empty());
    auto absurd = head(tree, 300);
    absurd.size = 999'999'999'999'999'999;
    CHECK(reason_of([&] { verify_tiles(make_tiles(tree), absurd); }) == "merkle.tiles.missing");
}

TEST_CASE("each file of a log, partial tiles included, is missed when it is gone and named when a byte is changed") {
    // Full and partial files on two levels.
    const auto tree = tree_of(256 + 19);
    const auto tiles = make_tiles(tree);
    REQUIRE(tiles.size() == 5);
    for (const auto* partial : {"tile/0/001.p/19", "tile/1/000.p/1", "tile/entries/001.p/19"})
        CHECK(tiles.contains(partial));
    for (const auto& [path, content] : tiles) {
        CAPTURE(path);
        auto without = tiles;
        without.erase(path);
        CHECK(names(check_tiles(without, head(tree, tree.size())), path));
        auto altered = tiles;
        altered.at(path).back() ^= 1;
        CHECK_FALSE(check_tiles(altered, head(tree, tree.size())).empty());
        auto cut = tiles;
        cut.at(path).pop_back();
        CHECK(names(check_tiles(cut, head(tree, tree.size())), path));
    }
    // A partial tile of an earlier size left behind does not belong to the log of this size.
    auto more = tiles;
    more.emplace("tile/0/001.p/18", Bytes(18 * 32));
    CHECK(names(check_tiles(more, head(tree, tree.size())), "tile/0/001.p/18"));
}
