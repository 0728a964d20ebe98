#include "uvpki/service/audit_log.h"

#include <map>
#include <nlohmann/json.hpp>

#include "uvpki/encoding.h"
#include "uvpki/json.h"

namespace uvpki::service {

namespace {

constexpr std::size_t most_details_bytes = 64u << 10;

void require_text(const std::string& text, const char* what, std::size_t most, std::size_t least = 1) {
    if (text.size() < least || text.size() > most || !is_printable_utf8(text))
        fail_input("audit.record", std::string("an audit record's ") + what + " must be printable UTF-8 of " +
                                       std::to_string(least) + " to " + std::to_string(most) + " bytes");
}

Json parse_details(const std::string& details) {
    Json parsed = parse_canonical_json(as_bytes(details), {.bytes = most_details_bytes});
    if (!parsed.is_object()) fail_input("audit.record", "an audit record's details must be a JSON object");
    return parsed;
}

Sha256 row_hash(std::int64_t sequence, const AuditRecord& record, const Sha256& previous) {
    const Json row{
        {"action", record.action},          {"actor", record.actor}, {"details", parse_details(record.details)},
        {"previous", to_hex(previous)},     {"sequence", sequence},  {"subject", record.subject},
        {"time", unix_seconds(record.time)}};
    return sha256(as_bytes(canonical_json(row)));
}

AuditEntry read_entry(const Row& row) {
    return {.sequence = row.integer(0),
            .record = {.time = row.time(1),
                       .actor = row.text(2),
                       .action = row.text(3),
                       .subject = row.text(4),
                       .details = row.text(5)},
            .previous_hash = to_sha256(row.bytes(6)),
            .hash = to_sha256(row.bytes(7))};
}

AuditCheckpoint read_checkpoint(const Row& row) {
    return {.head = {.sequence = row.integer(0), .hash = to_sha256(row.bytes(2))},
            .time = row.time(1),
            .signature = row.bytes(3)};
}

std::string row_name(std::int64_t sequence) {
    return "audit row " + std::to_string(sequence);
}

// Walks the rows once, comparing each with its predecessor and with the checkpoints that name it.
class ChainCheck {
public:
    ChainCheck(const AuditHead& origin, std::vector<Finding>& findings) : last_(origin), findings_(findings) {}

    void expect(const AuditCheckpoint& checkpoint, const char* where) {
        expected_.emplace(checkpoint.head.sequence, std::pair(checkpoint.head.hash, where));
    }

    void begin() { compare_checkpoints(last_); }

    void visit(const Row& row) {
        const std::int64_t sequence = row.integer(0);
        if (sequence != last_.sequence + 1)
            add("audit.gap", row_name(sequence) + " follows row " + std::to_string(last_.sequence));
        try {
            visit(read_entry(row));
        } catch (const Error& error) {
            add("audit.row", row_name(sequence) + " cannot be read: " + error.message());
            last_.sequence = sequence;
            unreadable_ = true;
        }
    }

    void end() {
        for (const auto& [sequence, checkpoint] : expected_)
            if (sequence > last_.sequence)
                add("audit.truncated", "the log ends at row " + std::to_string(last_.sequence) + ", but a " +
                                           checkpoint.second + " checkpoint covers row " + std::to_string(sequence));
    }

private:
    void visit(const AuditEntry& entry) {
        if (!unreadable_ && entry.previous_hash != last_.hash)
            add("audit.link", row_name(entry.sequence) + " does not carry the hash of the row before it");
        unreadable_ = false;
        if (row_hash(entry.sequence, entry.record, entry.previous_hash) != entry.hash)
            add("audit.row", row_name(entry.sequence) + " is not what its hash says");
        last_ = {entry.sequence, entry.hash};
        compare_checkpoints(last_);
    }

    void compare_checkpoints(const AuditHead& head) {
        const auto [first, last] = expected_.equal_range(head.sequence);
        for (auto it = first; it != last; ++it)
            if (it->second.first != head.hash)
                add("audit.checkpoint",
                    row_name(head.sequence) + " has not the hash in its " + it->second.second + " checkpoint");
    }

    void add(const char* rule, std::string message) { findings_.push_back({rule, std::move(message)}); }

