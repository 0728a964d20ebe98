#pragma once
// The Voter Registrar: roll, invitations, voter certificates, blind signing, claims. Knows the voters, never a ballot.
// On one store with its own CA; personal data is sealed; every act has an audit row in the same transaction.
// Thread-safe; many requests share a commit.

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "registrar-service/records.h"
#include "uvpki/api/registrar_api.h"
#include "uvpki/clock.h"
#include "uvpki/election/manifest.h"
#include "uvpki/election/roll.h"
#include "uvpki/random.h"
#include "uvpki/secret.h"
#include "uvpki/x509/key_roll.h"
#include "uvpki/x509/path.h"
#include "uvpki/x509/revocation.h"

namespace uvpki::registrar {

/// Acts before install() throw forbidden "registrar.not_installed"; acts on an election that this registrar has no
/// frozen roll or no manifest of, not_found "election.unknown"; on an entry that is not on the roll, not_found
/// "voter.unknown". An actor is printable UTF-8 of 1 to 256 bytes: invalid_input "audit.record". Clock and Random must
/// outlive the object.
class Registrar final : public api::RegistrarApi {
public:
    /// `issuer` is the registrar's id in manifests ("registrar-1"). Makes keys and store in the folder: store.sqlite,
    /// keys/registrar-ca-key.pem, keys/registrar-key.pem, keys/sealing.key (mode 0600); usable after install(). Throws
    /// conflict "registrar.exists", invalid_input "registrar.issuer" or "x509.name".
    static std::unique_ptr<Registrar> create(const std::filesystem::path& folder, std::string_view issuer,
                                             std::string_view organization, const x509::Arc& arc,
                                             const SecretBytes& password, const Clock& clock, Random& random,
                                             const RegistrarOptions& options = {});
    /// Throws not_found "registrar.missing", verification_failed "x509.key.password", unavailable
    /// "registrar.sealing_key".
    static std::unique_ptr<Registrar> open(const std::filesystem::path& folder, const SecretBytes& password,
                                           const Clock& clock, Random& random, const RegistrarOptions& options = {});
    ~Registrar() override;

    Bytes ca_request() const;         ///< PKCS#10 of the registrar CA key
    Bytes registrar_request() const;  ///< PKCS#10 of the key that signs claims summaries (role registrar)
    /// Checks that the certificates belong together and to this registrar's keys: invalid_input "registrar.install...".
    /// May be repeated with a newer registrar certificate; another CA is conflict "registrar.installed".
    void install(const x509::Certificate& root, const x509::Certificate& issuing, const x509::Certificate& registrar_ca,
                 const x509::Certificate& registrar);
    const std::string& issuer() const;
    const x509::Certificate& ca_certificate() const;
    x509::TrustStore trust() const;  ///< root, issuing CA and registrar CA with its newest CRL

    /// CSV (UTF-8) with a header line: voter_id,name,style and optionally email, in any order. A file that cannot be
    /// read as such throws invalid_input "csv..." or "roll.csv..." with the line; all else is a verdict on its line.
    ImportReport import_voters(std::string_view csv, ImportMode mode, std::string_view actor);
    /// By exact entry, voter_id or e-mail if one matches, else by a part of the name (ASCII letters of either case);
    /// everybody for an empty text. In order of import; limit 1 to 10,000: "voter.limit".
    std::vector<Voter> search(std::string_view text, int limit) const;
    /// Erases the voter's data key and with it all personal data, revokes certificates, withdraws codes. forbidden
    /// "roll.frozen" while the voter is on the frozen roll of an election that is not archived. Repeating it is
    /// harmless.
    void remove(std::string_view entry, std::string_view actor);
    /// New codes for every voter who is not enrolled yet; older codes of theirs stop working.
    /// In order of import. invalid_input "invite.expires" unless later than now.
    std::vector<Invitation> invite(Time expires, std::string_view actor);

