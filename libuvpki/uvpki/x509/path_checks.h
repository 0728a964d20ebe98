#pragma once
// The checks of RFC 5280, section 6.1, that do not depend on roles. Private: what path.cpp (this project's roles) and
// chain.cpp (other authorities) share. Stateless.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "uvpki/clock.h"
#include "uvpki/error.h"
#include "uvpki/x509/certificate.h"
#include "uvpki/x509/revocation.h"

namespace uvpki::x509 {

/// What is wrong with a path; nothing when it holds. Index 0 is the leaf, so its issuer has index 1.
using Fault = std::optional<Error>;

Fault path_fault(std::string_view reason, std::size_t index, const Certificate& certificate, const std::string& what);

struct BuildLimits {
    std::size_t issuers;  ///< certificates above the leaf, the anchor included
    std::size_t chains = 16;
    std::size_t steps = 4096;  ///< candidates that are looked at in all
};
/// Every chain from the certificate's issuer up to an anchor by names and key identifiers, nothing verified; what the
/// limits cut off is not found.
std::vector<std::vector<Certificate>> find_issuer_chains(const Certificate& certificate,
                                                         const std::vector<Certificate>& anchors,
                                                         const std::vector<Certificate>& intermediates,
                                                         const BuildLimits& limits);

/// What does not depend on leaf and time: CA flags, signatures, path lengths, key usage, extensions, names.
Fault find_issuer_fault(const std::vector<Certificate>& issuers);

/// Extensions that are critical and not understood, and a CA's constraints in a certificate that is none.
Fault find_extension_fault(const Certificate& certificate, std::size_t index);

/// What section 4.2.1 says that conforming CAs MUST write, where a verifier can see it. Not asked of this project's own
/// certificates here: their profiles and the lint say more.
Fault find_profile_fault(const Certificate& certificate, std::size_t index);

/// The certificate's names lie within what each of its `issuers`, from its own upwards, may certify.
Fault find_name_fault(const Certificate& certificate, std::size_t index, const std::vector<Certificate>& issuers);

Fault find_window_fault(const Certificate& certificate, std::size_t index, Time time);

/// An entry counts when its effective() date is not later than `time`. No list: no fault.
Fault find_revocation_fault(const Certificate& certificate, std::size_t index, const Crl& crl, Time time);

}  // namespace uvpki::x509
