#pragma once
// The Voter Registrar: roll, invitations, voter certificates, blind signing, claims. Knows the voters, never a ballot.
// On one store with its own CA; personal data is sealed; every act has an audit row in the same transaction. Thread-safe;
// many requests share a commit.

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "uvpki/api/registrar_api.h"
#include "uvpki/clock.h"
#include "uvpki/election/manifest.h"
#include "uvpki/election/roll.h"
#include "uvpki/random.h"
#include "uvpki/secret.h"
#include "uvpki/x509/path.h"
#include "uvpki/x509/revocation.h"

namespace uvpki::registrar {

struct ImportVerdict {
    std::size_t line = 0;
    enum class Kind { added, unchanged, refused } kind{};
    std::string voter;   ///< external id from the file
    std::string reason;  ///< rule and sentence when refused
};

struct ImportReport {
    std::vector<ImportVerdict> verdicts;  ///< one per data line
    std::size_t added = 0;
    std::size_t unchanged = 0;
    std::size_t refused = 0;
};

enum class ImportMode { dry_run, apply };  ///< apply changes nothing when a single line is refused

struct Voter {
    std::string entry;     ///< UUID of the roll entry
    std::string voter_id;  ///< the office's own number, unique
    std::string name;
    std::string email;     ///< may be empty
    std::string style;
    std::string certificate_serial;  ///< hex, empty before enrolment
};

struct Invitation {
    std::string entry;
    std::string voter_id;
    std::string code;  ///< one-time, 128 bits, shown once; the store keeps only its hash
};

class Registrar final : public api::RegistrarApi {
public:
    /// `issuer` is the registrar's id in manifests ("registrar-1"). Makes the registrar CA key and store; usable after install().
    static std::unique_ptr<Registrar> create(const std::filesystem::path& folder, std::string_view issuer,
                                             std::string_view organization, const x509::Arc& arc,
                                             const SecretBytes& password, const Clock& clock, Random& random);
    static std::unique_ptr<Registrar> open(const std::filesystem::path& folder, const SecretBytes& password,
                                           const Clock& clock, Random& random);
    ~Registrar() override;

    Bytes ca_request() const;         ///< PKCS#10 of the registrar CA key
    Bytes registrar_request() const;  ///< PKCS#10 of the key that signs claims summaries (role registrar)
    void install(const x509::Certificate& root, const x509::Certificate& issuing, const x509::Certificate& registrar_ca,
                 const x509::Certificate& registrar);
    const std::string& issuer() const;
    const x509::Certificate& ca_certificate() const;
    x509::TrustStore trust() const;

    /// CSV with a header line: voter_id,name,style and optionally email, in any order. "roll.csv..." with the line.
    ImportReport import_voters(std::string_view csv, ImportMode mode, std::string_view actor);
    std::vector<Voter> search(std::string_view text, int limit) const;
    /// Erases the voter's personal data key; refused once the roll is frozen for an election that is not archived.
    void remove(std::string_view entry, std::string_view actor);
    /// New codes for every voter who is not enrolled yet; older codes of theirs stop working.
    std::vector<Invitation> invite(Time expires, std::string_view actor);

    Bytes enrol(std::string_view invitation, ByteView request) override;
    /// Signed with the current voter certificate (CMS over the new request), inside the renewal window.
    Bytes renew(ByteView signed_request);
    void revoke(std::string_view entry, x509::RevocationReason reason, std::optional<Time> invalid_since,
                std::string_view actor);
    x509::Crl publish_crl();

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
    FrozenRoll freeze_roll(std::string_view election, const FreezeOptions& options, std::string_view actor);
    /// The manifest must name this registrar's roll root and token keys: conflict "registrar.manifest" otherwise.
    void install_manifest(const election::VerifiedManifest& manifest, std::string_view actor);

    Bytes claim(ByteView claim) override;

    struct ClosedClaims {
        election::ClaimsSummary summary;
        std::string text;       ///< canonical JSON
        Bytes signature;        ///< detached CMS by the registrar certificate
        std::vector<Sha256> commitments;
    };
    ClosedClaims close_claims(std::string_view election, std::string_view actor);
    /// {"claims":[{"claim":base64,"entry","salt"}],"election","roll":[{"entry","name","salt","style"}],"version":1}, sealed to
    /// an auditor's certificate (profile trustee-enc) with cms::seal_envelope.
    Bytes sealed_annex(std::string_view election, const x509::Certificate& auditor, std::string_view actor) const;

    struct Turnout {
        std::int64_t roll = 0;
        std::int64_t enrolled = 0;
        std::int64_t claimed = 0;
        std::map<std::string, std::int64_t> claimed_by_style;
    };
    Turnout turnout(std::string_view election) const;
    std::vector<Finding> check_audit() const;

    struct State;

private:
    explicit Registrar(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace uvpki::registrar
