#include "ca-service/elections.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ca-service/authority_state.h"
#include "ca-service/draft.h"
#include "ca-service/election_checks.h"
#include "ca-service/election_store.h"
#include "ca-service/store.h"
#include "uvpki/blind/blind_key.h"
#include "uvpki/cms/signed_data.h"
#include "uvpki/count/rules.h"
#include "uvpki/election/ballot.h"
#include "uvpki/encoding.h"
#include "uvpki/error.h"
#include "uvpki/merkle/checkpoint.h"
#include "uvpki/threshold/transcript.h"

namespace uvpki::ca {

namespace {

using service::Transaction;
using store::ElectionRow;

constexpr std::size_t largest_results = 256u << 20;

void require_identifier(std::string_view what, std::string_view id, std::size_t least, std::size_t most) {
    const bool good = id.size() >= least && id.size() <= most && std::ranges::all_of(id, [](char c) {
                          return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
                      });
    if (!good)
        fail_input("election.id", std::string(what) + " must be " + std::to_string(least) + " to " +
                                      std::to_string(most) + " lower-case letters, digits and hyphens");
}

void require_text(std::string_view what, std::string_view text) {
    if (text.empty() || text.size() > 200 || !is_printable_utf8(text))
        fail_input("election.text", std::string(what) + " must be 1 to 200 bytes of printable UTF-8");
}

void require_candidate(const election::Candidate& candidate) {
    require_identifier("A candidate's id", candidate.id, 1, 32);
    require_text("A candidate's name", candidate.name);
}

template <typename Items, typename Projection>
void require_new(const Items& items, Projection projection, const std::string& id, const std::string& what) {
    if (std::ranges::find(items, id, projection) != items.end())
        fail(ErrorCode::conflict, "election.repeated", what + " " + id + " is there already");
}

ElectionRow require_election(Transaction& transaction, std::string_view id) {
    auto row = store::find_election(transaction, id);
    if (!row) fail(ErrorCode::not_found, "election.unknown", "there is no election " + std::string(id));
    return std::move(*row);
}

void require_state(const ElectionRow& row, ElectionState needed, std::string_view act) {
    if (row.state == needed) return;
    fail(ErrorCode::forbidden, "election.state",
         "election " + row.id + " is " + std::string(election_state_name(row.state)) + ": " + std::string(act) +
             " needs one that is " + std::string(election_state_name(needed)));
}

class StoredElections final : public Elections {
public:
    explicit StoredElections(Authority::State& state) : state_(state) {}

    void create(std::string_view id, std::string_view title, std::string_view actor) override {
        require_identifier("An election's id", id, 3, 64);
        require_text("An election's title", title);
        state_.run_act([&](Transaction& transaction) {
            store::add_election(transaction,
                                {.id = std::string(id),
                                 .title = std::string(title),
                                 .state = ElectionState::draft,
                                 .draft = format_draft({}),
                                 .manifest = {},
                                 .manifest_signature = {},
                                 .results = {},
                                 .results_signature = {}},
                                state_.clock.now());
            audit(transaction, actor, "election.create", id, Json{{"title", title}});
        });
    }

    void add_contest(std::string_view id, const election::Contest& contest, std::string_view actor) override {
        require_identifier("A contest's id", contest.id, 1, 32);
        require_text("A contest's title", contest.title);
        count::require_sound(contest.rules);
        for (const auto& candidate : contest.candidates) require_candidate(candidate);
        for (std::size_t i = 0; i < contest.candidates.size(); ++i)
            require_new(std::span(contest.candidates).first(i), &election::Candidate::id, contest.candidates[i].id,
                        "candidate");
        edit(id, "election.contest", "adding a contest", actor, [&](Draft& draft) {
            require_new(draft.contests, &election::Contest::id, contest.id, "contest");
            draft.contests.push_back(contest);
            return Json{{"candidates", contest.candidates.size()},
                        {"contest", contest.id},
                        {"rules", count::rules_json(contest.rules)}};
        });
    }

    void add_candidate(std::string_view id, std::string_view contest, const election::Candidate& candidate,
                       std::string_view actor) override {
        require_candidate(candidate);
        edit(id, "election.candidate", "adding a candidate", actor, [&](Draft& draft) {
            auto* found = draft.find_contest(contest);
            if (found == nullptr)
                fail(ErrorCode::not_found, "election.contest", "there is no contest " + std::string(contest));
            require_new(found->candidates, &election::Candidate::id, candidate.id, "candidate");
            found->candidates.push_back(candidate);
            return Json{{"candidate", candidate.id}, {"contest", contest}};
        });
    }

