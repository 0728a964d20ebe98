// Wycheproof (C2SP) through the functions that the product runs; signatures of certificates:
// tests/unit/x509/keys_test.cpp. differences.txt beside the vectors lists every valid test that we refuse, and why.
#include "tests/support/vectors.h"
#include "uvpki/blind/blind_rsa.h"
#include "uvpki/digest.h"
#include "uvpki/encoding.h"
#include "uvpki/openssl/aes_gcm.h"
#include "uvpki/x509/key_agreement.h"

using namespace uvpki;

namespace {

/// "file ids reason why" rows; ids are like 1-3,7.
class Differences {
public:
    Differences() {
        std::istringstream table(test::load_vectors("wycheproof/differences.txt"));
        for (std::string line; std::getline(table, line);) {
            if (line.empty() || line[0] == '#') continue;
            std::istringstream fields(line);
            std::string file, ids, reason, why;
            fields >> file >> ids >> reason >> std::ws;
            std::getline(fields, why);
            CHECK_MESSAGE(!why.empty(), "differences.txt does not say why: " << file << " " << ids);
            for (const auto id : parse_ids(ids)) CHECK(rows_[file].emplace(id, reason).second);
        }
    }
    const std::map<int, std::string>& of(const std::string& file) { return rows_[file]; }

private:
    static std::vector<int> parse_ids(const std::string& text) {
        std::vector<int> ids;
        std::istringstream list(text);
        for (std::string range; std::getline(list, range, ',');) {
            const auto dash = range.find('-');
            const int first = std::stoi(range);
            const int last = dash == std::string::npos ? first : std::stoi(range.substr(dash + 1));
            for (int id = first; id <= last; ++id) ids.push_back(id);
        }
        return ids;
    }

    std::map<std::string, std::map<int, std::string>> rows_;
};

std::string text(const nlohmann::json& object, const char* member) {
    return object.at(member).get<std::string>();
}
Bytes hex(const nlohmann::json& object, const char* member) {
    return parse_hex(text(object, member));
}

/// Runs a file: `judge(group, test)` gives "accepted" or a reason. "acceptable" tests are legacy forms: all are
/// refused.
template <typename Judge>
int run(const std::string& file, Judge judge) {
    Differences differences;
    auto expected = differences.of(file);
    const auto vectors = test::load_json_vectors("wycheproof/" + file + "_test.json.gz");
    int tests = 0, valid = 0, refused = 0;
    std::map<std::string, std::string> by_reason;  // what differences.txt lacks
    for (const auto& group : vectors.at("testGroups"))
        for (const auto& test : group.at("tests")) {
            const int id = test.at("tcId").get<int>();
            const auto theirs = text(test, "result");
            const auto ours = test::verdict_of([&] { judge(group, test); });
            ++tests;
            ++(ours == "accepted" ? valid : refused);
            if (theirs != "valid") {
                CHECK_MESSAGE(ours != "accepted", file << " test " << id << ": " << test.at("comment"));
            } else if (ours != "accepted") {
                const auto row = expected.find(id);
                if (row != expected.end() && row->second == ours)
                    expected.erase(row);
                else
                    by_reason[ours] += std::to_string(id) + ",";
            }
        }
    for (const auto& [reason, ids] : by_reason)
        CHECK_MESSAGE(false, "differences.txt lacks: " << file << " " << ids << " " << reason);
    for (const auto& [id, reason] : expected)
        CHECK_MESSAGE(false, file << " test " << id << " is not refused: " << reason);
    MESSAGE("wycheproof " << file << ": " << tests << " tests, accepted " << valid << ", refused " << refused
                          << ", explained differences " << differences.of(file).size());
    return tests;
}

void require(bool holds, const char* reason) {
    if (!holds) fail(ErrorCode::verification_failed, reason, "not what the vector says");
}

x509::PrivateKey key_of_scalar(const Bytes& number) {
    Bytes scalar(32);
    const auto start = number.size() > 32 ? number.size() - 32 : 0;
    std::copy(number.begin() + static_cast<std::ptrdiff_t>(start), number.end(),
              scalar.end() - static_cast<std::ptrdiff_t>(number.size() - start));
    return x509::PrivateKey::from_p256_scalar(SecretBytes(ByteView(scalar)));
}

void judge_agreement(const x509::PrivateKey& own, const x509::PublicKey& peer, const nlohmann::json& test) {
    require(equal(x509::agree_p256(own, peer).view(), hex(test, "shared")), "test.shared");
}

/// A token under the group's key, with the group's salt length where the RFC knows it.
void judge_pss(const nlohmann::json& group, const nlohmann::json& test) {
    const auto key = blind::BlindPublicKey::parse_spki(hex(group, "publicKeyDer"));
    const auto variant = group.at("sLen") == 0 ? blind::Variant::psszero_randomized : blind::Variant::pss_randomized;
    require(blind::is_valid_token(key, hex(test, "msg"), hex(test, "sig"), variant), "blind.signature");
}

}  // namespace

