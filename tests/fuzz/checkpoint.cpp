#include "uvpki/merkle/checkpoint.h"

#include "tests/fuzz/expect.h"
#include "tests/fuzz/small_election.h"
#include "tests/fuzz/targets.h"

namespace uvpki::fuzz {

/// A signed note, the name of a log's key, or a line with a witness's signature.
bool checkpoint(ByteView input) {
    const auto text = as_text(input);
    const auto key = accepted([&] { return merkle::LogVerifier::parse_vkey(text); });
    if (key) {
        require_same(key->vkey(), input, "a key's name is written as it was read");
        require(merkle::LogVerifier::parse_spki(key->name(), key->spki()).vkey() == text, "a log key survives as SPKI");
    }
    const auto note = accepted([&] { return merkle::verify_checkpoint(text, small_election().log); });
    if (note)
        require(text.starts_with(merkle::format_checkpoint(note->checkpoint()) + "\n"),
                "T17: an accepted checkpoint is written as it was read");
    static const auto signed_note = to_text(SmallElection::file("checkpoint"));
    const auto cosigned = accepted([&] { return merkle::add_cosignature(signed_note, text); });
    if (cosigned)
        require(merkle::verify_checkpoint(*cosigned, small_election().log).other_signatures().size() == 1,
                "a witness adds one signature");
    return key || note || cosigned;
}

}  // namespace uvpki::fuzz