    void add_style(std::string_view id, std::string_view style, const std::vector<std::string>& contests,
                   std::string_view actor) override {
        require_identifier("A style's id", style, 1, 32);
        if (contests.empty()) fail_input("election.style", "a ballot style needs at least one contest");
        edit(id, "election.style", "adding a style", actor, [&](Draft& draft) {
            require_new(draft.styles, &election::Style::id, std::string(style), "style");
            for (std::size_t i = 0; i < contests.size(); ++i) {
                if (draft.find_contest(contests[i]) == nullptr)
                    fail(ErrorCode::not_found, "election.contest", "there is no contest " + contests[i]);
                require_new(std::span(contests).first(i), std::identity{}, contests[i], "contest");
            }
            draft.styles.push_back({std::string(style), contests, 0});
            return Json{{"contests", contests}, {"style", style}};
        });
    }

    void set_schedule(std::string_view id, const Schedule& schedule, std::string_view actor) override {
        if (!(schedule.claim.opens < schedule.claim.closes) || !(schedule.voting.opens < schedule.voting.closes))
            fail_input("election.schedule", "a window must open before it closes");
        if (schedule.final_epoch_until < schedule.voting.closes)
            fail_input("election.schedule", "the final epoch cannot end before voting closes");
        if (schedule.epoch_seconds < 1 || schedule.epoch_min_ballots < 1)
            fail_input("election.schedule", "an epoch has at least one second and one ballot");
        edit(id, "election.schedule", "setting the schedule", actor, [&](Draft& draft) {
            draft.schedule = schedule;
            return Json{{"voting_closes", format_rfc3339(schedule.voting.closes)},
                        {"voting_opens", format_rfc3339(schedule.voting.opens)}};
        });
    }

    void set_roll(std::string_view id, const election::RollSummary& roll, std::string_view actor) override {
        if (roll.election != id) fail_input("election.roll", "the roll is for the election " + roll.election);
        std::int64_t voters = 0;
        for (const auto& [style, count] : roll.styles) voters += count;
        if (voters != roll.size) fail_input("election.roll", "the styles' voters do not add up to the roll's size");
        edit(id, "election.roll", "setting the roll", actor, [&](Draft& draft) {
            draft.roll = roll;
            return Json{{"root", to_hex(roll.root)}, {"size", roll.size}};
        });
    }

    void add_token_issuer(std::string_view id, std::string_view issuer, const std::vector<election::TokenKey>& keys,
                          std::string_view actor) override {
        require_identifier("A token issuer's id", issuer, 1, 32);
        if (keys.empty()) fail_input("election.token_key", "a token issuer needs a key for each ballot style");
        for (const auto& key : keys) {
            if (key.issuer != issuer) fail_input("election.token_key", "a token key names the issuer " + key.issuer);
            if (blind::BlindPublicKey::parse_spki(key.spki).spki() != key.spki)
                fail_input("election.token_key", "the token key for style " + key.style + " is not id-RSASSA-PSS");
            if (key.key_id != sha256(key.spki))
                fail_input("election.token_key", "the id of the token key for style " + key.style + " is not its hash");
        }
        edit(id, "election.token_issuer", "setting a token issuer", actor, [&](Draft& draft) {
            // The same issuer again brings new keys: as long as this is a draft, nobody has used the old ones.
            std::erase_if(draft.token_keys, [&](const election::TokenKey& key) { return key.issuer == issuer; });
            if (std::ranges::find(draft.token_issuers, issuer) == draft.token_issuers.end())
                draft.token_issuers.emplace_back(issuer);
            draft.token_keys.insert(draft.token_keys.end(), keys.begin(), keys.end());
            auto ids = Json::array();
            for (const auto& key : keys) ids.push_back(to_hex(key.key_id));
            return Json{{"issuer", issuer}, {"keys", std::move(ids)}};
        });
    }

