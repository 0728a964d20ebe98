#include "uvpki/openssl/checked.h"

#include <openssl/err.h>

namespace uvpki::openssl {

void fail_call(const char* call) {
    const auto first = ERR_peek_error();
    char text[200] = "no reason given";
    if (first != 0) ERR_error_string_n(first, text, sizeof text);
    ERR_clear_error();
    Error error(ErrorCode::internal, "openssl.failed", std::string("the cryptographic library refused ") + call);
    error.add_step(text);
    throw error;
}

void clear_errors() noexcept { ERR_clear_error(); }

}  // namespace uvpki::openssl
