#pragma once
// What an anonymous client may ask of a ballot service. Every call is safe to repeat: the same request, the same
// answer.

#include <optional>
#include <string>
#include <vector>

#include "uvpki/bytes.h"
#include "uvpki/digest.h"

namespace uvpki::api {

/// Where a ballot stands in the public record.
struct BallotStatus {
    enum class State { unknown, accepted, published } state{};
    std::int64_t epoch = 0;  ///< when published
};

/// What the ballot box answers; implemented in process or by a client over the network.
class BallotApi {
public:
    virtual ~BallotApi() = default;
    /// PKCS#10 request (DER) that carries the token extension; returns the ballot certificate (DER).
    /// verification_failed "token...", forbidden "redeem.window".
    virtual Bytes redeem(std::string_view election, ByteView request) = 0;
    /// The eBallot (DER); returns the receipt (CMS DER) after the ballot is durable. conflict "cast.other_ballot" when
    /// this ballot certificate already cast other bytes, conflict "cast.repeated_ephemeral" (T13), forbidden
    /// "cast.window".
    virtual Bytes cast(std::string_view election, ByteView ballot) = 0;
    /// Where the ballot with this leaf (SHA-256 of its file) stands now; an unknown leaf is no error.
    virtual BallotStatus status(std::string_view election, const Sha256& leaf) = 0;
};

}  // namespace uvpki::api
