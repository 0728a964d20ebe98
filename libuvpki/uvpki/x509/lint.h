#pragma once
// RFC 5280's rules and ours for one finished certificate against its profile. Run on the certificate signed with a
// throw-away key before the real key is used.

#include <vector>

#include "uvpki/error.h"
#include "uvpki/x509/certificate.h"
#include "uvpki/x509/profile.h"

namespace uvpki::x509 {

/// What the certificate claims to be, and under whom.
struct LintContext {
    Role role{};
    Arc arc{};
    const Certificate* issuer = nullptr;  ///< null for a self-signed root
};

/// Every broken rule ("lint.serial", "lint.validity", "lint.key_usage", ...); the signature itself is not looked at.
std::vector<Finding> check_lint(const Certificate& certificate, const LintContext& context);

}  // namespace uvpki::x509
