#pragma once
// Contexts of one key, set up once and used many times; they belong to whoever owns the key and go with it.
// Thread-safe.

#include <functional>
#include <mutex>
#include <vector>

#include "uvpki/openssl/handles.h"

namespace uvpki::openssl {

/// Ready-made contexts that threads borrow in turn: setting one up costs a good part of a verification. Thread-safe.
class ContextPool {
public:
    explicit ContextPool(std::function<PkeyContext()> make) : make_(std::move(make)) {}

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

    PkeyContext take() const {
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

    std::function<PkeyContext()> make_;
    mutable std::mutex mutex_;  ///< guards free_
    mutable std::vector<PkeyContext> free_;
};

}  // namespace uvpki::openssl