    void set_ballot_service(std::string_view id, const x509::Certificate& ballot_ca, std::string_view log_origin,
                            std::string_view log_key, std::string_view actor) override {
        if (merkle::LogVerifier::parse_vkey(log_key).name() != log_origin)
            fail_input("election.log_key", "the log's key has another name than the log's origin");
        edit(id, "election.ballot_service", "setting the ballot service", actor,
             [&](Draft& draft, Transaction& transaction) {
                 require_own_ballot_ca(transaction, ballot_ca);
                 draft.ballot_service = BallotServiceParts{.ballot_ca = to_bytes(ballot_ca.der()),
                                                           .log_origin = std::string(log_origin),
                                                           .log_key = std::string(log_key)};
                 return Json{{"ballot_ca", ballot_ca.serial_hex()}, {"log_key", log_key}};
             });
    }

    void set_ceremony(std::string_view id, const std::vector<Bytes>& messages, ByteView transcript,
                      const std::vector<Bytes>& rehearsals, std::string_view actor) override {
        require_draft(id, "setting the ceremony");
        const auto ceremony = verify_ceremony(id, messages, transcript, rehearsals, state_.trust());
        edit(id, "election.ceremony", "setting the ceremony", actor, [&](Draft&, Transaction& transaction) {
            store::replace_ceremony(transaction, id, messages, transcript, rehearsals);
            return Json{{"needed", ceremony.transcript.plan().needed},
                        {"transcript", to_hex(ceremony.transcript.hash())},
                        {"trustees", ceremony.transcript.plan().trustees.size()}};
        });
    }

    std::string freeze(std::string_view id, std::string_view actor) override;
    election::VerifiedManifest activate(std::string_view id, ByteView signature, std::string_view actor) override;
    void close(std::string_view id, std::string_view actor) override;
    void record_results(std::string_view id, std::string_view results, std::string_view actor) override;
    void certify(std::string_view id, ByteView signature, std::string_view actor) override;

    void archive(std::string_view id, std::string_view actor) override {
        step(id, ElectionState::certified, ElectionState::archived, "archiving", actor, "election.archive",
             [](ElectionRow&) { return Json::object(); });
    }

    std::vector<ElectionOverview> list() const override {
        return state_.database->read([&](Transaction& transaction) {
            std::vector<ElectionOverview> result;
            for (const auto& row : store::all_elections(transaction)) result.push_back(overview_of(transaction, row));
            return result;
        });
    }
    ElectionOverview overview(std::string_view id) const override {
        return state_.database->read(
            [&](Transaction& transaction) { return overview_of(transaction, require_election(transaction, id)); });
    }
    std::optional<std::string> find_manifest_text(std::string_view id) const override {
        const auto manifest = read_row(id).manifest;
        return manifest ? std::optional(to_text(*manifest)) : std::nullopt;
    }
    std::optional<Bytes> find_manifest_signature(std::string_view id) const override {
        return read_row(id).manifest_signature;
    }
    std::optional<std::string> find_results_text(std::string_view id) const override {
        const auto results = read_row(id).results;
        return results ? std::optional(to_text(*results)) : std::nullopt;
    }
    std::optional<Bytes> find_results_signature(std::string_view id) const override {
        return read_row(id).results_signature;
    }
    std::vector<Bytes> ceremony_messages(std::string_view id) const override {
        return parts(id, store::CeremonyPart::message);
    }
    std::vector<Bytes> rehearsals(std::string_view id) const override {
        return parts(id, store::CeremonyPart::rehearsal);
    }
    std::optional<Bytes> find_transcript(std::string_view id) const override {
        auto found = parts(id, store::CeremonyPart::transcript);
        if (found.empty()) return std::nullopt;
        return std::move(found.front());
    }
    std::vector<Finding> warnings(std::string_view id) const override {
        const auto row = read_row(id);
        if (row.manifest) return election::warn_about_manifest(election::parse_manifest(*row.manifest));
        return election::warn_about_manifest(manifest_from(row, parse_draft(row.draft), state_));
    }

private:
    ElectionRow read_row(std::string_view id) const {
        return state_.database->read([&](Transaction& transaction) { return require_election(transaction, id); });
    }
    std::vector<Bytes> parts(std::string_view id, store::CeremonyPart part) const {
        return state_.database->read([&](Transaction& transaction) {
            require_election(transaction, id);
            return store::ceremony_parts(transaction, id, part);
        });
    }
    void require_draft(std::string_view id, std::string_view act) const {
        require_state(read_row(id), ElectionState::draft, act);
    }

    void audit(Transaction& transaction, std::string_view actor, std::string_view action, std::string_view id,
               const Json& details) const {
        state_.audit(transaction, {actor, action, std::string(id)}, details);
    }

