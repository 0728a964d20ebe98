#pragma once
// What a second, independent implementation (Botan) says about a certificate that we are about to hand out. A mistake
// of one library, or of our own encoder, is found before anybody relies on it. Private: not installed. Thread-safe.

#include <memory>

#include "uvpki/x509/certificate.h"
#include "uvpki/x509/keys.h"

namespace uvpki::x509 {

class SecondOpinion {
public:
    /// For certificates signed with this key; throws internal "x509.issue.second_opinion" if Botan cannot read it.
    explicit SecondOpinion(const PublicKey& issuer_key);
    ~SecondOpinion();
    SecondOpinion(SecondOpinion&&) noexcept;
    SecondOpinion& operator=(SecondOpinion&&) noexcept;

    /// Parses `der`, compares what it reads with `ours` and verifies the signature. Throws internal
    /// "x509.issue.second_opinion" naming the difference.
    void confirm(ByteView der, const Certificate& ours) const;

private:
    struct Key;
    std::unique_ptr<const Key> key_;
};

}  // namespace uvpki::x509
