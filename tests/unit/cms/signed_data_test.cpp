#include "uvpki/cms/signed_data.h"
#include "tests/support/reason.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

#include "tests/support/command.h"
#include "tests/support/test_pki.h"
#include "uvpki/error.h"
#include "uvpki/files.h"
#include "uvpki/openssl/handles.h"

using namespace uvpki;
using test::run_command;
using test::TempFolder;
using testing::TestPki;
using uvpki::test::reason_of;

namespace {

template <typename Action>
std::string message_of(Action action) {
    try {
        action();
    } catch (const Error& error) {
        return error.message();
    }
    return "";
}

struct Office {
    TestPki pki;
    x509::PrivateKey key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    x509::Certificate officer = pki.issue_leaf(x509::Role::officer, key);
    x509::TrustStore trust = pki.trust();

    x509::PathRules rules(x509::Role role = x509::Role::officer) const {
        return {.role = role, .time = pki.clock.now()};
    }
    Bytes sign(std::string_view text, cms::SignOptions options = {}) const {
        return cms::sign(as_bytes(text), officer, key, pki.clock, options);
    }
    cms::VerifiedContent verify(ByteView message, std::string_view detached = {}) const {
        return cms::verify_signed_data(cms::parse_signed_data(message), as_bytes(detached), trust, rules());
    }
    void save_chain(const TempFolder& folder) const {
        save_file(folder / "chain.pem",
                  pki.root.pem() + pki.issuing.pem() + pki.registrar_ca.pem() + pki.ballot_ca.pem());
    }
    std::string openssl_verify(x509::Role role) const {
        return "openssl cms -verify -inform DER -binary -CAfile chain.pem -no-CApath -no-CAstore -attime " +
               std::to_string(unix_seconds(pki.clock.now())) + " -explicit_policy -policy " +
               pki.arc.policy(static_cast<int>(role));
    }
};

Office& office() {
    static Office once;
    return once;
}

/// The elements of a SignedData, to be put together again with something changed.
struct Pieces {
    Bytes version, digests, encapsulated, certificates, crls;
    struct Signer {
        Bytes version, id, digest, attributes, algorithm, signature, unsigned_attributes;
        Bytes encode() const {
            return der::sequence({version, id, digest, attributes, algorithm, signature, unsigned_attributes});
        }
    } signer;
    Bytes more_signers;

    explicit Pieces(ByteView message) {
        auto info = der::Reader(message).sequence("");
        info.oid("");
        auto data = info.enter(der::context_constructed(0), "").sequence("");
        version = to_bytes(data.any().encoding);
        digests = to_bytes(data.any().encoding);
        encapsulated = to_bytes(data.any().encoding);
        certificates = to_bytes(data.any().encoding);
        auto info_reader = data.enter(der::Tag::set, "").sequence("");
        for (auto* part :
             {&signer.version, &signer.id, &signer.digest, &signer.attributes, &signer.algorithm, &signer.signature})
            *part = to_bytes(info_reader.any().encoding);
    }
    Bytes encode() const {
        const auto signers = der::encode(der::Tag::set, {signer.encode(), more_signers});
        const auto data = der::sequence({version, digests, encapsulated, certificates, crls, signers});
        return der::sequence({der::oid("1.2.840.113549.1.7.2"), der::encode(der::context_constructed(0), data)});
    }
};

std::string rule_broken(const std::function<void(Pieces&)>& change) {
    Pieces pieces(office().sign("hello"));
    change(pieces);
    return message_of([&] { cms::parse_signed_data(pieces.encode()); });
}

/// n - s for P-256.
Bytes twin_of(ByteView signature) {
    auto values = der::Reader(signature).sequence("");
    const auto r = to_bytes(values.integer("")), s = to_bytes(values.integer(""));
    const openssl::Group group{EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)};
    openssl::Bignum number{BN_bin2bn(s.data(), static_cast<int>(s.size()), nullptr)};
    REQUIRE(BN_sub(number.get(), EC_GROUP_get0_order(group.get()), number.get()) == 1);
    Bytes high(32);
    BN_bn2binpad(number.get(), high.data(), 32);
    return der::sequence({der::unsigned_integer(r), der::unsigned_integer(high)});
}

