#include "ballot-service/ballot_box.h"

#include <algorithm>

#include "ballot-service/state.h"
#include "uvpki/encoding.h"
#include "uvpki/files.h"
#include "uvpki/service/sqlite_database.h"
#include "uvpki/x509/request.h"

namespace uvpki::ballot_box {

namespace {

namespace fs = std::filesystem;

fs::path store_path(const fs::path& folder) {
    return folder / "store.sqlite";
}
fs::path receipt_key_path(const fs::path& folder) {
    return folder / "keys" / "receipt.pem";
}
fs::path sealing_key_path(const fs::path& folder) {
    return folder / "keys" / "sealing.key";
}

std::string ballot_ca_place(const std::string& election) {
    return "prepared_election/" + election + "/ballot_ca_key";
}
std::string log_key_place(const std::string& election) {
    return "prepared_election/" + election + "/log_key";
}

std::unique_ptr<service::Database> open_store(const fs::path& folder) {
    auto database = service::open_sqlite(store_path(folder));
    service::migrate(*database, {service::audit_migrations(), migrations()});
    return database;
}

void require_election_id(std::string_view id) {
    const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
    if (id.size() < 3 || id.size() > 64 || !std::ranges::all_of(id, allowed))
        fail_input("ballot_box.election_id", "an election id has 3 to 64 of the characters a-z, 0-9 and -");
}

[[noreturn]] void refuse_manifest(std::string message) {
    fail(ErrorCode::conflict, "ballot_box.manifest", std::move(message));
}

}  // namespace

// ---- state ----

BallotBox::State::State(const fs::path& folder_to_use, x509::PrivateKey receipt, service::SealingKey sealing,
                        std::unique_ptr<service::Database> opened, const Clock& clock_to_use, Random& random_to_use)
    : folder(folder_to_use),
      receipt_key(std::move(receipt)),
      sealing_key(std::move(sealing)),
      clock(clock_to_use),
      random(random_to_use),
      database(std::move(opened)),
      commits(*database) {
    auto stored = database->read([](service::Transaction& transaction) { return store::find_box(transaction); });
    if (!stored)
        fail(ErrorCode::not_found, "ballot_box.missing", "there is no finished ballot box in " + folder.string());
    if (stored->sealing_key != sealing_key.identifier())
        fail(ErrorCode::conflict, "ballot_box.sealing_key",
             "the sealing key is not the one that this store was made with");
    box = std::move(*stored);
}

store::Installation BallotBox::State::installation(service::Transaction& transaction) const {
    auto found = store::find_installation(transaction);
    if (!found)
        fail(ErrorCode::forbidden, "ballot_box.not_installed",
             "the ballot box has not been given its certificates yet");
    return std::move(*found);
}

x509::TrustStore BallotBox::State::trust(const store::Installation& installed) const {
    x509::TrustStore trust(x509::Certificate::parse(installed.root), arc());
    trust.add_intermediate(x509::Certificate::parse(installed.issuing));
    return trust;
}

void BallotBox::State::record(service::Transaction& transaction, std::string_view actor, std::string_view action,
                              std::string_view subject, std::string details) const {
    const auto now = clock.now();
    audit.append(transaction, {.time = now,
                               .actor = std::string(actor),
                               .action = std::string(action),
                               .subject = std::string(subject),
                               .details = std::move(details)});
    audit.sign_checkpoint(transaction, now, [this](ByteView message) { return receipt_key.sign(message); });
}

std::shared_ptr<ElectionInUse> BallotBox::State::election(std::string_view id) {
    const std::scoped_lock lock(mutex);
    const auto known = elections.find(id);
    if (known != elections.end()) return known->second;
    auto prepared = prepare_for_use(std::string(id));
    elections.emplace(std::string(id), prepared);
    return prepared;
}

std::shared_ptr<ElectionInUse> BallotBox::State::prepare_for_use(const std::string& id) const {
    return database->read([&](service::Transaction& transaction) {
        const auto stored = store::find_manifest(transaction, id);
        if (!stored)
            fail(ErrorCode::not_found, "ballot_box.election",
                 "this ballot box has no election with the id that was asked for");
        const auto keys = store::find_prepared(transaction, id).value();
        const auto installed = installation(transaction);
        auto trust_store = trust(installed);
        auto manifest = election::verify_manifest(stored->manifest, stored->signature, trust_store);
        const auto ballot_ca = x509::Certificate::parse(manifest->ballot_ca);
        trust_store.add_intermediate(ballot_ca);
        const auto key = x509::PrivateKey::parse_pkcs8(open_sealed(keys.ballot_ca_key_sealed, ballot_ca_place(id)));
        auto log_key =
            merkle::LogKey::parse_pkcs8(keys.log_origin, open_sealed(keys.log_key_sealed, log_key_place(id)).view());
        auto in_use =
            std::make_shared<ElectionInUse>(std::move(manifest), trust_store, x509::Issuer(ballot_ca, key, arc()),
                                            std::move(log_key), x509::Certificate::parse(installed.receipt));
        in_use->open_epoch = store::open_epoch(transaction, id);
        return in_use;
    });
}

std::string ballot_place(const std::string& election_id, const Sha256& leaf) {
    return "ballot/" + election_id + "/" + to_hex(leaf);
}

Bytes BallotBox::State::load_ballot(const std::string& election_id, const Sha256& leaf) const {
    const auto sealed = database->read(
        [&](service::Transaction& transaction) { return store::load_sealed_ballot(transaction, election_id, leaf); });
    return to_bytes(open_sealed(sealed, ballot_place(election_id, leaf)).view());
}

// ---- life cycle ----

BallotBox::BallotBox(std::unique_ptr<State> state) : state_(std::move(state)) {}
BallotBox::~BallotBox() = default;

std::unique_ptr<BallotBox> BallotBox::create(const fs::path& folder, std::string_view organization,
                                             const x509::Arc& arc, const SecretBytes& password, const Clock& clock,
                                             Random& random) {
    x509::Name{.organization = std::string(organization), .common_name = "check"}.encode();
    make_folder(folder, FileMode::secret);
    make_folder(folder / "keys", FileMode::secret);
    // The keys come first and the row of the box last: a creation that was interrupted can be repeated.
    auto database = open_store(folder);
    const auto exists = [](service::Transaction& transaction) { return store::find_box(transaction).has_value(); };
    if (database->read(exists))
        fail(ErrorCode::conflict, "ballot_box.exists", "there is a ballot box in " + folder.string() + " already");
    const auto receipt = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    save_file(receipt_key_path(folder), receipt.to_encrypted_pem(password), FileMode::secret);
    auto sealing = service::load_or_create_key_file(sealing_key_path(folder), random);
    database->transaction([&](service::Transaction& transaction) {
        if (exists(transaction))
            fail(ErrorCode::conflict, "ballot_box.exists", "there is a ballot box in " + folder.string() + " already");
        store::insert_box(transaction, {std::string(organization), arc.text(), sealing.identifier()});
    });
    auto state = std::make_unique<State>(folder, receipt, std::move(sealing), std::move(database), clock, random);
    return std::unique_ptr<BallotBox>(new BallotBox(std::move(state)));
}

std::unique_ptr<BallotBox> BallotBox::open(const fs::path& folder, const SecretBytes& password, const Clock& clock,
                                           Random& random) {
    return during("opening the ballot box in " + folder.string(), [&] {
        if (!fs::exists(store_path(folder)))
            fail(ErrorCode::not_found, "ballot_box.missing", "there is no ballot box in " + folder.string());
        const auto pem = load_file(receipt_key_path(folder));
        auto receipt = x509::PrivateKey::parse_encrypted_pem(as_text(pem), password);
        auto sealing = service::load_key_file(sealing_key_path(folder));
        auto state =
            std::make_unique<State>(folder, std::move(receipt), std::move(sealing), open_store(folder), clock, random);
        return std::unique_ptr<BallotBox>(new BallotBox(std::move(state)));
    });
}

Bytes BallotBox::receipt_request() const {
    const x509::Name name{.organization = state_->box.organization, .common_name = "Ballot box receipts"};
    return x509::make_request(state_->receipt_key, name.encode());
}

void BallotBox::install(const x509::Certificate& root, const x509::Certificate& issuing,
                        const x509::Certificate& receipt) {
    if (!(receipt.public_key() == state_->receipt_key.public_key()))
        fail(ErrorCode::conflict, "ballot_box.receipt_key",
             "the receipt certificate is for another key than this box's");
    const store::Installation installation{to_bytes(root.der()), to_bytes(issuing.der()), to_bytes(receipt.der())};
    const auto trust = state_->trust(installation);
    trust.verify_path(
        receipt,
        {.role = x509::Role::receipt, .time = state_->clock.now(), .revocation = x509::PathRules::Revocation::ignored});
    state_->database->transaction([&](service::Transaction& transaction) {
        const auto present = store::find_installation(transaction);
        if (present == installation) return;
        if (present && present->root != installation.root)
            fail(ErrorCode::conflict, "ballot_box.root", "the ballot box belongs to the authority of another root");
        store::put_installation(transaction, installation);
        state_->record(transaction, "operator", "box.installed", receipt.serial_hex());
    });
    const std::scoped_lock lock(state_->mutex);
    state_->elections.clear();
}

BallotBox::Preparation BallotBox::prepare_election(std::string_view election, std::string_view actor) {
    require_election_id(election);
    const std::string id(election);
    const auto ballot_ca_key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    const auto origin = "ballot-log/" + id;
    const auto log_key = merkle::LogKey::generate(origin, state_->random);
    const store::PreparedElection fresh{
        .ballot_ca_request = x509::make_request(ballot_ca_key, x509::empty_name()),
        .ballot_ca_key_sealed = state_->seal(ballot_ca_key.to_pkcs8().view(), ballot_ca_place(id)),
        .log_origin = origin,
        .log_key = log_key.verifier().vkey(),
        .log_key_sealed = state_->seal(log_key.pkcs8().view(), log_key_place(id))};
    const auto stored = state_->database->transaction([&](service::Transaction& transaction) {
        if (auto present = store::find_prepared(transaction, id)) return std::move(*present);
        store::insert_prepared(transaction, id, fresh);
        state_->record(transaction, actor, "election.prepared", id);
        return fresh;
    });
    return {stored.ballot_ca_request, stored.log_origin, stored.log_key};
}

void BallotBox::install_manifest(const election::VerifiedManifest& manifest, std::string_view actor) {
    const auto id = manifest->id;
    state_->database->transaction([&](service::Transaction& transaction) {
        const auto prepared = store::find_prepared(transaction, id);
        if (!prepared) refuse_manifest("election " + id + " was not prepared in this ballot box");
        const auto installed = state_->installation(transaction);
        if (sha256(installed.root) != manifest->root) refuse_manifest("the manifest is under another root");
        if (manifest->arc != state_->box.arc) refuse_manifest("the manifest uses another OID arc");
        const auto request = x509::parse_request(prepared->ballot_ca_request);
        if (!(x509::Certificate::parse(manifest->ballot_ca).public_key() == request.public_key))
            refuse_manifest("the manifest's Ballot CA does not have the key that was prepared for it");
        if (manifest->log_origin != prepared->log_origin || manifest->log_key != prepared->log_key)
            refuse_manifest("the manifest's log key is not the one that was prepared for it");
        if (const auto present = store::find_manifest(transaction, id)) {
            if (present->manifest != manifest.text())
                refuse_manifest("election " + id + " has another manifest in this ballot box");
            return;
        }
        store::insert_manifest(transaction, id, {manifest.text(), manifest.signature()});
        state_->record(transaction, actor, "manifest.installed", id,
                       "{\"manifest\":\"" + to_hex(manifest.digest()) + "\"}");
    });
}

std::vector<Finding> BallotBox::check_audit() const {
    const auto verify = [this](ByteView message, ByteView signature) {
        return x509::is_valid_signature(state_->receipt_key.public_key(), state_->receipt_key.algorithm(), message,
                                        signature);
    };
    return state_->database->read(
        [&](service::Transaction& transaction) { return state_->audit.check_chain(transaction, {.verify = verify}); });
}

}  // namespace uvpki::ballot_box
