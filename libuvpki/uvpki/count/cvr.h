#pragma once
// Cast vote records in NIST's common data format (SP 1500-103, JSON, version 1.0): one contest of a report as ballots.
// Strict and bounded; names the record of what it refuses. Stateless, thread-safe.

#include <string>

#include "uvpki/bytes.h"
#include "uvpki/count/marks.h"

namespace uvpki::count {

/// Which contest, by what rules, and how much is read.
struct CvrOptions {
    std::string contest = {};  ///< its id or its Name; may be empty when the report has one contest
    MarkRules marks = {};
    std::size_t bytes = 256u << 20;
    std::size_t records = 10'000'000;
};

/// The snapshot that CurrentSnapshotId names counts; a record without the contest is no ballot of it. A mark counts
/// when IsAllocable is "yes", or when it is "unknown" or absent and HasIndication is "yes". Ids and names of the
/// candidates are those of the contest's selections. Marks without any rank are choices without an order.
///
/// Throws invalid_input: "json.*" (see parse_json), "cvr.malformed" (not the shape of the format), "cvr.contest" (none,
/// several or unnamed), "cvr.name", "cvr.too_many", "cvr.snapshot", "cvr.selection" (unknown, or a write-in that is no
/// selection of the contest), "cvr.indication" (unknown whether marked), "cvr.adjudication" (still open), "cvr.votes"
/// (more than one vote, or fractions), "cvr.rank" (some marks of a ballot with, some without), and what rank_marks
/// throws.
Profile parse_cvr(ByteView text, const CvrOptions& options = {});

}  // namespace uvpki::count
