#include "uvpki/merkle/tiles.h"

#include "tests/fuzz/expect.h"
#include "tests/fuzz/targets.h"

namespace uvpki::fuzz {

/// One bundle of entries, as the only one of a log of up to 256 entries.
bool tiles(ByteView input) {
    const std::uint64_t size = input.size() / 34;
    if (size == 0 || size > merkle::tile_width) return false;
    const merkle::Tiles files{{merkle::entries_path(0, size), to_bytes(input)}};
    const auto entries = accepted([&] { return merkle::parse_entries(files, size); });
    if (!entries) return false;
    const merkle::Tree tree(*entries);
    const auto again = merkle::make_tiles(tree);
    require_same(again.at(merkle::entries_path(0, size)), input, "an accepted bundle is written as it was read");
    require(merkle::check_tiles(again, {"log", size, tree.root()}).empty(), "the files of a tree lead to its root");
    return true;
}

}  // namespace uvpki::fuzz
