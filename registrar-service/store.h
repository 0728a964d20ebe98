#pragma once
// All SQL of the registrar, one function per question or change, each inside the caller's transaction. Private to the
// registrar; knows rows, not rules. Stateless functions.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "uvpki/digest.h"
#include "uvpki/service/database.h"
#include "uvpki/service/migrate.h"
#include "uvpki/x509/revocation.h"

namespace uvpki::registrar {

service::MigrationSeries migrations();

}  // namespace uvpki::registrar

namespace uvpki::registrar::store {

using service::Transaction;

// Settings: issuer, organization, arc and the installed certificates.
std::optional<Bytes> find_setting(Transaction& t, std::string_view name);
void put_setting(Transaction& t, std::string_view name, ByteView value);

struct VoterRow {
    std::string entry;
    std::int64_t sequence = 0;
    std::string style;
    Bytes wrapped_key;    ///< empty once removed
    Bytes sealed_person;  ///< empty once removed
    Sha256 voter_id_index{};
    std::optional<Sha256> email_index;
};
void add_voter(Transaction& t, const VoterRow& voter);
std::int64_t last_voter_sequence(Transaction& t);
std::optional<VoterRow> find_voter(Transaction& t, std::string_view entry);
std::optional<VoterRow> find_voter_by_id(Transaction& t, const Sha256& voter_id_index);
std::vector<VoterRow> find_voters_by_email(Transaction& t, const Sha256& email_index);
/// At most `limit` voters that were not removed, after this sequence number, in order of import.
std::vector<VoterRow> voters_after(Transaction& t, std::int64_t sequence, std::int64_t limit);
/// Voters without a certificate that is good at `now`, in order of import.
std::vector<VoterRow> voters_to_invite(Transaction& t, Time now);
bool is_removed(Transaction& t, std::string_view entry);
void erase_voter(Transaction& t, std::string_view entry, Time now);
/// An election that froze this entry into its roll and is not archived, if there is one.
std::optional<std::string> find_live_roll_of(Transaction& t, std::string_view entry);

struct InvitationRow {
    std::string entry;
    Time expires{};
    std::optional<Time> withdrawn_at;
    std::optional<Sha256> key_hash;  ///< the first key that used it
};
void add_invitation(Transaction& t, const Sha256& code_hash, std::string_view entry, Time expires);
std::optional<InvitationRow> find_invitation(Transaction& t, const Sha256& code_hash);
void bind_invitation(Transaction& t, const Sha256& code_hash, const Sha256& key_hash);
void withdraw_invitations(Transaction& t, std::string_view entry, Time now);

/// Records that the key belongs to this entry; false when it belongs to another one.
bool claim_key(Transaction& t, const Sha256& key_hash, std::string_view entry);

struct IntentRow {
    Bytes serial;
    std::string entry;
    Sha256 key_hash{};
    Bytes tbs;
    Time recorded_at{};
};
void add_intent(Transaction& t, const IntentRow& intent);

struct CertificateRow {
    Bytes serial;
    std::string entry;
    Sha256 key_hash{};
    Bytes der;
    Time issued_at{};
    Time not_after{};
    std::optional<Sha256> code_hash;  ///< the invitation it was issued for
    std::optional<Bytes> renews;      ///< or the certificate that it renews
    bool revoked = false;
};
void add_certificate(Transaction& t, const CertificateRow& certificate);
std::optional<CertificateRow> find_certificate(Transaction& t, ByteView serial);
std::optional<CertificateRow> find_certificate_for_code(Transaction& t, const Sha256& code_hash);
std::optional<CertificateRow> find_renewal_of(Transaction& t, ByteView serial);
/// Oldest first.
std::vector<CertificateRow> certificates_of(Transaction& t, std::string_view entry);

/// Entry and certificate of all that are not revoked, by entry.
void for_each_good_certificate(Transaction& t,
                               const std::function<void(const std::string& entry, const Bytes& der)>& visit);

struct ResponderIntent {
    Bytes serial;
    Bytes tbs;
    Bytes sealed_key;
};
void add_responder_intent(Transaction& t, const ResponderIntent& intent, Time now);
void add_responder(Transaction& t, const x509::Certificate& certificate);
struct ResponderRow {
    Bytes der;
    Bytes sealed_key;
};
/// The one that ends last.
std::optional<ResponderRow> find_responder(Transaction& t);

void add_revocation(Transaction& t, const x509::RevokedEntry& revoked);
std::optional<x509::RevokedEntry> find_revocation(Transaction& t, ByteView serial);
std::vector<x509::RevokedEntry> revocations(Transaction& t);
std::int64_t last_crl_number(Transaction& t);
std::optional<Bytes> find_latest_crl(Transaction& t);
void add_crl(Transaction& t, const x509::Crl& crl, Time now);

struct RollRow {
    std::int64_t size = 0;
    Sha256 root{};
    int token_key_bits = 0;
};
struct RollEntryRow {
    std::string entry;
    std::string style;
    Bytes sealed_salt;
    Sha256 commitment{};
};
void add_roll(Transaction& t, std::string_view election, const RollRow& roll, Time now);
std::optional<RollRow> find_roll(Transaction& t, std::string_view election);
void add_roll_entry(Transaction& t, std::string_view election, const RollEntryRow& entry);
std::optional<std::string> find_roll_style(Transaction& t, std::string_view election, std::string_view entry);
std::vector<Sha256> roll_commitments(Transaction& t, std::string_view election);
/// Every entry together with the voter's row (key and personal data).
void for_each_roll_entry(Transaction& t, std::string_view election,
                         const std::function<void(const RollEntryRow&, const VoterRow&)>& visit);
std::map<std::string, std::int64_t> roll_styles(Transaction& t, std::string_view election);

struct TokenKeyRow {
    Sha256 key_id{};
    std::string style;
    Bytes spki;
    Bytes sealed_key;
};
void add_token_key(Transaction& t, std::string_view election, const TokenKeyRow& key);
std::vector<TokenKeyRow> token_keys(Transaction& t, std::string_view election);
/// SPKIs of all token keys of all elections.
std::vector<Bytes> all_token_keys(Transaction& t);

struct ManifestRow {
    Sha256 digest{};
    Bytes text;
};
void add_manifest(Transaction& t, std::string_view election, const ManifestRow& manifest, Time now);
std::optional<ManifestRow> find_manifest(Transaction& t, std::string_view election);

struct ClaimRow {
    std::string entry;
    std::string style;
    Sha256 blinded_hash{};
    Bytes message;  ///< DER of the signed claim
    Bytes salt;
};
void add_claim(Transaction& t, std::string_view election, const ClaimRow& claim);
/// SHA-256 of the blinded message that this entry claimed with.
std::optional<Sha256> find_claimed(Transaction& t, std::string_view election, std::string_view entry);
void for_each_claim(Transaction& t, std::string_view election, const std::function<void(const ClaimRow&)>& visit);
void add_claim_signature(Transaction& t, std::string_view election, std::string_view entry, ByteView signature);
std::optional<Bytes> find_claim_signature(Transaction& t, std::string_view election, std::string_view entry);
std::map<std::string, std::int64_t> claims_by_style(Transaction& t, std::string_view election);
std::int64_t enrolled_on_roll(Transaction& t, std::string_view election, Time now);

struct ClosedClaimsRow {
    Bytes text;
    Bytes signature;
};
void add_closed_claims(Transaction& t, std::string_view election, const ClosedClaimsRow& closed, Time now);
std::optional<ClosedClaimsRow> find_closed_claims(Transaction& t, std::string_view election);
void add_archived(Transaction& t, std::string_view election, Time now);
bool is_archived(Transaction& t, std::string_view election);

/// How many rows there are of what has one audit row each: for comparing the store with its log.
struct Totals {
    std::int64_t certificates = 0;
    std::int64_t claims = 0;
    std::int64_t signatures = 0;
};
Totals totals(Transaction& t);

}  // namespace uvpki::registrar::store
