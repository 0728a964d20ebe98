#include "uvpki/error.h"

namespace uvpki {

Error::Error(ErrorCode code, std::string reason, std::string message)
    : code_(code),
      reason_(std::move(reason)),
      message_(std::move(message)),
      what_(message_ + " (" + reason_ + ")") {}

void fail(ErrorCode code, std::string_view reason, std::string message) {
    throw Error(code, std::string(reason), std::move(message));
}

}  // namespace uvpki
