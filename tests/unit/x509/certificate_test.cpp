#include <doctest/doctest.h>

#include <functional>

#include "tests/support/command.h"
#include "tests/support/reason.h"
#include "uvpki/encoding.h"
#include "uvpki/error.h"
#include "uvpki/files.h"
#include "uvpki/openssl/der.h"
#include "uvpki/x509/certificate.h"
#include "uvpki/x509/name.h"
#include "uvpki/x509/oids.h"

using namespace uvpki;
using namespace uvpki::x509;
using uvpki::test::reason_of;
using uvpki::test::run_command;
using uvpki::test::TempFolder;

namespace {

constexpr auto critical = Extension::Criticality::critical;
constexpr auto non_critical = Extension::Criticality::non_critical;

const PrivateKey& test_key() {
    static const auto key = PrivateKey::generate(KeyType::ec_p256);
    return key;
}

/// Every field of a self-signed certificate as bytes, so that a test can break any one of them.
struct Draft {
    Bytes version = der::encode(der::context_constructed(0), der::integer(2));
    Bytes serial = der::unsigned_integer(parse_hex("4102030405060708090a0b0c0d0e0f1011121314"));
    Bytes inner_algorithm = encode_algorithm(SignatureAlgorithm::ecdsa_sha256);
    Bytes outer_algorithm = encode_algorithm(SignatureAlgorithm::ecdsa_sha256);
    Bytes issuer = Name{"Example", "", "Root"}.encode();
    Bytes validity = der::sequence(
        {der::time(parse_rfc3339("2026-01-01T00:00:00Z")), der::time(parse_rfc3339("2056-01-01T00:00:00Z"))});
    Bytes subject = Name{"Example", "", "Root"}.encode();
    Bytes spki = to_bytes(test_key().public_key().spki());
    Bytes unique_ids;
    std::vector<Extension> extensions = {
        {std::string(oid::basic_constraints), critical, parse_hex("30060101ff020101")},
        {std::string(oid::key_usage), critical, parse_hex("03020106")},
        {std::string(oid::subject_key_identifier), non_critical,
         der::octet_string(test_key().public_key().key_identifier())},
    };
    std::optional<Bytes> raw_extensions;
    Bytes after_extensions;

    Bytes encode() const {
        const auto tbs = der::sequence(
            {version, serial, inner_algorithm, issuer, validity, subject, spki, unique_ids,
             raw_extensions ? *raw_extensions : der::encode(der::context_constructed(3), encode_extensions(extensions)),
             after_extensions});
        return der::sequence({tbs, outer_algorithm, der::bit_string(test_key().sign(tbs))});
    }
};

std::string parse_refusal(ByteView der) {
    return reason_of([&] { Certificate::parse(der); });
}

std::string reason_after(const std::function<void(Draft&)>& change) {
    Draft draft;
    change(draft);
    return parse_refusal(draft.encode());
}

/// The reason for a certificate that has this one extension.
std::string reason_with(std::string_view oid, std::string_view value_hex) {
    return reason_after([&](Draft& draft) {
        draft.extensions = {{std::string(oid), non_critical, parse_hex(value_hex)}};
    });
}

Certificate with(std::string_view oid, ByteView value) {
    Draft draft;
    draft.extensions = {{std::string(oid), non_critical, to_bytes(value)}};
    return Certificate::parse(draft.encode());
}

}  // namespace

TEST_CASE("a certificate says what was put into it") {
    const auto certificate = Certificate::parse(Draft{}.encode());
    CHECK(certificate.serial_hex() == "4102030405060708090a0b0c0d0e0f1011121314");
    CHECK(certificate.subject_text() == "O=Example, CN=Root");
    CHECK(format_rfc3339(certificate.not_before()) == "2026-01-01T00:00:00Z");
    CHECK(format_rfc3339(certificate.not_after()) == "2056-01-01T00:00:00Z");
    CHECK(certificate.public_key() == test_key().public_key());
    CHECK(certificate.signature_algorithm() == SignatureAlgorithm::ecdsa_sha256);
    CHECK(certificate.basic_constraints().role == BasicConstraints::Role::ca);
    CHECK(certificate.basic_constraints().path_length == 1);
    CHECK(certificate.key_usage() == 0x60);
    CHECK(certificate.has_key_usage(KeyUsage::key_cert_sign));
    CHECK_FALSE(certificate.has_key_usage(KeyUsage::digital_signature));
    CHECK(to_bytes(certificate.subject_key_identifier()) == test_key().public_key().key_identifier());
    CHECK(certificate.authority_key_identifier().empty());
    CHECK(certificate.extended_key_usage().empty());
    CHECK(certificate.find_extension(oid::key_usage)->criticality == critical);
    CHECK(certificate.find_extension(oid::subject_alt_name) == nullptr);
    CHECK(certificate.is_self_issued());
    CHECK(is_signed_by(certificate, certificate));
    CHECK(certificate.fingerprint() == sha256(certificate.der()));
    CHECK(Certificate::parse_pem(certificate.pem()) == certificate);
}

