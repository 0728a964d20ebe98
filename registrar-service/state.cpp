#include "registrar-service/state.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "uvpki/encoding.h"
#include "uvpki/json.h"
#include "uvpki/service/sqlite_database.h"

namespace uvpki::registrar {

namespace {

std::string place(std::string_view entry, std::string_view column) {
    return "voter/" + std::string(entry) + "/" + std::string(column);
}

}  // namespace

Registrar::State::State(std::filesystem::path where, Keys the_keys, const Clock& the_clock, Random& the_random,
                        const RegistrarOptions& the_options)
    : folder(std::move(where)),
      clock(the_clock),
      random(the_random),
      options(the_options),
      keys(std::move(the_keys)),
      database(service::open_sqlite(folder / "store.sqlite")),
      group(*database) {
    service::migrate(*database, {service::audit_migrations(), migrations()});
}

const Installed& Registrar::State::installed() {
    {
        const std::lock_guard lock(mutex_);
        if (!installed_.empty()) return installed_.back();
    }
    reload_installed();
    const std::lock_guard lock(mutex_);
    if (installed_.empty())
        fail(ErrorCode::forbidden, "registrar.not_installed",
             "the registrar has no certificates yet: let the authority sign its requests and install them");
    return installed_.back();
}

void Registrar::State::reload_installed() {
    const auto stored = database->read([](service::Transaction& t) {
        std::vector<Bytes> found;
        for (const auto* name : {"root", "issuing", "registrar_ca", "registrar"})
            if (auto value = store::find_setting(t, name)) found.push_back(std::move(*value));
        return found;
    });
    if (stored.size() != 4) return;
    auto root = x509::Certificate::parse(stored[0]);
    auto issuing = x509::Certificate::parse(stored[1]);
    auto registrar_ca = x509::Certificate::parse(stored[2]);
    x509::TrustStore trust(root, arc);
    trust.add_intermediate(issuing);
    trust.add_intermediate(registrar_ca);
    Installed fresh{.root = std::move(root),
                    .issuing = std::move(issuing),
                    .registrar_ca = registrar_ca,
                    .registrar = x509::Certificate::parse(stored[3]),
                    .issuer = x509::Issuer(registrar_ca, keys.ca, arc),
                    .trust = std::move(trust)};
    const std::lock_guard lock(mutex_);
    if (installed_.empty() || !(installed_.back().registrar == fresh.registrar)) installed_.push_back(std::move(fresh));
}

std::shared_ptr<const LiveElection> Registrar::State::live_election(std::string_view election) {
    {
        const std::lock_guard lock(mutex_);
        if (const auto found = elections_.find(election); found != elections_.end()) return found->second;
    }
    const auto live = database->read([&](service::Transaction& t) {
        const auto manifest = store::find_manifest(t, election);
        if (!manifest)
            fail(ErrorCode::not_found, "election.unknown", "this registrar has no manifest of such an election");
        auto made = std::make_shared<LiveElection>();
        made->manifest = election::parse_manifest(manifest->text);
        for (auto& row : store::token_keys(t, election))
            made->keys.emplace(row.style, std::make_unique<StyleKey>(row.key_id, std::move(row.sealed_key)));
        return made;
    });
    const std::lock_guard lock(mutex_);
    return elections_.emplace(std::string(election), live).first->second;
}

const blind::BlindPrivateKey& StyleKey::open(const service::SealingKey& sealing) {
    const std::lock_guard lock(mutex_);
    if (!key_) {
        const auto pkcs8 = service::open_sealed(sealing, sealed_, token_key_place(key_id_));
        key_ = blind::BlindPrivateKey::parse_pkcs8(pkcs8.view());
    }
    return *key_;
}

std::string token_key_place(const Sha256& key_id) {
    return "token_key/" + to_hex(key_id) + "/sealed_key";
}

void Registrar::State::record(service::Transaction& t, std::string_view actor, std::string_view action,
                              std::string_view subject, const Json& details) const {
    audit.append(t, {.time = clock.now(),
                     .actor = std::string(actor),
                     .action = std::string(action),
                     .subject = std::string(subject),
                     .details = canonical_json(details)});
}

void Registrar::State::sign_checkpoint(service::Transaction& t) const {
    audit.sign_checkpoint(t, clock.now(), [this](ByteView message) { return keys.registrar.sign(message); });
}

store::VoterRow seal_voter(const Registrar::State& state, std::string entry, std::string style, const Person& person) {
    const auto key = service::SealingKey::generate(state.random);
    const auto text =
        canonical_json(Json{{"email", person.email}, {"name", person.name}, {"voter_id", person.voter_id}});
    store::VoterRow row;
    row.wrapped_key = service::wrap_key(state.keys.sealing, key, place(entry, "wrapped_key"), state.random);
    row.sealed_person = service::seal(key, as_bytes(text), place(entry, "sealed_person"), state.random);
    row.voter_id_index = voter_id_index(state, person.voter_id);
    if (!person.email.empty()) row.email_index = email_index(state, person.email);
    row.entry = std::move(entry);
    row.style = std::move(style);
    return row;
}

service::SealingKey voter_key(const Registrar::State& state, const store::VoterRow& voter) {
    return service::unwrap_key(state.keys.sealing, voter.wrapped_key, place(voter.entry, "wrapped_key"));
}

Person open_person(const Registrar::State& state, const store::VoterRow& voter) {
    const auto text =
        service::open_sealed(voter_key(state, voter), voter.sealed_person, place(voter.entry, "sealed_person"));
    const auto person = parse_canonical_json(text.view());
    return {.voter_id = person.at("voter_id").get<std::string>(),
            .name = person.at("name").get<std::string>(),
            .email = person.at("email").get<std::string>()};
}

Sha256 voter_id_index(const Registrar::State& state, std::string_view voter_id) {
    return service::blind_index(state.keys.sealing, "voter_id", to_lower(voter_id));
}

Sha256 email_index(const Registrar::State& state, std::string_view email) {
    return service::blind_index(state.keys.sealing, "email", to_lower(email));
}

std::string make_uuid(Random& random) {
    auto octets = random.bytes(16);
    octets[6] = static_cast<std::uint8_t>((octets[6] & 0x0F) | 0x40);
    octets[8] = static_cast<std::uint8_t>((octets[8] & 0x3F) | 0x80);
    auto text = to_hex(octets);
    for (const std::size_t position : {20u, 16u, 12u, 8u}) text.insert(position, 1, '-');
    return text;
}

std::string to_lower(std::string_view text) {
    std::string lower(text);
    for (char& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return lower;
}

bool is_identifier(std::string_view text, std::size_t least, std::size_t most) {
    return text.size() >= least && text.size() <= most && std::ranges::all_of(text, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
           });
}

store::VoterRow require_voter(service::Transaction& t, std::string_view entry) {
    auto voter = store::find_voter(t, entry);
    if (!voter) fail(ErrorCode::not_found, "voter.unknown", "there is no such entry on the roll");
    return std::move(*voter);
}

store::RollRow require_roll(service::Transaction& t, std::string_view election) {
    const auto roll = store::find_roll(t, election);
    if (!roll) fail(ErrorCode::not_found, "election.unknown", "this registrar has frozen no roll for such an election");
    return *roll;
}

}  // namespace uvpki::registrar
