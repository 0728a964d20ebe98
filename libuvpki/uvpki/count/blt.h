#pragma once
// The BLT file format for ranked ballots (Hill, Wichmann and Woodall, 1987; read by most counting programs). The reader
// is strict and bounded, never repairs a ballot, and names the line of what it refuses. Stateless, thread-safe.

#include <string>
#include <string_view>

#include "uvpki/count/ballots.h"

namespace uvpki::count {

/// What a file may have at most.
struct BltLimits {
    std::size_t bytes = 256u << 20;
    std::size_t ballot_lines = 10'000'000;
};

/// One item per line: "candidates seats"; lines of negative numbers for the withdrawn; ballots "weight choice... 0";
/// "0"; one quoted name per candidate; the quoted title. A # outside quotes starts a comment; blank lines, leading
/// blanks, CRLF, a UTF-8 byte order mark and a missing last line end are accepted. A name runs to the quote after
/// which only blanks or a comment follow. Candidate ids become "c1", "c2", ... by their numbers in the file.
///
/// Throws invalid_input, always with the line number: "blt.encoding" (not UTF-8, for example Latin-1), "blt.too_large",
/// "blt.header", "blt.number", "blt.withdrawn", "blt.weight", "blt.ballot" (the closing 0 is missing or not the last),
/// "blt.candidate" (no such number), "blt.duplicate", "blt.equal_ranks" (= between numbers), "blt.name", "blt.title",
/// "blt.truncated", "blt.trailing".
Profile parse_blt(std::string_view text, BltLimits limits = {});

/// A file that parse_blt reads back to the same ballots and names (ids are not part of the format). Throws
/// invalid_input "blt.name", "blt.title" for text that the format cannot carry, "blt.header", "blt.candidate",
/// "blt.weight" for a profile that contradicts itself, "blt.equal_ranks" for one with shared ranks.
std::string format_blt(const Profile& profile);

}  // namespace uvpki::count