/// The library's own verification, the reference that ours is compared with.
bool openssl_accepts(ByteView message) {
    const auto* data = message.data();
    const openssl::CmsMessage parsed{d2i_CMS_ContentInfo(nullptr, &data, static_cast<long>(message.size()))};
    if (!parsed) return false;
    return CMS_verify(parsed.get(), nullptr, nullptr, nullptr, nullptr, CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY) == 1;
}

}  // namespace

TEST_CASE("a signed document verifies and names its signer") {
    const auto& o = office();
    const auto message = o.sign("hello", {.signing_time = cms::SigningTime::present});
    const auto parsed = cms::parse_signed_data(message);
    CHECK(parsed.signing_time == o.pki.clock.now());
    CHECK(as_text(*parsed.content) == "hello");
    const auto verified = o.verify(message);
    CHECK(as_text(verified.content()) == "hello");
    CHECK(verified.signer().leaf() == o.officer);
    CHECK(verified.signer().role() == x509::Role::officer);
    CHECK(openssl_accepts(message));
    CHECK_FALSE(cms::parse_signed_data(o.sign("hello")).signing_time.has_value());
}

TEST_CASE("a detached signature verifies with its content and with no other") {
    const auto& o = office();
    const auto message = o.sign("hello\n", {.content = cms::Content::detached});
    CHECK(o.verify(message, "hello\n").signer().leaf() == o.officer);
    CHECK(reason_of([&] { o.verify(message, "hello"); }) == "cms.digest");
    CHECK(reason_of([&] { o.verify(message); }) == "cms.content_missing");
    CHECK(reason_of([&] { o.verify(o.sign("hello"), "other"); }) == "cms.digest");
}

TEST_CASE("P-384 and RSA signers use the digest that goes with their key") {
    auto& pki = office().pki;
    for (const auto type : {x509::KeyType::ec_p384, x509::KeyType::rsa}) {
        const auto key =
            type == x509::KeyType::rsa ? x509::PrivateKey::generate_rsa(3072) : x509::PrivateKey::generate(type);
        auto allowed = x509::profile_of(x509::Role::officer).key_types;
        if (std::ranges::find(allowed, type) == allowed.end()) continue;
        const auto certificate = pki.issue_leaf(x509::Role::officer, key);
        const auto message = cms::sign(as_bytes("hello"), certificate, key, pki.clock);
        CHECK(as_text(office().verify(message).content()) == "hello");
        CHECK(openssl_accepts(message));
    }
}

TEST_CASE("openssl cms -verify accepts attached and detached messages in the signer's role and in no other") {
    const auto& o = office();
    const TempFolder folder;
    o.save_chain(folder);
    save_file(folder / "a.p7m", o.sign("hello\n", {.signing_time = cms::SigningTime::present}));
    save_file(folder / "d.p7s", o.sign("line\r\n", {.content = cms::Content::detached}));
    save_file(folder / "d.txt", "line\r\n");
    const auto officer = o.openssl_verify(x509::Role::officer);
    const auto attached = run_command(folder.path(), officer + " -cades -in a.p7m -out out.txt && cat out.txt");
    CHECK_MESSAGE(attached.exit_code == 0, attached.output);
    CHECK(attached.output.find("hello\n") != std::string::npos);
    CHECK(run_command(folder.path(), officer + " -cades -in d.p7s -content d.txt -out out2.txt").exit_code == 0);
    CHECK(run_command(folder.path(), o.openssl_verify(x509::Role::voter) + " -in a.p7m -out out3.txt").exit_code == 4);
}

