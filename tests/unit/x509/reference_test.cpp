// Our reading of keys and our verification, which avoid OpenSSL's decoder, against OpenSSL's own d2i functions and
// verifiers: what we accept they accept, and where a signature is what we refuse, they refuse it too.
#include <doctest/doctest.h>

#include <set>

#include "tests/support/reason.h"
#include "tests/support/test_pki.h"
#include "uvpki/openssl/checked.h"
#include "uvpki/x509/native_key.h"

using namespace uvpki;
using namespace uvpki::testing;
using uvpki::test::reason_of;
using x509::KeyType;

namespace {

using Request = openssl::Owner<X509_REQ, X509_REQ_free>;

/// The structure and nothing after it, or null.
template <typename Owner, typename Decode>
Owner decoded(ByteView der, Decode decode) {
    const auto* at = der.data();
    Owner result(decode(nullptr, &at, static_cast<long>(der.size())));
    if (at != der.data() + der.size()) result.reset();
    return result;
}

bool openssl_accepts_request(ByteView der) {
    const auto request = decoded<Request>(der, d2i_X509_REQ);
    const bool good = request && X509_REQ_get0_pubkey(request.get()) != nullptr &&
                      X509_REQ_verify(request.get(), X509_REQ_get0_pubkey(request.get())) == 1;
    openssl::clear_errors();
    return good;
}

bool openssl_accepts_certificate(ByteView der, ByteView issuer_spki) {
    const auto certificate = decoded<openssl::X509Cert>(der, d2i_X509);
    const auto key = decoded<openssl::Pkey>(issuer_spki, d2i_PUBKEY);
    REQUIRE(key);
    const bool good = certificate && X509_verify(certificate.get(), key.get()) == 1;
    openssl::clear_errors();
    return good;
}

/// "" when accepted, else the reason.
std::string our_refusal_of_request(ByteView der) {
    return reason_of([&] { x509::parse_request(der); });
}

std::string our_refusal_of_certificate(ByteView der, const x509::Certificate& issuer) {
    std::string signature;
    const auto malformed = reason_of([&] {
        if (!x509::is_signed_by(x509::Certificate::parse(der), issuer)) signature = "signature";
    });
    return malformed.empty() ? signature : malformed;
}

struct Verdicts {
    std::size_t ours_accepted = 0;
    std::set<std::string> refused_by_us_alone;  ///< our reasons
};

/// One bit of every byte turned over in turn.
template <typename Ours, typename Theirs>
Verdicts flip_every_byte(ByteView good, Ours ours, Theirs theirs) {
    Verdicts verdicts;
    auto bad = to_bytes(good);
    for (std::size_t i = 0; i < bad.size(); ++i) {
        const auto bit = static_cast<std::uint8_t>(1u << (i % 8));
        bad[i] ^= bit;
        const auto refusal = ours(bad);
        const bool accepted = theirs(bad);
        verdicts.ours_accepted += refusal.empty() ? 1u : 0u;
        if (accepted && !refusal.empty()) verdicts.refused_by_us_alone.insert(refusal);
        bad[i] ^= bit;
    }
    return verdicts;
}

x509::PrivateKey make_key(KeyType type) {
    return type == KeyType::rsa ? x509::PrivateKey::generate_rsa(2048) : x509::PrivateKey::generate(type);
}

}  // namespace

TEST_CASE("requests that we read and verify ourselves get OpenSSL's verdict, good ones and every byte flipped") {
    for (const auto type : {KeyType::ec_p256, KeyType::ec_p384, KeyType::ed25519, KeyType::rsa}) {
        const auto key = make_key(type);
        const auto good = x509::make_request(
            key, TestPki::name("Voter").encode(),
            {{"1.3.6.1.4.1.32473.2.1", x509::Extension::Criticality::non_critical, der::octet_string(Bytes(40, 7))}});
        CHECK(our_refusal_of_request(good).empty());
        CHECK(openssl_accepts_request(good));
        const auto verdicts = flip_every_byte(good, our_refusal_of_request, openssl_accepts_request);
        CHECK(verdicts.ours_accepted == 0);
        // OpenSSL does not look at the parameters of RSA's algorithm, which nobody signs; RFC 4055 wants NULL.
        const auto form = type == KeyType::rsa ? std::set<std::string>{"x509.algorithm"} : std::set<std::string>{};
        CHECK(verdicts.refused_by_us_alone == form);
    }
}

