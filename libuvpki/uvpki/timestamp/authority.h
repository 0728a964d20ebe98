#pragma once
// An RFC 3161 time-stamp authority: reads requests, signs tokens. The clock is an argument; it never stamps outside its
// certificate's validity.

#include <functional>
#include <memory>
#include <optional>

#include "uvpki/x509/certificate.h"
#include "uvpki/x509/oids.h"

namespace uvpki::timestamp {

/// TimeStampReq (RFC 3161, 2.4.1) over a SHA-256 digest; certReq true; nonce optional.
Bytes make_request(const Sha256& digest, std::optional<Bytes> nonce = std::nullopt);

/// Answers requests for time stamps. Immutable, thread-safe as far as `next_serial` is.
class Authority {
public:
    /// `next_serial` gives a number never used before by this TSA (durable). Throws invalid_input
    /// "timestamp.certificate" unless the certificate is of profile tsa and fits the key.
    Authority(x509::Certificate certificate, x509::PrivateKey key, x509::Arc arc,
              std::function<std::int64_t()> next_serial);
    const x509::Certificate& certificate() const;

    /// DER TimeStampResp. SHA-256, SHA-384 and SHA-512 imprints. A request that breaks a rule gets a rejection response
    /// (PKIFailureInfo), not an exception; an expired certificate throws forbidden "timestamp.expired".
    Bytes respond(ByteView request, const Clock& clock) const;

    struct State;

private:
    std::shared_ptr<const State> state_;
};

}  // namespace uvpki::timestamp
