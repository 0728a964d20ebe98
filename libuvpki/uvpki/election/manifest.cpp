#include "uvpki/election/manifest.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "uvpki/cms/signed_data.h"
#include "uvpki/election/json_object.h"
#include "uvpki/election/manifest_limits.h"
#include "uvpki/encoding.h"

namespace uvpki::election {

namespace {

constexpr std::int64_t largest = 1'000'000'000'000;
constexpr std::string_view malformed = "manifest.malformed";

Json window_json(const Window& window) {
    return {{"closes", format_rfc3339(window.closes)}, {"opens", format_rfc3339(window.opens)}};
}

Window read_window(ObjectReader object) {
    const Window window{.opens = object.time("opens"), .closes = object.time("closes")};
    object.finish();
    return window;
}

Contest read_contest(ObjectReader object) {
    Contest contest;
    contest.id = object.text("id", limits::identifier);
    contest.title = object.text("title", limits::title);
    for (const Json& item : object.array("candidates", limits::candidates)) {
        ObjectReader candidate(item, object.path("candidates"), std::string(malformed));
        contest.candidates.push_back({candidate.text("id", limits::identifier), candidate.text("name", limits::name)});
        candidate.finish();
    }
    const Json& rules = object.any("rules");
    try {
        contest.rules = count::parse_rules(rules);
    } catch (const Error& error) {
        object.refuse("rules", "breaks a rule: " + error.message());
    }
    // Equal rules have one JSON form, so that one manifest has one text.
    if (count::rules_json(contest.rules) != rules) object.refuse("rules", "must name exactly the members in force");
    object.finish();
    return contest;
}

template <typename Read>
auto read_items(ObjectReader& object, const std::string& name, std::size_t most, Read read) {
    std::vector<decltype(read(object))> result;
    std::size_t index = 0;
    for (const Json& item : object.array(name, most)) {
        const auto where = object.path(name) + "[" + std::to_string(index++) + "]";
        result.push_back(read(ObjectReader(item, where, std::string(malformed))));
    }
    return result;
}

Style read_style(ObjectReader object) {
    Style style;
    style.id = object.text("id", limits::identifier);
    style.contests = object.texts("contests", limits::contests, limits::identifier);
    style.voters = object.integer("voters", 0, largest);
    object.finish();
    return style;
}

TokenKey read_token_key(ObjectReader object) {
    TokenKey key;
    key.issuer = object.text("issuer", limits::identifier);
    key.style = object.text("style", limits::identifier);
    key.spki = object.base64("spki", limits::token_key);
    key.key_id = object.digest("key_id");
    object.finish();
    return key;
}

Trustee read_trustee(ObjectReader object) {
    Trustee trustee;
    trustee.index = static_cast<int>(object.integer("index", 1, limits::trustees));
    trustee.name = object.text("name", limits::name);
    trustee.certificate = object.digest("certificate");
    trustee.share_point = object.hex("share_point", 65);
    object.finish();
    return trustee;
}

Json manifest_json(const Manifest& manifest) {
    Json contests = Json::array();
    for (const auto& contest : manifest.contests) contests.push_back(contest_json(contest));
    Json styles = Json::array();
    for (const auto& style : manifest.styles)
        styles.push_back(Json{{"contests", style.contests}, {"id", style.id}, {"voters", style.voters}});
    Json keys = Json::array();
    for (const auto& key : manifest.token_keys)
        keys.push_back(Json{{"issuer", key.issuer},
                            {"key_id", to_hex(key.key_id)},
                            {"spki", to_base64(key.spki)},
                            {"style", key.style}});
    Json trustees = Json::array();
    for (const auto& trustee : manifest.trustees)
        trustees.push_back(Json{{"certificate", to_hex(trustee.certificate)},
                                {"index", trustee.index},
                                {"name", trustee.name},
                                {"share_point", to_hex(trustee.share_point)}});
    return {{"arc", manifest.arc},
            {"ballot_ca", to_base64(manifest.ballot_ca)},
            {"claim", window_json(manifest.claim)},
            {"contests", std::move(contests)},
            {"election_certificate", to_base64(manifest.election_certificate)},
            {"epoch", {{"min_ballots", manifest.epoch_min_ballots}, {"seconds", manifest.epoch_seconds}}},
            {"final_epoch_until", format_rfc3339(manifest.final_epoch_until)},
            {"id", manifest.id},
            {"log", {{"key", manifest.log_key}, {"origin", manifest.log_origin}}},
            {"organization", manifest.organization},
            {"plaintext_size", manifest.plaintext_size},
            {"report_min_group", manifest.report_min_group},
            {"roll", {{"root", to_hex(manifest.roll_root)}, {"size", manifest.roll_size}}},
            {"root", to_hex(manifest.root)},
            {"styles", std::move(styles)},
            {"title", manifest.title},
            {"token_issuers", manifest.token_issuers},
            {"token_keys", std::move(keys)},
            {"trustees",
             {{"members", std::move(trustees)},
              {"threshold", manifest.trustee_threshold},
              {"transcript", to_hex(manifest.ceremony_transcript)}}},
            {"tsa_certificate", to_base64(manifest.tsa_certificate)},
            {"verify_at", format_rfc3339(manifest.verify_at)},
            {"version", 1},
            {"voting", window_json(manifest.voting)}};
}

Manifest read_manifest(const Json& json) {
    ObjectReader object(json, "manifest", std::string(malformed));
    Manifest manifest;
    object.version(1);
    manifest.id = object.text("id", limits::election_id);
    manifest.title = object.text("title", limits::title);
    manifest.organization = object.text("organization", limits::organization);
    manifest.arc = object.text("arc", limits::arc);
    manifest.root = object.digest("root");
    manifest.ballot_ca = object.base64("ballot_ca", limits::certificate);
    manifest.election_certificate = object.base64("election_certificate", limits::certificate);
    manifest.tsa_certificate = object.base64("tsa_certificate", limits::certificate);
    manifest.contests = read_items(object, "contests", limits::contests, read_contest);
    manifest.styles = read_items(object, "styles", limits::styles, read_style);
    manifest.claim = read_window(object.object("claim"));
    manifest.voting = read_window(object.object("voting"));
    manifest.final_epoch_until = object.time("final_epoch_until");
    manifest.verify_at = object.time("verify_at");
    auto epoch = object.object("epoch");
    manifest.epoch_seconds = epoch.integer("seconds", 1, largest);
    manifest.epoch_min_ballots = epoch.integer("min_ballots", 1, largest);
    epoch.finish();
    manifest.token_issuers = object.texts("token_issuers", limits::issuers, limits::identifier);
    manifest.token_keys = read_items(object, "token_keys", limits::styles * limits::issuers, read_token_key);
    auto trustees = object.object("trustees");
    manifest.trustee_threshold = static_cast<int>(trustees.integer("threshold", 1, limits::trustees));
    manifest.trustees = read_items(trustees, "members", limits::trustees, read_trustee);
    manifest.ceremony_transcript = trustees.digest("transcript");
    trustees.finish();
    auto roll = object.object("roll");
    manifest.roll_size = roll.integer("size", 0, largest);
    manifest.roll_root = roll.digest("root");
    roll.finish();
    auto log = object.object("log");
    manifest.log_origin = log.text("origin", limits::log_text);
    manifest.log_key = log.text("key", limits::log_text);
    log.finish();
    manifest.plaintext_size = object.integer("plaintext_size", 1, limits::plaintext);
    manifest.report_min_group = object.integer("report_min_group", 1, largest);
    object.finish();
    return manifest;
}

/// A certificate that the manifest pins must have its role under the same root.
void verify_pinned(const x509::TrustStore& trust, ByteView der, x509::PathRules rules, std::string_view what) {
    during("verifying the manifest's " + std::string(what),
           [&] { trust.verify_path(x509::Certificate::parse(der), rules); });
}

}  // namespace

const Contest* Manifest::find_contest(std::string_view contest_id) const {
    const auto found = std::ranges::find(contests, contest_id, &Contest::id);
    return found == contests.end() ? nullptr : &*found;
}

const Style* Manifest::find_style(std::string_view style_id) const {
    const auto found = std::ranges::find(styles, style_id, &Style::id);
    return found == styles.end() ? nullptr : &*found;
}

const TokenKey* Manifest::find_token_key(const Sha256& key_id) const {
    const auto found = std::ranges::find(token_keys, key_id, &TokenKey::key_id);
    return found == token_keys.end() ? nullptr : &*found;
}

Json contest_json(const Contest& contest) {
    Json candidates = Json::array();
    for (const auto& candidate : contest.candidates)
        candidates.push_back(Json{{"id", candidate.id}, {"name", candidate.name}});
    return {{"candidates", std::move(candidates)},
            {"id", contest.id},
            {"rules", count::rules_json(contest.rules)},
            {"title", contest.title}};
}

Contest parse_contest(const Json& json) {
    return read_contest(ObjectReader(json, "contest", std::string(malformed)));
}

std::string format_manifest(const Manifest& manifest) {
    return canonical_json(manifest_json(manifest));
}

Manifest parse_manifest(ByteView text) {
    const Json json = read_canonical(text, "The manifest", malformed, limits::manifest);
    auto manifest = read_manifest(json);
    const auto findings = check_manifest(manifest);
    if (!findings.empty()) fail_input(findings.front().rule, findings.front().message);
    return manifest;
}

Sha256 manifest_digest(const Manifest& manifest) {
    return sha256(as_bytes(format_manifest(manifest)));
}

VerifiedManifest verify_manifest(ByteView text, ByteView signature, const x509::TrustStore& trust,
                                 x509::PathRules::Revocation revocation) {
    auto manifest = parse_manifest(text);
    if (manifest.root != trust.root().fingerprint())
        fail(ErrorCode::verification_failed, "manifest.root", "The manifest names another root certificate");
    if (manifest.arc != trust.arc().text())
        fail(ErrorCode::verification_failed, "manifest.arc", "The manifest names another OID arc");
    const auto message = cms::parse_signed_data(signature);
    if (message.content)
        fail_input("manifest.signature", "The manifest's signature must be detached, but it carries a content");
    const x509::PathRules rules{.role = x509::Role::officer, .time = manifest.verify_at, .revocation = revocation};
    const auto verified = cms::verify_signed_data(message, text, trust, rules);
    auto pinned = rules;
    pinned.role = x509::Role::ballot_ca;
    verify_pinned(trust, manifest.ballot_ca, pinned, "Ballot CA");
    pinned.role = x509::Role::election;
    verify_pinned(trust, manifest.election_certificate, pinned, "election certificate");
    pinned.role = x509::Role::tsa;
    verify_pinned(trust, manifest.tsa_certificate, pinned, "time-stamp certificate");
    return VerifiedManifest(std::move(manifest), to_bytes(text), to_bytes(signature), sha256(text),
                            verified.signer().leaf());
}

}  // namespace uvpki::election
