#pragma once
// After the ceremony: each trustee's stored share, the rehearsal that proves it still works, its release after closing,
// and the election key put together from m shares. Stateless functions, thread-safe.

#include <map>

#include "uvpki/threshold/transcript.h"

namespace uvpki::threshold {

/// A trustee's share of the joint key, as it is kept until the election closes; stored encrypted by the tool.
struct ShareBackup {
    std::string election;
    Sha256 transcript{};
    int trustee = 0;
    SecretBytes scalar;
};
/// Throws invalid_input "threshold.backup".
SecretBytes encode_backup(const ShareBackup& backup);
/// Strict inverse of encode_backup; throws invalid_input "threshold.backup".
ShareBackup parse_backup(const SecretBytes& encoded);

/// Adds up what the dealers gave and checks it against the share point. Throws "threshold.state" or verification_failed
/// "threshold.share.mismatch".
ShareBackup make_backup(const Board& board, const VerifiedTranscript& transcript, const TrusteeState& state,
                        const x509::PrivateKey& encryption_key);

// ---- rehearsal ----

/// PKCS#10 signed with the share as a P-256 key. Subject: O="Trustee rehearsal", CN = the hex SHA-256
/// of canonical JSON {"challenge","transcript","trustee"}; the challenge (any bytes) makes it fresh.
Bytes make_rehearsal_request(const ShareBackup& backup, ByteView challenge);

/// "threshold.rehearsal.request" (malformed or possession not proved), "threshold.rehearsal.challenge",
/// "threshold.rehearsal.key" (the key is not the share point of this trustee).
std::vector<Finding> check_rehearsal(ByteView request, const VerifiedTranscript& transcript, int trustee,
                                     ByteView challenge);

/// Every trustee has rehearsed. Only verify_rehearsal makes one.
class VerifiedRehearsal {
public:
    const Sha256& transcript() const { return transcript_; }

private:
    friend VerifiedRehearsal verify_rehearsal(const std::map<int, Bytes>&, const VerifiedTranscript&, ByteView);
    explicit VerifiedRehearsal(Sha256 transcript) : transcript_(transcript) {}
    Sha256 transcript_;
};
/// Requests by trustee, one of each; their keys must interpolate to the joint key. Throws verification_failed with the
/// first finding's rule, or not_found "threshold.rehearsal.missing" naming who has not rehearsed.
VerifiedRehearsal verify_rehearsal(const std::map<int, Bytes>& requests, const VerifiedTranscript& transcript,
                                   ByteView challenge);

// ---- release ----

/// For which log and to whom a share is released.
struct ReleaseOrder {
    Sha256 root{};                       ///< of the final checkpoint; the release holds for this root alone
    x509::Certificate counting_officer;  ///< of role trustee-enc: the counting officer's encryption certificate
};
/// CMS-signed message that names the root and carries the share encrypted to the counting officer. Throws invalid_input
/// "threshold.backup" when backup, key or certificate do not belong together.
Bytes make_release(const ShareBackup& backup, const VerifiedTranscript& transcript, const ReleaseOrder& order,
                   const x509::Certificate& certificate, const x509::PrivateKey& key, const Clock& clock,
                   Random& random);

/// A share that fits its share point; only open_release and verify_share make one.
class VerifiedShare {
public:
    int trustee() const { return trustee_; }
    const SecretBytes& scalar() const { return scalar_; }

private:
    friend VerifiedShare verify_share(int, const SecretBytes&, const VerifiedTranscript&);
    VerifiedShare(int trustee, SecretBytes scalar) : trustee_(trustee), scalar_(std::move(scalar)) {}
    int trustee_;
    SecretBytes scalar_;
};
/// For shares published at the tally. Throws verification_failed "threshold.share.mismatch" naming the trustee (T26).
VerifiedShare verify_share(int trustee, const SecretBytes& scalar, const VerifiedTranscript& transcript);

/// What a release must fit to be opened.
struct ReleaseRules {
    Sha256 root{};  ///< what the message must have been signed for
    Time time{};    ///< the trustee's certificate must hold its role then
};
/// The signer must use the key of the plan's certificate (the certificate itself may have been renewed). Throws
/// "cms...", a path reason, or verification_failed "threshold.release.sender", "threshold.release.root",
/// "threshold.release.ceremony", "threshold.release.envelope", "threshold.share.mismatch"; the message names the
/// trustee.
VerifiedShare open_release(ByteView message, const x509::PrivateKey& officer_key, const VerifiedTranscript& transcript,
                           const x509::TrustStore& trust, const ReleaseRules& rules);

/// The election key from any m shares. Throws invalid_input "threshold.share.too_few" or "threshold.share.duplicate",
/// internal "threshold.key.mismatch" if the result were not the joint key.
x509::PrivateKey combine(std::span<const VerifiedShare> shares, const VerifiedTranscript& transcript);

}  // namespace uvpki::threshold
