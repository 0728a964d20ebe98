#pragma once
// What every ballot certificate of one election must look like, apart from its signature and its tokens. Private to the
// election folder; immutable, thread-safe.

#include "uvpki/election/manifest.h"

namespace uvpki::election {

class BallotCertificateRules {
public:
    /// The manifest must outlive the rules.
    explicit BallotCertificateRules(const Manifest& manifest);

    const x509::Certificate& ballot_ca() const { return ballot_ca_; }
    const x509::Arc& arc() const { return arc_; }
    /// Issuer, window, key, subject, serial, key usage, policy, the exact set of extensions and every other byte;
    /// returns the token extension. The signature is not verified. Throws verification_failed "ballot.certificate...".
    const x509::Extension& require_fitting(const x509::Certificate& certificate) const;

private:
    /// What is the same in the to-be-signed bytes of every ballot certificate of the election, encoded once.
    struct Pattern {
        Bytes version;
        Bytes algorithm_to_validity;
        Bytes subject_head;  ///< all but the text of the common name, which comes last
        Bytes extensions_head{}, key_identifier_head{}, extensions_tail{};
    };
    Pattern make_pattern() const;
    /// One comparison in place of all rules that bytes can break: true when every one of them holds.
    bool has_expected_bytes(const x509::Certificate& certificate, const x509::Extension& tokens) const;
    /// Rule by rule, so that a refusal says which; returns the token extension if all hold.
    const x509::Extension& require_each_rule(const x509::Certificate& certificate) const;
    /// With a subject, serial and key identifier that were checked already.
    Bytes expected_tbs(const x509::Certificate& certificate, const x509::Extension& tokens) const;

    const Manifest& manifest_;
    x509::Certificate ballot_ca_;
    x509::Arc arc_;
    std::vector<std::string> extensions_;
    std::string token_oid_;
    Pattern pattern_;
};

}  // namespace uvpki::election
