#pragma once
// The Online Certificate Status Protocol (RFC 6960) with nonces (RFC 9654): requests and responses as bytes. Each CA
// that is asked about has a responder of its own, certified by it; no network and no store. Thread-safe.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "uvpki/clock.h"
#include "uvpki/x509/certificate.h"
#include "uvpki/x509/path.h"
#include "uvpki/x509/revocation.h"

namespace uvpki::x509 {

inline constexpr std::size_t max_ocsp_request_size = 16 * 1024;
inline constexpr std::size_t max_ocsp_response_size = 64 * 1024;
inline constexpr std::size_t max_ocsp_ids = 64;
/// RFC 9654, section 2.1: 1 to 128 octets are accepted (RFC 8954 allowed 32), 32 are sent.
inline constexpr std::size_t max_ocsp_nonce_size = 128;
inline constexpr std::size_t ocsp_nonce_size = 32;

/// SHA-1 is what most clients send; as a name for a certificate it does no harm, and nothing is signed with it.
enum class OcspHash { sha1, sha256, sha384 };

/// CertID, RFC 6960, section 4.1.1: which certificate is meant.
struct OcspCertId {
    std::optional<OcspHash> hash;  ///< nullopt: a hash that we do not know, so no certificate of ours
    Bytes issuer_name_hash;
    Bytes issuer_key_hash;
    Bytes serial;    ///< content octets of the INTEGER
    Bytes encoding;  ///< as it was sent; answers repeat it byte for byte

    /// The issuer that is meant is this CA: both its name and its key.
    bool is_of(const Certificate& ca) const;
};
/// Names the certificate of this CA with this serial number (content octets of the INTEGER).
OcspCertId make_ocsp_cert_id(const Certificate& ca, ByteView serial, OcspHash hash = OcspHash::sha256);

/// What is asked: about which certificates, with which nonce.
struct OcspRequest {
    std::vector<OcspCertId> ids;  ///< 1 to max_ocsp_ids
    Bytes nonce;                  ///< empty when there is none
};
/// Strict DER. A signature of the requestor and unknown non-critical extensions are passed over: everybody gets the
/// same answers. Throws invalid_input "ocsp.malformed" or "ocsp.nonce" (empty, or longer than 128 octets).
OcspRequest parse_ocsp_request(ByteView der);
/// DER OCSPRequest, unsigned. Throws invalid_input "ocsp.malformed" for no ids or too many, "ocsp.nonce".
Bytes make_ocsp_request(const OcspRequest& request);

/// OCSPResponseStatus other than successful, RFC 6960, section 4.2.1.
enum class OcspError { malformed_request = 1, internal_error = 2, try_later = 3, sig_required = 5, unauthorized = 6 };
/// DER OCSPResponse without an answer.
Bytes make_ocsp_error(OcspError error);
/// RFC 6960's own word: "malformedRequest" and so on.
std::string_view ocsp_error_name(OcspError error);

/// What a responder says of a certificate.
enum class OcspStatus { good, revoked, unknown };
/// "good", "revoked" or "unknown".
std::string_view ocsp_status_name(OcspStatus status);

/// What a store knows of a certificate that its CA issued.
struct KnownStatus {
    std::optional<RevokedEntry> revocation;
};
/// nullopt: the CA never issued a certificate with this serial number.
using FindStatus = std::function<std::optional<KnownStatus>(ByteView serial)>;

/// How a responder answers.
struct OcspResponderOptions {
    Seconds validity{3600};  ///< nextUpdate after thisUpdate; never beyond the responder's certificate
    enum class Identity { key, name } identity = Identity::key;  ///< form of the ResponderID
};

/// Answers for one CA. Immutable, thread-safe.
class OcspResponder {
public:
    /// Throws invalid_input "ocsp.responder" unless the certificate is of role ocsp, issued by this very CA, and fits
    /// the key.
    OcspResponder(Certificate ca, Certificate certificate, PrivateKey key, const Arc& arc,
                  OcspResponderOptions options = {});
    const Certificate& ca() const;
    const Certificate& certificate() const;

    /// DER OCSPResponse. A malformed request, one about no certificate of this CA (unauthorized) and a store that is
    /// busy (ErrorCode::unavailable: tryLater) are answered as such. Throws forbidden "ocsp.responder.expired" outside
    /// the responder certificate's validity, and what `find` throws besides: for those, answer internal_error.
    Bytes respond(ByteView request, const FindStatus& find, const Clock& clock) const;

    struct State;

private:
    std::shared_ptr<const State> state_;
};

/// SingleResponse, RFC 6960, section 4.2.1.
struct OcspAnswer {
    OcspCertId id;
    OcspStatus status{};
    Time revoked_at{};  ///< for revoked
    RevocationReason reason = RevocationReason::unspecified;
    std::optional<Time> invalid_since;  ///< invalidityDate, for a compromise
    Time this_update{};
    std::optional<Time> next_update;
};

/// Parsed, not verified.
struct OcspResponse {
    Bytes tbs;             ///< ResponseData, the signed bytes
    Bytes responder_name;  ///< DER Name, or empty
    Bytes responder_key;   ///< SHA-1 of the key, or empty
    Time produced_at{};
    std::vector<OcspAnswer> answers;
    Bytes nonce;                                  ///< empty when there is none
    std::optional<SignatureAlgorithm> algorithm;  ///< nullopt: one that we do not accept, such as any with SHA-1
    Bytes signature;
    std::vector<Certificate> certificates;
};
/// Strict DER of a successful basic response. Throws invalid_input "ocsp.malformed", "ocsp.nonce", "ocsp.extension" (a
/// critical one), or "ocsp.status" for an error response, whose name is in the message.
OcspResponse parse_ocsp_response(ByteView der);

/// What an answer is judged by.
struct OcspRules {
    Time time{};
    Bytes nonce{};                 ///< the request's; empty: none was sent
    Seconds clock_skew{300};       ///< by which the responder's clock may be ahead
    Seconds most_age{7 * 86'400};  ///< for answers without nextUpdate
};

/// What a responder that may speak for the CA says about one certificate. Made only by the two functions below.
class VerifiedOcspAnswer {
public:
    const OcspAnswer& answer() const { return answer_; }
    OcspStatus status() const { return answer_.status; }
    const Certificate& responder() const { return responder_; }

private:
    friend struct OcspVerification;
    VerifiedOcspAnswer(OcspAnswer answer, Certificate responder)
        : answer_(std::move(answer)), responder_(std::move(responder)) {}
    OcspAnswer answer_;
    Certificate responder_;
};

/// For our own authority: the signer's certificate has role ocsp and was issued by the very CA that issued
/// `certificate`, along a path to the root; signature, times and nonce hold. Throws verification_failed
/// "ocsp.responder", "ocsp.signature", "ocsp.time", "ocsp.nonce", "ocsp.certificate" (no answer about it, or more than
/// one), or a path reason. A status other than good is an answer, not an exception.
VerifiedOcspAnswer verify_ocsp_response(const OcspResponse& response, const Certificate& certificate,
                                        const TrustStore& trust, const OcspRules& rules);

/// For other people's CAs, where `ca` is trusted already and issued the certificate with this serial number: RFC 6960,
/// section 4.2.2.2, that is the CA's own signature or that of a certificate with id-kp-OCSPSigning which the CA issued
/// itself. Throws as above.
VerifiedOcspAnswer verify_foreign_ocsp_response(const OcspResponse& response, ByteView serial, const Certificate& ca,
                                                const OcspRules& rules);

}  // namespace uvpki::x509
