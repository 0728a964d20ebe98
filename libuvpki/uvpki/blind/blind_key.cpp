#include "uvpki/blind/blind_key.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include "uvpki/blind/native_key.h"
#include "uvpki/error.h"
#include "uvpki/openssl/der.h"

namespace uvpki::blind {

using openssl::require;
using openssl::require_ok;

namespace {

constexpr std::string_view oid_rsa_encryption = "1.2.840.113549.1.1.1";
constexpr std::string_view oid_mgf1 = "1.2.840.113549.1.1.8";
constexpr std::string_view oid_rsassa_pss = "1.2.840.113549.1.1.10";
constexpr std::string_view oid_sha384 = "2.16.840.1.101.3.4.2.2";
constexpr std::string_view malformed = "blind.key.malformed";
constexpr std::int64_t salt_size = 48;

[[noreturn]] void refuse_algorithm() {
    fail_input(
        "blind.key.algorithm",
        "a blind-signing key must be id-RSASSA-PSS with SHA-384, MGF1-SHA-384 and salt length 48, or rsaEncryption");
}

void check_size(std::size_t bits) {
    if (bits != 2048 && bits != 3072 && bits != 4096) {
        fail_input("blind.key.size",
                   "the modulus of a blind-signing key must have 2048, 3072 or 4096 bits, not " + std::to_string(bits));
    }
}

bool is_oid(ByteView content, std::string_view dotted) {
    return der::oid_to_text(content) == dotted;
}

/// RFC 4055, section 2.1: "All implementations MUST accept both NULL and absent parameters as legal and equivalent
/// encodings."
void read_sha384(der::Reader algorithm) {
    if (!is_oid(algorithm.oid("hash algorithm"), oid_sha384)) refuse_algorithm();
    if (!algorithm.empty()) algorithm.null("hash parameters");
    algorithm.finish("hash algorithm");
}

void read_pss_parameters(der::Reader parameters) {
    if (!parameters.next_is(der::context_constructed(0))) refuse_algorithm();
    auto hash = parameters.enter(der::context_constructed(0), "hashAlgorithm");
    read_sha384(hash.sequence("hashAlgorithm"));
    hash.finish("hashAlgorithm");
    if (!parameters.next_is(der::context_constructed(1))) refuse_algorithm();
    auto mask = parameters.enter(der::context_constructed(1), "maskGenAlgorithm");
    auto mgf = mask.sequence("maskGenAlgorithm");
    if (!is_oid(mgf.oid("mask generation function"), oid_mgf1)) refuse_algorithm();
    read_sha384(mgf.sequence("mask generation hash"));
    mgf.finish("maskGenAlgorithm");
    mask.finish("maskGenAlgorithm");
    if (!parameters.next_is(der::context_constructed(2))) refuse_algorithm();
    auto salt = parameters.enter(der::context_constructed(2), "saltLength");
    if (salt.small_integer("saltLength") != salt_size) refuse_algorithm();
    salt.finish("saltLength");
    parameters.finish("RSASSA-PSS parameters");  // the trailer field has its default, which DER leaves out
}

Bytes encode_spki(ByteView modulus, ByteView exponent) {
    using namespace der;
    const auto sha384_id = sequence({der::oid(oid_sha384)});
    const auto mgf = sequence({der::oid(oid_mgf1), sha384_id});
    const auto parameters = sequence({encode(context_constructed(0), sha384_id), encode(context_constructed(1), mgf),
                                      encode(context_constructed(2), integer(salt_size))});
    const auto numbers = sequence({unsigned_integer(modulus), unsigned_integer(exponent)});
    return sequence({sequence({der::oid(oid_rsassa_pss), parameters}), bit_string(numbers)});
}

/// A positive INTEGER as unsigned big-endian bytes.
ByteView read_positive(der::Reader& reader, std::string_view what) {
    auto content = reader.integer(what);
    if ((content[0] & 0x80) != 0) reader.refuse(std::string(what) + " must be positive");
    if (content[0] == 0) content = content.subspan(1);
    return content;
}

struct Numbers {
    ByteView modulus;
    ByteView exponent;
};

/// Unsigned, borrowed from the SubjectPublicKeyInfo.
Numbers read_spki(ByteView der) {
    der::Reader outer(der, malformed);
    auto spki = outer.sequence("SubjectPublicKeyInfo");
    outer.finish("SubjectPublicKeyInfo");
    auto algorithm = spki.sequence("key algorithm");
    const auto id = algorithm.oid("key algorithm");
    if (is_oid(id, oid_rsassa_pss)) {
        if (algorithm.empty()) refuse_algorithm();
        read_pss_parameters(algorithm.sequence("RSASSA-PSS parameters"));
    } else if (is_oid(id, oid_rsa_encryption)) {
        algorithm.null("rsaEncryption parameters");
    } else {
        refuse_algorithm();
    }
    algorithm.finish("key algorithm");
    der::Reader bits(spki.octet_aligned_bits("RSAPublicKey"), malformed);
    spki.finish("SubjectPublicKeyInfo");
    auto numbers = bits.sequence("RSAPublicKey");
    bits.finish("RSAPublicKey");
    const auto modulus = read_positive(numbers, "modulus");
    const auto exponent = read_positive(numbers, "public exponent");
    numbers.finish("RSAPublicKey");
    return {modulus, exponent};
}

openssl::Pkey import_public(const BIGNUM* n, const BIGNUM* e) {
    const openssl::ParamBuilder builder(require(OSSL_PARAM_BLD_new(), "OSSL_PARAM_BLD_new"));
    require_ok(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n), "OSSL_PARAM_BLD_push_BN");
    require_ok(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e), "OSSL_PARAM_BLD_push_BN");
    const openssl::Params params(require(OSSL_PARAM_BLD_to_param(builder.get()), "OSSL_PARAM_BLD_to_param"));
    const openssl::PkeyContext context(
        require(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr), "EVP_PKEY_CTX_new_from_name"));
    require_ok(EVP_PKEY_fromdata_init(context.get()), "EVP_PKEY_fromdata_init");
    EVP_PKEY* key = nullptr;
    require_ok(EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()), "EVP_PKEY_fromdata");
    return openssl::Pkey(key);
}

