#pragma once
// The Election Authority: the issuing CA with its inventory, revocation list and time-stamp authority, on one store.
// Certificates go out by profile and role; every act has an audit row in the same transaction. Thread-safe.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ca-service/key_protection.h"
#include "uvpki/clock.h"
#include "uvpki/random.h"
#include "uvpki/secret.h"
#include "uvpki/service/audit_log.h"
#include "uvpki/x509/issue.h"
#include "uvpki/x509/ocsp.h"
#include "uvpki/x509/path.h"
#include "uvpki/x509/revocation.h"

namespace uvpki::ca {

class Elections;

struct IssueRequest {
    x509::Role role{};
    Bytes request;  ///< PKCS#10 DER
    std::string common_name;
    std::string organizational_unit;
    std::vector<std::string> alt_names;
    std::optional<Time> not_before;
    std::optional<Time> not_after;  ///< needed for ballot_ca; else the profile's validity
};

enum class CertificateState { good, revoked, expired };

struct InventoryEntry {
    x509::Certificate certificate;
    x509::Role role{};
    CertificateState state{};
    std::optional<x509::RevokedEntry> revocation;
    std::string renews;  ///< hex serial of the certificate that this one renewed, or empty
};

struct SearchOptions {
    std::optional<x509::Role> role{};
    std::optional<CertificateState> state{};
    std::string subject_contains{};  ///< upper and lower case of ASCII letters are the same
    std::optional<Time> expires_before{};
    int limit = 100;             ///< 1 to 10,000
    std::string after_serial{};  ///< paging: entries after this hex serial
};

class Authority {
public:
    /// A new folder: issuing key (encrypted), store, TSA key. Returns with a request for the root to sign; usable after
    /// install(). Throws conflict "authority.exists".
    static Authority create(const std::filesystem::path& folder, std::string_view organization, const x509::Arc& arc,
                            const SecretBytes& password, const Clock& clock, Random& random,
                            const KeyProtection& protection = {});
    static Authority open(const std::filesystem::path& folder, const SecretBytes& password, const Clock& clock,
                          Random& random);
    /// Without the keys: looking things up works, whatever signs or changes something throws forbidden
    /// "authority.locked".
    static Authority open_for_reading(const std::filesystem::path& folder, const Clock& clock, Random& random);

    /// PKCS#10 of the issuing key.
    Bytes issuing_request() const;
    /// The root and its certificate for the issuing key; makes the TSA certificate too.
    void install(const x509::Certificate& root, const x509::Certificate& issuing);
    bool is_installed() const;

    const x509::Certificate& root() const;
    const x509::Certificate& issuing() const;
    const x509::Certificate& tsa() const;
    const x509::Arc& arc() const;
    const std::string& organization() const;
    x509::TrustStore trust() const;

    x509::Certificate issue(const IssueRequest& request, std::string_view actor);
    /// Profile `election`: for the trustees' joint key, which cannot sign a request.
    x509::Certificate issue_election_certificate(const x509::PublicKey& joint_key, std::string_view election_id,
                                                 Time not_before, Time not_after, std::string_view actor);
    /// Same subject, role and names, new key or the same; recorded as lineage. forbidden "renew.revoked".
    x509::Certificate renew(ByteView serial, ByteView request, std::string_view actor);
    /// Also revokes every renewal of it; publishes the new list before it returns.
    void revoke(ByteView serial, x509::RevocationReason reason, std::optional<Time> invalid_since,
                std::string_view actor);

    x509::Crl publish_crl();
    x509::Crl latest_crl() const;

    /// Throws not_found "authority.serial".
    InventoryEntry get(ByteView serial) const;
    /// The certificate and all that renew it, directly or not: what revoking it revokes. Throws as get().
    std::vector<InventoryEntry> lineage(ByteView serial) const;
    std::vector<InventoryEntry> search(const SearchOptions& options) const;

    /// RFC 3161 response; serial numbers are durable.
    Bytes timestamp(ByteView request);

    /// OCSPResponse (RFC 6960) about the issuing CA's certificates as they stand now. The responder's certificate is
    /// issued when it is first needed and replaced ten days before it ends. What a request gets wrong is answered, not
    /// thrown; see x509::OcspResponder::respond.
    Bytes answer_ocsp(ByteView request);
    x509::Certificate ocsp_certificate();

    Elections& elections();
    std::vector<Finding> check_audit() const;

    struct State;

private:
    explicit Authority(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

}  // namespace uvpki::ca
