#pragma once
// The election manifest: canonical JSON (RFC 8785), CMS-signed by an officer. All services and verifiers act on the
// signed manifest and nothing else. Plain data; schemas/manifest.json is the truth about the JSON form.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "uvpki/clock.h"
#include "uvpki/count/rules.h"  // count::Rules
#include "uvpki/digest.h"
#include "uvpki/error.h"
#include "uvpki/x509/path.h"

namespace uvpki::election {

/// Somebody or something that can be chosen.
struct Candidate {
    std::string id;    ///< [a-z0-9-]{1,32}
    std::string name;  ///< printable UTF-8, at most 200 bytes
};

/// One question with its candidates and its rules.
struct Contest {
    std::string id;  ///< [a-z0-9-]{1,32}
    std::string title;
    std::vector<Candidate> candidates;  ///< 2 to 200
    count::Rules rules;                 ///< method, seats, max_choices, threshold, decimals, tie break
};

/// A ballot style: the set of contests of a district, fixed per voter in the frozen roll.
struct Style {
    std::string id;                     ///< [a-z0-9-]{1,32}
    std::vector<std::string> contests;  ///< contest ids in ballot order
    std::int64_t voters = 0;            ///< roll entries of this style
};

/// From `opens` on and before `closes`.
struct Window {
    Time opens{};
    Time closes{};
};

/// The key with which one issuer signs blind for one ballot style.
struct TokenKey {
    std::string issuer;  ///< which registrar, [a-z0-9-]{1,32}
    std::string style;
    Bytes spki;       ///< id-RSASSA-PSS SPKI DER (RFC 9474)
    Sha256 key_id{};  ///< SHA-256 of spki
};

/// One holder of a share of the election key.
struct Trustee {
    int index = 0;  ///< 1-based evaluation point of the share
    std::string name;
    Sha256 certificate{};  ///< fingerprint of the signing certificate
    Bytes share_point;     ///< 65 octets: share·G
};

/// Everything that is decided about an election before it opens.
struct Manifest {
    std::string id;  ///< [a-z0-9-]{3,64}
    std::string title;
    std::string organization;
    std::string arc;             ///< the authority's OID arc
    Sha256 root{};               ///< fingerprint of the root certificate
    Bytes ballot_ca;             ///< DER
    Bytes election_certificate;  ///< DER, the trustees' joint key
    Bytes tsa_certificate;       ///< DER
    std::vector<Contest> contests;
    std::vector<Style> styles;
    Window claim;
    Window voting;             ///< also the validity of every ballot certificate
    Time final_epoch_until{};  ///< nothing published later is counted
    Time verify_at{};          ///< the one -attime of the whole election: voting.closes minus one second
    std::int64_t epoch_seconds = 0;
    std::int64_t epoch_min_ballots = 0;      ///< k of the design, section 4
    std::vector<TokenKey> token_keys;        ///< one per issuer and style
    std::vector<std::string> token_issuers;  ///< every ballot needs one token of each
    int trustee_threshold = 0;
    std::vector<Trustee> trustees;
    Sha256 ceremony_transcript{};  ///< SHA-256 of trustees/transcript.json
    std::int64_t roll_size = 0;
    Sha256 roll_root{};                  ///< RFC 9162 root over the sorted salted commitments
    std::string log_origin;              ///< C2SP checkpoint origin
    std::string log_key;                 ///< signed-note verifier key of the log
    std::int64_t plaintext_size = 0;     ///< every ballot's plaintext has this many bytes
    std::int64_t report_min_group = 10;  ///< smaller groups are merged in reports

    /// nullptr when there is none with this id.
    const Contest* find_contest(std::string_view contest_id) const;
    /// nullptr when there is none with this id.
    const Style* find_style(std::string_view style_id) const;
    /// nullptr when there is none with this id.
    const TokenKey* find_token_key(const Sha256& key_id) const;
};

/// A contest as it stands in the manifest.
Json contest_json(const Contest& contest);
/// Strict inverse of contest_json; throws invalid_input "manifest.malformed" naming the member.
Contest parse_contest(const Json& json);

/// Canonical JSON text of the manifest.
std::string format_manifest(const Manifest& manifest);
/// Strict: canonical, no unknown member, every limit and cross-reference checked. Throws invalid_input "manifest..."
/// with the member's name and the rule.
Manifest parse_manifest(ByteView text);
/// Rules between members that hold for a manifest about to be signed (windows in order, at least two candidates per
/// contest, each style has contests and a token key per issuer, roll sizes add up, plaintext fits, ...).
/// "manifest.rule...".
std::vector<Finding> check_manifest(const Manifest& manifest);
/// Warnings for the officer, not errors: T32 (possible rankings outnumber voters), small styles (T6), overlapping
/// windows.
std::vector<Finding> warn_about_manifest(const Manifest& manifest);

/// SHA-256 of format_manifest(): what ballots and receipts carry.
Sha256 manifest_digest(const Manifest& manifest);

/// A manifest whose signature, signer role (officer) and fitting root were verified; what all others take.
class VerifiedManifest {
public:
    const Manifest& manifest() const { return manifest_; }
    const Manifest* operator->() const { return &manifest_; }
    const Sha256& digest() const { return digest_; }
    const Bytes& text() const { return text_; }
    /// The detached CMS signature that was verified; who keeps the text can keep both and verify them again.
    const Bytes& signature() const { return signature_; }
    const x509::Certificate& signer() const { return signer_; }

private:
    friend VerifiedManifest verify_manifest(ByteView, ByteView, const x509::TrustStore&, x509::PathRules::Revocation);
    VerifiedManifest(Manifest manifest, Bytes text, Bytes signature, Sha256 digest, x509::Certificate signer)
        : manifest_(std::move(manifest)),
          text_(std::move(text)),
          signature_(std::move(signature)),
          digest_(digest),
          signer_(std::move(signer)) {}
    Manifest manifest_;
    Bytes text_;
    Bytes signature_;
    Sha256 digest_;
    x509::Certificate signer_;
};

/// `signature` is a detached CMS SignedData. The signer must have role officer at manifest.verify_at, and the Ballot
/// CA, election and TSA certificates must have their roles under the same root at that time.
VerifiedManifest verify_manifest(ByteView text, ByteView signature, const x509::TrustStore& trust,
                                 x509::PathRules::Revocation revocation = x509::PathRules::Revocation::if_listed);

}  // namespace uvpki::election
