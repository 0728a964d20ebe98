// The authority's folder: made, opened, installed; trust and time stamps.
//   authority.json          organization, arc and audit key; public
//   keys/*-key.pem          issuing, tsa, audit and ocsp key, encrypted PKCS#8, 0600
//   store.sqlite            inventory, lists, elections, audit log
//   audit-checkpoint.json   the newest signed head of the audit log

#include "ca-service/authority.h"

#include <nlohmann/json.hpp>

#include "ca-service/authority_state.h"
#include "ca-service/store.h"
#include "uvpki/encoding.h"
#include "uvpki/error.h"
#include "uvpki/files.h"
#include "uvpki/service/migrate.h"
#include "uvpki/service/sqlite_database.h"
#include "uvpki/x509/request.h"

namespace uvpki::ca {

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t serial_block = 1000;
constexpr std::string_view issuing_name = "Issuing CA";
constexpr std::string_view tsa_name = "Time-stamp authority";

fs::path key_path(const fs::path& folder, std::string_view name) {
    return folder / "keys" / (std::string(name) + "-key.pem");
}

x509::PrivateKey load_key(const fs::path& folder, std::string_view name, const SecretBytes& password) {
    return during("loading the " + std::string(name) + " key", [&] {
        return x509::PrivateKey::parse_encrypted_pem(as_text(load_file(key_path(folder, name))), password);
    });
}

struct Identity {
    std::string organization;
    x509::Arc arc;
    x509::PublicKey audit_key;
};

Identity load_identity(const fs::path& folder) {
    const auto path = folder / "authority.json";
    if (!fs::exists(path))
        fail(ErrorCode::not_found, "authority.missing", folder.string() + " holds no authority (authority.json)");
    try {
        const auto json = parse_json(load_file(path));
        return {json.at("organization").get<std::string>(), x509::Arc(json.at("arc").get<std::string>()),
                x509::PublicKey::parse_spki(parse_base64(json.at("audit_key").get<std::string>()))};
    } catch (const Json::exception&) {
        fail_input("authority.malformed", path.string() + " is not the description of an authority");
    }
}

Bytes subject_name(const Authority::State& state, std::string_view common_name) {
    return x509::Name{.organization = state.organization, .common_name = std::string(common_name)}.encode();
}

std::unique_ptr<const Installed> find_installed(const Authority::State& state) {
    const auto values = state.database->read([](service::Transaction& transaction) {
        return std::vector{store::find_value(transaction, "root"), store::find_value(transaction, "issuing"),
                           store::find_value(transaction, "tsa")};
    });
    if (!values[0] || !values[1] || !values[2]) return nullptr;
    auto installed = std::make_unique<Installed>(Installed{x509::Certificate::parse(*values[0]),
                                                           x509::Certificate::parse(*values[1]),
                                                           x509::Certificate::parse(*values[2]),
                                                           {},
                                                           {}});
    return installed;
}

/// Gives the keys their certificates.
void arm(Authority::State& state, Installed& installed) {
    if (!state.keys) return;
    if (!installed.issuer) installed.issuer.emplace(installed.issuing, state.keys->issuing, state.arc);
    installed.stamping.emplace(installed.tsa, state.keys->tsa, state.arc,
                               [&state] { return state.next_timestamp_serial(); });
}

void set_installed(Authority::State& state, std::unique_ptr<const Installed> installed) {
    state.installed_storage = std::move(installed);
    state.installed = state.installed_storage.get();
}

AuthorityKeys load_keys(const fs::path& folder, const SecretBytes& password) {
    load_identity(folder);
    // An authority made before there was a responder gets its key now.
    if (!fs::exists(key_path(folder, "ocsp"))) {
        load_key(folder, "issuing", password);  // refuses a wrong password
        save_file(key_path(folder, "ocsp"),
                  x509::PrivateKey::generate(x509::KeyType::ec_p256).to_encrypted_pem(password), FileMode::secret);
    }
    return {load_key(folder, "issuing", password), load_key(folder, "tsa", password),
            load_key(folder, "audit", password), load_key(folder, "ocsp", password)};
}

std::shared_ptr<Authority::State> open_state(const fs::path& folder, std::optional<AuthorityKeys> keys,
                                             const Clock& clock, Random& random) {
    auto identity = load_identity(folder);
    auto state = std::make_shared<Authority::State>(folder, std::move(identity.organization), std::move(identity.arc),
                                                    std::move(identity.audit_key), clock, random);
    state->keys = std::move(keys);
    if (!fs::exists(folder / "store.sqlite"))
        fail(ErrorCode::not_found, "authority.missing", folder.string() + " holds no store (store.sqlite)");
    state->database = service::open_sqlite(folder / "store.sqlite");
    service::migrate(*state->database, {service::audit_migrations(), migrations()});
    state->writer = std::make_unique<service::GroupCommit>(*state->database);
    state->require_published_checkpoint();
    if (auto installed = find_installed(*state)) {
        auto armed = std::make_unique<Installed>(*installed);
        arm(*state, *armed);
        set_installed(*state, std::move(armed));
    }
    state->elections = make_elections(*state);
    return state;
}

/// The time-stamp certificate from an installation that was interrupted, or a new one.
x509::Certificate tsa_certificate(Authority::State& state, const x509::Issuer& issuer) {
    const auto& key = state.require_keys().tsa;
    const auto earlier = state.database->read([&](service::Transaction& transaction) {
        return store::find_by_key(transaction, store::key_digest(key.public_key()), state.clock.now());
    });
    for (const auto& entry : earlier)
        if (entry.state == CertificateState::good && x509::is_signed_by(entry.certificate, issuer.certificate()))
            return entry.certificate;
    const auto request = x509::parse_request(x509::make_request(key, subject_name(state, tsa_name)));
    IssuePlan plan;
    plan.role = x509::Role::tsa;
    plan.options.subject = {.organization = state.organization, .common_name = std::string(tsa_name)};
    plan.actor = "authority";
    plan.same_key = IssuePlan::SameKey::same_subject;
    return state.issue(issuer, request, plan);
}

}  // namespace

