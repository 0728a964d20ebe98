// The part of the store that belongs to voters: the roll as it stands now, before any election freezes it.
#include "registrar-service/store.h"

namespace uvpki::registrar::store {

using service::blob;
using service::null_value;
using service::Row;
using service::seconds;
using service::text;

namespace {

VoterRow read_voter(const Row& row) {
    VoterRow voter;
    voter.entry = row.text(0);
    voter.sequence = row.integer(1);
    voter.style = row.text(2);
    voter.wrapped_key = row.find_bytes(3).value_or(Bytes{});
    voter.sealed_person = row.find_bytes(4).value_or(Bytes{});
    if (const auto index = row.find_bytes(5)) voter.voter_id_index = to_sha256(*index);
    if (const auto index = row.find_bytes(6)) voter.email_index = to_sha256(*index);
    return voter;
}

std::optional<VoterRow> read_voter(const std::optional<Row>& row) {
    if (!row) return std::nullopt;
    return read_voter(*row);
}

std::vector<VoterRow> read_voters(const service::Rows& rows) {
    std::vector<VoterRow> voters;
    voters.reserve(rows.size());
    for (const auto& row : rows) voters.push_back(read_voter(row));
    return voters;
}

}  // namespace

void add_voter(Transaction& t, const VoterRow& voter) {
    t.execute(
        "INSERT INTO voter (entry, sequence, style, wrapped_key, sealed_person, voter_id_index, email_index)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        {text(voter.entry), voter.sequence, text(voter.style), blob(voter.wrapped_key), blob(voter.sealed_person),
         blob(voter.voter_id_index), voter.email_index ? blob(*voter.email_index) : null_value()});
}

std::int64_t last_voter_sequence(Transaction& t) {
    return t.query("SELECT COALESCE(MAX(sequence), 0) FROM voter").at(0).integer(0);
}

std::optional<VoterRow> find_voter(Transaction& t, std::string_view entry) {
    return read_voter(
        t.query_one("SELECT entry, sequence, style, wrapped_key, sealed_person, voter_id_index, email_index"
                    " FROM voter WHERE entry = $1 AND removed_at IS NULL",
                    {text(entry)}));
}

std::optional<VoterRow> find_voter_by_id(Transaction& t, const Sha256& voter_id_index) {
    return read_voter(
        t.query_one("SELECT entry, sequence, style, wrapped_key, sealed_person, voter_id_index, email_index"
                    " FROM voter WHERE voter_id_index = $1",
                    {blob(voter_id_index)}));
}

std::vector<VoterRow> find_voters_by_email(Transaction& t, const Sha256& email_index) {
    return read_voters(
        t.query("SELECT entry, sequence, style, wrapped_key, sealed_person, voter_id_index, email_index"
                " FROM voter WHERE email_index = $1 ORDER BY sequence",
                {blob(email_index)}));
}

std::vector<VoterRow> voters_after(Transaction& t, std::int64_t sequence, std::int64_t limit) {
    return read_voters(
        t.query("SELECT entry, sequence, style, wrapped_key, sealed_person, voter_id_index, email_index"
                " FROM voter WHERE sequence > $1 AND removed_at IS NULL ORDER BY sequence LIMIT $2",
                {sequence, limit}));
}

std::vector<VoterRow> voters_to_invite(Transaction& t, Time now) {
    return read_voters(
        t.query("SELECT v.entry, v.sequence, v.style, v.wrapped_key, v.sealed_person, v.voter_id_index, v.email_index"
                " FROM voter v WHERE v.removed_at IS NULL AND NOT EXISTS (SELECT 1 FROM certificate c"
                " LEFT JOIN revocation r ON r.serial = c.serial"
                " WHERE c.entry = v.entry AND r.serial IS NULL AND c.not_after >= $1) ORDER BY v.sequence",
                {seconds(now)}));
}

bool is_removed(Transaction& t, std::string_view entry) {
    return t.query_one("SELECT 1 FROM voter WHERE entry = $1 AND removed_at IS NOT NULL", {text(entry)}).has_value();
}

void erase_voter(Transaction& t, std::string_view entry, Time now) {
    t.execute(
        "UPDATE voter SET wrapped_key = NULL, sealed_person = NULL, voter_id_index = NULL, email_index = NULL,"
        " removed_at = $2 WHERE entry = $1",
        {text(entry), seconds(now)});
}

std::optional<std::string> find_live_roll_of(Transaction& t, std::string_view entry) {
    const auto row = t.query_one(
        "SELECT e.election FROM roll_entry e LEFT JOIN archived_election a ON a.election = e.election"
        " WHERE e.entry = $1 AND a.election IS NULL ORDER BY e.election LIMIT 1",
        {text(entry)});
    if (!row) return std::nullopt;
    return row->text(0);
}

}  // namespace uvpki::registrar::store
