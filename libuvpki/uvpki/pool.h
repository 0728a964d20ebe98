#pragma once
// Things that are slow to make and serve one thread at a time, such as cryptographic contexts of a key: threads borrow
// them in turn. A pool belongs to the object that its things are about and goes with it. Thread-safe.

#include <cstddef>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace uvpki {

/// Objects held by an Owner like unique_ptr, made when none is free.
template <typename Owner>
class Pool {
public:
    /// `make` gives a new object; it may be called by several threads at once.
    explicit Pool(std::function<Owner()> make) : make_(std::move(make)) {}

    /// Runs `action` on an object that no other thread uses meanwhile; it is not kept if the action throws.
    template <typename Action>
    auto use(Action&& action) const {
        auto object = take();
        auto result = action(object.get());
        const std::lock_guard lock(mutex_);
        if (free_.size() < limit) free_.push_back(std::move(object));
        return result;
    }

private:
    static constexpr std::size_t limit = 64;

    Owner take() const {
        {
            const std::lock_guard lock(mutex_);
            if (!free_.empty()) {
                auto object = std::move(free_.back());
                free_.pop_back();
                return object;
            }
        }
        return make_();
    }

    std::function<Owner()> make_;
    mutable std::mutex mutex_;  ///< guards free_
    mutable std::vector<Owner> free_;
};

}  // namespace uvpki