    /// One change of a draft and its audit row; `change` returns the details for the audit log.
    template <typename Change>
    void edit(std::string_view id, std::string_view action, std::string_view act, std::string_view actor,
              Change change) {
        state_.run_act([&](Transaction& transaction) {
            auto row = require_election(transaction, id);
            require_state(row, ElectionState::draft, act);
            auto draft = parse_draft(row.draft);
            Json details;
            if constexpr (std::is_invocable_v<Change&, Draft&, Transaction&>)
                details = change(draft, transaction);
            else
                details = change(draft);
            row.draft = format_draft(draft);
            store::update_election(transaction, row);
            audit(transaction, actor, action, id, details);
        });
    }

    /// One step of the state machine and its audit row.
    template <typename Change>
    void step(std::string_view id, ElectionState from, ElectionState to, std::string_view act, std::string_view actor,
              std::string_view action, Change change) {
        state_.run_act([&](Transaction& transaction) {
            auto row = require_election(transaction, id);
            require_state(row, from, act);
            const Json details = change(row);
            row.state = to;
            store::update_election(transaction, row);
            audit(transaction, actor, action, id, details);
        });
    }

    void require_own_ballot_ca(Transaction& transaction, const x509::Certificate& ballot_ca) const {
        const auto entry = store::find_certificate(transaction, ballot_ca.serial(), state_.clock.now());
        if (!entry || !(entry->certificate == ballot_ca) || entry->role != x509::Role::ballot_ca)
            fail_input("election.ballot_ca", "the Ballot CA's certificate was not issued as such by this authority");
        if (entry->state != CertificateState::good)
            fail(ErrorCode::forbidden, "election.ballot_ca", "the Ballot CA's certificate is revoked or has expired");
    }

    ElectionOverview overview_of(Transaction& transaction, const ElectionRow& row) const {
        ElectionOverview overview{.id = row.id, .title = row.title, .state = row.state, .missing = {}};
        if (row.state == ElectionState::draft) overview.missing = check_draft(transaction, row, state_);
        return overview;
    }

    x509::Certificate election_certificate(const x509::PublicKey& joint_key, const ElectionRow& row, Time not_after,
                                           std::string_view actor);

