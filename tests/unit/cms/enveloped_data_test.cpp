#include "uvpki/cms/enveloped_data.h"
#include "tests/support/reason.h"

#include <doctest/doctest.h>

#include <functional>
#include <vector>

#include "tests/support/command.h"
#include "tests/support/test_pki.h"
#include "uvpki/error.h"
#include "uvpki/files.h"

using namespace uvpki;
using test::run_command;
using test::TempFolder;
using testing::TestPki;
using uvpki::test::reason_of;

namespace {

struct Box {
    TestPki pki;
    x509::PrivateKey key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    x509::Certificate certificate = pki.issue_leaf(x509::Role::election, key);
    x509::PrivateKey other_key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    x509::Certificate other = pki.issue_leaf(x509::Role::trustee_enc, other_key);

    Bytes seal(std::string_view text) { return cms::seal_envelope(as_bytes(text), certificate, pki.random).envelope; }
};

Box& box() {
    static Box once;
    return once;
}

/// The elements of an envelope, to be put together again with something changed.
struct Pieces {
    Bytes version, recipients, originator_info;
    Bytes point, agreement, identifier, encrypted_key, more_keys, more_recipients, ukm;
    Bytes content_type, cipher, parameters, ciphertext, authenticated, mac, unauthenticated;

    explicit Pieces(ByteView envelope) {
        auto info = der::Reader(envelope).sequence("");
        info.oid("");
        auto data = info.enter(der::context_constructed(0), "").sequence("");
        version = to_bytes(data.any().encoding);
        auto recipient = data.enter(der::Tag::set, "").enter(der::context_constructed(1), "");
        recipient.any();
        auto key = recipient.enter(der::context_constructed(0), "").enter(der::context_constructed(1), "");
        key.any();
        point = to_bytes(key.octet_aligned_bits(""));
        agreement = to_bytes(recipient.any().encoding);
        auto encrypted = recipient.sequence("").sequence("");
        identifier = to_bytes(encrypted.any().encoding);
        encrypted_key = to_bytes(encrypted.octet_string(""));
        auto content = data.sequence("");
        content_type = to_bytes(content.any().encoding);
        auto algorithm = content.sequence("");
        cipher = to_bytes(algorithm.any().encoding);
        parameters = to_bytes(algorithm.any().encoding);
        ciphertext = to_bytes(content.any().encoding);
        mac = to_bytes(data.octet_string(""));
    }
    Bytes recipient_info() const {
        const auto originator =
            der::encode(der::context_constructed(0),
                        der::encode(der::context_constructed(1),
                                    {der::sequence({der::oid(x509::oid::ec_public_key)}), der::bit_string(point)}));
        return der::encode(der::context_constructed(1),
                           {der::integer(3), originator, ukm, agreement,
                            der::sequence({der::sequence({identifier, der::octet_string(encrypted_key)}), more_keys})});
    }
    Bytes encode() const {
        const auto content = der::sequence({content_type, der::sequence({cipher, parameters}), ciphertext});
        const auto data =
            der::sequence({version, originator_info, der::encode(der::Tag::set, {recipient_info(), more_recipients}),
                           content, authenticated, der::octet_string(mac), unauthenticated});
        return der::sequence({der::oid("1.2.840.113549.1.9.16.1.23"), der::encode(der::context_constructed(0), data)});
    }
};

std::string refused(const std::function<void(Pieces&)>& change) {
    Pieces pieces(box().seal("vote"));
    change(pieces);
    return reason_of([&] { cms::parse_envelope(pieces.encode()); });
}

}  // namespace

TEST_CASE("an envelope opens with the recipient's key and gives the same bytes") {
    for (const std::size_t size : {0u, 1u, 16u, 5000u}) {
        const auto text = box().pki.random.bytes(size);
        const auto sealing = cms::seal_envelope(text, box().certificate, box().pki.random);
        const auto envelope = cms::parse_envelope(sealing.envelope);
        CHECK(cms::is_addressed_to(envelope, box().certificate));
        CHECK_FALSE(cms::is_addressed_to(envelope, box().other));
        CHECK(equal(envelope.ephemeral_point, sealing.ephemeral.public_key().key_octets()));
        CHECK(equal(cms::open_envelope(envelope, box().key).view(), text));
        CHECK(reason_of([&] { cms::open_envelope(envelope, box().other_key); }) == "cms.envelope.open");
    }
}

