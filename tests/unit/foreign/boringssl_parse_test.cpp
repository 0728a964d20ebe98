// BoringSSL's parse_certificate, certificate_policies, verify_name_match and verify_signed_data unit tests. What
// differs, and why: the .txt files beside the vectors.
#include <algorithm>

#include "tests/support/vectors.h"
#include "uvpki/encoding.h"
#include "uvpki/openssl/der.h"
#include "uvpki/x509/name.h"
#include "uvpki/x509/oids.h"
#include "uvpki/x509/to_be_signed.h"

using namespace uvpki;
using namespace uvpki::x509;

namespace {

/// sha1WithRSAEncryption made sha256WithRSAEncryption: reading a certificate checks no signature, and most of the
/// suite's certificates would be refused for this before what they are about is looked at.
Bytes without_sha1(Bytes der) {
    auto old = der::oid("1.2.840.113549.1.1.5");
    for (auto at = der.begin();; ++at) {
        at = std::search(at, der.end(), old.begin(), old.end());
        if (at == der.end()) return der;
        at[static_cast<std::ptrdiff_t>(old.size()) - 1] = 11;
    }
}

/// A certificate around a TBSCertificate, with the algorithm that it names and an empty signature.
Bytes certificate_around(ByteView tbs) {
    der::Reader outer(tbs);
    auto fields = outer.sequence("tbsCertificate");
    fields.optional(der::context_constructed(0), "version");
    fields.any();
    const auto algorithm = fields.any().encoding;
    return der::sequence({tbs, algorithm, der::bit_string(Bytes(64))});
}

/// Reads a certificate of ours with this extension.
Certificate parse_with(std::string_view oid, const Bytes& value) {
    static const auto key = PrivateKey::generate(KeyType::ec_p256);
    const auto name = Name{.organization = "Test", .common_name = "Test"}.encode();
    const ToBeSigned form{.serial = Bytes(20, 0x41),
                          .algorithm = key.algorithm(),
                          .issuer = name,
                          .not_before = parse_rfc3339("2020-01-01T00:00:00Z"),
                          .not_after = parse_rfc3339("2030-01-01T00:00:00Z"),
                          .subject = name,
                          .spki = to_bytes(key.public_key().spki()),
                          .extensions = {{std::string(oid), Extension::Criticality::non_critical, value}}};
    return Certificate::parse(assemble_certificate(form.encode(), key.algorithm(), Bytes(64)));
}

void parse(const std::string& kind, const Bytes& der) {
    if (kind == "CERTIFICATE")
        Certificate::parse(without_sha1(der));
    else if (kind == "TBS CERTIFICATE")
        Certificate::parse(without_sha1(certificate_around(der)));
    else
        parse_with(oid::authority_key_identifier, der);
}

Bytes block(const nlohmann::json& file, const char* label) {
    return parse_base64(file.at(label).get<std::string>());
}

/// "ascii-UTF8-case_swap-extra_attr": character set, string type, how it was changed, and what was added.
struct NameFile {
    std::string id, set, type, change, extra;
    Bytes der;
    bool is_read = false;

    NameFile(const std::string& file, Bytes name) : id(file), der(std::move(name)) {
        std::istringstream stream(file);
        std::getline(stream, set, '-');
        std::getline(stream, type, '-');
        std::getline(stream, change, '-');
        std::getline(stream, extra);
    }

    /// Files of two other contents have their attributes in two orders, "..._1" and "..._2".
    std::string content() const {
        return change.find("sorting") == std::string::npos ? "" : change.substr(0, change.size() - 2);
    }
};

/// BoringSSL compares these as text, other types octet for octet.
bool is_text_type(const std::string& type) {
    return type == "PRINTABLESTRING" || type == "UTF8" || type == "BMPSTRING" || type == "UNIVERSALSTRING";
}

/// What the suite says of two of its names: the same characters in types that are compared as text.
bool should_match(const NameFile& a, const NameFile& b) {
    if (a.id == b.id) return true;
    if (a.set != b.set || a.extra != b.extra || a.content() != b.content()) return false;
    if (a.type == "mixed" || b.type == "mixed") return a.type == b.type;
    return is_text_type(a.type) && is_text_type(b.type);
}

}  // namespace

