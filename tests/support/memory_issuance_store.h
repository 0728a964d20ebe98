#pragma once
// An issuance store in memory for tests: remembers what the pipeline recorded, in order, and can be told to fail.
// Thread-safe.

#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "uvpki/encoding.h"
#include "uvpki/error.h"
#include "uvpki/x509/issue.h"

namespace uvpki::testing {

class MemoryIssuanceStore final : public x509::IssuanceStore {
public:
    struct Issued {
        x509::Certificate certificate;
        x509::Role role;
    };

    void record_intent(ByteView serial, ByteView tbs) override {
        const std::scoped_lock lock(mutex_);
        if (!intents_.emplace(to_hex(serial), to_bytes(tbs)).second)
            fail(ErrorCode::conflict, "x509.serial", "the serial number is taken");
    }

    void record_issued(const x509::Certificate& certificate, x509::Role role) override {
        const std::scoped_lock lock(mutex_);
        if (!intents_.contains(certificate.serial_hex()))
            fail(ErrorCode::internal, "test.intent", "a certificate without a recorded intent");
        issued_.push_back({certificate, role});
    }

    /// The recorded to-be-signed bytes of this serial.
    std::optional<Bytes> find_intent(ByteView serial) const {
        const std::scoped_lock lock(mutex_);
        const auto found = intents_.find(to_hex(serial));
        if (found == intents_.end()) return std::nullopt;
        return found->second;
    }
    std::size_t intent_count() const {
        const std::scoped_lock lock(mutex_);
        return intents_.size();
    }
    std::vector<Issued> issued() const {
        const std::scoped_lock lock(mutex_);
        return issued_;
    }

private:
    mutable std::mutex mutex_;  ///< guards both
    std::map<std::string, Bytes> intents_;
    std::vector<Issued> issued_;
};

}  // namespace uvpki::testing
