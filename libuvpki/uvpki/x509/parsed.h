#pragma once
// The parts of a parsed certificate. Private: what certificate.cpp and extension.cpp share. Immutable once parsed.

#include "uvpki/x509/certificate.h"

namespace uvpki::x509 {

/// The views borrow from `der`, so an object stays where it was made.
struct Certificate::Parsed {
    Bytes der;
    Sha256 fingerprint{};
    ByteView tbs, serial, issuer, subject, signature;
    Time not_before{}, not_after{};
    std::optional<PublicKey> public_key;  ///< always there once parsed
    SignatureAlgorithm signature_algorithm{};
    std::vector<Extension> extensions;
    std::uint16_t key_usage = 0;
    BasicConstraints basic_constraints;
    std::vector<std::string> extended_key_usage, policies, alt_names;
    Bytes subject_key_identifier, authority_key_identifier;

    /// Strict DER of a certificate; the views point into what is moved in.
    explicit Parsed(Bytes certificate);
    Parsed(const Parsed&) = delete;
    Parsed& operator=(const Parsed&) = delete;

private:
    void read_known_extensions();
};

}  // namespace uvpki::x509
