#pragma once
// Randomness as an argument. SystemRandom is the only source in programs; tests hand in a repeatable one.

#include <cstdint>
#include <span>

#include "uvpki/bytes.h"
#include "uvpki/secret.h"

namespace uvpki {

class Random {
public:
    virtual ~Random() = default;
    /// Fills the whole span; throws internal "random.failed" rather than return fewer bytes.
    virtual void fill(std::span<std::uint8_t> out) = 0;

    Bytes bytes(std::size_t size) {
        Bytes result(size);
        fill(result);
        return result;
    }
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