const Installed& Authority::State::require_installed() const {
    const auto* found = installed.load();
    if (found == nullptr)
        fail(ErrorCode::forbidden, "authority.not_installed",
             "the root has not signed this authority yet: have its request signed and install the answer");
    return *found;
}

const AuthorityKeys& Authority::State::require_keys() const {
    if (!keys) fail(ErrorCode::forbidden, "authority.locked", "the authority was opened for reading, without its keys");
    return *keys;
}

x509::TrustStore Authority::State::trust() const {
    const auto& current = require_installed();
    x509::TrustStore store(current.root, arc);
    store.add_intermediate(current.issuing);
    if (const auto crl = database->read(store::find_latest_crl)) store.add_crl(x509::Crl::parse(*crl));
    return store;
}

std::int64_t Authority::State::next_timestamp_serial() {
    const std::scoped_lock lock(serials_mutex);
    if (next_serial > last_serial) {
        next_serial = writer->submit([](service::Transaction& transaction) {
            return store::reserve_timestamp_serials(transaction, serial_block);
        });
        last_serial = next_serial + serial_block - 1;
    }
    return next_serial++;
}

Authority::Authority(std::shared_ptr<State> state) : state_(std::move(state)) {}

Authority Authority::create(const fs::path& folder, std::string_view organization, const x509::Arc& arc,
                            const SecretBytes& password, const Clock& clock, Random& random,
                            const KeyProtection& protection) {
    if (fs::exists(folder) && !(fs::is_directory(folder) && fs::is_empty(folder)))
        fail(ErrorCode::conflict, "authority.exists",
             folder.string() + " is not empty: an authority needs a new folder");
    if (password.empty()) fail_input("authority.password", "the authority's keys need a password");
    x509::Name{.organization = std::string(organization), .common_name = std::string(issuing_name)}.encode();

    // Made beside its place and moved there whole, so that an interrupted run leaves no half an authority.
    const fs::path target = fs::absolute(folder).lexically_normal();
    const auto place = target.filename().empty() ? target.parent_path() : target;
    make_folder(place.parent_path());
    const fs::path building = place.string() + ".making-" + to_hex(random.bytes(6));
    make_folder(building / "keys", FileMode::secret);
    const auto new_key = [] { return x509::PrivateKey::generate(x509::KeyType::ec_p256); };
    const AuthorityKeys keys{new_key(), new_key(), new_key(), new_key()};
    const auto save_key = [&](std::string_view name, const x509::PrivateKey& key) {
        save_file(key_path(building, name), key.to_encrypted_pem(password, protection.iterations), FileMode::secret);
    };
    save_key("issuing", keys.issuing);
    save_key("tsa", keys.tsa);
    save_key("audit", keys.audit);
    save_key("ocsp", keys.ocsp);
    {
        const auto database = service::open_sqlite(building / "store.sqlite");
        service::migrate(*database, {service::audit_migrations(), migrations()});
    }
    save_file(building / "authority.json", canonical_json({{"arc", arc.text()},
                                                           {"audit_key", to_base64(keys.audit.public_key().spki())},
                                                           {"created", format_rfc3339(clock.now())},
                                                           {"organization", organization},
                                                           {"software", UVPKI_VERSION},
                                                           {"version", 1}}) +
                                               "\n");
    std::error_code error;
    fs::rename(building, place, error);
    if (error) fail(ErrorCode::unavailable, "file.unwritable", folder.string() + " cannot be made: " + error.message());

    auto state = open_state(folder, keys, clock, random);
    state->run_act([&](service::Transaction& transaction) {
        state->audit(transaction, {"authority", "authority.create", ""},
                     {{"arc", arc.text()}, {"organization", organization}});
    });
    return Authority(std::move(state));
}

