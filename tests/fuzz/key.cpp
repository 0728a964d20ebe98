#include "tests/fuzz/expect.h"
#include "tests/fuzz/reference.h"
#include "tests/fuzz/targets.h"
#include "uvpki/blind/blind_key.h"
#include "uvpki/x509/key_quality.h"

namespace uvpki::fuzz {

namespace {

bool public_key(ByteView input) {
    const auto parsed = accepted([&] { return x509::PublicKey::parse_spki(input); });
    if (!parsed) return false;
    require_same(parsed->spki(), input, "a public key keeps the bytes it was read from");
    require(reference::is_der(input), "T17: an accepted public key is DER");
    x509::check_key_quality(*parsed);
    x509::is_valid_signature(*parsed, x509::SignatureAlgorithm::ecdsa_sha256, input, input);
    return true;
}

bool private_key(ByteView input) {
    const auto parsed = accepted([&] { return x509::PrivateKey::parse_pkcs8(SecretBytes(input)); });
    if (!parsed) return false;
    const auto again = x509::PrivateKey::parse_pkcs8(parsed->to_pkcs8());
    require(again.public_key() == parsed->public_key(), "a private key survives being stored");
    return true;
}

}  // namespace

bool key(ByteView input) {
    const bool read = public_key(input), secret = private_key(input);
    const auto blind = accepted([&] { return blind::BlindPublicKey::parse_spki(input); });
    // Both forms of an RSA key are read; one is written.
    if (blind)
        require(blind::BlindPublicKey::parse_spki(blind->spki()) == *blind, "a token key survives being written");
    return read || secret || blind;
}

}  // namespace uvpki::fuzz