TEST_CASE("Wycheproof: AES-GCM opens and seals as the vectors say; other key and nonce sizes are refused") {
    const auto judge = [](const auto&, const auto& test) {
        const SecretBytes key{ByteView(hex(test, "key"))};
        const auto nonce = hex(test, "iv"), associated = hex(test, "aad"), message = hex(test, "msg");
        const auto ciphertext = hex(test, "ct"), tag = hex(test, "tag");
        const auto opened = openssl::aes_gcm_open(key, nonce, associated, ciphertext, tag);
        require(opened.has_value(), "aes_gcm.tag");
        require(equal(opened->view(), message), "aes_gcm.plaintext");
        require(openssl::aes_gcm_seal(key, nonce, associated, message) == concat({ciphertext, tag}), "aes_gcm.sealed");
    };
    CHECK(run("aes_gcm", judge) == 316);
}

TEST_CASE("AES-GCM tags that are shorter than 16 octets are refused, right or not") {
    const SecretBytes key{ByteView(Bytes(32, 0x11))};
    const Bytes nonce(12, 0x22), message(20, 0x33);
    const auto sealed = openssl::aes_gcm_seal(key, nonce, {}, message);
    const auto ciphertext = ByteView(sealed).first(20), tag = ByteView(sealed).last(16);
    CHECK(openssl::aes_gcm_open(key, nonce, {}, ciphertext, tag).has_value());
    for (std::size_t size = 0; size < 16; ++size)
        CHECK(test::verdict_of([&] { openssl::aes_gcm_open(key, nonce, {}, ciphertext, tag.first(size)); }) ==
              "aes_gcm.size");
}

TEST_CASE("Wycheproof: HMAC-SHA-256 gives the vectors' tags and no others; a short tag is its beginning") {
    const auto judge = [](const auto&, const auto& test) {
        const auto tag = hex(test, "tag");
        const auto ours = hmac_sha256(hex(test, "key"), hex(test, "msg"));
        require(tag.size() <= ours.size() && equal(ByteView(ours).first(tag.size()), tag), "hmac.tag");
    };
    CHECK(run("hmac_sha256", judge) == 174);
}

TEST_CASE("Wycheproof: P-256 keys agree on the vectors' secrets, whatever form the other key comes in") {
    const auto by_spki = [](const auto&, const auto& test) {
        const auto peer = x509::PublicKey::parse_spki(hex(test, "public"));
        judge_agreement(key_of_scalar(hex(test, "private")), peer, test);
    };
    const auto by_point = [](const auto&, const auto& test) {
        const auto peer = x509::PublicKey::from_p256_point(hex(test, "public"));
        judge_agreement(key_of_scalar(hex(test, "private")), peer, test);
    };
    const auto by_pem = [](const auto&, const auto& test) {
        const auto peer = x509::PublicKey::parse_spki(parse_single_pem(text(test, "public"), "PUBLIC KEY"));
        const SecretBytes pkcs8{ByteView(parse_single_pem(text(test, "private"), "PRIVATE KEY"))};
        judge_agreement(x509::PrivateKey::parse_pkcs8(pkcs8), peer, test);
    };
    CHECK(run("ecdh_secp256r1", by_spki) == 612);
    CHECK(run("ecdh_secp256r1_ecpoint", by_point) == 355);
    CHECK(run("ecdh_secp256r1_pem", by_pem) == 612);
}

TEST_CASE("Wycheproof: RSASSA-PSS signatures are tokens when they are SHA-384 with salt 48 or none, and else never") {
    CHECK(run("rsa_pss_2048_sha384_mgf1_48", judge_pss) == 141);
    CHECK(run("rsa_pss_4096_sha384_mgf1_48", judge_pss) == 141);
    CHECK(run("rsa_pss_2048_sha256_mgf1_32", judge_pss) == 108);
    CHECK(run("rsa_pss_2048_sha256_mgf1_32_params", judge_pss) == 108);
    CHECK(run("rsa_pss_3072_sha256_mgf1_32", judge_pss) == 108);
    CHECK(run("rsa_pss_4096_sha512_mgf1_64", judge_pss) == 179);
    CHECK(run("rsa_pss_misc", judge_pss) == 150);
}
