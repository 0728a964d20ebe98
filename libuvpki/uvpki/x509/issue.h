#pragma once
// The issuing pipeline: possession, key quality, profile, intent stored, lint of a copy signed with a throw-away key,
// sign, compare the to-be-signed bytes, parse and verify with a second implementation, store and audit, answer.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "uvpki/clock.h"
#include "uvpki/random.h"
#include "uvpki/x509/certificate.h"
#include "uvpki/x509/name.h"
#include "uvpki/x509/profile.h"
#include "uvpki/x509/request.h"

namespace uvpki::x509 {

/// What the certificate shall say beyond its profile.
struct IssueOptions {
    Name subject{};
    std::vector<std::string> alt_names{};  ///< as Certificate::alt_names(): "URI:urn:uuid:...", "DNS:...", "IP:..."
    std::optional<Time> not_before{};      ///< default: now (an hour back is not taken off)
    std::optional<Time> not_after{};       ///< default: the profile's validity; always clipped to the issuer's notAfter
    std::optional<Bytes> serial{};  ///< 20 octets, first 0x40-0x7F (ballot certificates derive theirs); default random
    std::vector<Extension> extra_extensions{};  ///< private ones, always made non-critical
    std::string crl_url{};                      ///< empty: no CDP (always empty for ballots)
    std::string ocsp_url{};                     ///< empty: no AIA
    SignatureSize signature_size{};             ///< usual for ballots, whose lengths must tell nothing (T5)
};

/// Where the pipeline records what it does. Both calls return only when the record is durable.
class IssuanceStore {
public:
    virtual ~IssuanceStore() = default;
    /// Before the CA key is used: serial (20 octets) and to-be-signed bytes. Throws conflict "x509.serial" when taken.
    virtual void record_intent(ByteView serial, ByteView tbs) = 0;
    /// The finished certificate together with its audit row, in one transaction.
    virtual void record_issued(const Certificate& certificate, Role role) = 0;
};

/// One CA: its certificate, key and arc. Construction runs the lint canary (a certificate that must fail) and throws
/// internal "x509.lint.canary" if it passes. Immutable, thread-safe; throw-away keys and contexts are reused per
/// thread.
class Issuer {
public:
    /// Throws invalid_input "x509.issuer.key" (not the certificate's) or "x509.issuer.certificate" (not that of a CA).
    Issuer(Certificate certificate, PrivateKey key, Arc arc);

    const Certificate& certificate() const;
    const PrivateKey& key() const;
    const Arc& arc() const;

    /// From a request whose possession was proved (CertificateRequest exists only so). Throws invalid_input
    /// "x509.issue..." naming the rule, or internal "x509.issue.compare" / "x509.issue.second_opinion".
    Certificate issue(Role role, const CertificateRequest& request, const IssueOptions& options, IssuanceStore& store,
                      const Clock& clock, Random& random) const;
    /// For keys that cannot sign a request (profile.possession == by_transcript: election).
    Certificate issue_for_key(Role role, const PublicKey& key, const IssueOptions& options, IssuanceStore& store,
                              const Clock& clock, Random& random) const;

    struct State;

private:
    std::shared_ptr<const State> state_;
};

/// Self-signed root (profile root), through the same pipeline.
Certificate issue_root(const PrivateKey& key, const IssueOptions& options, const Arc& arc, IssuanceStore& store,
                       const Clock& clock, Random& random);

/// SHA-256 over a label, the election id and the SPKI; 20 octets, first forced into 0x40-0x7F.
Bytes derive_ballot_serial(std::string_view election_id, ByteView spki);

/// 20 random octets, first 0x40-0x7F: always positive, constant length.
Bytes random_serial(Random& random);

}  // namespace uvpki::x509
