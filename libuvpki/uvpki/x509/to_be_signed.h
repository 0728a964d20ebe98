#pragma once
// Writes certificates: the extensions of a profile, the TBSCertificate and the signed whole (RFC 5280, section 4.1). It
// writes what it is given, right or wrong; the rules are in issue.h and lint.h. Private: not installed. Stateless.

#include <optional>
#include <string>
#include <vector>

#include "uvpki/bytes.h"
#include "uvpki/clock.h"
#include "uvpki/x509/certificate.h"
#include "uvpki/x509/keys.h"
#include "uvpki/x509/profile.h"

namespace uvpki::x509 {

struct ToBeSigned {
    Bytes serial{};  ///< unsigned, big-endian
    SignatureAlgorithm algorithm{};
    Bytes issuer{};  ///< DER Name
    Time not_before{};
    Time not_after{};
    Bytes subject{};  ///< DER Name
    Bytes spki{};     ///< copied, never decoded again
    std::vector<Extension> extensions{};

    /// DER TBSCertificate, version 3.
    Bytes encode() const;
};

/// DER Certificate from the to-be-signed bytes and the signature over them.
Bytes assemble_certificate(ByteView tbs, SignatureAlgorithm algorithm, ByteView signature);

/// What a certificate carries besides its profile.
struct ExtensionInputs {
    Bytes subject_key_identifier{};
    Bytes authority_key_identifier{};
    std::vector<std::string> alt_names{};  ///< as Certificate::alt_names(); throws invalid_input "x509.issue.alt_name"
    std::string crl_url{};
    std::string ocsp_url{};
    std::vector<Extension> extra{};  ///< written last, non-critical
};

/// All extensions of a certificate of this profile, in the order in which we always write them.
std::vector<Extension> make_extensions(const Profile& profile, const Arc& arc, const ExtensionInputs& inputs);

/// Value of a certificatePolicies extension without qualifiers.
Bytes encode_policies(const std::vector<std::string>& oids);
/// Value of a keyUsage extension (DER: no trailing zero bits).
Bytes encode_key_usage(std::uint16_t usage);
/// Value of a basicConstraints extension.
Bytes encode_basic_constraints(const BasicConstraints& constraints);

}  // namespace uvpki::x509