TEST_CASE("a request signed by another key than its own is refused by us and by OpenSSL") {
    const auto own = x509::PrivateKey::generate(KeyType::ec_p256), other = x509::PrivateKey::generate(KeyType::ec_p256);
    const auto good = x509::make_request(own, x509::empty_name());
    auto reader = der::Reader(good).sequence("request");
    const auto info = reader.any().encoding;
    const auto algorithm = reader.any().encoding;
    const auto foreign = der::sequence({info, algorithm, der::bit_string(other.sign(info))});
    CHECK(our_refusal_of_request(foreign) == "x509.request.possession");
    CHECK(!openssl_accepts_request(foreign));
}

TEST_CASE("certificates that we verify ourselves get OpenSSL's verdict, good ones and every byte flipped") {
    TestPki pki;
    const auto voter = x509::PrivateKey::generate(KeyType::ec_p256);
    const auto leaf = pki.issue_leaf(x509::Role::voter, voter);
    // The issuing CA's certificate is signed by the P-384 root, the voter's by a P-256 CA.
    for (const auto& [certificate, issuer] : {std::pair(leaf, pki.registrar_ca), std::pair(pki.issuing, pki.root)}) {
        const auto ours = [&](ByteView der) { return our_refusal_of_certificate(der, issuer); };
        const auto theirs = [&](ByteView der) { return openssl_accepts_certificate(der, issuer.spki()); };
        CHECK(ours(certificate.der()).empty());
        CHECK(theirs(certificate.der()));
        const auto verdicts = flip_every_byte(certificate.der(), ours, theirs);
        CHECK(verdicts.ours_accepted == 0);
        CHECK(verdicts.refused_by_us_alone.empty());
    }
}

TEST_CASE("our public keys, signatures and verifications are OpenSSL's, whatever the key and the hash") {
    for (const auto type : {KeyType::ec_p256, KeyType::ec_p384}) {
        const auto key = make_key(type);
        const auto theirs = decoded<openssl::Pkey>(key.public_key().spki(), d2i_PUBKEY);
        REQUIRE(theirs);
        CHECK(EVP_PKEY_eq(theirs.get(), key.public_key().native().pkey()) == 1);
        for (int i = 0; i < 50; ++i) {
            const Bytes message(static_cast<std::size_t>(i), static_cast<std::uint8_t>(i));
            const auto signature = key.sign(message);
            const openssl::DigestContext context(EVP_MD_CTX_new());
            const auto* hash = type == KeyType::ec_p256 ? EVP_sha256() : EVP_sha384();
            REQUIRE(EVP_DigestVerifyInit(context.get(), nullptr, hash, nullptr, theirs.get()) == 1);
            CHECK(EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) ==
                  1);
            CHECK(x509::is_valid_signature(key.public_key(), key.algorithm(), message, signature));
            CHECK(x509::has_low_s(signature, type));
        }
    }
}

TEST_CASE("a key's contexts, used again, remember nothing of the signature before") {
    const auto key = x509::PrivateKey::generate(KeyType::ec_p256), other = x509::PrivateKey::generate(KeyType::ec_p256);
    const auto message = to_bytes("message");
    const auto good = key.sign(message), foreign = other.sign(message);
    for (int i = 0; i < 3; ++i) {
        CHECK(x509::is_valid_signature(key.public_key(), key.algorithm(), message, good));
        CHECK(!x509::is_valid_signature(key.public_key(), key.algorithm(), message, foreign));
        CHECK(!x509::is_valid_signature(key.public_key(), key.algorithm(), to_bytes("another"), good));
        CHECK(!x509::is_valid_signature(key.public_key(), x509::SignatureAlgorithm::ecdsa_sha384, message, good));
    }
}

TEST_CASE("T5: signatures of the usual size have one size, and any other key signs as ever") {
    for (const auto& [type, size] : {std::pair(KeyType::ec_p256, 71u), std::pair(KeyType::ec_p384, 103u)}) {
        const auto key = make_key(type);
        std::set<std::size_t> sizes;
        for (int i = 0; i < 40; ++i) {
            const auto signature = key.sign(to_bytes("message"), x509::SignatureSize::usual);
            CHECK(x509::is_valid_signature(key.public_key(), key.algorithm(), to_bytes("message"), signature));
            sizes.insert(signature.size());
        }
        CHECK(sizes == std::set<std::size_t>{size});
    }
    const auto rsa = make_key(KeyType::rsa);
    CHECK(rsa.sign(to_bytes("message"), x509::SignatureSize::usual).size() == 256);
}