TEST_CASE("BoringSSL's well-formed and malformed certificates are read or refused, each with its reason") {
    test::Verdicts verdicts("boringssl/parsing.txt");
    const auto suite = test::load_json_vectors("boringssl/parsing.json.gz");
    for (const auto& [id, test] : suite.items()) {
        const auto der = parse_base64(test.at("der").get<std::string>());
        verdicts.check(id, test.at("verdict"), test::verdict_of([&, &t = test] { parse(t.at("kind"), der); }));
    }
    verdicts.finish();
}

TEST_CASE("BoringSSL's certificate policies are read or refused") {
    const auto suite = test::load_json_vectors("boringssl/policies.json");
    int judged = 0;
    for (const auto& [id, test] : suite.items()) {
        const auto value = block(test, "CERTIFICATE POLICIES");
        const auto ours = test::verdict_of([&] { parse_with(oid::certificate_policies, value); });
        CHECK_MESSAGE(ours == (id.starts_with("invalid") ? "x509.certificate.extension" : "accepted"), id);
        ++judged;
    }
    CHECK(judged == 14);
    const auto two = block(suite.at("policy_1_2_3_and_1_2_4_with_qualifiers"), "CERTIFICATE POLICIES");
    CHECK(parse_with(oid::certificate_policies, two).policies() == std::vector<std::string>{"1.2.3", "1.2.4"});
}

TEST_CASE("BoringSSL's names match each other as it says, every one with every other") {
    const auto suite = test::load_json_vectors("boringssl/names.json");
    test::Verdicts verdicts("boringssl/names.txt");
    std::vector<NameFile> names;
    for (const auto& [id, test] : suite.items()) {
        const auto der = block(test, "NAME");
        const auto ours = test::verdict_of([&] { parse_name(der); });
        verdicts.check(id, id.starts_with("invalid-") ? "refused" : "accepted", ours);
        names.emplace_back(id, der);
        names.back().is_read = ours == "accepted";
    }
    verdicts.finish();
    int pairs = 0, matching = 0;
    for (const auto& a : names)
        for (const auto& b : names) {
            // A name that is not read is no other name.
            const bool theirs = should_match(a, b) && (a.id == b.id || (a.is_read && b.is_read));
            CHECK_MESSAGE(names_match(a.der, b.der) == theirs, a.id << " and " << b.id);
            ++pairs;
            matching += theirs ? 1 : 0;
        }
    MESSAGE("pairs of names: " << pairs << ", matching " << matching);
    CHECK(names.size() == 82);
}

TEST_CASE("BoringSSL's signed data verify as it says, or as signed_data.txt explains") {
    test::Verdicts verdicts("boringssl/signed_data.txt");
    const auto suite = test::load_json_vectors("boringssl/signed_data.json");
    for (const auto& [id, row] : verdicts.rows()) {
        const auto& file = suite.at(id);
        verdicts.check(id, row.theirs, test::verdict_of([&] {
                           const auto algorithm = parse_algorithm(block(file, "ALGORITHM"));
                           const auto key = PublicKey::parse_spki(block(file, "PUBLIC KEY"));
                           const auto value = block(file, "SIGNATURE");
                           der::Reader reader(value, "x509.signature");
                           const auto signature = reader.octet_aligned_bits("signature");
                           reader.finish("signature");
                           if (!is_valid_signature(key, algorithm, block(file, "DATA"), signature))
                               fail(ErrorCode::verification_failed, "x509.signature", "the signature is wrong");
                       }));
    }
    CHECK(suite.size() == verdicts.rows().size());
    verdicts.finish();
}
