#pragma once
// What a blind-signing key holds in OpenSSL's terms. Private to this folder.

#include <functional>
#include <mutex>
#include <vector>

#include "uvpki/blind/blind_key.h"
#include "uvpki/openssl/checked.h"

namespace uvpki::blind {

/// Ready-made contexts that threads borrow in turn: setting one up costs a good part of a verification. Thread-safe.
class ContextPool {
public:
    explicit ContextPool(std::function<openssl::PkeyContext()> make) : make_(std::move(make)) {}

    /// Runs `action` on a context that no other thread uses meanwhile; it is not kept if the action throws.
    template <typename Action>
    auto use(Action&& action) const {
        auto context = take();
        const auto result = action(context.get());
        const std::lock_guard lock(mutex_);
        if (free_.size() < limit) free_.push_back(std::move(context));
        return result;
    }

private:
    static constexpr std::size_t limit = 64;

    openssl::PkeyContext take() const {
        {
            const std::lock_guard lock(mutex_);
            if (!free_.empty()) {
                auto context = std::move(free_.back());
                free_.pop_back();
                return context;
            }
        }
        return make_();
    }

    std::function<openssl::PkeyContext()> make_;
    mutable std::mutex mutex_;  ///< guards free_
    mutable std::vector<openssl::PkeyContext> free_;
};

struct BlindPublicKey::State {
    openssl::Pkey key;  ///< type RSA: a key of type RSA-PSS refuses raw operations
    openssl::Bignum modulus;
    openssl::Bignum exponent;
    openssl::MontgomeryContext montgomery;
    std::size_t size = 0;
    Bytes spki;
    Sha256 key_id{};
    ContextPool verify_salt48;
    ContextPool verify_salt0;

    State(openssl::Pkey pkey, openssl::Bignum n, openssl::Bignum e);
};

openssl::Bignum to_bignum(ByteView big_endian);
/// Exactly `size` bytes, big-endian; the time does not depend on the value.
void write_bignum(const BIGNUM* value, std::span<std::uint8_t> out);

}  // namespace uvpki::blind
