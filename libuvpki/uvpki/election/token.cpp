#include "uvpki/election/token.h"

#include <map>

#include "uvpki/encoding.h"
#include "uvpki/openssl/der.h"

namespace uvpki::election {

namespace {

constexpr std::size_t most_tokens = 8;
constexpr std::size_t most_signature_octets = 512;  // RSA-4096
constexpr std::string_view malformed = "token.malformed";

}  // namespace

Bytes token_message(std::string_view election_id, const Sha256& ballot_spki_sha256) {
    return der::sequence(
        {der::utf8_string("ballot-token-v1"), der::utf8_string(election_id), der::octet_string(ballot_spki_sha256)});
}

Bytes encode_tokens(const std::vector<Token>& tokens) {
    if (tokens.empty() || tokens.size() > most_tokens) fail_input(malformed, "A ballot carries one to eight tokens");
    Bytes content;
    for (const auto& token : tokens) {
        const auto one = der::sequence({der::integer(1), der::octet_string(token.key_id),
                                        der::octet_string(token.prefix), der::octet_string(token.signature)});
        content.insert(content.end(), one.begin(), one.end());
    }
    return der::encode(der::Tag::sequence, content);
}

std::vector<Token> parse_tokens(ByteView extension_value) {
    der::Reader outer(extension_value, malformed);
    auto list = outer.sequence("token list");
    outer.finish("token extension");
    std::vector<Token> tokens;
    while (!list.empty()) {
        auto fields = list.sequence("token");
        if (tokens.size() == most_tokens) fields.refuse("more than eight tokens");
        if (fields.small_integer("token version") != 1) fields.refuse("token version is not 1");
        const auto key_id = fields.octet_string("token key id");
        const auto prefix = fields.octet_string("token prefix");
        const auto signature = fields.octet_string("token signature");
        fields.finish("token");
        if (key_id.size() != 32) fields.refuse("token key id is not 32 octets");
        if (prefix.size() != blind::prefix_size) fields.refuse("token prefix is not 32 octets");
        if (signature.empty() || signature.size() > most_signature_octets)
            fields.refuse("token signature is empty or longer than 512 octets");
        tokens.push_back({to_sha256(key_id), to_bytes(prefix), to_bytes(signature)});
    }
    if (tokens.empty()) fail_input(malformed, "The token list is empty");
    return tokens;
}

struct TokenVerifier::State {
    struct Key {
        std::string issuer;
        std::string style;
        blind::BlindPublicKey key;
    };
    std::string election;
    std::vector<std::string> issuers;
    std::map<Sha256, Key> keys;
};

TokenVerifier::TokenVerifier(const Manifest& manifest) {
    auto state = std::make_shared<State>();
    state->election = manifest.id;
    state->issuers = manifest.token_issuers;
    for (const auto& key : manifest.token_keys)
        state->keys.emplace(key.key_id, State::Key{key.issuer, key.style, blind::BlindPublicKey::parse_spki(key.spki)});
    state_ = std::move(state);
}

namespace {

[[noreturn]] void refuse(std::string_view reason, std::string message) {
    fail(ErrorCode::verification_failed, reason, std::move(message));
}

/// The key of each token; one of each demanded issuer, all of one style.
std::vector<const TokenVerifier::State::Key*> find_keys(const TokenVerifier::State& state,
                                                        const std::vector<Token>& tokens) {
    if (tokens.size() != state.issuers.size())
        refuse("token.issuer", "The ballot certificate has " + std::to_string(tokens.size()) + " tokens where " +
                                   std::to_string(state.issuers.size()) + " are demanded, one of each issuer");
    std::vector<const TokenVerifier::State::Key*> keys;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const auto found = state.keys.find(tokens[i].key_id);
        if (found == state.keys.end())
            refuse("token.key", "Token " + std::to_string(i + 1) + " names a key that is not in the manifest");
        const auto& key = found->second;
        if (key.issuer != state.issuers[i])
            refuse("token.issuer",
                   "Token " + std::to_string(i + 1) + " is of issuer " + key.issuer + ", not of " + state.issuers[i]);
        if (i > 0 && key.style != keys.front()->style)
            refuse("token.style", "The tokens of this ballot are for different ballot styles");
        keys.push_back(&key);
    }
    return keys;
}

}  // namespace

std::string TokenVerifier::require_keys(const std::vector<Token>& tokens) const {
    return find_keys(*state_, tokens).front()->style;
}

std::string TokenVerifier::verify_tokens(const std::vector<Token>& tokens, const Sha256& ballot_spki_sha256) const {
    const auto keys = find_keys(*state_, tokens);
    const auto message = token_message(state_->election, ballot_spki_sha256);
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const auto prepared = concat({tokens[i].prefix, message});
        if (!blind::is_valid_token(keys[i]->key, prepared, tokens[i].signature))
            refuse("token.signature", "Token " + std::to_string(i + 1) +
                                          " is not a signature of its issuer over this ballot key and election");
    }
    return keys.front()->style;
}

}  // namespace uvpki::election