TEST_CASE("a certificate made by openssl reads as openssl shows it") {
    const TempFolder folder;
    const auto made = run_command(
        folder.path(),
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -sha384 -nodes -keyout key.pem -out c.pem -days "
        "20000 "
        "-set_serial 0x4abc -subj '/O=Wahl/OU=Ämter/CN=a,b' -utf8 -addext "
        "keyUsage=critical,digitalSignature,nonRepudiation "
        "-addext extendedKeyUsage=clientAuth,emailProtection -addext certificatePolicies=1.3.6.1.4.1.32473.1.5 "
        "-addext 'subjectAltName=URI:urn:uuid:0,DNS:example.org,IP:192.0.2.1,IP:2001:db8::1,email:a@example.org'");
    REQUIRE_MESSAGE(made.exit_code == 0, made.output);
    const auto certificate = Certificate::parse_pem(to_text(load_file(folder / "c.pem")));
    const auto shown =
        run_command(folder.path(),
                    "openssl x509 -in c.pem -noout -serial -fingerprint -sha256 -startdate -enddate -dateopt iso_8601");
    std::string fingerprint;
    for (const auto octet : certificate.fingerprint())
        fingerprint += (fingerprint.empty() ? "" : ":") + to_hex(ByteView(&octet, 1));
    for (auto& c : fingerprint) c = static_cast<char>(std::toupper(c));
    auto date = [](Time time) {
        auto text = format_rfc3339(time);
        text[10] = ' ';
        return text;
    };
    CHECK(certificate.serial_hex() == "4abc");
    CHECK(shown.output == "serial=4ABC\nsha256 Fingerprint=" + fingerprint + "\nnotBefore=" +
                              date(certificate.not_before()) + "\nnotAfter=" + date(certificate.not_after()) + "\n");
    CHECK(certificate.subject_text() == "O=Wahl, OU=Ämter, CN=a\\,b");
    CHECK(find_attribute(certificate.subject(), oid::common_name) == "a,b");
    CHECK(find_attribute(certificate.subject(), "2.5.4.6") == std::nullopt);
    CHECK(certificate.signature_algorithm() == SignatureAlgorithm::ecdsa_sha384);
    CHECK(certificate.key_usage() == 3);
    CHECK(certificate.extended_key_usage() ==
          std::vector<std::string>{std::string(oid::eku_client_auth), std::string(oid::eku_email_protection)});
    CHECK(certificate.policies() == std::vector<std::string>{"1.3.6.1.4.1.32473.1.5"});
    CHECK(certificate.alt_names() == std::vector<std::string>{"URI:urn:uuid:0", "DNS:example.org", "IP:192.0.2.1",
                                                              "IP:2001:db8::1", "email:a@example.org"});
    CHECK(to_bytes(certificate.authority_key_identifier()) == to_bytes(certificate.subject_key_identifier()));
    CHECK(is_signed_by(certificate, certificate));
}

TEST_CASE("our certificate is read by openssl") {
    const TempFolder folder;
    const auto certificate = Certificate::parse(Draft{}.encode());
    save_file(folder / "c.der", certificate.der());
    const auto shown = run_command(folder.path(),
                                   "openssl x509 -inform DER -in c.der -outform PEM -out c.pem && "
                                   "openssl verify -no-CApath -no-CAstore -check_ss_sig -CAfile c.pem c.pem");
    CHECK(shown.output == "c.pem: OK\n");
    CHECK(to_text(load_file(folder / "c.pem")) == certificate.pem());
}

