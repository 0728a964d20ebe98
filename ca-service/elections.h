#pragma once
// Elections as the authority defines them: drafts, the manifest built from a draft, and the state machine
// draft -> ready -> open -> closed -> tallied -> certified -> archived. Elections with ballots are never deleted.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "uvpki/clock.h"
#include "uvpki/election/manifest.h"
#include "uvpki/election/roll.h"
#include "uvpki/error.h"

namespace uvpki::ca {

enum class ElectionState { draft, ready, open, closed, tallied, certified, archived };
std::string_view election_state_name(ElectionState state);

struct ElectionOverview {
    std::string id;
    std::string title;
    ElectionState state{};
    std::vector<Finding> missing;  ///< what stands between a draft and `ready`
};

/// Every method throws not_found "election.unknown", forbidden "election.state" (naming state and act), and
/// invalid_input with the rule; each act has its audit row. Obtained from Authority::elections(). Thread-safe.
class Elections {
public:
    virtual ~Elections() = default;

    virtual void create(std::string_view id, std::string_view title, std::string_view actor) = 0;
    virtual void add_contest(std::string_view id, const election::Contest& contest, std::string_view actor) = 0;
    virtual void add_candidate(std::string_view id, std::string_view contest, const election::Candidate& candidate,
                               std::string_view actor) = 0;
    virtual void add_style(std::string_view id, std::string_view style, const std::vector<std::string>& contests,
                           std::string_view actor) = 0;
    struct Schedule {
        election::Window claim;
        election::Window voting;
        Time final_epoch_until{};
        std::int64_t epoch_seconds = 3600;
        std::int64_t epoch_min_ballots = 10;
    };
    virtual void set_schedule(std::string_view id, const Schedule& schedule, std::string_view actor) = 0;
    /// The frozen roll (from the registrar, signed by an officer) and its token keys; one call per token issuer.
    virtual void set_roll(std::string_view id, const election::RollSummary& roll, std::string_view actor) = 0;
    virtual void add_token_issuer(std::string_view id, std::string_view issuer,
                                  const std::vector<election::TokenKey>& keys, std::string_view actor) = 0;
    /// Ballot CA certificate (issued by this authority), log origin and verifier key of the ballot service.
    virtual void set_ballot_service(std::string_view id, const x509::Certificate& ballot_ca,
                                    std::string_view log_origin, std::string_view log_key, std::string_view actor) = 0;
    /// All ceremony messages and one rehearsal request per trustee (by index - 1; challenge: the election id's bytes);
    /// verified here. The election certificate is issued at freeze(), when the schedule is known.
    virtual void set_ceremony(std::string_view id, const std::vector<Bytes>& messages, ByteView transcript,
                              const std::vector<Bytes>& rehearsals, std::string_view actor) = 0;

    /// draft -> ready: nothing may be missing; the manifest's text is fixed and returned for an officer to sign.
    virtual std::string freeze(std::string_view id, std::string_view actor) = 0;
    /// ready -> open: with the officer's detached signature over the manifest.
    virtual election::VerifiedManifest activate(std::string_view id, ByteView signature, std::string_view actor) = 0;
    /// open -> closed, not before voting closes.
    virtual void close(std::string_view id, std::string_view actor) = 0;
    /// closed -> tallied: the results text; tallied -> certified: the officer's signature over it.
    virtual void record_results(std::string_view id, std::string_view results, std::string_view actor) = 0;
    virtual void certify(std::string_view id, ByteView signature, std::string_view actor) = 0;
    virtual void archive(std::string_view id, std::string_view actor) = 0;

    virtual std::vector<ElectionOverview> list() const = 0;
    virtual ElectionOverview overview(std::string_view id) const = 0;
    virtual std::optional<std::string> find_manifest_text(std::string_view id) const = 0;
    virtual std::optional<Bytes> find_manifest_signature(std::string_view id) const = 0;
    virtual std::vector<Bytes> ceremony_messages(std::string_view id) const = 0;
    virtual std::vector<Bytes> rehearsals(std::string_view id) const = 0;
    virtual std::optional<Bytes> find_transcript(std::string_view id) const = 0;
    virtual std::optional<std::string> find_results_text(std::string_view id) const = 0;
    virtual std::optional<Bytes> find_results_signature(std::string_view id) const = 0;
    /// What an officer should know before freezing (T6, T32, overlapping windows); for a draft as far as it is filled
    /// in.
    virtual std::vector<Finding> warnings(std::string_view id) const = 0;
};

}  // namespace uvpki::ca