openssl::PkeyContext make_verify_context(EVP_PKEY* key, int salt) {
    openssl::PkeyContext context(
        require(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr), "EVP_PKEY_CTX_new_from_pkey"));
    require_ok(EVP_PKEY_verify_init(context.get()), "EVP_PKEY_verify_init");
    require_ok(EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PSS_PADDING), "EVP_PKEY_CTX_set_rsa_padding");
    require_ok(EVP_PKEY_CTX_set_signature_md(context.get(), EVP_sha384()), "EVP_PKEY_CTX_set_signature_md");
    require_ok(EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), EVP_sha384()), "EVP_PKEY_CTX_set_rsa_mgf1_md");
    require_ok(EVP_PKEY_CTX_set_rsa_pss_saltlen(context.get(), salt), "EVP_PKEY_CTX_set_rsa_pss_saltlen");
    return context;
}

openssl::PkeyContext make_raw_context(EVP_PKEY* key) {
    openssl::PkeyContext context(
        require(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr), "EVP_PKEY_CTX_new_from_pkey"));
    require_ok(EVP_PKEY_sign_init(context.get()), "EVP_PKEY_sign_init");
    require_ok(EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_NO_PADDING), "EVP_PKEY_CTX_set_rsa_padding");
    return context;
}

Bytes number_of(const EVP_PKEY* key, const char* name) {
    BIGNUM* raw = nullptr;
    require_ok(EVP_PKEY_get_bn_param(key, name, &raw), "EVP_PKEY_get_bn_param");
    const openssl::Bignum value(raw);
    Bytes bytes(static_cast<std::size_t>(BN_num_bytes(raw)));
    write_bignum(raw, bytes);
    return bytes;
}

}  // namespace

openssl::Bignum to_bignum(ByteView big_endian) {
    return openssl::Bignum(
        require(BN_bin2bn(big_endian.data(), static_cast<int>(big_endian.size()), nullptr), "BN_bin2bn"));
}

void write_bignum(const BIGNUM* value, std::span<std::uint8_t> out) {
    const int size = static_cast<int>(out.size());
    if (BN_bn2binpad(value, out.data(), size) != size) openssl::fail_call("BN_bn2binpad");
}

