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

/// Left-padded with zeros to the size of the order.
Bytes padded(ByteView number, std::size_t size) {
    Bytes result(size - number.size());
    result.insert(result.end(), number.begin(), number.end());
    return result;
}

/// n - s for 0 < s < n, both of the same size.
Bytes order_minus(ByteView order, ByteView s) {
    Bytes result(order.size());
    int borrow = 0;
    for (std::size_t i = order.size(); i-- > 0;) {
        const int difference = int{order[i]} - int{s[i]} - borrow;
        borrow = difference < 0 ? 1 : 0;
        result[i] = static_cast<std::uint8_t>(difference & 0xFF);
    }
    return result;
}

bool is_low(ByteView padded_s, ByteView order) {
    return std::ranges::lexicographical_compare(padded_s, order_minus(order, padded_s));
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

/// This thread's digest context, emptied again at the end so that no key outlives its owner in it.
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
    const auto order = order_of(curve);
    const auto s = padded(parts->s, order.size());
    if (is_low(s, order)) return to_bytes(signature);
    return der::sequence({der::unsigned_integer(parts->r), der::unsigned_integer(order_minus(order, s))});
}

bool has_low_s(ByteView signature, KeyType curve) {
    if (curve != KeyType::ec_p256 && curve != KeyType::ec_p384) return false;
    const auto parts = find_ecdsa_parts(signature, curve);
    if (!parts) return false;
    const auto order = order_of(curve);
    const auto s = padded(parts->s, order.size());
    return std::ranges::lexicographical_compare(s, order) && is_low(s, order);
}

Bytes PrivateKey::sign(ByteView message) const {
    const auto algorithm = this->algorithm();
    const auto type = public_key().type();
    const ThreadContext context;
    openssl::require_ok(EVP_DigestSignInit(context.get(), nullptr, digest_of(algorithm), nullptr, native_->pkey()),
                        "EVP_DigestSignInit");
    Bytes signature(static_cast<std::size_t>(std::max(EVP_PKEY_get_size(native_->pkey()), 0)));
    std::size_t size = signature.size();
    openssl::require_ok(EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()),
                        "EVP_DigestSign");
    signature.resize(size);
    if (type == KeyType::ec_p256 || type == KeyType::ec_p384) return make_low_s(signature, type);
    return signature;
}

bool is_valid_signature(const PublicKey& key, SignatureAlgorithm algorithm, ByteView message, ByteView signature) {
    const auto& native = key.native();
    if (!fits(native, algorithm)) return false;
    if (native.type == KeyType::ec_p256 || native.type == KeyType::ec_p384) {
        if (!find_ecdsa_parts(signature, native.type)) return false;
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
