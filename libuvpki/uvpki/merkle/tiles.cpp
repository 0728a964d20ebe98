#include "uvpki/merkle/tiles.h"

#include <algorithm>
#include <functional>

namespace uvpki::merkle {

namespace {

constexpr std::size_t entry_size = 32;
constexpr std::size_t framed_entry_size = 2 + entry_size;

std::string index_path(std::uint64_t index, std::uint64_t width) {
    if (width == 0 || width > tile_width) fail_input("merkle.tiles.path", "a tile is 1 to 256 hashes wide");
    // tlog-tiles: "encoded into zero-padded 3-digit path elements. All but the last path element MUST begin with an x."
    const auto three = [](std::uint64_t value) {
        auto digits = std::to_string(value);
        return std::string(3 - digits.size(), '0') + digits;
    };
    std::string path = three(index % 1000);
    for (index /= 1000; index != 0; index /= 1000) path = "x" + three(index % 1000) + "/" + path;
    if (width < tile_width) path += ".p/" + std::to_string(width);
    return path;
}

/// Calls `action(index, width)` for the tiles that hold `count` hashes or entries.
void for_each_tile(std::uint64_t count, const std::function<void(std::uint64_t, std::uint64_t)>& action) {
    for (std::uint64_t index = 0; index * tile_width < count; ++index) {
        action(index, std::min(tile_width, count - index * tile_width));
    }
}

struct TileAddress {
    unsigned level;
    std::uint64_t index;
    std::uint64_t width;
};

/// All hash tiles of a log of this size, lowest level first.
std::vector<TileAddress> tile_addresses(std::uint64_t size) {
    std::vector<TileAddress> result;
    unsigned level = 0;
    for (auto count = size; count != 0; count /= tile_width, ++level) {
        for_each_tile(count, [&](std::uint64_t index, std::uint64_t width) {
            result.push_back({level, index, width});
        });
    }
    return result;
}

Bytes tile_content(const Tree& tree, const TileAddress& tile) {
    Bytes content;
    content.reserve(tile.width * entry_size);
    for (std::uint64_t i = 0; i < tile.width; ++i) {
        const auto& hash = tree.node(8 * tile.level, tile.index * tile_width + i);
        content.insert(content.end(), hash.begin(), hash.end());
    }
    return content;
}

std::vector<Sha256> parse_bundle(const Bytes& content, std::uint64_t width, const std::string& path) {
    const auto refuse = [&](const char* rule) { fail_input("merkle.tiles.malformed", path + ": " + rule); };
    if (content.size() != width * framed_entry_size) refuse("wrong length of the entry bundle");
    std::vector<Sha256> entries;
    entries.reserve(width);
    for (ByteView rest = content; !rest.empty(); rest = rest.subspan(framed_entry_size)) {
        if (rest[0] != 0 || rest[1] != entry_size) refuse("an entry of this log has 32 bytes");
        entries.push_back(to_sha256(rest.subspan(2, entry_size)));
    }
    return entries;
}

/// The hash of a full tile over its 256 hashes.
Sha256 tile_root(ByteView content) {
    std::vector<Sha256> hashes;
    for (; !content.empty(); content = content.subspan(entry_size)) {
        hashes.push_back(to_sha256(content.first(entry_size)));
    }
    for (; hashes.size() > 1; hashes.resize(hashes.size() / 2)) {
        for (std::size_t i = 0; i + 1 < hashes.size(); i += 2) hashes[i / 2] = hash_node(hashes[i], hashes[i + 1]);
    }
    return hashes.front();
}

/// Collects what is wrong with one set of files.
struct Inspection {
    const Tiles& files;
    std::uint64_t size;
    std::vector<Finding> findings;
    std::vector<Sha256> entries;
    std::map<std::string, bool> expected;

    const Bytes* find(const std::string& path, std::uint64_t bytes) {
        expected.emplace(path, true);
        const auto found = files.find(path);
        if (found == files.end()) {
            findings.push_back({"merkle.tiles.missing", path + ": the log's file is missing"});
            return nullptr;
        }
        if (found->second.size() != bytes) {
            findings.push_back({"merkle.tiles.malformed", path + ": the file must have " + std::to_string(bytes) +
                                                              " bytes, not " + std::to_string(found->second.size())});
            return nullptr;
        }
        return &found->second;
    }

    void mismatch(const std::string& path, const std::string& what) {
        findings.push_back({"merkle.tiles.mismatch", path + ": " + what});
    }

    void check_bundle(std::uint64_t index, std::uint64_t width) {
        const auto path = entries_path(index, width);
        const auto* content = find(path, width * framed_entry_size);
        const auto* tile = find(tile_path(0, index, width), width * entry_size);
        if (content == nullptr) return;
        std::vector<Sha256> bundle;
        try {
            bundle = parse_bundle(*content, width, path);
        } catch (const Error& error) {
            findings.push_back({error.reason(), error.message()});
            return;
        }
        entries.insert(entries.end(), bundle.begin(), bundle.end());
        for (std::size_t i = 0; tile != nullptr && i < bundle.size(); ++i) {
            if (std::ranges::equal(hash_leaf(bundle[i]), ByteView(*tile).subspan(i * entry_size, entry_size))) continue;
            mismatch(path, "entry " + std::to_string(index * tile_width + i) + " and its hash in " +
                               tile_path(0, index, width) + " do not agree");
            return;
        }
    }