BlindPublicKey::State::State(openssl::Pkey pkey, openssl::Bignum n, openssl::Bignum e)
    : key(std::move(pkey)),
      modulus(std::move(n)),
      exponent(std::move(e)),
      montgomery(require(BN_MONT_CTX_new(), "BN_MONT_CTX_new")),
      size(static_cast<std::size_t>(BN_num_bytes(modulus.get()))),
      verify_salt48([this] { return make_verify_context(key.get(), 48); }),
      verify_salt0([this] { return make_verify_context(key.get(), 0); }) {
    const openssl::BignumContext scratch(require(BN_CTX_new(), "BN_CTX_new"));
    require_ok(BN_MONT_CTX_set(montgomery.get(), modulus.get(), scratch.get()), "BN_MONT_CTX_set");
}

BlindPublicKey BlindPublicKey::from_numbers(ByteView modulus, ByteView exponent) {
    if (exponent.empty() || modulus.empty()) fail_input(malformed, "a number of the blind-signing key is zero");
    if (modulus.size() > 512) fail_input("blind.key.size", "the modulus of the blind-signing key has over 4096 bits");
    auto n = to_bignum(modulus);
    check_size(static_cast<std::size_t>(BN_num_bits(n.get())));
    if (!BN_is_odd(n.get())) fail_input("blind.key.even", "the modulus of the blind-signing key is even");
    // Stricter than the RFC: an issuer that may choose e could choose 1, or one not coprime to phi(n), and tag voters.
    constexpr std::uint8_t f4[] = {0x01, 0x00, 0x01};
    if (!equal(exponent, f4)) {
        fail_input("blind.key.exponent", "the public exponent of a blind-signing key must be 65537");
    }
    auto e = to_bignum(exponent);
    auto key = import_public(n.get(), e.get());
    auto state = std::make_shared<State>(std::move(key), std::move(n), std::move(e));
    state->spki = encode_spki(modulus, exponent);
    state->key_id = sha256(state->spki);
    return BlindPublicKey(std::move(state));
}

BlindPublicKey BlindPublicKey::parse_spki(ByteView der) {
    const auto numbers = read_spki(der);
    return from_numbers(numbers.modulus, numbers.exponent);
}

std::size_t modulus_octets(ByteView spki) {
    const auto size = read_spki(spki).modulus.size();
    check_size(8 * size);
    return size;
}

const Bytes& BlindPublicKey::spki() const {
    return state_->spki;
}
const Sha256& BlindPublicKey::key_id() const {
    return state_->key_id;
}
std::size_t BlindPublicKey::size() const {
    return state_->size;
}

struct BlindPrivateKey::State {
    BlindPublicKey public_key;
    openssl::Pkey key;  ///< null when the key lives elsewhere
    RawOperation operation;

    static BlindPrivateKey make(openssl::Pkey key) {
        auto public_key = BlindPublicKey::from_numbers(number_of(key.get(), OSSL_PKEY_PARAM_RSA_N),
                                                       number_of(key.get(), OSSL_PKEY_PARAM_RSA_E));
        auto* const raw = key.get();
        auto contexts = std::make_shared<openssl::ContextPool>([raw] { return make_raw_context(raw); });
        RawOperation operation = [contexts](ByteView message) {
            return contexts->use([&](EVP_PKEY_CTX* context) {
                Bytes result(message.size());
                std::size_t size = result.size();
                require_ok(EVP_PKEY_sign(context, result.data(), &size, message.data(), message.size()),
                           "EVP_PKEY_sign");
                result.resize(size);
                return result;
            });
        };
        return BlindPrivateKey(
            std::make_shared<const State>(State{std::move(public_key), std::move(key), std::move(operation)}));
    }
};

BlindPrivateKey BlindPrivateKey::generate(std::size_t bits) {
    check_size(bits);
    const openssl::PkeyContext context(
        require(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr), "EVP_PKEY_CTX_new_from_name"));
    require_ok(EVP_PKEY_keygen_init(context.get()), "EVP_PKEY_keygen_init");
    require_ok(EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), static_cast<int>(bits)),
               "EVP_PKEY_CTX_set_rsa_keygen_bits");
    EVP_PKEY* key = nullptr;
    require_ok(EVP_PKEY_generate(context.get(), &key), "EVP_PKEY_generate");
    return State::make(openssl::Pkey(key));
}