TEST_CASE("two envelopes of the same text share neither point nor nonce nor ciphertext") {
    const auto a = cms::parse_envelope(box().seal("vote")), b = cms::parse_envelope(box().seal("vote"));
    CHECK(a.ephemeral_point != b.ephemeral_point);
    CHECK(a.nonce != b.nonce);
    CHECK(a.ciphertext != b.ciphertext);
}

TEST_CASE("openssl cms -decrypt opens an envelope with the plain key") {
    const TempFolder folder;
    save_file(folder / "vote.p7m", box().seal("{\"vote\":1}"));
    save_file(folder / "key.der", box().key.to_pkcs8().view(), FileMode::secret);
    const auto opened = run_command(
        folder.path(),
        "openssl cms -decrypt -inform DER -binary -in vote.p7m -inkey key.der -keyform DER -out t && cat t");
    CHECK_MESSAGE(opened.exit_code == 0, opened.output);
    CHECK(opened.output == "{\"vote\":1}");
}

TEST_CASE("T24: an envelope made by openssl opens exactly when it states a 16-octet tag") {
    const TempFolder folder;
    save_file(folder / "cert.pem", box().certificate.pem());
    save_file(folder / "text", "hello");
    const auto made = run_command(folder.path(),
                                  "openssl cms -encrypt -binary -in text -outform DER -aes-256-gcm -recip cert.pem "
                                  "-aes256-wrap -keyopt ecdh_kdf_md:sha256 -out m.p7m");
    REQUIRE_MESSAGE(made.exit_code == 0, made.output);
    const auto message = load_file(folder / "m.p7m");
    Pieces pieces(message);
    auto parameters = der::Reader(pieces.parameters).sequence("");
    parameters.octet_string("nonce");
    if (parameters.empty() || pieces.mac.size() != 16) {
        // OpenSSL leaves ICVlen out where it takes the default of 12 octets.
        CHECK(reason_of([&] { cms::parse_envelope(message); }) == "cms.envelope.tag");
    } else {
        CHECK(equal(cms::open_envelope(cms::parse_envelope(message), box().key).view(), as_bytes("hello")));
    }
}

TEST_CASE("T24: every change of form is refused by name") {
    using der::context_constructed;
    const auto nonce = der::octet_string(Bytes(12));
    CHECK(refused([](Pieces&) {}).empty());
    // Tags and nonces.
    CHECK(refused([&](Pieces& p) { p.parameters = der::sequence({nonce}); }) == "cms.envelope.tag");
    CHECK(refused([&](Pieces& p) { p.parameters = der::sequence({nonce, der::integer(12)}); }) == "cms.envelope.tag");
    CHECK(refused([](Pieces& p) { p.mac.resize(12); }) == "cms.envelope.tag");
    CHECK(refused([](Pieces& p) { p.mac.resize(4); }) == "cms.envelope.tag");
    CHECK(refused([](Pieces& p) {
              p.parameters = der::sequence({der::octet_string(Bytes(16)), der::integer(16)});
          }) == "cms.envelope.nonce");
    // Algorithms.
    CHECK(refused([](Pieces& p) { p.cipher = der::oid("2.16.840.1.101.3.4.1.42"); }) == "cms.envelope.algorithm");
    CHECK(refused([](Pieces& p) { p.cipher = der::oid("2.16.840.1.101.3.4.1.6"); }) == "cms.envelope.algorithm");
    CHECK(refused([](Pieces& p) {
              p.agreement =
                  der::sequence({der::oid("1.3.132.1.11.1"), der::sequence({der::oid("2.16.840.1.101.3.4.1.5")})});
          }) == "cms.envelope.algorithm");
    CHECK(refused([](Pieces& p) {
              const auto wrap = der::sequence({der::oid("2.16.840.1.101.3.4.1.45"), der::null()});
              p.agreement = der::sequence({der::oid("1.3.132.1.11.1"), wrap});
          }) == "cms.envelope.algorithm");
    // Recipients.
    CHECK(refused([](Pieces& p) { p.more_recipients = p.recipient_info(); }) == "cms.envelope.recipients");
    CHECK(refused([](Pieces& p) {
              p.more_keys = der::sequence({p.identifier, der::octet_string(p.encrypted_key)});
          }) == "cms.envelope.recipients");
    CHECK(refused([](Pieces& p) { p.encrypted_key.push_back(0); }) == "cms.envelope.key");
    // Attributes and other additions.
    const auto attribute = der::sequence({der::oid("1.2.3"), der::encode(der::Tag::set, der::null())});
    CHECK(refused([&](Pieces& p) { p.authenticated = der::encode(context_constructed(1), attribute); }) ==
          "cms.envelope.attributes");
    CHECK(refused([&](Pieces& p) { p.unauthenticated = der::encode(context_constructed(2), attribute); }) ==
          "cms.envelope.attributes");
    CHECK(refused([](Pieces& p) { p.ukm = der::encode(context_constructed(1), der::octet_string(Bytes(8))); }) ==
          "cms.envelope.attributes");
    CHECK(refused([](Pieces& p) {
              p.originator_info =
                  der::encode(context_constructed(0), der::encode(context_constructed(0), box().certificate.der()));
          }) == "cms.envelope.originator");
    CHECK(refused([](Pieces& p) { p.content_type = der::oid("1.2.840.113549.1.7.2"); }) == "cms.envelope.content_type");
    // The ciphertext in pieces: a constructed OCTET STRING is BER.
    CHECK(refused([](Pieces& p) { p.ciphertext[0] = 0xA0; }) == "cms.envelope.malformed");
}

