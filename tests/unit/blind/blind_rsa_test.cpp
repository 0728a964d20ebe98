#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/support/command.h"
#include "tests/support/reason.h"
#include "uvpki/blind/blind_rsa.h"
#include "uvpki/blind/pss.h"
#include "uvpki/encoding.h"
#include "uvpki/error.h"
#include "uvpki/files.h"
#include "uvpki/json.h"
#include "uvpki/openssl/checked.h"
#include "uvpki/openssl/der.h"

using namespace uvpki;
using blind::BlindPrivateKey;
using blind::BlindPublicKey;
using blind::Variant;
using uvpki::test::reason_of;

namespace {

Variant variant_of(const std::string& name) {
    if (name == "RSABSSA-SHA384-PSS-Randomized") return Variant::pss_randomized;
    if (name == "RSABSSA-SHA384-PSSZERO-Randomized") return Variant::psszero_randomized;
    if (name == "RSABSSA-SHA384-PSS-Deterministic") return Variant::pss_deterministic;
    REQUIRE(name == "RSABSSA-SHA384-PSSZERO-Deterministic");
    return Variant::psszero_deterministic;
}

Bytes hex_member(const Json& vector, const char* name) {
    return parse_hex(vector.at(name).get<std::string>());
}

Bytes big_endian(const BIGNUM* number) {
    Bytes bytes(static_cast<std::size_t>(BN_num_bytes(number)));
    BN_bn2bin(number, bytes.data());
    return bytes;
}

openssl::Bignum number(const Bytes& bytes) {
    return openssl::Bignum(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
}

/// RSAPrivateKey with the CRT numbers that the vectors leave out.
Bytes pkcs8_of(const Json& vector) {
    const openssl::BignumContext scratch(BN_CTX_new());
    const auto p = number(hex_member(vector, "p")), q = number(hex_member(vector, "q")),
               d = number(hex_member(vector, "d"));
    const auto reduced = [&](const BIGNUM* prime) {
        const openssl::Bignum less(BN_dup(prime)), result(BN_new());
        BN_sub_word(less.get(), 1);
        BN_mod(result.get(), d.get(), less.get(), scratch.get());
        return der::unsigned_integer(big_endian(result.get()));
    };
    const openssl::Bignum coefficient(BN_mod_inverse(nullptr, q.get(), p.get(), scratch.get()));
    const auto integer = [&](const char* name) { return der::unsigned_integer(hex_member(vector, name)); };
    const auto key =
        der::sequence({der::integer(0), integer("n"), integer("e"), integer("d"), integer("p"), integer("q"),
                       reduced(p.get()), reduced(q.get()), der::unsigned_integer(big_endian(coefficient.get()))});
    return der::sequence(
        {der::integer(0), der::sequence({der::oid("1.2.840.113549.1.1.1"), der::null()}), der::octet_string(key)});
}

Json rfc9474_vectors() {
    return parse_json(load_file(std::string(UVPKI_VECTORS) + "/rfc9474/vectors.json")).at("vectors");
}

const BlindPrivateKey& key_3072() {
    static const auto key = BlindPrivateKey::generate();
    return key;
}

}  // namespace

TEST_CASE("all test vectors of RFC 9474 hold at every step") {
    const auto vectors = rfc9474_vectors();
    REQUIRE(vectors.size() == 5);
    for (const auto& vector : vectors) {
        CAPTURE(vector.at("name").get<std::string>());
        CAPTURE(vector.at("origin").get<std::string>());
        const auto variant = variant_of(vector.at("name").get<std::string>());
        const auto key = BlindPrivateKey::parse_pkcs8(pkcs8_of(vector));
        const auto& pub = key.public_key();
        const auto prefix = hex_member(vector, "msg_prefix"), salt = hex_member(vector, "salt"),
                   message = hex_member(vector, "msg");
        auto inverse_text = vector.at("inv").get<std::string>();
        inverse_text.insert(0, 2 * pub.size() - inverse_text.size(), '0');
        const auto inverse = parse_hex(inverse_text);

        const auto blinding =
            blind::blind_with(pub, message, {.prefix = prefix, .salt = salt, .inverse = inverse}, variant);
        CHECK(blinding.prepared == hex_member(vector, "prepared_msg"));
        CHECK(blind::encode_pss(blinding.prepared, salt, pub.size()) == hex_member(vector, "encoded_msg"));
        CHECK(blinding.blinded == hex_member(vector, "blinded_msg"));
        const auto answer = key.blind_sign(blinding.blinded);
        CHECK(answer == hex_member(vector, "blind_sig"));
        const auto signature = blind::finalize(pub, blinding, answer);
        CHECK(signature == hex_member(vector, "sig"));
        CHECK(blind::is_valid_token(pub, blinding.prepared, signature, variant));
        const bool salted = vector.at("salt_len").get<int>() == 48;
        CHECK(blind::is_valid_token(pub, blinding.prepared, signature,
                                    salted ? Variant::psszero_randomized : Variant::pss_randomized) == false);
    }
}

TEST_CASE("a blinded, signed and unblinded message is a token, for each variant") {
    SystemRandom random;
    const auto& key = key_3072();
    CHECK(key.public_key().size() == 384);
    for (const auto variant : {Variant::pss_randomized, Variant::psszero_randomized, Variant::pss_deterministic,
                               Variant::psszero_deterministic}) {
        const auto blinding = blind::blind(key.public_key(), as_bytes("a message"), random, variant);
        const auto signature = blind::finalize(key.public_key(), blinding, key.blind_sign(blinding.blinded));
        CHECK(blind::is_valid_token(key.public_key(), blinding.prepared, signature, variant));
        CHECK_FALSE(blind::is_valid_token(key.public_key(), as_bytes("another"), signature, variant));
    }
}

TEST_CASE("two blindings of the same message have nothing in common") {
    SystemRandom random;
    const auto& pub = key_3072().public_key();
    const auto a = blind::blind(pub, as_bytes("m"), random), b = blind::blind(pub, as_bytes("m"), random);
    CHECK(a.prefix.size() == blind::prefix_size);
    CHECK(a.prefix != b.prefix);
    CHECK(a.blinded != b.blinded);
    CHECK_FALSE(equal(a.inverse.view(), b.inverse.view()));
}

TEST_CASE("a token with any byte flipped, shortened or lengthened is not valid") {
    SystemRandom random;
    const auto& key = key_3072();
    const auto blinding = blind::blind(key.public_key(), as_bytes("m"), random);
    const auto token = blind::finalize(key.public_key(), blinding, key.blind_sign(blinding.blinded));
    const auto valid = [&](const Bytes& prepared, const Bytes& signature) {
        return blind::is_valid_token(key.public_key(), prepared, signature);
    };
    REQUIRE(valid(blinding.prepared, token));
    for (std::size_t i = 0; i < token.size(); ++i) {
        auto broken = token;
        broken[i] ^= 0x01;
        CHECK_FALSE(valid(blinding.prepared, broken));
    }
    for (std::size_t i = 0; i < blinding.prepared.size(); ++i) {
        auto broken = blinding.prepared;
        broken[i] ^= 0x40;
        CHECK_FALSE(valid(broken, token));
    }
    CHECK_FALSE(valid(blinding.prepared, {}));
    CHECK_FALSE(valid(blinding.prepared, Bytes(token.begin(), token.end() - 1)));
    CHECK_FALSE(valid(blinding.prepared, concat({token, Bytes{0}})));
    CHECK_FALSE(valid(blinding.prepared, Bytes(token.size())));
    CHECK_FALSE(valid(blinding.prepared, Bytes(token.size(), 0xFF)));
}

TEST_CASE("an answer that does not belong to the request is refused") {
    SystemRandom random;
    const auto& key = key_3072();
    const auto& pub = key.public_key();
    auto blinding = blind::blind(pub, as_bytes("m"), random);
    const auto other = blind::blind(pub, as_bytes("m"), random);
    const auto answer = key.blind_sign(blinding.blinded);
    const auto finalize = [&](const Bytes& bytes) { return reason_of([&] { blind::finalize(pub, blinding, bytes); }); };
    CHECK(finalize(answer).empty());
    CHECK(finalize(key.blind_sign(other.blinded)) == "blind.signature");
    CHECK(finalize({}) == "blind.signature");
    CHECK(finalize(Bytes(384, 0xFF)) == "blind.signature");
    CHECK(finalize(concat({answer, Bytes{0}})) == "blind.signature");
    blinding.inverse = SecretBytes(Bytes(383, 1));
    CHECK(finalize(answer) == "blind.choices");
    blinding.inverse = SecretBytes(Bytes(384, 0xFF));
    CHECK(finalize(answer) == "blind.choices");
}

TEST_CASE("choices of the wrong size, and an inverse that has none, are refused") {
    const auto& pub = key_3072().public_key();
    const Bytes prefix(32, 1), salt(48, 2);
    Bytes inverse(384);
    inverse.back() = 3;
    const auto refusal = [&](const blind::BlindingChoices& choices) {
        return reason_of([&] { blind::blind_with(pub, as_bytes("m"), choices); });
    };
    CHECK(refusal({prefix, salt, inverse}).empty());
    CHECK(refusal({ByteView(prefix).first(31), salt, inverse}) == "blind.choices");
    CHECK(refusal({prefix, ByteView(salt).first(32), inverse}) == "blind.choices");
    CHECK(refusal({prefix, salt, ByteView(inverse).first(256)}) == "blind.choices");
    CHECK(refusal({prefix, salt, Bytes(384)}) == "blind.choices");
    CHECK(refusal({prefix, salt, Bytes(384, 0xFF)}) == "blind.choices");
}

TEST_CASE("T9: the openssl command accepts a token by the documented commands, and refuses it for another ballot key") {
    const test::TempFolder folder;
    SystemRandom random;
    const auto& key = key_3072();
    const auto run = [&](const std::string& command) { return test::run_command(folder.path(), command); };
    REQUIRE(run("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out k.pem && "
                "openssl pkey -in k.pem -pubout -out ballot-key.pem && "
                "openssl pkey -pubin -in ballot-key.pem -outform DER -out spki.der")
                .exit_code == 0);
    const auto message = [](ByteView spki) {
        return der::sequence(
            {der::utf8_string("ballot-token-v1"), der::utf8_string("demo-2026"), der::octet_string(sha256(spki))});
    };
    const auto blinding = blind::blind(key.public_key(), message(load_file(folder / "spki.der")), random);
    const auto token = blind::finalize(key.public_key(), blinding, key.blind_sign(blinding.blinded));
    save_file(folder / "token-key.pem", to_pem("PUBLIC KEY", key.public_key().spki()));
    save_file(folder / "prefix.bin", blinding.prefix);
    save_file(folder / "token.sig", token);
    // The same lines as in docs/formats/token.md.
    const std::string commands =
        "HASH=$(openssl pkey -pubin -in ballot-key.pem -outform DER | openssl dgst -sha256 -r | cut -d' ' -f1)\n"
        "printf '%s\\n' 'asn1=SEQUENCE:token' '[token]' 'label=UTF8:ballot-token-v1' 'election=UTF8:demo-2026' "
        "\"spki=FORMAT:HEX,OCTETSTRING:$HASH\" > token.cnf\n"
        "openssl asn1parse -genconf token.cnf -noout -out message.der\n"
        "cat prefix.bin message.der > prepared.bin\n"
        "openssl dgst -sha384 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:48 -verify token-key.pem "
        "-signature token.sig prepared.bin";
    const auto good = run(commands);
    CHECK(good.exit_code == 0);
    CHECK(good.output.find("Verified OK") != std::string::npos);
    CHECK(load_file(folder / "prepared.bin") == blinding.prepared);
    REQUIRE(run("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out k.pem && "
                "openssl pkey -in k.pem -pubout -out ballot-key.pem")
                .exit_code == 0);
    CHECK(run(commands).exit_code == 1);
}