BlindPrivateKey BlindPrivateKey::parse_pkcs8(ByteView der) {
    const auto* cursor = der.data();
    const openssl::Pkcs8 info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &cursor, static_cast<long>(der.size())));
    openssl::Pkey key(info && cursor == der.data() + der.size() ? EVP_PKCS82PKEY(info.get()) : nullptr);
    if (!key) {
        openssl::clear_errors();
        fail_input(malformed, "the blind-signing key is not an unencrypted PKCS#8 structure");
    }
    if (EVP_PKEY_is_a(key.get(), "RSA") != 1) {
        fail_input("blind.key.algorithm", "the private blind-signing key must be stored as rsaEncryption");
    }
    auto result = State::make(std::move(key));
    const openssl::PkeyContext context(
        require(EVP_PKEY_CTX_new_from_pkey(nullptr, result.state_->key.get(), nullptr), "EVP_PKEY_CTX_new_from_pkey"));
    if (EVP_PKEY_pairwise_check(context.get()) != 1) {
        openssl::clear_errors();
        fail_input("blind.key.mismatch", "the numbers of the private blind-signing key do not fit together");
    }
    return result;
}

BlindPrivateKey BlindPrivateKey::from_operation(BlindPublicKey public_key, RawOperation operation) {
    return BlindPrivateKey(std::make_shared<const State>(State{std::move(public_key), nullptr, std::move(operation)}));
}

SecretBytes BlindPrivateKey::pkcs8() const {
    if (!state_->key) {
        fail(ErrorCode::forbidden, "blind.key.not_exportable", "the blind-signing key cannot leave its token");
    }
    const openssl::Pkcs8 info(require(EVP_PKEY2PKCS8(state_->key.get()), "EVP_PKEY2PKCS8"));
    return SecretBytes(openssl::encode(info.get(), i2d_PKCS8_PRIV_KEY_INFO, "i2d_PKCS8_PRIV_KEY_INFO"));
}

const BlindPublicKey& BlindPrivateKey::public_key() const {
    return state_->public_key;
}

Bytes BlindPrivateKey::blind_sign(ByteView blinded) const {
    const auto& pub = state_->public_key.state();
    if (blinded.size() != pub.size) {
        fail_input("blind.message.size",
                   "the blinded message must have exactly " + std::to_string(pub.size) + " bytes");
    }
    // RFC 9474, section 4.3 asks for m < n; 0, 1 and n-1 are their own signatures, so whoever sends them is probing.
    const auto message = to_bignum(blinded);
    const openssl::Bignum top(require(BN_dup(pub.modulus.get()), "BN_dup"));
    require_ok(BN_sub_word(top.get(), 1), "BN_sub_word");
    if (BN_cmp(message.get(), BN_value_one()) <= 0 || BN_cmp(message.get(), top.get()) >= 0) {
        fail_input("blind.message.range", "the blinded message must lie between 1 and the modulus less one");
    }

    auto signature = state_->operation(blinded);

    // RFC 9474, section 4.3: "3. m' = RSAVP1(pk, s); 4. If m != m', raise a "signing failure" error and stop".
    bool good = signature.size() == pub.size;
    if (good) {
        const openssl::BignumContext scratch(require(BN_CTX_new(), "BN_CTX_new"));
        const auto candidate = to_bignum(signature);
        good = BN_cmp(candidate.get(), pub.modulus.get()) < 0;
        const openssl::Bignum check(require(BN_new(), "BN_new"));
        if (good) {
            require_ok(BN_mod_exp_mont(check.get(), candidate.get(), pub.exponent.get(), pub.modulus.get(),
                                       scratch.get(), pub.montgomery.get()),
                       "BN_mod_exp_mont");
            good = BN_cmp(check.get(), message.get()) == 0;
        }
    }
    if (!good) {
        wipe(signature);
        fail(ErrorCode::internal, "blind.fault", "the blind signature failed its own check and was not released");
    }
    return signature;
}

}  // namespace uvpki::blind