TEST_CASE("T24: a point off the curve, compressed or at infinity is refused") {
    CHECK(refused([](Pieces& p) { p.point.back() ^= 1; }) == "cms.envelope.point");
    CHECK(refused([](Pieces& p) {
              p.point[0] = static_cast<std::uint8_t>(2 | (p.point.back() & 1));
              p.point.resize(33);
          }) == "cms.envelope.point");
    CHECK(refused([](Pieces& p) { p.point = {0}; }) == "cms.envelope.point");
    CHECK(refused([](Pieces& p) { p.point[0] = static_cast<std::uint8_t>(6 | (p.point.back() & 1)); }) ==
          "cms.envelope.point");
}

TEST_CASE("T24: a CBC envelope by openssl is refused") {
    const TempFolder folder;
    save_file(folder / "cert.pem", box().certificate.pem());
    save_file(folder / "text", "hello");
    const auto made = run_command(folder.path(),
                                  "openssl cms -encrypt -binary -in text -outform DER -aes-256-cbc -recip cert.pem "
                                  "-aes256-wrap -keyopt ecdh_kdf_md:sha256 -out m.p7m");
    REQUIRE_MESSAGE(made.exit_code == 0, made.output);
    CHECK(reason_of([&] { cms::parse_envelope(load_file(folder / "m.p7m")); }) == "cms.envelope.algorithm");
}

TEST_CASE("every byte of an envelope flipped is refused, does not open, or is the recipient's name") {
    const auto sealed = box().seal("vote");
    REQUIRE(equal(cms::open_envelope(cms::parse_envelope(sealed), box().key).view(), as_bytes("vote")));
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        auto changed = sealed;
        changed[i] ^= 0x01;
        bool harmless = false;
        const auto reason = reason_of([&] {
            const auto envelope = cms::parse_envelope(changed);
            // The identifier is not covered by the tag (RFC 5083): whoever opens checks the addressee first.
            harmless = !cms::is_addressed_to(envelope, box().certificate);
            cms::open_envelope(envelope, box().key);
        });
        CHECK_MESSAGE((harmless || reason.starts_with("cms.envelope.")), "byte " << i << " " << reason);
    }
}

TEST_CASE("bytes after the end and cut envelopes are refused") {
    auto sealed = box().seal("vote");
    for (std::size_t size = 0; size < sealed.size(); size += 7)
        CHECK(reason_of([&] { cms::parse_envelope(ByteView(sealed).first(size)); }) == "cms.envelope.malformed");
    sealed.push_back(0);
    CHECK(reason_of([&] { cms::parse_envelope(sealed); }) == "cms.envelope.malformed");
}

TEST_CASE("only P-256 recipients can be sealed to") {
    const auto& p384 = box().pki.root;
    CHECK(reason_of([&] { cms::seal_envelope(as_bytes("x"), p384, box().pki.random); }) == "cms.envelope.recipient");
}
