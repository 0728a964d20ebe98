#pragma once
// The steps of the issuing pipeline for one certificate: issue.cpp takes all of them, in this order, with the store's
// records in between; the bench takes them one by one. Private: not installed. An Issuance belongs to one thread.

#include "uvpki/random.h"
#include "uvpki/x509/issue.h"
#include "uvpki/x509/second_opinion.h"

namespace uvpki::x509 {

/// Whose key signs: a CA with its certificate, or a root that does not have one yet.
struct Signer {
    const PrivateKey& key;
    const Certificate* certificate;  ///< null while a root is made
    const Arc& arc;
    const SecondOpinion& second_opinion;
};

class Issuance {
public:
    /// Key quality and profile, then the to-be-signed bytes, which are the intent to be recorded. What is given must
    /// outlive the issuance. Throws invalid_input "x509.issue..." naming the rule.
    Issuance(const Profile& profile, const PublicKey& key, const IssueOptions& options, const Signer& signer, Time now,
             Random& random);

    const Bytes& serial() const { return serial_; }
    const Bytes& tbs() const { return tbs_; }

    /// Lints a copy signed with a throw-away key; throws invalid_input "x509.issue.lint" with all findings.
    void require_clean_lint() const;
    /// Signs, and compares what a parser reads of the result with tbs(): internal "x509.issue.compare".
    Certificate sign() const;
    /// Parsing and verification by another implementation: internal "x509.issue.second_opinion".
    void require_second_opinion(const Certificate& certificate) const;

private:
    const Profile& profile_;
    const Signer& signer_;
    const SignatureSize signature_size_;
    Bytes serial_;
    Bytes tbs_;
};

/// A key of this type that nobody keeps and nobody trusts, one per thread: what it signs is looked at, never given out.
const PrivateKey& throw_away_key(KeyType type);

/// The certificate of these to-be-signed bytes, parsed.
Certificate sign_certificate(ByteView tbs, const PrivateKey& key, SignatureSize size = SignatureSize::any);

inline constexpr std::size_t serial_size = 20;

}  // namespace uvpki::x509