    AuditHead last_;
    std::vector<Finding>& findings_;
    bool unreadable_ = false;
    std::multimap<std::int64_t, std::pair<Sha256, std::string>> expected_;
};

constexpr std::string_view all_rows =
    "SELECT sequence, time, actor, action, subject, details_json, previous_hash, hash FROM audit ORDER BY sequence";

}  // namespace

AuditLog::AuditLog(std::string name) : name_(std::move(name)) {
    require_text(name_, "log name", 64);
    origin_ = sha256(as_bytes(canonical_json(Json{{"log", name_}})));
}

AuditHead AuditLog::head(Transaction& transaction) const {
    const auto row = transaction.query_one("SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1");
    if (!row) return {.sequence = 0, .hash = origin_};
    return {.sequence = row->integer(0), .hash = to_sha256(row->bytes(1))};
}

AuditEntry AuditLog::append(Transaction& transaction, const AuditRecord& record) const {
    require_text(record.actor, "actor", 256);
    require_text(record.action, "action", 256);
    require_text(record.subject, "subject", 256, 0);
    const AuditHead last = head(transaction);
    AuditEntry entry{.sequence = last.sequence + 1, .record = record, .previous_hash = last.hash, .hash = {}};
    entry.hash = row_hash(entry.sequence, record, entry.previous_hash);
    transaction.execute(
        "INSERT INTO audit (sequence, time, actor, action, subject, details_json, previous_hash, hash)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        {entry.sequence, seconds(record.time), record.actor, record.action, record.subject, record.details,
         blob(entry.previous_hash), blob(entry.hash)});
    return entry;
}

void AuditLog::for_each(Transaction& transaction, const AuditFilter& filter,
                        const std::function<void(const AuditEntry&)>& visit) const {
    transaction.for_each(
        "SELECT sequence, time, actor, action, subject, details_json, previous_hash, hash FROM audit"
        " WHERE sequence BETWEEN $1 AND $2 AND ($3 = '' OR actor = $3) AND ($4 = '' OR action = $4)"
        " AND ($5 = '' OR subject = $5) ORDER BY sequence",
        {filter.first, filter.last, filter.actor, filter.action, filter.subject},
        [&](const Row& row) { visit(read_entry(row)); });
}

std::vector<Finding> AuditLog::check_chain(Transaction& transaction, const AuditChecks& checks) const {
    std::vector<Finding> findings;
    ChainCheck chain({.sequence = 0, .hash = origin_}, findings);
    for (const auto& checkpoint : checks.published) chain.expect(checkpoint, "published");
    transaction.for_each(
        "SELECT sequence, time, hash, signature FROM audit_checkpoint ORDER BY sequence", {}, [&](const Row& row) {
            try {
                const AuditCheckpoint checkpoint = read_checkpoint(row);
                chain.expect(checkpoint, "stored");
                if (checks.verify &&
                    !checks.verify(checkpoint_message(checkpoint.head, checkpoint.time), checkpoint.signature))
                    findings.push_back({"audit.signature", "the checkpoint of " + row_name(checkpoint.head.sequence) +
                                                               " is not signed by the log's key"});
            } catch (const Error& error) {
                findings.push_back({"audit.checkpoint", "a stored checkpoint cannot be read: " + error.message()});
            }
        });
    chain.begin();
    transaction.for_each(all_rows, {}, [&](const Row& row) { chain.visit(row); });
    chain.end();
    return findings;
}

Bytes AuditLog::checkpoint_message(const AuditHead& head, Time time) const {
    const Json message{
        {"hash", to_hex(head.hash)}, {"log", name_}, {"sequence", head.sequence}, {"time", unix_seconds(time)}};
    return to_bytes(canonical_json(message));
}

std::optional<AuditCheckpoint> AuditLog::find_checkpoint(Transaction& transaction) const {
    const auto row = transaction.query_one(
        "SELECT sequence, time, hash, signature FROM audit_checkpoint ORDER BY sequence DESC LIMIT 1");
    if (!row) return std::nullopt;
    return read_checkpoint(*row);
}

AuditCheckpoint AuditLog::sign_checkpoint(Transaction& transaction, Time time, const Signer& sign) const {
    const AuditHead now = head(transaction);
    if (auto stored = find_checkpoint(transaction); stored && stored->head == now) return *stored;
    AuditCheckpoint checkpoint{.head = now, .time = time, .signature = sign(checkpoint_message(now, time))};
    transaction.execute("INSERT INTO audit_checkpoint (sequence, time, hash, signature) VALUES ($1, $2, $3, $4)",
                        {now.sequence, seconds(time), blob(now.hash), checkpoint.signature});
    return checkpoint;
}

}  // namespace uvpki::service
