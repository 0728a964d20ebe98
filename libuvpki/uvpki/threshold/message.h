#pragma once
// The content of ceremony messages and the inside of a Board. Private to threshold/.

#include <array>

#include "uvpki/json.h"
#include "uvpki/threshold/ceremony.h"

namespace uvpki::threshold {

inline constexpr int step_count = 6;

/// What a message says; which members are used depends on the step.
struct Body {
    Step step{};
    int trustee = 0;
    Sha256 commitments_hash{};         // commit
    Sha256 seen{};                     // all but commit: digest of the messages of the rounds before
    Commitments commitments;           // reveal
    std::vector<Bytes> envelopes;      // deal: by recipient, the dealer's own place empty
    std::vector<int> against;          // complaint
    std::vector<IndexedPoint> shares;  // justify: recipient and scalar, public from now on
    Bytes share_point;                 // confirm
};

struct PostedBody {
    Bytes file;
    Sha256 hash{};
    Body body;
};

struct Board::State {
    Plan plan;
    Sha256 plan_hash{};
    std::array<std::vector<std::optional<PostedBody>>, step_count> messages;

    int trustees() const { return static_cast<int>(plan.trustees.size()); }
    const std::optional<PostedBody>& at(Step step, int trustee) const {
        return messages[static_cast<std::size_t>(step)][static_cast<std::size_t>(trustee - 1)];
    }
    const Trustee& person(int trustee) const { return plan.trustees[static_cast<std::size_t>(trustee - 1)]; }
    /// "trustee 3 (Name)"
    std::string called(int trustee) const;
    bool is_complete(Step step) const;
    /// Dealers whom this trustee complained about and the reverse.
    bool complained(int trustee, int dealer) const;
};

Json plan_to_json(const Plan& plan);
Plan plan_from_json(const Json& json);

/// Canonical JSON of the message.
Bytes format_body(const Board::State& state, const Body& body);
/// Throws "threshold.message.malformed" or "threshold.message.ceremony".
Body parse_body(const Board::State& state, ByteView json);

/// What a commit holds: SHA-256 of canonical JSON {"commitments":[...],"plan":...,"trustee":...}.
Sha256 hash_of_commitments(const Sha256& plan, int trustee, const Commitments& commitments);

/// SHA-256 over the hashes of all commits, then all reveals, then all deals, as far as they come before `step`.
Sha256 view_before(const Board::State& state, Step step);

/// Throws not_found "threshold.board.incomplete".
void require_complete(const Board& board, Step step);
/// Throws the first fault.
void require_sound(const Board& board);

/// All dealers' commitments, in order; the reveals must be complete.
std::vector<Commitments> all_commitments(const Board::State& state);

/// A dealer's share for a trustee: the published one, the trustee's own, or the one in the envelope. nullopt when it
/// cannot be opened or does not fit.
std::optional<SecretBytes> find_share(const Board::State& board, const TrusteeState& state, int dealer,
                                      const x509::PrivateKey& encryption_key);

/// Members of an object that must be exactly these; throws invalid_input `reason`.
void require_members(const Json& object, std::initializer_list<const char*> names, std::string_view reason);
std::string read_text(const Json& object, const char* name, std::string_view reason);
int read_number(const Json& object, const char* name, int least, int most, std::string_view reason);
Sha256 read_hash(const Json& object, const char* name, std::string_view reason);
Bytes read_hex(const Json& value, std::size_t size, std::string_view reason);
const Json& read_array(const Json& object, const char* name, std::string_view reason);
Json to_json(const Commitments& points);

}  // namespace uvpki::threshold
