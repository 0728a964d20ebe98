#include "tools/uvote/voter.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "uvpki/blind/blind_rsa.h"
#include "uvpki/encoding.h"
#include "uvpki/error.h"
#include "uvpki/files.h"
#include "uvpki/json.h"
#include "uvpki/password_seal.h"
#include "uvpki/x509/issue.h"
#include "uvpki/x509/request.h"

namespace uvpki::voter {

namespace {

/// One issuer's part of the claim; `signature` is the unblinded token, empty until the registrar has answered.
struct Claiming {
    std::string issuer;
    Sha256 key_id{};
    Bytes prefix;
    Bytes prepared;
    Bytes blinded;
    SecretBytes inverse;
    Bytes signature;
};

struct Participation {
    std::string style;
    SecretBytes ballot_key;  ///< PKCS#8; wiped once the receipt is there
    std::vector<Claiming> claims;
    Bytes certificate;
    Bytes ballot;
    Bytes receipt;
};

struct Enrolment {
    SecretBytes key;  ///< PKCS#8
    Bytes certificate;
};

/// Overwrites every string of a JSON value that held secrets.
void wipe_strings(Json& value) {
    if (value.is_string()) {
        auto& text = value.get_ref<std::string&>();
        wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
    } else if (value.is_structured()) {
        for (auto& part : value) wipe_strings(part);
    }
}

Bytes field(const Json& object, const char* name) {
    return parse_base64(object.at(name).get_ref<const std::string&>());
}
SecretBytes secret_field(const Json& object, const char* name) {
    return SecretBytes(field(object, name));
}

[[noreturn]] void refuse_step(const std::string& election, std::string_view needed) {
    fail(ErrorCode::forbidden, "voter.step",
         "for election " + election + " this comes only after " + std::string(needed));
}

x509::PrivateKey key_of(const SecretBytes& pkcs8) {
    return x509::PrivateKey::parse_pkcs8(pkcs8);
}

}  // namespace

struct Voter::State {
    StateStore& store;
    const Clock& clock;
    Random& random;
    std::map<std::string, Enrolment, std::less<>> enrolments;
    std::map<std::string, Participation, std::less<>> elections;

    void load();
    void save();

