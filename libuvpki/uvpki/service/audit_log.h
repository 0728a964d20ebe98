#pragma once
// The audit log: append-only rows chained by hash, written in the transaction of the act they record, with signed
// checkpoints. It holds identifiers, never personal data. Stateless beside its name: immutable and thread-safe.
//
// The hash of a row is SHA-256 over the canonical JSON (RFC 8785) of
//   {"action": text, "actor": text, "details": object, "previous": hex, "sequence": integer, "subject": text,
//    "time": integer (Unix seconds)}
// where "previous" is the hash of the row before it, for row 1 SHA-256 over the canonical JSON {"log": name}. A
// checkpoint signs the canonical JSON {"hash": hex, "log": name, "sequence": integer, "time": integer} of the newest
// row.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "uvpki/digest.h"
#include "uvpki/service/database.h"
#include "uvpki/service/migrate.h"

namespace uvpki::service {

/// What happened. Actor, action and subject: printable UTF-8 of 1 to 256 bytes (subject may be empty).
struct AuditRecord {
    Time time{};
    std::string actor{};
    std::string action{};
    std::string subject{};
    std::string details = "{}";  ///< canonical JSON object, at most 64 kB
};

struct AuditEntry {
    std::int64_t sequence = 0;
    AuditRecord record{};
    Sha256 previous_hash{};
    Sha256 hash{};
};

/// The newest row; sequence 0 and the name's own hash while the log is empty.
struct AuditHead {
    std::int64_t sequence = 0;
    Sha256 hash{};
    bool operator==(const AuditHead&) const = default;
};

struct AuditCheckpoint {
    AuditHead head{};
    Time time{};
    Bytes signature{};
};

/// Which rows for_each visits; an empty text matches all.
struct AuditFilter {
    std::int64_t first = 1;
    std::int64_t last = INT64_MAX;
    std::string actor{};
    std::string action{};
    std::string subject{};
};

struct AuditChecks {
    /// Whether the signature over the message is good; without it the signatures of stored checkpoints are not
    /// checked.
    std::function<bool(ByteView message, ByteView signature)> verify{};
    /// Checkpoints kept outside the store: the log must contain each, or it was cut off or rewritten.
    std::vector<AuditCheckpoint> published{};
};

/// The tables `audit` and `audit_checkpoint` with their triggers, for migrate() beside the service's own series.
MigrationSeries audit_migrations();

class AuditLog {
public:
    using Signer = std::function<Bytes(ByteView message)>;

    /// The name tells logs apart, e.g. "ca"; printable UTF-8, 1 to 64 bytes, else invalid_input "audit.record".
    explicit AuditLog(std::string name);

    const std::string& name() const { return name_; }

    /// Throws invalid_input "audit.record" for a record outside its limits.
    AuditEntry append(Transaction& transaction, const AuditRecord& record) const;
    AuditHead head(Transaction& transaction) const;
    void for_each(Transaction& transaction, const AuditFilter& filter,
                  const std::function<void(const AuditEntry&)>& visit) const;

    /// All that is wrong, with the row's number: "audit.gap", "audit.link", "audit.row", "audit.checkpoint",
    /// "audit.signature", "audit.truncated". Reads the whole log.
    std::vector<Finding> check_chain(Transaction& transaction, const AuditChecks& checks = {}) const;

    /// Signs the head and stores the checkpoint; gives the stored one if nothing was appended since.
    AuditCheckpoint sign_checkpoint(Transaction& transaction, Time time, const Signer& sign) const;
    std::optional<AuditCheckpoint> find_checkpoint(Transaction& transaction) const;
    /// The bytes that a checkpoint's signature covers.
    Bytes checkpoint_message(const AuditHead& head, Time time) const;

private:
    std::string name_;
    Sha256 origin_;
};

}  // namespace uvpki::service
