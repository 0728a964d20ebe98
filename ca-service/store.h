#pragma once
// The SQL of the authority's inventory: what was intended, issued, revoked and published. Functions on a transaction;
// they hold no rule but "never twice", the rules are in inventory.cpp. Private to the ca-service.

#include <optional>
#include <vector>

#include "ca-service/authority.h"
#include "uvpki/service/database.h"
#include "uvpki/service/migrate.h"

namespace uvpki::ca {

service::MigrationSeries migrations();

namespace store {

using service::Transaction;

/// Write-once values: "root", "issuing", "tsa" (certificates, DER) and "audit_key" (SPKI).
void put_value(Transaction& transaction, std::string_view name, ByteView value);
std::optional<Bytes> find_value(Transaction& transaction, std::string_view name);

/// Throws conflict "x509.serial" when the serial number was ever intended before.
void add_intent(Transaction& transaction, ByteView serial, ByteView tbs, Time time);
struct Lineage {
    Bytes renews;  ///< serial, or empty
};
void add_certificate(Transaction& transaction, const x509::Certificate& certificate, x509::Role role, Time time,
                     const Lineage& lineage);

/// `now` decides between good and expired.
std::optional<InventoryEntry> find_certificate(Transaction& transaction, ByteView serial, Time now);
std::vector<InventoryEntry> find_by_key(Transaction& transaction, const Sha256& key, Time now);
std::vector<InventoryEntry> search(Transaction& transaction, const SearchOptions& options, Time now);
/// The certificate itself and all that renew it, directly or not.
std::vector<Bytes> lineage_from(Transaction& transaction, ByteView serial);
std::int64_t count_intents(Transaction& transaction);
void for_each_certificate(Transaction& transaction,
                          const std::function<void(const Bytes& serial, const Bytes& der)>& visit);

void add_revocation(Transaction& transaction, const x509::RevokedEntry& entry);
std::vector<x509::RevokedEntry> revocations(Transaction& transaction);

void add_crl(Transaction& transaction, const x509::Crl& crl);
std::optional<Bytes> find_latest_crl(Transaction& transaction);

/// Reserves this many time-stamp numbers; returns the first.
std::int64_t reserve_timestamp_serials(Transaction& transaction, std::int64_t count);

/// How a key is found again in whatever certificate or token key holds it: SHA-256 of the subjectPublicKey octets.
Sha256 key_digest(const x509::PublicKey& key);

}  // namespace store
}  // namespace uvpki::ca
