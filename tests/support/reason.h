#pragma once
// What a refusal is called: the reason of the Error that an action throws.

#include <string>
#include <utility>

#include "uvpki/error.h"

namespace uvpki::test {

/// The reason of the Error that the action throws, or "" when it throws none.
template <typename Action>
std::string reason_of(Action&& action) {
    try {
        std::forward<Action>(action)();
    } catch (const Error& error) {
        return error.reason();
    }
    return "";
}

}  // namespace uvpki::test