    Participation& participation(const std::string& election, std::string_view needed) {
        const auto found = elections.find(election);
        if (found == elections.end()) refuse_step(election, needed);
        return found->second;
    }
};

void Voter::State::load() {
    const auto saved = store.load();
    if (saved.empty()) return;
    auto json = parse_json(saved.view());
    try {
        for (const auto& [issuer, value] : json.at("enrolments").items())
            enrolments.emplace(issuer, Enrolment{secret_field(value, "key"), field(value, "certificate")});
        for (const auto& [election, value] : json.at("elections").items()) {
            Participation part;
            part.style = value.at("style").get<std::string>();
            part.ballot_key = secret_field(value, "ballot_key");
            part.certificate = field(value, "certificate");
            part.ballot = field(value, "ballot");
            part.receipt = field(value, "receipt");
            for (const auto& claim : value.at("claims"))
                part.claims.push_back({claim.at("issuer").get<std::string>(), to_sha256(field(claim, "key_id")),
                                       field(claim, "prefix"), field(claim, "prepared"), field(claim, "blinded"),
                                       secret_field(claim, "inverse"), field(claim, "signature")});
            elections.emplace(election, std::move(part));
        }
    } catch (const nlohmann::json::exception&) {
        fail_input("state.malformed", "the voter's state file is not one that this program wrote");
    }
    wipe_strings(json);
}

void Voter::State::save() {
    auto json = Json{{"enrolments", Json::object()}, {"elections", Json::object()}, {"version", 1}};
    for (const auto& [issuer, enrolment] : enrolments)
        json["enrolments"][issuer] = {{"key", to_base64(enrolment.key.view())},
                                      {"certificate", to_base64(enrolment.certificate)}};
    for (const auto& [election, part] : elections) {
        auto claims = Json::array();
        for (const auto& claim : part.claims)
            claims.push_back({{"issuer", claim.issuer},
                              {"key_id", to_base64(claim.key_id)},
                              {"prefix", to_base64(claim.prefix)},
                              {"prepared", to_base64(claim.prepared)},
                              {"blinded", to_base64(claim.blinded)},
                              {"inverse", to_base64(claim.inverse.view())},
                              {"signature", to_base64(claim.signature)}});
        json["elections"][election] = {{"style", part.style},
                                       {"ballot_key", to_base64(part.ballot_key.view())},
                                       {"claims", std::move(claims)},
                                       {"certificate", to_base64(part.certificate)},
                                       {"ballot", to_base64(part.ballot)},
                                       {"receipt", to_base64(part.receipt)}};
    }
    auto text = canonical_json(json);
    wipe_strings(json);
    const SecretBytes state(as_bytes(text));
    wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
    store.save(state);
}

EncryptedStateFile::EncryptedStateFile(std::string path, SecretBytes password, Random& random, int iterations)
    : path_(std::move(path)), password_(std::move(password)), random_(random), iterations_(iterations) {}

SecretBytes EncryptedStateFile::load() {
    if (!std::filesystem::exists(path_)) return {};
    return open_with_password(load_file(path_), password_);
}

void EncryptedStateFile::save(const SecretBytes& state) {
    save_file(path_, seal_with_password(state, password_, random_, iterations_), FileMode::secret);
}

std::string_view step_name(Step step) {
    switch (step) {
        case Step::nothing:
            return "nothing";
        case Step::enrolled:
            return "enrolled";
        case Step::claimed:
            return "claimed";
        case Step::redeemed:
            return "redeemed";
        case Step::sealed:
            return "sealed";
        case Step::cast:
            return "cast";
    }
    fail(ErrorCode::internal, "voter.step", "unknown step");
}

Voter::Voter(StateStore& store, const Clock& clock, Random& random)
    : state_(std::make_shared<State>(State{store, clock, random, {}, {}})) {
    state_->load();
}

x509::Certificate Voter::enrol(std::string_view issuer, std::string_view invitation, api::RegistrarApi& registrar,
                               const x509::TrustStore& trust) {
    auto& enrolment = state_->enrolments[std::string(issuer)];
    if (!enrolment.certificate.empty()) return x509::Certificate::parse(enrolment.certificate);
    if (enrolment.key.empty()) {
        enrolment.key = x509::PrivateKey::generate(x509::KeyType::ec_p256).to_pkcs8();
        state_->save();
    }
    const auto key = key_of(enrolment.key);
    auto certificate =
        x509::Certificate::parse(registrar.enrol(invitation, x509::make_request(key, x509::empty_name())));
    if (!(certificate.public_key() == key.public_key()))
        fail(ErrorCode::verification_failed, "voter.certificate.key", "the registrar's certificate is for another key");
    trust.verify_path(
        certificate,
        {.role = x509::Role::voter, .time = state_->clock.now(), .revocation = x509::PathRules::Revocation::if_listed});
    enrolment.certificate = to_bytes(certificate.der());
    state_->save();
    return certificate;
}

void Voter::claim(const election::VerifiedManifest& manifest, std::string_view style, const Registrars& registrars) {
    const auto& rules = manifest.manifest();
    if (rules.find_style(style) == nullptr)
        fail_input("voter.style", "the election has no ballot style '" + std::string(style) + "'");
    auto& part = state_->elections[rules.id];
    if (part.ballot_key.empty() && part.receipt.empty()) {
        const auto key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
        const auto message = election::token_message(rules.id, key.public_key().spki_sha256());
        part.style = style;
        part.ballot_key = key.to_pkcs8();
        part.claims.clear();
        for (const auto& issuer : rules.token_issuers) {
            const auto token_key = std::ranges::find_if(rules.token_keys, [&](const election::TokenKey& candidate) {
                return candidate.issuer == issuer && candidate.style == style;
            });
            if (token_key == rules.token_keys.end())
                fail_input("voter.token_key", "the manifest has no token key of " + issuer + " for this style");
            auto blinding = blind::blind(blind::BlindPublicKey::parse_spki(token_key->spki), message, state_->random);
            part.claims.push_back({issuer,
                                   token_key->key_id,
                                   std::move(blinding.prefix),
                                   std::move(blinding.prepared),
                                   std::move(blinding.blinded),
                                   std::move(blinding.inverse),
                                   {}});
        }
        state_->save();
    }
    if (part.style != style)
        fail(ErrorCode::conflict, "voter.style", "this device already claims for style '" + part.style + "'");
    for (auto& claim : part.claims) {
        if (!claim.signature.empty()) continue;
        const auto registrar = registrars.find(claim.issuer);
        const auto enrolment = state_->enrolments.find(claim.issuer);
        if (registrar == registrars.end() || enrolment == state_->enrolments.end() ||
            enrolment->second.certificate.empty())
            fail(ErrorCode::forbidden, "voter.step", "enrol with " + claim.issuer + " first");
        const auto request = election::make_claim({rules.id, claim.key_id, claim.blinded},
                                                  x509::Certificate::parse(enrolment->second.certificate),
                                                  key_of(enrolment->second.key), state_->clock);
        const auto answer = registrar->second->claim(request);
        blind::Blinding blinding;
        blinding.prefix = claim.prefix;
        blinding.prepared = claim.prepared;
        blinding.blinded = claim.blinded;
        blinding.inverse = claim.inverse.clone();
        claim.signature = blind::finalize(blind::BlindPublicKey::parse_spki(rules.find_token_key(claim.key_id)->spki),
                                          blinding, answer);
        state_->save();
    }
}

void Voter::redeem(const election::VerifiedManifest& manifest, const x509::TrustStore& trust, api::BallotApi& box) {
    const auto& rules = manifest.manifest();
    auto& part = state_->participation(rules.id, "claiming");
    if (!part.certificate.empty()) return;
    std::vector<election::Token> tokens;
    for (const auto& claim : part.claims) {
        if (claim.signature.empty()) refuse_step(rules.id, "claiming from " + claim.issuer);
        tokens.push_back({claim.key_id, claim.prefix, claim.signature});
    }
    const auto key = key_of(part.ballot_key);
    const auto request =
        x509::make_request(key, x509::empty_name(),
                           {{x509::Arc(rules.arc).ballot_token(), x509::Extension::Criticality::non_critical,
                             election::encode_tokens(tokens)}});
    const auto certificate = x509::Certificate::parse(box.redeem(rules.id, request));
    if (!(certificate.public_key() == key.public_key()))
        fail(ErrorCode::verification_failed, "voter.certificate.key", "the ballot certificate is for another key");
    if (election::BallotVerifier(manifest, trust).verify_ballot_certificate(certificate) != part.style)
        fail(ErrorCode::verification_failed, "voter.certificate.style", "the ballot certificate is for another style");
    part.certificate = to_bytes(certificate.der());
    state_->save();
}

const Bytes& Voter::seal(const election::VerifiedManifest& manifest,
                         const std::vector<election::ContestChoices>& contests) {
    auto& part = state_->participation(manifest->id, "claiming and redeeming");
    if (part.certificate.empty()) refuse_step(manifest->id, "redeeming");
    if (!part.ballot.empty()) return part.ballot;
    part.ballot = election::make_ballot(manifest, part.style, contests, x509::Certificate::parse(part.certificate),
                                        key_of(part.ballot_key), state_->clock, state_->random)
                      .der;
    state_->save();
    return part.ballot;
}

election::Receipt Voter::cast(const election::VerifiedManifest& manifest, const x509::TrustStore& trust,
                              api::BallotApi& box) {
    auto& part = state_->participation(manifest->id, "sealing a ballot");
    if (part.ballot.empty()) refuse_step(manifest->id, "sealing a ballot");
    const auto leaf = sha256(part.ballot);
    const auto check = [&](ByteView der) {
        const auto receipt = election::verify_receipt(der, manifest, trust);
        if (receipt.leaf != leaf)
            fail(ErrorCode::verification_failed, "voter.receipt", "the receipt is for another ballot");
        return receipt;
    };
    if (!part.receipt.empty()) return check(part.receipt);
    auto answer = box.cast(manifest->id, part.ballot);
    const auto receipt = check(answer);
    part.receipt = std::move(answer);
    // T31: what could show later how this ballot was made is forgotten as soon as it is safely cast.
    part.ballot_key.wipe();
    part.ballot_key = {};
    part.claims.clear();
    state_->save();
    return receipt;
}

Step Voter::step(std::string_view election) const {
    const auto found = state_->elections.find(election);
    const bool enrolled =
        std::ranges::any_of(state_->enrolments, [](const auto& e) { return !e.second.certificate.empty(); });
    if (found == state_->elections.end()) return enrolled ? Step::enrolled : Step::nothing;
    const auto& part = found->second;
    if (!part.receipt.empty()) return Step::cast;
    if (!part.ballot.empty()) return Step::sealed;
    if (!part.certificate.empty()) return Step::redeemed;
    const bool claimed = !part.claims.empty() && std::ranges::none_of(part.claims, [](const Claiming& claim) {
        return claim.signature.empty();
    });
    return claimed ? Step::claimed : enrolled ? Step::enrolled : Step::nothing;
}

std::optional<x509::Certificate> Voter::find_certificate(std::string_view issuer) const {
    const auto found = state_->enrolments.find(issuer);
    if (found == state_->enrolments.end() || found->second.certificate.empty()) return std::nullopt;
    return x509::Certificate::parse(found->second.certificate);
}

std::optional<Bytes> Voter::find_receipt(std::string_view election) const {
    const auto found = state_->elections.find(election);
    if (found == state_->elections.end() || found->second.receipt.empty()) return std::nullopt;
    return found->second.receipt;
}

std::optional<Sha256> Voter::find_leaf(std::string_view election) const {
    const auto found = state_->elections.find(election);
    if (found == state_->elections.end() || found->second.ballot.empty()) return std::nullopt;
    return sha256(found->second.ballot);
}

std::optional<std::string> Voter::find_style(std::string_view election) const {
    const auto found = state_->elections.find(election);
    if (found == state_->elections.end()) return std::nullopt;
    return found->second.style;
}

std::optional<Bytes> Voter::find_ballot(std::string_view election) const {
    const auto found = state_->elections.find(election);
    if (found == state_->elections.end() || found->second.ballot.empty()) return std::nullopt;
    return found->second.ballot;
}

}  // namespace uvpki::voter
