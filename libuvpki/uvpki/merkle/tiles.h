#pragma once
// The log as static files, C2SP tlog-tiles: tiles of up to 256 hashes and bundles of up to 256 entries, each entry 32
// bytes after a two-byte length. Computes and checks contents; touches no disk. Stateless functions, thread-safe.

#include <map>
#include <string>
#include <vector>

#include "uvpki/error.h"
#include "uvpki/merkle/checkpoint.h"
#include "uvpki/merkle/tree.h"

namespace uvpki::merkle {

inline constexpr std::uint64_t tile_width = 256;

/// Paths ("tile/0/x001/234.p/17", relative to the log's folder) and contents.
using Tiles = std::map<std::string, Bytes>;

/// "tile/<level>/<index>[.p/<width>]"; level 0-63, width 1-256 (256: a full tile). Throws invalid_input
/// "merkle.tiles.path".
std::string tile_path(unsigned level, std::uint64_t index, std::uint64_t width);
/// "tile/entries/<index>[.p/<width>]"
std::string entries_path(std::uint64_t index, std::uint64_t width);

/// Exactly the files of a tree of `size` entries: full tiles and the partial ones at the right edge. Throws
/// "merkle.size".
Tiles make_tiles(const Tree& tree, std::uint64_t size);
/// The files of the whole tree.
inline Tiles make_tiles(const Tree& tree) {
    return make_tiles(tree, tree.size());
}

/// The entries of the bundles of a log of `size` entries, in order. Throws "merkle.tiles.missing" or
/// "merkle.tiles.malformed" with the path.
std::vector<Sha256> parse_entries(const Tiles& files, std::uint64_t size);

/// Everything wrong with the log's files, each message with the path: "merkle.tiles.missing", ".unexpected",
/// ".malformed",
/// ".mismatch" (does not agree with the files below it), ".root" (the entries do not lead to the checkpoint's root).
std::vector<Finding> check_tiles(const Tiles& files, const Checkpoint& checkpoint);

/// The tree that these files hold. Throws verification_failed with the first finding of check_tiles, if any.
Tree verify_tiles(const Tiles& files, const Checkpoint& checkpoint);

/// The root that the files of a log of `size` entries lead to, every tile recomputed from the entries. Throws
/// verification_failed "merkle.tiles.*" for the first file that is missing, unexpected or wrong.
Sha256 root_from_tiles(const Tiles& files, std::uint64_t size);

}  // namespace uvpki::merkle
