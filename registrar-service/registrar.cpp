// The registrar's life: made, opened, installed, checked.
#include "registrar-service/registrar.h"

#include <nlohmann/json.hpp>

#include "registrar-service/state.h"
#include "uvpki/encoding.h"
#include "uvpki/files.h"
#include "uvpki/json.h"

namespace uvpki::registrar {

namespace {

constexpr const char* store_name = "store.sqlite";

struct KeyFiles {
    std::filesystem::path folder;
    std::filesystem::path ca;
    std::filesystem::path registrar;
    std::filesystem::path sealing;

    explicit KeyFiles(const std::filesystem::path& home)
        : folder(home / "keys"),
          ca(folder / "registrar-ca-key.pem"),
          registrar(folder / "registrar-key.pem"),
          sealing(folder / "sealing.key") {}
};

x509::PrivateKey load_key(const std::filesystem::path& path, const SecretBytes& password) {
    return during("loading the key " + path.string(),
                  [&] { return x509::PrivateKey::parse_encrypted_pem(to_text(load_file(path)), password); });
}

Bytes make_named_request(const x509::PrivateKey& key, const std::string& organization, std::string common_name) {
    const x509::Name name{.organization = organization, .common_name = std::move(common_name)};
    return x509::make_request(key, name.encode());
}

void require_link(const x509::Certificate& certificate, const x509::Certificate& issuer, std::string_view what) {
    if (!x509::is_signed_by(certificate, issuer))
        fail_input("registrar.install.chain",
                   "the " + std::string(what) + " was not signed by " + issuer.subject_text());
}

void require_key(const x509::Certificate& certificate, const x509::PrivateKey& key, std::string_view what) {
    if (!(certificate.public_key() == key.public_key()))
        fail_input("registrar.install.key", "the " + std::string(what) + " is not for this registrar's key");
}

std::string read_setting(service::Transaction& t, std::string_view name) {
    const auto value = store::find_setting(t, name);
    if (!value) fail(ErrorCode::unavailable, "registrar.store", "the store lacks its setting " + std::string(name));
    return to_text(*value);
}

}  // namespace

Registrar::Registrar(std::unique_ptr<State> state) : state_(std::move(state)) {}
Registrar::~Registrar() = default;

std::unique_ptr<Registrar> Registrar::create(const std::filesystem::path& folder, std::string_view issuer,
                                             std::string_view organization, const x509::Arc& arc,
                                             const SecretBytes& password, const Clock& clock, Random& random,
                                             const RegistrarOptions& options) {
    if (!is_identifier(issuer, 1, 32))
        fail_input("registrar.issuer", "a registrar's id has 1 to 32 lower-case letters, digits and hyphens");
    // Refused here rather than when the first voter enrols.
    x509::Name{.organization = std::string(organization), .common_name = std::string(issuer)}.encode();
    make_folder(folder, FileMode::secret);
    const KeyFiles files(folder);
    // Of two processes that start together, only one makes the folder.
    std::error_code failed;
    if (!std::filesystem::create_directory(files.folder, failed) || std::filesystem::exists(folder / store_name)) {
        if (failed) fail(ErrorCode::unavailable, "file.unwritable", "cannot make the folder " + files.folder.string());
        fail(ErrorCode::conflict, "registrar.exists", "there is a registrar in " + folder.string() + " already");
    }
    make_folder(files.folder, FileMode::secret);
    std::filesystem::permissions(files.folder, std::filesystem::perms::owner_all);
    State::Keys keys{.ca = x509::PrivateKey::generate(x509::KeyType::ec_p256),
                     .registrar = x509::PrivateKey::generate(x509::KeyType::ec_p256),
                     .sealing = service::load_or_create_key_file(files.sealing, random)};
    save_file(files.ca, keys.ca.to_encrypted_pem(password, options.password_iterations), FileMode::secret);
    save_file(files.registrar, keys.registrar.to_encrypted_pem(password, options.password_iterations),
              FileMode::secret);

    auto state = std::make_unique<State>(folder, std::move(keys), clock, random, options);
    state->issuer = issuer;
    state->organization = organization;
    state->arc = arc;
    state->database->transaction([&](service::Transaction& t) {
        store::put_setting(t, "issuer", as_bytes(issuer));
        store::put_setting(t, "organization", as_bytes(organization));
        store::put_setting(t, "arc", as_bytes(arc.text()));
        store::put_setting(t, "sealing_key", state->keys.sealing.identifier());
        state->record(t, "registrar", "registrar.create", state->issuer, Json::object());
    });
    return std::unique_ptr<Registrar>(new Registrar(std::move(state)));
}

std::unique_ptr<Registrar> Registrar::open(const std::filesystem::path& folder, const SecretBytes& password,
                                           const Clock& clock, Random& random, const RegistrarOptions& options) {
    if (!std::filesystem::is_regular_file(folder / store_name))
        fail(ErrorCode::not_found, "registrar.missing", "there is no registrar in " + folder.string());
    const KeyFiles files(folder);
    State::Keys keys{.ca = load_key(files.ca, password),
                     .registrar = load_key(files.registrar, password),
                     .sealing = service::load_key_file(files.sealing)};
    auto state = std::make_unique<State>(folder, std::move(keys), clock, random, options);
    state->database->read([&](service::Transaction& t) {
        state->issuer = read_setting(t, "issuer");
        state->organization = read_setting(t, "organization");
        state->arc = x509::Arc(read_setting(t, "arc"));
        if (read_setting(t, "sealing_key") != as_text(state->keys.sealing.identifier()))
            fail(ErrorCode::unavailable, "registrar.sealing_key",
                 "the sealing key file is not the one that this store was sealed with: " + files.sealing.string());
    });
    return std::unique_ptr<Registrar>(new Registrar(std::move(state)));
}

Bytes Registrar::ca_request() const {
    return make_named_request(state_->keys.ca, state_->organization, "Registrar CA " + state_->issuer);
}

Bytes Registrar::registrar_request() const {
    return make_named_request(state_->keys.registrar, state_->organization, "Registrar " + state_->issuer);
}

void Registrar::install(const x509::Certificate& root, const x509::Certificate& issuing,
                        const x509::Certificate& registrar_ca, const x509::Certificate& registrar) {
    auto& state = *state_;
    require_key(registrar_ca, state.keys.ca, "registrar CA certificate");
    require_key(registrar, state.keys.registrar, "registrar certificate");
    require_link(issuing, root, "issuing CA certificate");
    require_link(registrar_ca, issuing, "registrar CA certificate");
    require_link(registrar, issuing, "registrar certificate");
    if (x509::claimed_ca_role(registrar_ca, state.arc) != x509::Role::registrar_ca)
        fail_input("registrar.install.role", "the registrar CA certificate does not have the role registrar-ca");
    x509::TrustStore trust(root, state.arc);
    trust.add_intermediate(issuing);
    trust.add_intermediate(registrar_ca);
    trust.verify_path(
        registrar,
        {.role = x509::Role::registrar, .time = state.clock.now(), .revocation = x509::PathRules::Revocation::ignored});
    const x509::Issuer usable(registrar_ca, state.keys.ca, state.arc);  // runs the lint's canary

    state.database->transaction([&](service::Transaction& t) {
        const auto earlier = store::find_setting(t, "registrar_ca");
        if (earlier && !std::ranges::equal(*earlier, registrar_ca.der()))
            fail(ErrorCode::conflict, "registrar.installed", "this registrar has another CA certificate already");
        store::put_setting(t, "root", root.der());
        store::put_setting(t, "issuing", issuing.der());
        store::put_setting(t, "registrar_ca", registrar_ca.der());
        store::put_setting(t, "registrar", registrar.der());
        state.record(t, "registrar", "registrar.install", state.issuer,
                     Json{{"registrar", to_hex(registrar.fingerprint())},
                          {"registrar_ca", to_hex(registrar_ca.fingerprint())},
                          {"root", to_hex(root.fingerprint())}});
        state.sign_checkpoint(t);
    });
    state.reload_installed();
}

const std::string& Registrar::issuer() const {
    return state_->issuer;
}

const x509::Certificate& Registrar::ca_certificate() const {
    return state_->installed().registrar_ca;
}

x509::TrustStore Registrar::trust() const {
    const auto& installed = state_->installed();
    x509::TrustStore trust(installed.root, state_->arc);
    trust.add_intermediate(installed.issuing);
    trust.add_intermediate(installed.registrar_ca);
    if (const auto crl = state_->database->read([](service::Transaction& t) { return store::find_latest_crl(t); }))
        trust.add_crl(x509::Crl::parse(*crl));
    return trust;
}

std::vector<Finding> Registrar::check_audit() const {
    auto& state = *state_;
    const service::AuditChecks checks{.verify = [&](ByteView message, ByteView signature) {
        return x509::is_valid_signature(state.keys.registrar.public_key(), state.keys.registrar.algorithm(), message,
                                        signature);
    }};
    return state.database->read([&](service::Transaction& t) {
        auto findings = state.audit.check_chain(t, checks);
        std::int64_t issued = 0, claimed = 0;
        state.audit.for_each(t, {}, [&](const service::AuditEntry& entry) {
            const auto& action = entry.record.action;
            if (action == "certificate.issue" || action == "certificate.renew") ++issued;
            if (action == "claim.accept") ++claimed;
        });
        const auto totals = store::totals(t);
        const auto compare = [&](std::int64_t rows, std::int64_t recorded, const char* rule, const char* what) {
            if (rows != recorded)
                findings.push_back({rule, "the store holds " + std::to_string(rows) + " " + what +
                                              ", the audit log records " + std::to_string(recorded)});
        };
        compare(totals.certificates, issued, "registrar.audit.certificates", "certificates");
        compare(totals.claims, claimed, "registrar.audit.claims", "claims");
        if (totals.signatures > totals.claims)
            findings.push_back({"registrar.audit.signatures", "there are " + std::to_string(totals.signatures) +
                                                                  " blind signatures for " +
                                                                  std::to_string(totals.claims) + " signed claims"});
        return findings;
    });
}

}  // namespace uvpki::registrar