    Authority::State& state_;
};

x509::Certificate StoredElections::election_certificate(const x509::PublicKey& joint_key, const ElectionRow& row,
                                                        Time not_after, std::string_view actor) {
    // A freeze that was interrupted after issuing finds its certificate again.
    const auto earlier = state_.database->read([&](Transaction& transaction) {
        return store::find_by_key(transaction, store::key_digest(joint_key), state_.clock.now());
    });
    for (const auto& entry : earlier)
        if (entry.state == CertificateState::good && entry.role == x509::Role::election &&
            entry.certificate.not_after() == not_after)
            return entry.certificate;
    return state_.issue_election_certificate(joint_key, row.id, state_.clock.now(), not_after, actor);
}

std::string StoredElections::freeze(std::string_view id, std::string_view actor) {
    const auto row = read_row(id);
    require_state(row, ElectionState::draft, "freezing");
    state_.require_keys();
    const auto findings =
        state_.database->read([&](Transaction& transaction) { return check_draft(transaction, row, state_); });
    if (!findings.empty()) {
        std::string all;
        for (const auto& finding : findings)
            all += (all.empty() ? "" : "; ") + finding.message + " (" + finding.rule + ")";
        fail_input("election.incomplete", "election " + row.id + " cannot be frozen: " + all);
    }
    auto ceremony = state_.database->read(
        [&](Transaction& transaction) { return find_ceremony(transaction, row.id, state_.trust()); });
    const auto draft = parse_draft(row.draft);
    auto manifest = manifest_from(row, draft, state_);
    add_ceremony(manifest, *ceremony);
    const auto not_after =
        std::min(add_years(manifest.voting.closes, 1), state_.require_installed().issuing.not_after());
    const auto joint_key = threshold::election_public_key(ceremony->transcript);
    manifest.election_certificate = to_bytes(election_certificate(joint_key, row, not_after, actor).der());
    manifest.plaintext_size = election::required_plaintext_size(manifest);
    const auto text = election::format_manifest(manifest);
    // What is about to be signed must be what everybody will read.
    election::parse_manifest(as_bytes(text));

    step(id, ElectionState::draft, ElectionState::ready, "freezing", actor, "election.freeze",
         [&](ElectionRow& current) {
             if (current.draft != row.draft)
                 fail(ErrorCode::conflict, "election.changed",
                      "the draft was changed meanwhile: look and freeze again");
             current.manifest = to_bytes(text);
             return Json{{"manifest", to_hex(sha256(as_bytes(text)))}};
         });
    return text;
}

election::VerifiedManifest StoredElections::activate(std::string_view id, ByteView signature, std::string_view actor) {
    const auto row = read_row(id);
    require_state(row, ElectionState::ready, "activating");
    const auto trust = state_.trust();
    auto verified = election::verify_manifest(*row.manifest, signature, trust);
    const auto now = state_.clock.now();
    if (now >= verified->voting.closes)
        fail(ErrorCode::forbidden, "election.too_late", "voting closed on " + format_rfc3339(verified->voting.closes));
    // The officer must be one when he signs, not only at the election's end.
    trust.verify_path(verified.signer(),
                      {.role = x509::Role::officer, .time = now, .revocation = x509::PathRules::Revocation::if_listed});
    step(id, ElectionState::ready, ElectionState::open, "activating", actor, "election.activate",
         [&](ElectionRow& current) {
             current.manifest_signature = to_bytes(signature);
             return Json{{"manifest", to_hex(verified.digest())}, {"signer", verified.signer().serial_hex()}};
         });
    return verified;
}

void StoredElections::close(std::string_view id, std::string_view actor) {
    step(id, ElectionState::open, ElectionState::closed, "closing", actor, "election.close", [&](ElectionRow& row) {
        const auto manifest = election::parse_manifest(*row.manifest);
        if (state_.clock.now() < manifest.voting.closes)
            fail(ErrorCode::forbidden, "election.too_early",
                 "voting in " + row.id + " closes on " + format_rfc3339(manifest.voting.closes));
        return Json{{"manifest", to_hex(sha256(*row.manifest))}};
    });
}

void StoredElections::record_results(std::string_view id, std::string_view results, std::string_view actor) {
    const auto row = read_row(id);
    require_state(row, ElectionState::closed, "recording results");
    const auto json = parse_canonical_json(as_bytes(results), {.bytes = largest_results, .depth = 64});
    const auto is = [&](const char* member, const std::string& value) {
        const auto found = json.is_object() ? json.find(member) : json.end();
        return found != json.end() && found->is_string() && *found == value;
    };
    if (!is("election", row.id)) fail_input("election.results", "the results are not those of election " + row.id);
    if (!is("manifest", to_hex(sha256(*row.manifest))))
        fail_input("election.results", "the results were counted under another manifest");
    step(id, ElectionState::closed, ElectionState::tallied, "recording results", actor, "election.results",
         [&](ElectionRow& current) {
             current.results = to_bytes(results);
             return Json{{"results", to_hex(sha256(as_bytes(results)))}};
         });
}

void StoredElections::certify(std::string_view id, ByteView signature, std::string_view actor) {
    const auto row = read_row(id);
    require_state(row, ElectionState::tallied, "certifying");
    const auto message = cms::parse_signed_data(signature);
    if (message.content)
        fail_input("election.signature", "the results' signature must be detached, but it carries a content");
    const auto verified = cms::verify_signed_data(message, *row.results, state_.trust(),
                                                  {.role = x509::Role::officer,
                                                   .time = state_.clock.now(),
                                                   .revocation = x509::PathRules::Revocation::if_listed});
    step(id, ElectionState::tallied, ElectionState::certified, "certifying", actor, "election.certify",
         [&](ElectionRow& current) {
             current.results_signature = to_bytes(signature);
             return Json{{"results", to_hex(sha256(*row.results))}, {"signer", verified.signer().leaf().serial_hex()}};
         });
}

}  // namespace

std::string_view election_state_name(ElectionState state) {
    switch (state) {
        case ElectionState::draft:
            return "draft";
        case ElectionState::ready:
            return "ready";
        case ElectionState::open:
            return "open";
        case ElectionState::closed:
            return "closed";
        case ElectionState::tallied:
            return "tallied";
        case ElectionState::certified:
            return "certified";
        case ElectionState::archived:
            return "archived";
    }
    fail(ErrorCode::internal, "election.state", "no such state of an election");
}

std::unique_ptr<Elections> make_elections(Authority::State& state) {
    return std::make_unique<StoredElections>(state);
}

}  // namespace uvpki::ca
