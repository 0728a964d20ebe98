// The roll of one election: frozen, committed to, and its token keys made.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "registrar-service/registrar.h"
#include "registrar-service/state.h"
#include "uvpki/encoding.h"
#include "uvpki/json.h"

namespace uvpki::registrar {

namespace {

constexpr std::int64_t batch_size = 1'000;
constexpr std::size_t most_styles = 256;
constexpr std::size_t salt_size = 32;

std::string salt_place(std::string_view election, std::string_view entry) {
    return "roll_entry/" + std::string(election) + "." + std::string(entry) + "/sealed_salt";
}

void check_options(std::string_view election, const Registrar::FreezeOptions& options) {
    if (!is_identifier(election, 3, 64))
        fail_input("roll.election", "an election's id has 3 to 64 lower-case letters, digits and hyphens");
    const std::set<std::string> distinct(options.styles.begin(), options.styles.end());
    if (distinct.empty() || distinct.size() != options.styles.size() || distinct.size() > most_styles ||
        !std::ranges::all_of(distinct, [](const auto& style) { return is_identifier(style, 1, 32); }))
        fail_input("roll.styles",
                   "a roll is frozen for 1 to 256 different styles of lower-case letters, digits and hyphens");
}

Registrar::FrozenRoll read_frozen(const Registrar::State& state, service::Transaction& t, std::string_view election) {
    const auto roll = require_roll(t, election);
    Registrar::FrozenRoll frozen;
    frozen.summary = {.election = std::string(election),
                      .size = roll.size,
                      .styles = store::roll_styles(t, election),
                      .root = roll.root};
    frozen.commitments = store::roll_commitments(t, election);
    for (auto& key : store::token_keys(t, election))
        frozen.token_keys.push_back({state.issuer, std::move(key.style), std::move(key.spki), key.key_id});
    return frozen;
}

/// The roll as it was frozen before, if with the same options.
std::optional<Registrar::FrozenRoll> find_frozen(const Registrar::State& state, service::Transaction& t,
                                                 std::string_view election, const Registrar::FreezeOptions& options) {
    const auto roll = store::find_roll(t, election);
    if (!roll) return std::nullopt;
    auto frozen = read_frozen(state, t, election);
    std::set<std::string> styles;
    for (const auto& [style, count] : frozen.summary.styles) styles.insert(style);
    if (roll->token_key_bits != options.token_key_bits ||
        styles != std::set<std::string>(options.styles.begin(), options.styles.end()))
        fail(ErrorCode::conflict, "roll.frozen", "the roll of this election is frozen already, with other options");
    return frozen;
}

store::TokenKeyRow make_token_key(const Registrar::State& state, const std::string& style, int bits) {
    if (bits < 0) fail_input("blind.key.size", "a token key has 2048, 3072 or 4096 bits");
    const auto key = blind::BlindPrivateKey::generate(static_cast<std::size_t>(bits));
    const auto& id = key.public_key().key_id();
    return {.key_id = id,
            .style = style,
            .spki = key.public_key().spki(),
            .sealed_key = service::seal(state.keys.sealing, key.pkcs8().view(), token_key_place(id), state.random)};
}

/// Salt under the voter's own key: once that is erased, nobody can try names against the published commitment.
store::RollEntryRow commit_to(const Registrar::State& state, std::string_view election, const store::VoterRow& voter) {
    auto salt = state.random.bytes(salt_size);
    store::RollEntryRow row{
        .entry = voter.entry,
        .style = voter.style,
        .sealed_salt = service::seal(voter_key(state, voter), salt, salt_place(election, voter.entry), state.random),
        .commitment = {}};
    row.commitment =
        election::roll_commitment({voter.entry, open_person(state, voter).name, voter.style, std::move(salt)});
    return row;
}

std::vector<store::RollEntryRow> commit_to_all(const Registrar::State& state, service::Transaction& t,
                                               std::string_view election, const std::vector<std::string>& styles) {
    const std::set<std::string> wanted(styles.begin(), styles.end());
    std::vector<store::RollEntryRow> entries;
    std::int64_t sequence = 0;
    for (;;) {
        const auto batch = store::voters_after(t, sequence, batch_size);
        if (batch.empty()) return entries;
        sequence = batch.back().sequence;
        for (const auto& voter : batch)
            if (wanted.contains(voter.style)) entries.push_back(commit_to(state, election, voter));
    }
}

Sha256 root_of(const std::vector<store::RollEntryRow>& entries) {
    std::vector<Sha256> commitments;
    commitments.reserve(entries.size());
    for (const auto& entry : entries) commitments.push_back(entry.commitment);
    std::ranges::sort(commitments);
    return election::commitments_root(commitments);
}

}  // namespace

election::RollEntry open_roll_entry(const Registrar::State& state, std::string_view election,
                                    const store::RollEntryRow& row, const store::VoterRow& voter) {
    const auto salt = service::open_sealed(voter_key(state, voter), row.sealed_salt, salt_place(election, row.entry));
    return {row.entry, open_person(state, voter).name, row.style, to_bytes(salt.view())};
}

Registrar::FrozenRoll Registrar::freeze_roll(std::string_view election, const FreezeOptions& options,
                                             std::string_view actor) {
    auto& state = *state_;
    check_options(election, options);
    if (auto frozen =
            state.database->read([&](service::Transaction& t) { return find_frozen(state, t, election, options); }))
        return std::move(*frozen);
    std::vector<store::TokenKeyRow> keys;  // made before the store's only writer is asked for: this takes seconds
    for (const auto& style : options.styles) keys.push_back(make_token_key(state, style, options.token_key_bits));

    return state.database->transaction([&](service::Transaction& t) {
        if (auto frozen = find_frozen(state, t, election, options)) return std::move(*frozen);
        const auto entries = commit_to_all(state, t, election, options.styles);
        if (entries.empty()) fail(ErrorCode::forbidden, "roll.empty", "no voter on the roll has one of these styles");
        const auto root = root_of(entries);
        store::add_roll(
            t, election,
            {.size = static_cast<std::int64_t>(entries.size()), .root = root, .token_key_bits = options.token_key_bits},
            state.clock.now());
        for (const auto& entry : entries) store::add_roll_entry(t, election, entry);
        Json key_ids = Json::object();
        for (const auto& key : keys) {
            store::add_token_key(t, election, key);
            key_ids[key.style] = to_hex(key.key_id);
        }
        state.record(t, actor, "roll.freeze", election,
                     Json{{"root", to_hex(root)}, {"size", entries.size()}, {"token_keys", key_ids}});
        state.sign_checkpoint(t);
        return read_frozen(state, t, election);
    });
}

void Registrar::install_manifest(const election::VerifiedManifest& manifest, std::string_view actor) {
    auto& state = *state_;
    const auto refuse = [&](const std::string& what) {
        fail(ErrorCode::conflict, "registrar.manifest", "the manifest of " + manifest->id + " " + what);
    };
    const auto& installed = state.installed();
    if (manifest->root != installed.root.fingerprint()) refuse("names another root than this registrar's");
    state.database->transaction([&](service::Transaction& t) {
        const auto frozen = read_frozen(state, t, manifest->id);
        if (const auto earlier = store::find_manifest(t, manifest->id)) {
            if (earlier->digest != manifest.digest()) refuse("differs from the one that is installed");
            return;
        }
        if (std::ranges::count(manifest->token_issuers, state.issuer) != 1)
            refuse("does not name this registrar as a token issuer");
        if (manifest->roll_root != frozen.summary.root || manifest->roll_size != frozen.summary.size)
            refuse("has another roll than the one frozen here");
        std::map<std::string, std::int64_t> voters;
        for (const auto& style : manifest->styles) voters.emplace(style.id, style.voters);
        if (voters != frozen.summary.styles) refuse("has other styles or numbers of voters than the roll frozen here");
        std::map<std::string, Sha256> named, ours;
        for (const auto& key : manifest->token_keys)
            if (key.issuer == state.issuer) named.emplace(key.style, key.key_id);
        for (const auto& key : frozen.token_keys) ours.emplace(key.style, key.key_id);
        if (named != ours) refuse("does not have the token keys of this registrar");
        store::add_manifest(t, manifest->id, {.digest = manifest.digest(), .text = manifest.text()}, state.clock.now());
        state.record(t, actor, "manifest.install", manifest->id, Json{{"manifest", to_hex(manifest.digest())}});
        state.sign_checkpoint(t);
    });
}

}  // namespace uvpki::registrar
