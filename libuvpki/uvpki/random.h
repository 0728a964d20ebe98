#pragma once
// Randomness as an argument. SystemRandom is the only source in programs; tests hand in a repeatable one.

#include <cstdint>
#include <span>

#include "uvpki/bytes.h"
#include "uvpki/secret.h"

namespace uvpki {

/// Whoever needs randomness is handed one of these.
class Random {
public:
    virtual ~Random() = default;
    /// Fills the whole span; throws internal "random.failed" rather than return fewer bytes.
    virtual void fill(std::span<std::uint8_t> out) = 0;

    /// So many random bytes.
    Bytes bytes(std::size_t size) {
        Bytes result(size);
        fill(result);
        return result;
    }
    /// So many random bytes, wiped when they go out of scope.
    SecretBytes secret(std::size_t size) {
        SecretBytes result(size);
        fill(result.writable());
        return result;
    }
};

/// The kernel's generator (getrandom); thread-safe.
class SystemRandom final : public Random {
public:
    void fill(std::span<std::uint8_t> out) override;
};

}  // namespace uvpki