TEST_CASE("a signature by another key or over other bytes is not the issuer's") {
    const auto root = Certificate::parse(Draft{}.encode());
    auto der = Draft{}.encode();
    der.back() ^= 1;
    CHECK_FALSE(is_signed_by(Certificate::parse(der), root));
    Draft renamed;
    renamed.subject = Name{"Example", "", "Other"}.encode();
    const auto other = Certificate::parse(renamed.encode());
    CHECK(is_signed_by(other, root));
    CHECK_FALSE(is_signed_by(root, other));  // the right key under another name
    CHECK_FALSE(other.is_self_issued());
    Draft foreign;
    foreign.spki = to_bytes(PrivateKey::generate(KeyType::ec_p256).public_key().spki());
    CHECK_FALSE(is_signed_by(root, Certificate::parse(foreign.encode())));
    Draft rsa;
    rsa.spki = to_bytes(PrivateKey::generate_rsa(2048).public_key().spki());
    CHECK_FALSE(is_signed_by(root, Certificate::parse(rsa.encode())));
}

TEST_CASE("each field that breaks a rule is refused with the reason") {
    const auto year = [](der::Tag tag, std::string_view from, std::string_view to) {
        return der::sequence({der::encode(tag, as_bytes(from)), der::encode(tag, as_bytes(to))});
    };
    CHECK(reason_after([](Draft&) {}) == "");
    CHECK(reason_after([](Draft& d) { d.version = {}; }) == "x509.certificate.version");
    CHECK(reason_after([](Draft& d) { d.version = der::encode(der::context_constructed(0), der::integer(1)); }) ==
          "x509.certificate.version");
    CHECK(reason_after([](Draft& d) { d.serial = der::integer(0); }) == "x509.certificate.serial");
    CHECK(reason_after([](Draft& d) { d.serial = der::integer(-5); }) == "x509.certificate.serial");
    CHECK(reason_after([](Draft& d) { d.serial = der::unsigned_integer(Bytes(20, 0x80)); }) ==
          "x509.certificate.serial");
    CHECK(reason_after([](Draft& d) { d.serial = parse_hex("02020001"); }) == "x509.certificate.malformed");
    CHECK(reason_after([](Draft& d) { d.inner_algorithm = encode_algorithm(SignatureAlgorithm::ecdsa_sha384); }) ==
          "x509.certificate.algorithm");
    CHECK(reason_after([](Draft& d) { d.outer_algorithm = parse_hex("300906072a8648ce3d0401"); }) == "x509.algorithm");
    CHECK(reason_after([](Draft& d) { d.issuer = der::sequence({}); }) == "x509.certificate.malformed");
    // RFC 5280, section 4.2.1.6: then the names stand in a critical subjectAltName.
    CHECK(reason_after([](Draft& d) { d.subject = der::sequence({}); }) == "x509.certificate.extension");
    CHECK(reason_after([](Draft& d) { d.subject = parse_hex("30023100"); }) == "x509.certificate.malformed");
    CHECK(reason_after([&](Draft& d) {
              d.validity = year(der::Tag::generalized_time, "20260101000000Z", "20500101000000Z");
          }) == "x509.certificate.malformed");
    CHECK(reason_after([&](Draft& d) { d.validity = year(der::Tag::utc_time, "2601010000Z", "2701010000Z"); }) ==
          "x509.certificate.malformed");
    CHECK(reason_after([&](Draft& d) { d.validity = year(der::Tag::utc_time, "260230000000Z", "270101000000Z"); }) ==
          "x509.certificate.malformed");
    CHECK(reason_after([](Draft& d) { d.spki.back() ^= 1; }) == "x509.key.malformed");
    CHECK(reason_after([](Draft& d) { d.unique_ids = parse_hex("81020001"); }) == "x509.certificate.malformed");
    CHECK(reason_after([](Draft& d) { d.after_extensions = der::null(); }) == "x509.certificate.malformed");
    CHECK(reason_after([](Draft& d) { d.raw_extensions = Bytes{}; }) == "x509.certificate.malformed");
    CHECK(reason_after([](Draft& d) { d.extensions = {}; }) == "x509.certificate.extension");
    CHECK(reason_after([](Draft& d) { d.extensions.push_back(d.extensions[0]); }) == "x509.certificate.extension");
    CHECK(parse_refusal(concat({Draft{}.encode(), Bytes{0}})) == "x509.certificate.malformed");
    CHECK(parse_refusal(Bytes(max_certificate_size + 1, 0x30)) == "x509.certificate.size");
}

