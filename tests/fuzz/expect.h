#pragma once
// What the targets say with: accept or refuse, and what must hold.

#include <concepts>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

#include "uvpki/bytes.h"
#include "uvpki/error.h"

namespace uvpki::fuzz {

/// A rule that everything accepted must keep was broken; nothing catches it.
inline void require(bool holds, const char* rule) {
    if (!holds) throw std::logic_error(rule);
}
inline void require_same(ByteView again, ByteView input, const char* rule) {
    require(equal(again, input), rule);
}
inline void require_same(std::string_view again, ByteView input, const char* rule) {
    require(as_text(input) == again, rule);
}

/// The value that the reader gives, or nullopt when it refuses. An internal error is no refusal: it passes through.
template <std::invocable Reader>
auto accepted(Reader&& reader) -> std::optional<std::invoke_result_t<Reader>> {
    try {
        return reader();
    } catch (const Error& error) {
        if (error.code() == ErrorCode::internal) throw;
        return std::nullopt;
    }
}

/// The reason why the action refuses, "" when it does not.
template <std::invocable Action>
std::string refusal(Action&& action) {
    try {
        action();
    } catch (const Error& error) {
        if (error.code() == ErrorCode::internal) throw;
        return error.reason();
    }
    return {};
}

}  // namespace uvpki::fuzz
