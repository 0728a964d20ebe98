#pragma once
// Checked calls: an OpenSSL function that did not say 1 has failed, whether or not it left a reason on the error queue.

#include <string>

#include "uvpki/error.h"
#include "uvpki/openssl/handles.h"

namespace uvpki::openssl {

/// Throws internal "openssl.failed" naming the call and the queue's first reason; empties the queue.
[[noreturn]] void fail_call(const char* call);

/// Empties the error queue of this thread; after a failure that is an answer, not a fault (a signature that is bad).
void clear_errors() noexcept;

inline void require_ok(int result, const char* call) {
    if (result != 1) fail_call(call);
}

/// For results that own or point: throws when null.
template <typename Pointer>
Pointer require(Pointer pointer, const char* call) {
    if (!pointer) fail_call(call);
    return pointer;
}

/// DER of any OpenSSL structure through its i2d function.
template <typename T, typename I2d>
std::vector<unsigned char> encode(T* value, I2d i2d, const char* call) {
    const int size = i2d(value, nullptr);
    if (size < 0) fail_call(call);
    std::vector<unsigned char> der(static_cast<std::size_t>(size));
    auto* out = der.data();
    if (i2d(value, &out) != size) fail_call(call);
    return der;
}

}  // namespace uvpki::openssl
