#pragma once
// What the sources of the registrar share: keys, store, the installed certificates and the elections in use. Private to
// the registrar. Thread-safe: what changes is behind mutexes, and Installed and LiveElection never change once made.

#include <array>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "registrar-service/registrar.h"
#include "registrar-service/store.h"
#include "uvpki/blind/blind_key.h"
#include "uvpki/json.h"
#include "uvpki/service/audit_log.h"
#include "uvpki/service/group_commit.h"
#include "uvpki/service/sealed.h"
#include "uvpki/x509/issue.h"
#include "uvpki/x509/ocsp.h"

namespace uvpki::registrar {

/// The registrar's place in the hierarchy.
struct Installed {
    x509::Certificate root;
    x509::Certificate issuing;
    x509::Certificate registrar_ca;
    x509::Certificate registrar;
    x509::Issuer issuer;
    x509::TrustStore trust;  ///< without lists: whether a voter's certificate is revoked is asked of the store
};

/// The private token key of one ballot style, opened when it is first needed: opening checks the key, which takes a
/// tenth of a second. Thread-safe.
class StyleKey {
public:
    StyleKey(Sha256 key_id, Bytes sealed) : key_id_(key_id), sealed_(std::move(sealed)) {}

    const Sha256& key_id() const { return key_id_; }
    /// Throws "sealed.tampered" or what BlindPrivateKey::parse_pkcs8 throws.
    const blind::BlindPrivateKey& open(const service::SealingKey& sealing);

private:
    const Sha256 key_id_;
    const Bytes sealed_;
    std::mutex mutex_;  ///< guards key_, which never changes once it is there
    std::optional<blind::BlindPrivateKey> key_;
};

/// An election with its manifest, ready to sign for.
struct LiveElection {
    election::Manifest manifest;
    std::map<std::string, std::unique_ptr<StyleKey>> keys;  ///< by style
};

/// What is known of a person beyond the roll entry; exists outside of memory only sealed.
struct Person {
    std::string voter_id;
    std::string name;
    std::string email;
    bool operator==(const Person&) const = default;
};

struct Registrar::State {
    struct Keys {
        x509::PrivateKey ca;
        x509::PrivateKey registrar;
        service::SealingKey sealing;
    };

    State(std::filesystem::path folder, Keys keys, const Clock& clock, Random& random, const RegistrarOptions& options);

    /// Throws forbidden "registrar.not_installed".
    const Installed& installed();
    /// Reads the installed certificates from the store anew.
    void reload_installed();
    /// Throws not_found "election.unknown" unless its manifest is installed.
    std::shared_ptr<const LiveElection> live_election(std::string_view election);

    /// With a certificate that holds for some days yet, issued now if need be.
    x509::OcspResponder ocsp_responder();

    /// The lock under which one process does a thing for this subject only once at a time.
    std::mutex& turn_of(ByteView subject) { return turns_[sha256(subject)[0] % turns_.size()]; }

    void record(service::Transaction& t, std::string_view actor, std::string_view action, std::string_view subject,
                const Json& details) const;
    /// Signs the newest row of the audit log.
    void sign_checkpoint(service::Transaction& t) const;

    const std::filesystem::path folder;
    const Clock& clock;
    Random& random;
    const RegistrarOptions options;
    const Keys keys;
    const std::unique_ptr<service::Database> database;
    const service::AuditLog audit{"registrar"};
    std::string issuer;
    std::string organization;
    x509::Arc arc;

private:
    std::mutex mutex_;  ///< guards the two below
    /// The newest is last; earlier ones live on, since references to them were given out.
    std::list<Installed> installed_;
    std::map<std::string, std::shared_ptr<const LiveElection>, std::less<>> elections_;
    std::array<std::mutex, 64> turns_;
    std::mutex responder_mutex_;  ///< guards the one below
    std::optional<x509::OcspResponder> responder_;

public:
    service::GroupCommit group;  ///< last: its thread ends first
};

/// A new voter's row: own data key, sealed person, indexes.
store::VoterRow seal_voter(const Registrar::State& state, std::string entry, std::string style, const Person& person);
/// Throws "sealed.tampered"; the voter must not have been removed.
Person open_person(const Registrar::State& state, const store::VoterRow& voter);
/// The voter's own key; must not have been removed.
service::SealingKey voter_key(const Registrar::State& state, const store::VoterRow& voter);
Sha256 voter_id_index(const Registrar::State& state, std::string_view voter_id);
Sha256 email_index(const Registrar::State& state, std::string_view email);

/// Where a token key stands in the store: the associated data of its seal.
std::string token_key_place(const Sha256& key_id);

/// Lower-case UUID, version 4 (RFC 9562, section 5.4).
std::string make_uuid(Random& random);
/// ASCII letters in lower case, everything else as it is.
std::string to_lower(std::string_view text);
/// [a-z0-9-], `least` to `most` characters.
bool is_identifier(std::string_view text, std::size_t least, std::size_t most);

/// Revokes every certificate of the entry that is not revoked yet and withdraws its codes; how many there were.
std::size_t revoke_all(Registrar::State& state, service::Transaction& t, std::string_view entry,
                       x509::RevocationReason reason, std::optional<Time> invalid_since);
/// The next list, signed and stored in this transaction.
x509::Crl make_next_crl(Registrar::State& state, service::Transaction& t, std::string_view actor);

/// A frozen entry with the voter's name and the salt of its commitment; the voter must not have been removed.
election::RollEntry open_roll_entry(const Registrar::State& state, std::string_view election,
                                    const store::RollEntryRow& row, const store::VoterRow& voter);

/// Throws not_found "voter.unknown".
store::VoterRow require_voter(service::Transaction& t, std::string_view entry);
/// Throws not_found "election.unknown".
store::RollRow require_roll(service::Transaction& t, std::string_view election);

}  // namespace uvpki::registrar
