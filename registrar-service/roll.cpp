// The roll: voters in, found, and out again.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "registrar-service/registrar.h"
#include "registrar-service/roll_csv.h"
#include "registrar-service/state.h"
#include "uvpki/encoding.h"
#include "uvpki/json.h"

namespace uvpki::registrar {

namespace {

constexpr int most_results = 10'000;
constexpr std::int64_t scan_batch = 1'000;

using Kind = ImportVerdict::Kind;

/// Compares a good line with the store.
void judge(const Registrar::State& state, service::Transaction& t, const RollLine& line, ImportVerdict& verdict) {
    const auto known = store::find_voter_by_id(t, voter_id_index(state, line.person.voter_id));
    if (!known) {
        verdict.kind = Kind::added;
    } else if (known->style == line.style && open_person(state, *known) == line.person) {
        verdict.kind = Kind::unchanged;
    } else {
        verdict.kind = Kind::refused;
        verdict.reason =
            "roll.csv.changed: this voter_id is on the roll with another name, style or e-mail; remove that voter "
            "first";
    }
}

ImportReport judge_all(const Registrar::State& state, service::Transaction& t, const std::vector<RollLine>& lines) {
    ImportReport report;
    report.verdicts.reserve(lines.size());
    for (const auto& line : lines) {
        ImportVerdict verdict{
            .line = line.line, .kind = Kind::refused, .voter = line.person.voter_id, .reason = line.refusal};
        if (line.refusal.empty()) judge(state, t, line, verdict);
        auto& count = verdict.kind == Kind::added       ? report.added
                      : verdict.kind == Kind::unchanged ? report.unchanged
                                                        : report.refused;
        ++count;
        report.verdicts.push_back(std::move(verdict));
    }
    return report;
}

Voter describe(const Registrar::State& state, service::Transaction& t, const store::VoterRow& row) {
    auto person = open_person(state, row);
    Voter voter{.entry = row.entry,
                .voter_id = std::move(person.voter_id),
                .name = std::move(person.name),
                .email = std::move(person.email),
                .style = row.style,
                .certificate_serial = {}};
    // The newest that is not revoked, else the first one of all.
    for (const auto& certificate : store::certificates_of(t, row.entry))
        if (!certificate.revoked || voter.certificate_serial.empty())
            voter.certificate_serial = to_hex(certificate.serial);
    return voter;
}

bool is_uuid_shaped(std::string_view text) {
    return text.size() == 36 && text[8] == '-';
}

std::vector<store::VoterRow> find_exactly(const Registrar::State& state, service::Transaction& t,
                                          std::string_view text) {
    if (is_uuid_shaped(text))
        if (auto voter = store::find_voter(t, text)) return {std::move(*voter)};
    if (auto voter = store::find_voter_by_id(t, voter_id_index(state, text))) return {std::move(*voter)};
    return store::find_voters_by_email(t, email_index(state, text));
}

}  // namespace

ImportReport Registrar::import_voters(std::string_view csv, ImportMode mode, std::string_view actor) {
    auto& state = *state_;
    const auto lines = parse_roll_csv(csv);
    auto report = state.database->read([&](service::Transaction& t) { return judge_all(state, t, lines); });
    if (mode == ImportMode::dry_run || report.refused != 0) return report;

    // Sealed before the store's only writer is asked for; what another import added meanwhile is caught by the index.
    std::vector<store::VoterRow> rows;
    rows.reserve(report.added);
    for (std::size_t i = 0; i < lines.size(); ++i)
        if (report.verdicts[i].kind == Kind::added)
            rows.push_back(seal_voter(state, make_uuid(state.random), lines[i].style, lines[i].person));
    try {
        state.database->transaction([&](service::Transaction& t) {
            auto sequence = store::last_voter_sequence(t);
            for (auto& row : rows) {
                row.sequence = ++sequence;
                store::add_voter(t, row);
            }
            state.record(t, actor, "voters.import", "",
                         Json{{"added", report.added},
                              {"sha256", to_hex(sha256(as_bytes(csv)))},
                              {"unchanged", report.unchanged}});
        });
    } catch (const Error& error) {
        if (error.reason() != "store.unique") throw;
        fail(ErrorCode::conflict, "roll.changed",
             "the roll was changed at the same time; nothing was imported, try again");
    }
    return report;
}

std::vector<Voter> Registrar::search(std::string_view text, int limit) const {
    if (limit < 1 || limit > most_results) fail_input("voter.limit", "a search gives between 1 and 10,000 voters");
    const auto& state = *state_;
    const auto most = static_cast<std::size_t>(limit);
    return state.database->read([&](service::Transaction& t) {
        std::vector<Voter> found;
        if (!text.empty())
            for (const auto& row : find_exactly(state, t, text))
                if (found.size() < most) found.push_back(describe(state, t, row));
        if (!found.empty()) return found;
        const auto wanted = to_lower(text);
        std::int64_t sequence = 0;
        for (;;) {
            const auto batch = store::voters_after(t, sequence, scan_batch);
            if (batch.empty()) return found;
            for (const auto& row : batch) {
                sequence = row.sequence;
                if (to_lower(open_person(state, row).name).find(wanted) == std::string::npos) continue;
                found.push_back(describe(state, t, row));
                if (found.size() == most) return found;
            }
        }
    });
}

void Registrar::remove(std::string_view entry, std::string_view actor) {
    auto& state = *state_;
    state.database->transaction([&](service::Transaction& t) {
        if (store::is_removed(t, entry)) return;
        require_voter(t, entry);
        if (const auto election = store::find_live_roll_of(t, entry))
            fail(ErrorCode::forbidden, "roll.frozen", "the voter is on the frozen roll of the election " + *election);
        const auto revoked = revoke_all(state, t, entry, x509::RevocationReason::cessation_of_operation, std::nullopt);
        store::erase_voter(t, entry, state.clock.now());
        state.record(t, actor, "voter.remove", entry, Json{{"revoked", revoked}});
        if (revoked != 0) make_next_crl(state, t, actor);
    });
    // The old key is still in the write-ahead log and in free pages.
    state.database->erase_traces();
}

}  // namespace uvpki::registrar