TEST_CASE("a message made by openssl in the profile's form is accepted") {
    const auto& o = office();
    const TempFolder folder;
    save_file(folder / "cert.pem", o.officer.pem());
    save_file(folder / "key.der", o.key.to_pkcs8().view(), FileMode::secret);
    save_file(folder / "text", "hello\n");
    // Half of openssl's signatures have a high s, so it is asked until one has not.
    bool accepted = false;
    for (int i = 0; i < 40 && !accepted; ++i) {
        const auto made = run_command(folder.path(),
                                      "openssl cms -sign -cades -binary -nodetach -nosmimecap -md sha256 -outform DER "
                                      "-signer cert.pem -inkey key.der -keyform DER -in text -out m.p7m");
        REQUIRE_MESSAGE(made.exit_code == 0, made.output);
        const auto reason = message_of([&] { o.verify(load_file(folder / "m.p7m")); });
        accepted = reason.empty();
        if (!accepted) REQUIRE(reason == "the signature's s is in the upper half of the group order");
    }
    CHECK(accepted);
}

TEST_CASE("nobody signs with a certificate that is not valid, or with another's key") {
    const auto& o = office();
    SimulatedClock clock(o.officer.not_after() + Seconds{1});
    CHECK(reason_of([&] { cms::sign(as_bytes("x"), o.officer, o.key, clock); }) == "cms.signer.expired");
    clock.set(o.officer.not_before() - Seconds{1});
    CHECK(reason_of([&] { cms::sign(as_bytes("x"), o.officer, o.key, clock); }) == "cms.signer.expired");
    clock.set(o.officer.not_after());
    CHECK(reason_of([&] { cms::sign(as_bytes("x"), o.officer, o.key, clock); }).empty());
    const auto other = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    CHECK(reason_of([&] { cms::sign(as_bytes("x"), o.officer, other, clock); }) == "cms.signer.key");
}

TEST_CASE("a message signed in another role does not pass") {
    auto& o = office();
    auto& pki = o.pki;
    const auto key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    const auto message = cms::sign(as_bytes("manifest"), pki.issue_leaf(x509::Role::voter, key), key, pki.clock);
    CHECK(reason_of([&] { o.verify(message); }).starts_with("x509.path."));
    const auto parsed = cms::parse_signed_data(message);
    CHECK(cms::verify_signed_data(parsed, {}, o.trust, o.rules(x509::Role::voter)).content() == to_bytes("manifest"));
}

TEST_CASE("every byte of a small message flipped never verifies") {
    const auto& o = office();
    const auto message = o.sign("1");
    REQUIRE(reason_of([&] { o.verify(message); }).empty());
    for (std::size_t i = 0; i < message.size(); ++i)
        for (const auto mask : {std::uint8_t{0x01}, std::uint8_t{0x20}, std::uint8_t{0x80}}) {
            auto changed = message;
            changed[i] = static_cast<std::uint8_t>(changed[i] ^ mask);
            CHECK_MESSAGE(reason_of([&] { o.verify(changed); }) != "", "byte " << i);
        }
}

TEST_CASE("whatever our parser and verifier accept, the library's verifies too") {
    const auto& o = office();
    for (const auto* text : {"", "1", "hello"}) {
        const auto message = o.sign(text);
        if (*text != '\0') CHECK(reason_of([&] { o.verify(message); }).empty());
        CHECK(openssl_accepts(message));
        auto changed = message;
        changed.back() ^= 1;
        CHECK_FALSE(openssl_accepts(changed));
    }
}

TEST_CASE("T15: the twin (r, n-s) of a signature is refused although the library accepts it") {
    Pieces pieces(office().sign("hello"));
    pieces.signer.signature =
        der::octet_string(twin_of(der::Reader(pieces.signer.signature).octet_string("signature")));
    const auto twin = pieces.encode();
    CHECK(openssl_accepts(twin));
    CHECK(reason_of([&] { cms::parse_signed_data(twin); }) == "cms.profile");
    CHECK(message_of([&] { cms::parse_signed_data(twin); }).find("upper half") != std::string::npos);
}

