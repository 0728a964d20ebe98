#pragma once
// What a voter's client may ask of a registrar. The registrar's domain core implements it in process; over the network
// a client implements it by HTTP. Every call is safe to repeat: the same request gets the same answer.

#include <string>

#include "uvpki/bytes.h"

namespace uvpki::api {

/// What the registrar answers; implemented in process or by a client over the network.
class RegistrarApi {
public:
    virtual ~RegistrarApi() = default;
    /// PKCS#10 request (DER) with a one-time invitation code; returns the voter certificate (DER). forbidden
    /// "enrol.invitation" (unknown, used by another key, expired), invalid_input for a bad request or key.
    virtual Bytes enrol(std::string_view invitation, ByteView request) = 0;
    /// CMS-signed claim (DER); returns the blind signature. conflict "claim.other_message" when this voter already
    /// claimed with another blinded message, forbidden "claim.window", "claim.style", "claim.not_on_roll".
    virtual Bytes claim(ByteView claim) = 0;
};

}  // namespace uvpki::api
