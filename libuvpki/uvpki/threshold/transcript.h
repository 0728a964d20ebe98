#pragma once
// The outcome of a ceremony: joint public key, commitments and share points, which anybody can compute again from the
// posted messages. Immutable, thread-safe.

#include "uvpki/threshold/ceremony.h"

namespace uvpki::threshold {

/// Made only by conclude and verify_transcript, that is from messages that were all checked.
class VerifiedTranscript {
public:
    const Plan& plan() const { return plan_; }
    const Sha256& plan_hash() const { return plan_hash_; }
    /// Commitments of the joint polynomial; the first is the joint key.
    const Commitments& commitments() const { return commitments_; }
    const Bytes& joint_key() const { return commitments_.front(); }
    /// Share·G of trustee 1..n.
    const Bytes& share_point(int trustee) const;
    const std::vector<Bytes>& share_points() const { return share_points_; }
    /// The record itself, canonical JSON, and its SHA-256.
    const Bytes& json() const { return json_; }
    const Sha256& hash() const { return hash_; }
    /// "trustee 3 (Name)"; throws invalid_input "threshold.share.index".
    std::string called(int trustee) const;

private:
    friend VerifiedTranscript conclude(const Board&);
    VerifiedTranscript() = default;
    Plan plan_;
    Sha256 plan_hash_{};
    Commitments commitments_;
    std::vector<Bytes> share_points_;
    Bytes json_;
    Sha256 hash_{};
};

/// When everybody has confirmed and every complaint was answered well. Throws not_found "threshold.board.incomplete" or
/// the first fault (see check_board), naming the trustee.
VerifiedTranscript conclude(const Board& board);

/// Rebuilds the record from the messages (in any order) and compares it byte by byte. Throws what Board and conclude
/// throw, or verification_failed "threshold.transcript.mismatch".
VerifiedTranscript verify_transcript(ByteView transcript, const std::vector<Bytes>& messages,
                                     const x509::TrustStore& trust);

/// The joint key as a public key, for the election certificate.
x509::PublicKey election_public_key(const VerifiedTranscript& transcript);

}  // namespace uvpki::threshold
