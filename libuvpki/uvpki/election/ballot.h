#pragma once
// The eBallot: CMS SignedData by the ballot certificate over an AuthEnvelopedData to the election key (design, section
// 5). Parsing checks the exact profile, verifying checks both signatures and the tokens, opening decrypts and judges
// the vote.

#include <optional>
#include <string>
#include <vector>

#include "uvpki/cms/enveloped_data.h"
#include "uvpki/cms/signed_data.h"
#include "uvpki/election/manifest.h"
#include "uvpki/election/token.h"
#include "uvpki/x509/name.h"

namespace uvpki::election {

inline constexpr std::size_t max_ballot_size = 64 * 1024;

/// What a voter chose in one contest.
struct ContestChoices {
    std::string contest;
    std::vector<std::string>
        choices;  ///< candidate ids in order of preference (or simply the chosen ones); empty: blank
};

/// {"ballot":hex,"contests":[{"choices":[...],"id":...}],"election":id,"manifest":hex,"pad":"000...","style":id}
struct Plaintext {
    std::string election;
    Sha256 manifest{};
    std::string style;
    Sha256 ballot{};  ///< SHA-256 of the ballot certificate's SPKI (T12)
    std::vector<ContestChoices> contests{};
};

/// Canonical JSON padded with "0" to exactly `size` bytes; invalid_input "ballot.plaintext.size" when it does not fit.
SecretBytes format_plaintext(const Plaintext& plaintext, std::int64_t size);
/// Strict inverse; throws invalid_input "ballot.plaintext...".
Plaintext parse_plaintext(ByteView text, std::int64_t size);
/// Smallest size into which every possible ballot of every style fits, rounded up to a multiple of 64.
std::int64_t required_plaintext_size(const Manifest& manifest);

/// What the voter's client checks before it encrypts and the count checks after opening, one rule book for both (T49):
/// unknown contest or candidate, too many choices, a candidate twice, contests missing or not of this style.
/// Rules "vote.contest", "vote.candidate", "vote.choices", "vote.repeated", "vote.style".
std::vector<Finding> check_vote(const Manifest& manifest, std::string_view style,
                                const std::vector<ContestChoices>& contests);

/// A finished eBallot, ready to be cast.
struct SealedBallot {
    Bytes der;
    Sha256 leaf{};               ///< SHA-256(der)
    x509::PrivateKey ephemeral;  ///< shows later what was encrypted; the client forgets it by default
};

/// Throws invalid_input with the first finding of check_vote.
SealedBallot make_ballot(const VerifiedManifest& manifest, std::string_view style,
                         const std::vector<ContestChoices>& contests, const x509::Certificate& ballot_certificate,
                         const x509::PrivateKey& ballot_key, const Clock& clock, Random& random);

/// Every rule of the profile of section 5 that can be seen without keys; not verified.
struct ParsedBallot {
    Bytes der;
    Sha256 leaf{};
    cms::SignedData signed_data;
    cms::Envelope envelope;
    std::vector<Token> tokens;
};
/// Throws invalid_input "ballot..." or the reason of the layer below (cms.profile, cms.envelope..., der.malformed...).
ParsedBallot parse_ballot(ByteView der);

/// A ballot whose profile and both signatures were checked, but of its tokens only that their keys are the manifest's.
/// Enough to be stored by a ballot box that holds the very certificate in its list of those that it gave out, each
/// after checking its tokens; for nothing else.
class AcceptedBallot {
public:
    const Sha256& leaf() const { return ballot_.leaf; }
    const Bytes& der() const { return ballot_.der; }
    const x509::Certificate& certificate() const { return ballot_.signed_data.signer; }
    const cms::Envelope& envelope() const { return ballot_.envelope; }
    const std::string& style() const { return style_; }

private:
    friend class BallotVerifier;
    AcceptedBallot(ParsedBallot ballot, std::string style) : ballot_(std::move(ballot)), style_(std::move(style)) {}
    ParsedBallot ballot_;
    std::string style_;
};

/// A ballot about which everything was checked that can be without opening it; only verify_ballot makes one.
class VerifiedBallot : public AcceptedBallot {
private:
    friend class BallotVerifier;
    explicit VerifiedBallot(AcceptedBallot ballot) : AcceptedBallot(std::move(ballot)) {}
};

/// Everything about one election that checking a ballot needs, prepared once. Immutable, thread-safe.
class BallotVerifier {
public:
    /// Verifies the Ballot CA's path. Adds the Ballot CA to the trust store if it is not there: nobody else may be
    /// using the store meanwhile.
    BallotVerifier(const VerifiedManifest& manifest, x509::TrustStore trust);
    const VerifiedManifest& manifest() const;

    /// The certificate is a ballot certificate of this election's Ballot CA (role, window exactly the voting window,
    /// subject and serial derived from key and election, tokens right), the signature holds, the envelope is addressed
    /// to the election certificate. Throws verification_failed "ballot.certificate..." (issuer, window, key, subject,
    /// serial, key_identifier, key_usage, policy, extensions, profile, signature), "ballot.election", "token...",
    /// "cms..." or "x509.path..." (the certificate's signature, revocation).
    VerifiedBallot verify_ballot(ParsedBallot ballot) const;
    /// All of verify_ballot but the tokens' signatures; see AcceptedBallot. Throws the same, but not "token.signature".
    AcceptedBallot accept_ballot(ParsedBallot ballot) const;
    /// The checks on a ballot certificate alone; returns the style.
    std::string verify_ballot_certificate(const x509::Certificate& certificate) const;

    struct State;

private:
    std::shared_ptr<const State> state_;
};

/// An opened ballot: valid, blank (no choice in any contest) or invalid with the reason; never an exception for what a
/// voter's device may have encrypted (T42).
struct OpenedBallot {
    Sha256 leaf{};
    std::string style;
    Bytes ephemeral_point;  ///< 65 octets, the envelope's, so that results can tell repeats (T13)
    enum class Status { valid, blank, invalid } status{};
    std::optional<Finding>
        invalid_because;  ///< "ballot.open", "ballot.plaintext...", "ballot.copied" (T12), "ballot.manifest", "vote..."
    std::vector<ContestChoices> contests;  ///< empty when invalid
};
/// Decrypts and judges a verified ballot. `election_key` is the key of the election certificate.
OpenedBallot open_ballot(const VerifiedBallot& ballot, const VerifiedManifest& manifest,
                         const x509::PrivateKey& election_key);

/// O=organization, OU=election id, CN=UUID (version 8, RFC 9562) from SHA-256 over "ballot-name-v1", election id and
/// SPKI.
x509::Name ballot_subject(const Manifest& manifest, const Sha256& spki_sha256);

}  // namespace uvpki::election
