#include "uvpki/blind/blind_rsa.h"

#include "uvpki/blind/native_key.h"
#include "uvpki/blind/pss.h"
#include "uvpki/error.h"

namespace uvpki::blind {

using openssl::require;
using openssl::require_ok;

namespace {

bool is_randomized(Variant variant) {
    return variant == Variant::pss_randomized || variant == Variant::psszero_randomized;
}

std::size_t salt_size(Variant variant) {
    return variant == Variant::pss_randomized || variant == Variant::pss_deterministic ? 48 : 0;
}

openssl::Bignum secret_bignum(ByteView bytes) {
    auto value = to_bignum(bytes);
    BN_set_flags(value.get(), BN_FLG_CONSTTIME);
    return value;
}

/// a * b mod n in Montgomery form: no division, whose time would depend on the values.
openssl::Bignum multiply(const BlindPublicKey::State& key, const BIGNUM* a, const BIGNUM* b, BN_CTX* scratch) {
    openssl::Bignum product(require(BN_new(), "BN_new"));
    require_ok(BN_to_montgomery(product.get(), a, key.montgomery.get(), scratch), "BN_to_montgomery");
    require_ok(BN_mod_mul_montgomery(product.get(), product.get(), b, key.montgomery.get(), scratch),
               "BN_mod_mul_montgomery");
    return product;
}

[[noreturn]] void refuse_choices(const char* what) {
    fail_input("blind.choices", std::string("the blinding cannot be used: ") + what);
}

}  // namespace

Blinding blind_with(const BlindPublicKey& public_key, ByteView message, const BlindingChoices& choices,
                    Variant variant) {
    const auto& key = public_key.state();
    if (choices.prefix.size() != (is_randomized(variant) ? prefix_size : 0)) refuse_choices("wrong size of the prefix");
    if (choices.salt.size() != salt_size(variant)) refuse_choices("wrong size of the salt");
    if (choices.inverse.size() != key.size) refuse_choices("wrong size of the inverse");

    Blinding result;
    result.variant = variant;
    result.prefix = to_bytes(choices.prefix);
    result.prepared = concat({choices.prefix, message});
    result.inverse = SecretBytes(choices.inverse);

    const openssl::BignumContext scratch(require(BN_CTX_new(), "BN_CTX_new"));
    const auto inverse = secret_bignum(choices.inverse);
    if (BN_cmp(inverse.get(), key.modulus.get()) >= 0) refuse_choices("the inverse is not below the modulus");
    openssl::Bignum factor(BN_mod_inverse(nullptr, inverse.get(), key.modulus.get(), scratch.get()));
    if (!factor) {
        openssl::clear_errors();
        refuse_choices("the inverse has none itself");
    }
    BN_set_flags(factor.get(), BN_FLG_CONSTTIME);

    // RFC 9474, section 4.2: "1. encoded_msg = EMSA-PSS-ENCODE(msg, bit_len(n))"; as for every PSS signature emBits
    // is one less, which the RFC's vectors confirm.
    const auto encoded = to_bignum(encode_pss(result.prepared, choices.salt, key.size));
    // "4. c = is_coprime(m, n); 5. If c is false, raise an "invalid input" error and stop"
    const openssl::Bignum divisor(require(BN_new(), "BN_new"));
    require_ok(BN_gcd(divisor.get(), encoded.get(), key.modulus.get(), scratch.get()), "BN_gcd");
    if (!BN_is_one(divisor.get())) refuse_choices("the encoded message shares a factor with the modulus");

    // "9. x = RSAVP1(pk, r); 10. z = (m * x) mod n"
    const openssl::Bignum power(require(BN_new(), "BN_new"));
    require_ok(BN_mod_exp_mont_consttime(power.get(), factor.get(), key.exponent.get(), key.modulus.get(),
                                         scratch.get(), key.montgomery.get()),
               "BN_mod_exp_mont_consttime");
    const auto blinded = multiply(key, encoded.get(), power.get(), scratch.get());
    result.blinded.resize(key.size);
    write_bignum(blinded.get(), result.blinded);
    return result;
}

Blinding blind(const BlindPublicKey& public_key, ByteView message, Random& random, Variant variant) {
    const auto& key = public_key.state();
    const auto prefix = is_randomized(variant) ? random.bytes(prefix_size) : Bytes{};
    const auto salt = random.bytes(salt_size(variant));
    // RFC 9474 draws r and inverts it. The inverse is drawn here instead: both are uniform over the units modulo n, and
    // so one function serves chance and test vectors. Moduli have their top bit set, so at most every second draw
    // fails.
    for (int draw = 0; draw < 256; ++draw) {
        const auto inverse = random.secret(key.size);
        const auto value = secret_bignum(inverse.view());
        if (BN_cmp(value.get(), BN_value_one()) <= 0 || BN_cmp(value.get(), key.modulus.get()) >= 0) continue;
        return blind_with(public_key, message, {.prefix = prefix, .salt = salt, .inverse = inverse.view()}, variant);
    }
    fail(ErrorCode::internal, "random.failed", "the random generator gave no number below the modulus");
}

Bytes finalize(const BlindPublicKey& public_key, const Blinding& blinding, ByteView blind_signature) {
    const auto& key = public_key.state();
    if (blinding.inverse.size() != key.size) refuse_choices("wrong size of the inverse");
    const auto inverse = secret_bignum(blinding.inverse.view());
    if (BN_cmp(inverse.get(), key.modulus.get()) >= 0) refuse_choices("the inverse is not below the modulus");

    const auto refuse = [] {
        fail(ErrorCode::verification_failed, "blind.signature",
             "the answer is not the issuer's blind signature of this request");
    };
    // RFC 9474, section 4.4: "1. If len(blind_sig) != modulus_len, raise an "unexpected input size" error and stop"
    if (blind_signature.size() != key.size) refuse();
    const auto answer = to_bignum(blind_signature);
    if (BN_cmp(answer.get(), key.modulus.get()) >= 0) refuse();

    const openssl::BignumContext scratch(require(BN_CTX_new(), "BN_CTX_new"));
    const auto product = multiply(key, answer.get(), inverse.get(), scratch.get());
    Bytes signature(key.size);
    write_bignum(product.get(), signature);
    if (!is_valid_token(public_key, blinding.prepared, signature, blinding.variant)) refuse();
    return signature;
}

bool is_valid_token(const BlindPublicKey& public_key, ByteView prepared, ByteView signature, Variant variant) {
    const auto& key = public_key.state();
    if (signature.size() != key.size) return false;
    const auto digest = sha384(prepared);
    const auto& pool = salt_size(variant) == 48 ? key.verify_salt48 : key.verify_salt0;
    return pool.use([&](EVP_PKEY_CTX* context) {
        const bool good =
            EVP_PKEY_verify(context, signature.data(), signature.size(), digest.data(), digest.size()) == 1;
        if (!good) openssl::clear_errors();
        return good;
    });
}

}  // namespace uvpki::blind
