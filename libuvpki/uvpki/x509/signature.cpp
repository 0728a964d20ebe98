// Making and checking signatures; the rest of keys.h is in keys.cpp and private_key.cpp.
#include <algorithm>
#include <array>
#include <optional>

#include "uvpki/error.h"
#include "uvpki/openssl/checked.h"
#include "uvpki/openssl/der.h"
#include "uvpki/x509/keys.h"
#include "uvpki/x509/native_key.h"

namespace uvpki::x509 {

namespace {

/// The group orders (FIPS 186-4, D.1.2.3 and D.1.2.4).
constexpr std::array<std::uint8_t, 32> p256_order = {0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF,
                                                     0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17,
                                                     0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51};
constexpr std::array<std::uint8_t, 48> p384_order = {
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xC7, 0x63, 0x4D, 0x81, 0xF4, 0x37, 0x2D, 0xDF,
    0x58, 0x1A, 0x0D, 0xB2, 0x48, 0xB0, 0xA7, 0x7A, 0xEC, 0xEC, 0x19, 0x6A, 0xCC, 0xC5, 0x29, 0x73};

ByteView order_of(KeyType curve) {
    if (curve == KeyType::ec_p256) return p256_order;
    return p384_order;
}

/// floor(n / 2), the largest low s.
template <std::size_t Size>
constexpr std::array<std::uint8_t, Size> half(const std::array<std::uint8_t, Size>& order) {
    std::array<std::uint8_t, Size> result{};
    int carry = 0;
    for (std::size_t i = 0; i < Size; ++i) {
        result[i] = static_cast<std::uint8_t>((carry << 7) | (order[i] >> 1));
        carry = order[i] & 1;
    }
    return result;
}
constexpr auto p256_half = half(p256_order);
constexpr auto p384_half = half(p384_order);

/// Of numbers without leading zeros.
bool is_at_most(ByteView number, ByteView limit) {
    if (number.size() != limit.size()) return number.size() < limit.size();
    return !std::ranges::lexicographical_compare(limit, number);
}

bool is_low(ByteView s, KeyType curve) {
    return is_at_most(s, curve == KeyType::ec_p256 ? ByteView(p256_half) : ByteView(p384_half));
}

/// n - s for 0 < s < n, s without leading zeros; as many octets as the order has.
Bytes order_minus(ByteView order, ByteView s) {
    Bytes result(order.size());
    int borrow = 0;
    const std::size_t offset = order.size() - s.size();
    for (std::size_t i = order.size(); i-- > 0;) {
        const int difference = int{order[i]} - (i < offset ? 0 : int{s[i - offset]}) - borrow;
        borrow = difference < 0 ? 1 : 0;
        result[i] = static_cast<std::uint8_t>(difference & 0xFF);
    }
    return result;
}

bool fits(const PublicKey::Native& key, SignatureAlgorithm algorithm) {
    switch (algorithm) {
        case SignatureAlgorithm::ecdsa_sha256:
        case SignatureAlgorithm::ecdsa_sha384:
            return key.type == KeyType::ec_p256 || key.type == KeyType::ec_p384;
        case SignatureAlgorithm::rsa_sha256:
        case SignatureAlgorithm::rsa_sha384:
            return key.type == KeyType::rsa && key.padding == PublicKey::Native::Padding::any;
        case SignatureAlgorithm::ed25519:
            return key.type == KeyType::ed25519;
    }
    return false;
}

const EVP_MD* digest_of(SignatureAlgorithm algorithm) {
    switch (algorithm) {
        case SignatureAlgorithm::ecdsa_sha256:
        case SignatureAlgorithm::rsa_sha256:
            return EVP_sha256();
        case SignatureAlgorithm::ecdsa_sha384:
        case SignatureAlgorithm::rsa_sha384:
            return EVP_sha384();
        case SignatureAlgorithm::ed25519:
            return nullptr;
    }
    return nullptr;
}

bool is_ec(KeyType type) {
    return type == KeyType::ec_p256 || type == KeyType::ec_p384;
}

/// DER of two 384-bit numbers with their sign octets.
constexpr std::size_t max_ecdsa_size = 104;

/// What ECDSA signs of the message: 32 or 48 octets.
struct EcdsaDigest {
    Sha384 octets{};
    std::size_t length = 0;
    const std::uint8_t* data() const { return octets.data(); }
    std::size_t size() const { return length; }
};

EcdsaDigest ecdsa_digest(SignatureAlgorithm algorithm, ByteView message) {
    if (algorithm == SignatureAlgorithm::ecdsa_sha384) return {sha384(message), std::tuple_size_v<Sha384>};
    EcdsaDigest result{.length = std::tuple_size_v<Sha256>};
    std::ranges::copy(sha256(message), result.octets.begin());
    return result;
}

/// This thread's digest context for keys of other types, emptied again at the end so that no key outlives its owner in
/// it.
class ThreadContext {
public:
    ThreadContext() {
        thread_local openssl::DigestContext context =
            openssl::require(openssl::DigestContext(EVP_MD_CTX_new()), "EVP_MD_CTX_new");
        context_ = context.get();
    }
    ~ThreadContext() { EVP_MD_CTX_reset(context_); }
    ThreadContext(const ThreadContext&) = delete;
    ThreadContext& operator=(const ThreadContext&) = delete;
    EVP_MD_CTX* get() const { return context_; }

private:
    EVP_MD_CTX* context_;
};

/// 2^-200 of all signers fail.
constexpr int most_signing_attempts = 200;

/// SEQUENCE { r with a sign octet, s without, being low }.
std::size_t usual_size(KeyType curve) {
    return 2 + (2 + 1 + order_of(curve).size()) + (2 + order_of(curve).size());
}

Bytes sign_ecdsa(EVP_PKEY_CTX* context, const EcdsaDigest& digest, KeyType curve) {
    std::array<std::uint8_t, max_ecdsa_size> signature{};
    std::size_t size = signature.size();
    openssl::require_ok(EVP_PKEY_sign(context, signature.data(), &size, digest.data(), digest.size()), "EVP_PKEY_sign");
    return make_low_s(ByteView(signature).first(size), curve);
}

}  // namespace

std::optional<EcdsaParts> find_ecdsa_parts(ByteView signature, KeyType curve) {
    const auto size = order_of(curve).size();
    // Cheap refusals first; the longest DER form of two numbers below the order has 8 octets more than they have.
    if (signature.size() < 8 || signature.size() > 2 * size + 8) return std::nullopt;
    try {
        der::Reader outer(signature);
        auto reader = outer.sequence("ECDSA signature");
        outer.finish("ECDSA signature");
        std::array<ByteView, 2> numbers;
        for (auto& number : numbers) {
            number = reader.integer("ECDSA number");
            if ((number[0] & 0x80) != 0 || (number.size() == 1 && number[0] == 0)) return std::nullopt;
            if (number[0] == 0) number = number.subspan(1);
            if (number.size() > size) return std::nullopt;
        }
        reader.finish("ECDSA signature");
        return EcdsaParts{numbers[0], numbers[1]};
    } catch (const Error&) {
        return std::nullopt;  // asked, not demanded: malformed is one of the two answers
    }
}

Bytes make_low_s(ByteView signature, KeyType curve) {
    const auto parts = find_ecdsa_parts(signature, curve);
    if (!parts) fail(ErrorCode::internal, "x509.signature", "the library made a malformed ECDSA signature");
    if (is_low(parts->s, curve)) return to_bytes(signature);
    return der::sequence(
        {der::unsigned_integer(parts->r), der::unsigned_integer(order_minus(order_of(curve), parts->s))});
}

bool has_low_s(ByteView signature, KeyType curve) {
    if (!is_ec(curve)) return false;
    const auto parts = find_ecdsa_parts(signature, curve);
    return parts && is_low(parts->s, curve);
}

Bytes PrivateKey::sign(ByteView message, SignatureSize wanted) const {
    const auto algorithm = this->algorithm();
    const auto type = public_key().type();
    if (is_ec(type)) {
        const auto digest = ecdsa_digest(algorithm, message);
        return native_->sign_contexts.use([&](EVP_PKEY_CTX* context) {
            for (int attempt = 0; attempt < most_signing_attempts; ++attempt) {
                auto signature = sign_ecdsa(context, digest, type);
                if (wanted == SignatureSize::any || signature.size() == usual_size(type)) return signature;
            }
            fail(ErrorCode::internal, "x509.signature_size", "the signature never had its usual size");
        });
    }
    const ThreadContext context;
    openssl::require_ok(EVP_DigestSignInit(context.get(), nullptr, digest_of(algorithm), nullptr, native_->pkey()),
                        "EVP_DigestSignInit");
    Bytes signature(static_cast<std::size_t>(std::max(EVP_PKEY_get_size(native_->pkey()), 0)));
    std::size_t size = signature.size();
    openssl::require_ok(EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()),
                        "EVP_DigestSign");
    signature.resize(size);
    return signature;
}

bool is_valid_signature(const PublicKey& key, SignatureAlgorithm algorithm, ByteView message, ByteView signature) {
    const auto& native = key.native();
    if (!fits(native, algorithm)) return false;
    if (is_ec(native.type)) {
        if (!find_ecdsa_parts(signature, native.type)) return false;
        const auto digest = ecdsa_digest(algorithm, message);
        return native.verify_contexts.use([&](EVP_PKEY_CTX* context) {
            const bool good =
                EVP_PKEY_verify(context, signature.data(), signature.size(), digest.data(), digest.size()) == 1;
            if (!good) openssl::clear_errors();
            return good;
        });
    }
    const ThreadContext context;
    openssl::require_ok(EVP_DigestVerifyInit(context.get(), nullptr, digest_of(algorithm), nullptr, native.pkey()),
                        "EVP_DigestVerifyInit");
    if (EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) == 1)
        return true;
    openssl::clear_errors();
    return false;
}

}  // namespace uvpki::x509