TEST_CASE("a critical FALSE that is encoded although it is the default is refused") {
    const auto encoded = der::sequence({der::oid("1.2.3.4"), Bytes{1, 1, 0}, der::octet_string(Bytes{5, 0})});
    CHECK(reason_after([&](Draft& d) {
              d.raw_extensions = der::encode(der::context_constructed(3), der::sequence({encoded}));
          }) == "x509.certificate.extension");
}

TEST_CASE("known extensions are decoded strictly") {
    const std::string bad = "x509.certificate.extension";
    CHECK(reason_with(oid::basic_constraints, "3000") == "");
    CHECK(reason_with(oid::basic_constraints, "30030101ff") == "");
    CHECK(reason_with(oid::basic_constraints, "3003010100") == bad);        // default FALSE encoded
    CHECK(reason_with(oid::basic_constraints, "3003020100") == bad);        // path length without cA
    CHECK(reason_with(oid::basic_constraints, "3003010101") == bad);        // TRUE as 01: BER
    CHECK(reason_with(oid::basic_constraints, "30060101ff0201ff") == bad);  // negative path length
    CHECK(reason_with(oid::basic_constraints, "30000500") == bad);
    CHECK(reason_with(oid::key_usage, "03020780") == "");
    CHECK(reason_with(oid::key_usage, "0303070080") == "");   // decipherOnly
    CHECK(reason_with(oid::key_usage, "0303060040") == bad);  // a bit beyond
    CHECK(reason_with(oid::key_usage, "03020080") == bad);    // trailing zero bits
    CHECK(reason_with(oid::key_usage, "03020781") == bad);    // padding bits set
    CHECK(reason_with(oid::key_usage, "030100") == bad);      // no bit
    CHECK(reason_with(oid::key_usage, "0303078000") == bad);
    CHECK(reason_with(oid::extended_key_usage, "300a06082b06010505070302") == "");
    CHECK(reason_with(oid::extended_key_usage, "3000") == bad);
    CHECK(reason_with(oid::extended_key_usage, "301406082b0601050507030206082b06010505070302") == bad);
    CHECK(reason_with(oid::certificate_policies, "3006300406022a03") == "");
    CHECK(reason_with(oid::certificate_policies, "300c300406022a03300406022a03") == bad);
    CHECK(reason_with(oid::certificate_policies, "3000") == bad);
    CHECK(reason_with(oid::subject_key_identifier, "040101") == "");
    CHECK(reason_with(oid::subject_key_identifier, "0400") == bad);
    CHECK(reason_with(oid::authority_key_identifier, "3003800101") == "");
    CHECK(reason_with(oid::authority_key_identifier, "3003820101") == bad);  // serial without issuer
    CHECK(reason_with(oid::subject_alt_name, "30068204612e6263") == "");
    CHECK(reason_with(oid::subject_alt_name, "3006820461006263") == bad);  // NUL in a host name
    CHECK(reason_with(oid::subject_alt_name, "3000") == bad);
    CHECK(reason_with(oid::subject_alt_name, "300587037f0000") == bad);
    CHECK(with(oid::key_usage, parse_hex("0303070080")).key_usage() == 0x100);
    CHECK(with(oid::subject_alt_name, parse_hex("30068204612e6263")).alt_names() ==
          std::vector<std::string>{"DNS:a.bc"});
}

TEST_CASE("T17: a certificate cut anywhere is refused, and one with any bit flipped is refused or no longer verifies") {
    const auto der = Draft{}.encode();
    const auto root = Certificate::parse(der);
    for (std::size_t size = 0; size < der.size(); ++size) CHECK(parse_refusal(ByteView(der).first(size)) != "");
    for (std::size_t at = 0; at < der.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            auto damaged = der;
            damaged[at] = static_cast<std::uint8_t>(damaged[at] ^ (1u << bit));
            try {
                const auto certificate = Certificate::parse(damaged);
                CHECK_FALSE(is_signed_by(certificate, root));
                CHECK(to_bytes(certificate.der()) == damaged);
            } catch (const Error& error) {
                CHECK(error.code() == ErrorCode::invalid_input);
            }
        }
    }
}