    void check_upper_tile(const TileAddress& address) {
        const auto path = tile_path(address.level, address.index, address.width);
        const auto* content = find(path, address.width * entry_size);
        for (std::uint64_t i = 0; content != nullptr && i < address.width; ++i) {
            const auto below_path = tile_path(address.level - 1, address.index * tile_width + i, tile_width);
            const auto below = files.find(below_path);
            if (below == files.end() || below->second.size() != tile_width * entry_size) continue;  // has its finding
            if (std::ranges::equal(tile_root(below->second), ByteView(*content).subspan(i * entry_size, entry_size))) {
                continue;
            }
            mismatch(path, "hash " + std::to_string(i) + " is not that of " + below_path);
            return;
        }
    }

    void run() {
        for (const auto& address : tile_addresses(size)) {
            if (address.level == 0) {
                check_bundle(address.index, address.width);
            } else {
                check_upper_tile(address);
            }
        }
        for (const auto& [path, content] : files) {
            if (!expected.contains(path)) {
                findings.push_back({"merkle.tiles.unexpected", path + ": the log of this size has no such file"});
            }
        }
    }
};

[[noreturn]] void fail_with(const Finding& finding) {
    fail(ErrorCode::verification_failed, finding.rule, finding.message);
}

Inspection inspect(const Tiles& files, std::uint64_t size) {
    Inspection inspection{files, size, {}, {}, {}};
    // Every 256 entries need a file: a size that the files cannot hold must not keep us busy.
    if (size / tile_width > files.size()) {
        inspection.findings.push_back({"merkle.tiles.missing", "the log of " + std::to_string(size) +
                                                                   " entries needs more files than there are"});
        return inspection;
    }
    inspection.run();
    return inspection;
}

}  // namespace

std::string tile_path(unsigned level, std::uint64_t index, std::uint64_t width) {
    if (level > 63) fail_input("merkle.tiles.path", "tile levels go from 0 to 63");
    return "tile/" + std::to_string(level) + "/" + index_path(index, width);
}

std::string entries_path(std::uint64_t index, std::uint64_t width) {
    return "tile/entries/" + index_path(index, width);
}

Tiles make_tiles(const Tree& tree, std::uint64_t size) {
    if (size > tree.size()) fail_input("merkle.size", "the log has fewer entries than its tiles are asked for");
    Tiles tiles;
    for (const auto& address : tile_addresses(size)) {
        tiles.emplace(tile_path(address.level, address.index, address.width), tile_content(tree, address));
    }
    for_each_tile(size, [&](std::uint64_t index, std::uint64_t width) {
        Bytes bundle;
        bundle.reserve(width * framed_entry_size);
        for (std::uint64_t i = 0; i < width; ++i) {
            const auto& entry = tree.entries()[index * tile_width + i];
            bundle.push_back(0);
            bundle.push_back(entry_size);
            bundle.insert(bundle.end(), entry.begin(), entry.end());
        }
        tiles.emplace(entries_path(index, width), std::move(bundle));
    });
    return tiles;
}

std::vector<Sha256> parse_entries(const Tiles& files, std::uint64_t size) {
    std::vector<Sha256> entries;
    for_each_tile(size, [&](std::uint64_t index, std::uint64_t width) {
        const auto path = entries_path(index, width);
        const auto found = files.find(path);
        if (found == files.end()) fail_input("merkle.tiles.missing", path + ": the log's file is missing");
        const auto bundle = parse_bundle(found->second, width, path);
        entries.insert(entries.end(), bundle.begin(), bundle.end());
    });
    return entries;
}

std::vector<Finding> check_tiles(const Tiles& files, const Checkpoint& checkpoint) {
    auto inspection = inspect(files, checkpoint.size);
    if (inspection.entries.size() == checkpoint.size && Tree(inspection.entries).root() != checkpoint.root) {
        inspection.findings.push_back(
            {"merkle.tiles.root", "checkpoint: the log's entries do not lead to the root of the checkpoint"});
    }
    return std::move(inspection.findings);
}

Tree verify_tiles(const Tiles& files, const Checkpoint& checkpoint) {
    if (const auto findings = check_tiles(files, checkpoint); !findings.empty()) fail_with(findings.front());
    return Tree(parse_entries(files, checkpoint.size));
}

Sha256 root_from_tiles(const Tiles& files, std::uint64_t size) {
    const auto inspection = inspect(files, size);
    if (!inspection.findings.empty()) fail_with(inspection.findings.front());
    return Tree(inspection.entries).root();
}

}  // namespace uvpki::merkle