Authority Authority::open(const fs::path& folder, const SecretBytes& password, const Clock& clock, Random& random) {
    return Authority(open_state(folder, load_keys(folder, password), clock, random));
}

Authority Authority::open_for_reading(const fs::path& folder, const Clock& clock, Random& random) {
    return Authority(open_state(folder, std::nullopt, clock, random));
}

Bytes Authority::issuing_request() const {
    return x509::make_request(state_->require_keys().issuing, subject_name(*state_, issuing_name));
}

void Authority::install(const x509::Certificate& root, const x509::Certificate& issuing) {
    const std::scoped_lock lock(state_->install_mutex);
    const auto& keys = state_->require_keys();
    if (state_->installed.load() != nullptr)
        fail(ErrorCode::conflict, "authority.installed", "the authority has its certificates already");
    if (!(issuing.public_key() == keys.issuing.public_key()))
        fail_input("authority.issuing", "the certificate is not for this authority's issuing key");
    x509::TrustStore trust(root, state_->arc);
    trust.verify_path(issuing, {.role = x509::Role::issuing_ca,
                                .time = state_->clock.now(),
                                .revocation = x509::PathRules::Revocation::if_listed});
    x509::Issuer issuer(issuing, keys.issuing, state_->arc);
    auto installed =
        std::make_unique<Installed>(Installed{root, issuing, tsa_certificate(*state_, issuer), std::move(issuer), {}});
    arm(*state_, *installed);
    state_->run_act([&](service::Transaction& transaction) {
        store::put_value(transaction, "root", installed->root.der());
        store::put_value(transaction, "issuing", installed->issuing.der());
        store::put_value(transaction, "tsa", installed->tsa.der());
        state_->audit(transaction, {"authority", "authority.install", issuing.serial_hex()},
                      {{"issuing", to_hex(issuing.fingerprint())},
                       {"root", to_hex(root.fingerprint())},
                       {"tsa", to_hex(installed->tsa.fingerprint())}});
        state_->make_next_crl(transaction, installed->issuing, "authority");
    });
    set_installed(*state_, std::move(installed));
}

bool Authority::is_installed() const {
    return state_->installed.load() != nullptr;
}
const x509::Certificate& Authority::root() const {
    return state_->require_installed().root;
}
const x509::Certificate& Authority::issuing() const {
    return state_->require_installed().issuing;
}
const x509::Certificate& Authority::tsa() const {
    return state_->require_installed().tsa;
}
const x509::Arc& Authority::arc() const {
    return state_->arc;
}
const std::string& Authority::organization() const {
    return state_->organization;
}
x509::TrustStore Authority::trust() const {
    return state_->trust();
}

Bytes Authority::timestamp(ByteView request) {
    const auto& installed = state_->require_installed();
    state_->require_keys();
    return installed.stamping->respond(request, state_->clock);
}

Elections& Authority::elections() {
    return *state_->elections;
}

std::vector<Finding> Authority::check_audit() const {
    return ca::check_audit(*state_);
}

}  // namespace uvpki::ca
