#pragma once
// The SQL of elections. Functions on a transaction; the rules are in elections.cpp, the order of states also in the
// triggers of the migrations. Private to the ca-service.

#include <optional>
#include <string>
#include <vector>

#include "ca-service/elections.h"
#include "uvpki/service/database.h"

namespace uvpki::ca::store {

using service::Transaction;

struct ElectionRow {
    std::string id;
    std::string title;
    ElectionState state{};
    std::string draft;  ///< see draft.h
    std::optional<Bytes> manifest;
    std::optional<Bytes> manifest_signature;
    std::optional<Bytes> results;
    std::optional<Bytes> results_signature;
};

/// Throws conflict "election.exists".
void add_election(Transaction& transaction, const ElectionRow& row, Time created_at);
/// Writes everything but the id.
void update_election(Transaction& transaction, const ElectionRow& row);
std::optional<ElectionRow> find_election(Transaction& transaction, std::string_view id);
/// By id.
std::vector<ElectionRow> all_elections(Transaction& transaction);

enum class CeremonyPart { message, transcript, rehearsal };
void replace_ceremony(Transaction& transaction, std::string_view election, const std::vector<Bytes>& messages,
                      ByteView transcript, const std::vector<Bytes>& rehearsals);
/// In the order in which they were given.
std::vector<Bytes> ceremony_parts(Transaction& transaction, std::string_view election, CeremonyPart part);

}  // namespace uvpki::ca::store