TEST_CASE("T16: additions that leave the signature valid are refused by name") {
    const auto& o = office();
    CHECK(rule_broken([](Pieces&) {}).empty());
    const auto junk = der::sequence({der::oid("1.2.3.4"), der::encode(der::Tag::set, der::null())});
    CHECK(rule_broken([&](Pieces& p) {
              p.signer.unsigned_attributes = der::encode(der::context_constructed(1), junk);
          }) == "the message has unsigned attributes");
    CHECK(rule_broken([&](Pieces& p) {
              p.certificates = der::encode(der::context_constructed(0), {o.officer.der(), o.pki.issuing.der()});
          }) == "the message carries more than one certificate");
    CHECK(rule_broken([&](Pieces& p) { p.certificates.clear(); }) == "the signer's certificate is not in the message");
    CHECK(rule_broken([&](Pieces& p) {
              p.certificates = {0xA0, 0x00};
          }) == "the message does not carry exactly one certificate");
    CHECK(rule_broken([&](Pieces& p) {
              p.crls = der::encode(der::context_constructed(1), o.pki.crl(o.pki.issuing_issuer).der());
          }) == "the message carries revocation lists");
    CHECK(rule_broken([&](Pieces& p) { p.more_signers = p.signer.encode(); }) ==
          "the message has more than one signer");
    CHECK(rule_broken([&](Pieces& p) {
              p.digests = der::encode(der::Tag::set, {der::sequence({der::oid(x509::oid::sha256)}),
                                                      der::sequence({der::oid(x509::oid::sha384)})});
          }) == "SignedData names more than one digest algorithm");
    CHECK(rule_broken([&](Pieces& p) {
              const auto with_null = der::sequence({der::oid(x509::oid::sha256), der::null()});
              p.digests = der::encode(der::Tag::set, with_null);
              p.signer.digest = with_null;
          }).find("has parameters") != std::string::npos);
    CHECK(rule_broken([&](Pieces& p) { p.version = der::integer(3); }) == "SignedData has the wrong version");
    CHECK(rule_broken([&](Pieces& p) { p.signer.attributes.clear(); }) != "");
}

TEST_CASE("T16: the certificate in the bag is exactly the one that was signed for") {
    auto& o = office();
    auto& pki = o.pki;
    // The same key certified again, with the same issuer and serial number as far as the signature can tell: only the
    // signed hash tells them apart.
    const auto renewed = pki.issue_leaf(x509::Role::officer, o.key);
    CHECK(rule_broken([&](Pieces& p) { p.certificates = der::encode(der::context_constructed(0), renewed.der()); }) ==
          "the signer identifier does not name the certificate in the message");
    auto parsed = cms::parse_signed_data(o.sign("x"));
    parsed.signer = renewed;
    CHECK(reason_of([&] { cms::verify_signature_only(parsed, as_bytes("x")); }) == "cms.signing_certificate");
}

TEST_CASE("T17: BER, trailing bytes and unsorted attributes are refused") {
    const auto message = office().sign("hello");
    auto trailing = message;
    trailing.push_back(0);
    CHECK(reason_of([&] { cms::parse_signed_data(trailing); }) == "cms.malformed");
    CHECK(reason_of([&] { cms::parse_signed_data(ByteView(message).first(message.size() - 1)); }) == "cms.malformed");
    // Indefinite length for the outermost SEQUENCE: the library reads it.
    Bytes indefinite{0x30, 0x80};
    indefinite.insert(indefinite.end(), message.begin() + 4, message.end());
    indefinite.insert(indefinite.end(), {0, 0});
    REQUIRE(message[1] == 0x82);
    CHECK(openssl_accepts(indefinite));
    CHECK(reason_of([&] { cms::parse_signed_data(indefinite); }) == "cms.malformed");
    // A length with a leading zero octet.
    Bytes long_form{0x30, 0x83, 0x00};
    long_form.insert(long_form.end(), message.begin() + 2, message.end());
    CHECK(reason_of([&] { cms::parse_signed_data(long_form); }) == "cms.malformed");
    CHECK(rule_broken([](Pieces& p) {
              auto attributes = der::Reader(p.signer.attributes).enter(der::context_constructed(0), "");
              const auto first = attributes.any(), second = attributes.any();
              p.signer.attributes =
                  der::encode(der::context_constructed(0), {second.encoding, first.encoding, attributes.rest()});
          }) == "signed attributes are not in DER order");
    CHECK(reason_of([&] { cms::parse_signed_data({}); }) == "cms.malformed");
    CHECK(reason_of([&] { cms::parse_signed_data(office().officer.der()); }) != "");
}