    /// As the API says, and conflict "enrol.duplicate_key" (another voter has this key), "enrol.revoked_key" (the
    /// voter's own, but from a revoked certificate).
    Bytes enrol(std::string_view invitation, ByteView request) override;
    /// Signed with the current voter certificate (attached CMS over the new PKCS#10 request, for a new key or the
    /// same), inside the renewal window; the same request again gives the same certificate. forbidden "renew.window",
    /// "renew.certificate" (not ours, or revoked), conflict "renew.renewed" (renewed with another key before).
    Bytes renew(ByteView signed_request);
    /// Revokes every certificate of the entry, renewals included, withdraws its codes and publishes the new list.
    /// not_found "revoke.certificate" when there is nothing to revoke, invalid_input "revoke.invalid_since" (only for a
    /// compromised key, not in the future).
    void revoke(std::string_view entry, x509::RevocationReason reason, std::optional<Time> invalid_since,
                std::string_view actor);
    /// Numbers increase by one, over all processes.
    x509::Crl publish_crl();

    /// OCSPResponse (RFC 6960) about the registrar CA's certificates as they stand now. The responder's certificate is
    /// issued when it is first needed and replaced ten days before it ends; see x509::OcspResponder::respond.
    Bytes answer_ocsp(ByteView request);
    /// The keys of all voters whose certificates are not revoked, held against each other; the holders are roll
    /// entries.
    std::vector<x509::KeyFinding> check_keys() const;

    /// Freezes roll and styles for an election, salts and commits to every entry, makes the token keys of each style.
    struct FrozenRoll {
        election::RollSummary summary;
        std::vector<Sha256> commitments;  ///< sorted
        std::vector<election::TokenKey> token_keys;
    };
    struct FreezeOptions {
        std::vector<std::string> styles;  ///< voters of other styles are not on this election's roll
        int token_key_bits = 3072;
    };
    /// Again with the same options: the same answer. conflict "roll.frozen" with others, invalid_input "roll.election",
    /// "roll.styles", "blind.key.size", forbidden "roll.empty".
    FrozenRoll freeze_roll(std::string_view election, const FreezeOptions& options, std::string_view actor);
    /// The manifest must name this registrar's roll root and token keys: conflict "registrar.manifest" otherwise.
    void install_manifest(const election::VerifiedManifest& manifest, std::string_view actor);

    /// As the API says; also what election::verify_claim throws, and forbidden "claim.certificate" (not issued here, or
    /// revoked). The signed claim is durable before the token key is used, the answer before it is given.
    Bytes claim(ByteView claim) override;

    struct ClosedClaims {
        election::ClaimsSummary summary;
        std::string text;  ///< canonical JSON
        Bytes signature;   ///< detached CMS by the registrar certificate
        std::vector<Sha256> commitments;
    };
    /// After the claim window; from then on no claim is accepted. forbidden "claims.open". Again: the same answer.
    ClosedClaims close_claims(std::string_view election, std::string_view actor);
    /// {"claims":[{"claim":base64,"entry","salt":base64}],"election","roll":[{"entry","name","salt":base64,"style"}],"version":1},
    /// sealed to an auditor's certificate (profile trustee-enc) with cms::seal_envelope. After close_claims
    /// ("claims.open") and until the first of its voters is removed ("annex.erased").
    Bytes sealed_annex(std::string_view election, const x509::Certificate& auditor, std::string_view actor) const;

    /// The registrar's part of the election is over: its voters may be removed. forbidden "claims.open".
    void archive(std::string_view election, std::string_view actor);

    struct Turnout {
        std::int64_t roll = 0;
        std::int64_t enrolled = 0;
        std::int64_t claimed = 0;
        std::map<std::string, std::int64_t> claimed_by_style;
    };
    Turnout turnout(std::string_view election) const;
    /// The hash chain, its signed checkpoints, and that every certificate and claim has its row ("registrar.audit...").
    std::vector<Finding> check_audit() const;

    struct State;

private:
    explicit Registrar(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace uvpki::registrar
