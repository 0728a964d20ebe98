#include "uvpki/threshold/ceremony.h"

#include "tests/fuzz/expect.h"
#include "tests/fuzz/small_election.h"
#include "tests/fuzz/targets.h"
#include "uvpki/threshold/release.h"

namespace uvpki::fuzz {

namespace {

bool is_message(ByteView der) {
    const auto& election = small_election();
    threshold::Board board(election.plan, election.trustees_trust);
    const auto posted = accepted([&] { return board.add(der); });
    if (!posted) return false;
    require(posted->hash == sha256(der), "a message is known by the hash of its file");
    threshold::check_board(board);
    require(board.posted().size() == 1, "one message, one place on the board");
    return true;
}

bool is_stored_state(ByteView input) {
    const auto state = accepted([&] { return threshold::parse_state(SecretBytes(input)); });
    if (state)
        require_same(threshold::encode_state(*state).view(), input, "a trustee's state is written as it was read");
    const auto backup = accepted([&] { return threshold::parse_backup(SecretBytes(input)); });
    if (backup)
        require_same(threshold::encode_backup(*backup).view(), input, "a share's backup is written as it was read");
    return state || backup;
}

}  // namespace

/// A message of a trustee, its text (signed here), the plan of a ceremony, or what a trustee keeps.
bool ceremony(ByteView input) {
    if (input.empty()) return false;
    if (is_stored_state(input)) return true;
    const auto plan = accepted([&] { return threshold::parse_plan(input); });
    if (plan) require_same(threshold::encode_plan(*plan), input, "T17: an accepted plan is written as it was read");
    if (plan) return true;
    return is_message(input[0] == '{' ? small_election().signed_by(small_election().trustee, input) : to_bytes(input));
}

}  // namespace uvpki::fuzz
