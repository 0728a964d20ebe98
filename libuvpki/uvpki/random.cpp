#include "uvpki/random.h"

#include <sys/random.h>

#include <cerrno>

#include "uvpki/error.h"

namespace uvpki {

void SystemRandom::fill(std::span<std::uint8_t> out) {
    while (!out.empty()) {
        const auto got = ::getrandom(out.data(), out.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) fail(ErrorCode::internal, "random.failed", "the system's random generator failed");
        out = out.subspan(static_cast<std::size_t>(got));
    }
}

}  // namespace uvpki
