#include "ca-service/election_store.h"

#include "uvpki/error.h"

namespace uvpki::ca::store {

using service::blob;
using service::Row;
using service::Value;

namespace {

constexpr ElectionState all_states[] = {ElectionState::draft,   ElectionState::ready,   ElectionState::open,
                                        ElectionState::closed,  ElectionState::tallied, ElectionState::certified,
                                        ElectionState::archived};

ElectionState state_from(std::string_view name) {
    for (const auto state : all_states)
        if (election_state_name(state) == name) return state;
    fail(ErrorCode::internal, "authority.store", "a stored election has no known state");
}

Value optional_blob(const std::optional<Bytes>& bytes) {
    return bytes ? blob(*bytes) : service::null_value();
}

std::string_view part_name(CeremonyPart part) {
    switch (part) {
        case CeremonyPart::message:
            return "message";
        case CeremonyPart::transcript:
            return "transcript";
        case CeremonyPart::rehearsal:
            return "rehearsal";
    }
    fail(ErrorCode::internal, "authority.store", "no such part of a ceremony");
}

ElectionRow row_from(const Row& row) {
    return {.id = row.text("id"),
            .title = row.text("title"),
            .state = state_from(row.text("state")),
            .draft = row.text("draft_json"),
            .manifest = row.find_bytes("manifest"),
            .manifest_signature = row.find_bytes("manifest_signature"),
            .results = row.find_bytes("results"),
            .results_signature = row.find_bytes("results_signature")};
}

void add_parts(Transaction& transaction, std::string_view election, CeremonyPart part,
               const std::vector<Bytes>& contents) {
    std::int64_t position = 0;
    for (const auto& content : contents)
        transaction.execute("INSERT INTO ceremony_part (election, kind, position, content) VALUES ($1, $2, $3, $4)",
                            {service::text(election), service::text(part_name(part)), position++, blob(content)});
}

}  // namespace

void add_election(Transaction& transaction, const ElectionRow& row, Time created_at) {
    const auto added = transaction.execute(
        "INSERT INTO election (id, title, state, created_at, draft_json) VALUES ($1, $2, $3, $4, $5) "
        "ON CONFLICT (id) DO NOTHING",
        {row.id, row.title, service::text(election_state_name(row.state)), service::seconds(created_at), row.draft});
    if (added != 1) fail(ErrorCode::conflict, "election.exists", "there is an election " + row.id + " already");
}

void update_election(Transaction& transaction, const ElectionRow& row) {
    transaction.execute(
        "UPDATE election SET title = $2, state = $3, draft_json = $4, manifest = $5, manifest_signature = $6, "
        "results = $7, results_signature = $8 WHERE id = $1",
        {row.id, row.title, service::text(election_state_name(row.state)), row.draft, optional_blob(row.manifest),
         optional_blob(row.manifest_signature), optional_blob(row.results), optional_blob(row.results_signature)});
}

std::optional<ElectionRow> find_election(Transaction& transaction, std::string_view id) {
    const auto row = transaction.query_one(
        "SELECT id, title, state, draft_json, manifest, manifest_signature, results, results_signature "
        "FROM election WHERE id = $1",
        {service::text(id)});
    if (!row) return std::nullopt;
    return row_from(*row);
}

std::vector<ElectionRow> all_elections(Transaction& transaction) {
    std::vector<ElectionRow> elections;
    for (const auto& row :
         transaction.query("SELECT id, title, state, draft_json, manifest, manifest_signature, results, "
                           "results_signature FROM election ORDER BY id"))
        elections.push_back(row_from(row));
    return elections;
}

void replace_ceremony(Transaction& transaction, std::string_view election, const std::vector<Bytes>& messages,
                      ByteView transcript, const std::vector<Bytes>& rehearsals) {
    transaction.execute("DELETE FROM ceremony_part WHERE election = $1", {service::text(election)});
    add_parts(transaction, election, CeremonyPart::message, messages);
    add_parts(transaction, election, CeremonyPart::transcript, {to_bytes(transcript)});
    add_parts(transaction, election, CeremonyPart::rehearsal, rehearsals);
}

std::vector<Bytes> ceremony_parts(Transaction& transaction, std::string_view election, CeremonyPart part) {
    std::vector<Bytes> contents;
    const auto rows =
        transaction.query("SELECT content FROM ceremony_part WHERE election = $1 AND kind = $2 ORDER BY position",
                          {service::text(election), service::text(part_name(part))});
    for (const auto& row : rows) contents.push_back(row.bytes("content"));
    return contents;
}

}  // namespace uvpki::ca::store