TEST_CASE("T17: the same certificate in BER is refused") {
    const auto der = Draft{}.encode();
    REQUIRE(der[1] == 0x82);
    const auto indefinite = concat({Bytes{0x30, 0x80}, ByteView(der).subspan(4), Bytes{0, 0}});
    CHECK(parse_refusal(indefinite) == "x509.certificate.malformed");
    const auto long_length = concat({Bytes{0x30, 0x83, 0x00}, ByteView(der).subspan(2)});
    CHECK(parse_refusal(long_length) == "x509.certificate.malformed");
}

TEST_CASE("a bundle gives its certificates in order, and not more than 64") {
    Draft second;
    second.subject = Name{"Example", "Unit", "Leaf"}.encode();
    const auto a = Certificate::parse(Draft{}.encode()), b = Certificate::parse(second.encode());
    const auto both = parse_certificate_bundle("comment\n" + a.pem() + "\n" + b.pem());
    REQUIRE(both.size() == 2);
    CHECK(both[0] == a);
    CHECK(both[1] == b);
    std::string many;
    for (int i = 0; i < 65; ++i) many += a.pem();
    CHECK(reason_of([&] { parse_certificate_bundle(many); }) == "x509.certificate.bundle");
    CHECK(reason_of([&] { parse_certificate_bundle("nothing"); }) == "encoding.pem");
    CHECK(reason_of([&] { Certificate::parse_pem(a.pem() + b.pem()); }) == "encoding.pem");
}

TEST_CASE("names are made with O first and only from printable text of at most 64 characters") {
    CHECK(name_text(Name{"Ö", "U", "C"}.encode()) == "O=Ö, OU=U, CN=C");
    const auto reason = [](const Name& name) { return reason_of([&] { name.encode(); }); };
    CHECK(reason({"", "", "C"}) == "x509.name");
    CHECK(reason({"O", "", ""}) == "x509.name");
    CHECK(reason({"O", "", std::string(64, 'x')}) == "");
    CHECK(reason({"O", "", std::string(65, 'x')}) == "x509.name");
    std::string umlauts;
    for (int i = 0; i < 64; ++i) umlauts += "ü";
    CHECK(reason({"O", "", umlauts}) == "");
    CHECK(reason({"O", "", umlauts + "ü"}) == "x509.name");
    CHECK(reason({"O", "", "a\nb"}) == "x509.name");
    CHECK(reason({"O", "", "\xff"}) == "x509.name");
}

TEST_CASE("a foreign name cannot be shown as something that it is not") {
    const auto attribute = [](std::string_view oid, der::Tag tag, std::string_view value) {
        return der::sequence({der::oid(oid), der::encode(tag, as_bytes(value))});
    };
    const auto name = [&](std::string_view oid, der::Tag tag, std::string_view value) {
        return der::sequence({der::encode(der::Tag::set, attribute(oid, tag, value))});
    };
    CHECK(name_text(name(oid::common_name, der::Tag::utf8_string, "a, O=Fake")) == "CN=a\\, O\\=Fake");
    CHECK(name_text(name(oid::common_name, der::Tag::utf8_string, "a\nb\x1b[2J")) == "CN=a\\0ab\\1b[2J");
    CHECK(name_text(name("1.2.3.4", der::Tag::printable_string, "x")) == "1.2.3.4=x");
    CHECK(name_text(name(oid::common_name, static_cast<der::Tag>(0x1E), std::string_view("\0a", 2))) == "CN=#0061");
    CHECK(find_attribute(name(oid::common_name, static_cast<der::Tag>(0x1E), "ab"), oid::common_name) == std::nullopt);
    CHECK(find_attribute(name(oid::common_name, der::Tag::ia5_string, "ab"), oid::common_name) == "ab");
    const auto reason = [](ByteView der) { return reason_of([&] { name_text(der); }); };
    CHECK(reason(name(oid::common_name, der::Tag::printable_string, "a@b")) == "x509.name");
    CHECK(reason(name(oid::common_name, der::Tag::utf8_string, "\xc3")) == "x509.name");
    CHECK(reason(name(oid::common_name, der::Tag::ia5_string, "\xe4")) == "x509.name");
    const auto cn = attribute(oid::common_name, der::Tag::utf8_string, "b"),
               o = attribute(oid::organization, der::Tag::utf8_string, "a");
    CHECK(name_text(der::sequence({der::encode(der::Tag::set, {cn, o})})) == "CN=b+O=a");
    CHECK(reason(der::sequence({der::encode(der::Tag::set, {o, cn})})) == "x509.name");
}
