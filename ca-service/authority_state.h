#pragma once
// What an open authority holds, shared by its parts (inventory, elections, audit). Private to the ca-service.
// Thread-safe: the installed part is set once, the rest does not change or guards itself.

#include <atomic>
#include <mutex>

#include "ca-service/authority.h"
#include "ca-service/elections.h"
#include "uvpki/json.h"
#include "uvpki/service/group_commit.h"
#include "uvpki/timestamp/authority.h"

namespace uvpki::ca {

/// Absent while the authority is open for reading alone.
struct AuthorityKeys {
    x509::PrivateKey issuing;
    x509::PrivateKey tsa;
    x509::PrivateKey audit;
    x509::PrivateKey ocsp;
};

/// There once the root has signed.
struct Installed {
    x509::Certificate root;
    x509::Certificate issuing;
    x509::Certificate tsa;
    std::optional<x509::Issuer> issuer;            ///< absent while locked
    std::optional<timestamp::Authority> stamping;  ///< absent while locked
};

/// One act for the audit log.
struct Act {
    std::string_view actor;
    std::string_view action;
    std::string subject;
};

/// What a certificate shall say, with the rules that differ between issuing, renewing and the authority's own needs.
struct IssuePlan {
    x509::Role role{};
    x509::IssueOptions options{};
    Bytes renews{};  ///< serial, or empty
    std::string_view actor{};
    std::string_view action = "certificate.issue";
    /// The same key may come again for the same role and subject: renewals, and elections frozen a second time.
    enum class SameKey { refused, same_subject } same_key = SameKey::refused;
};

struct Authority::State {
    std::filesystem::path folder;
    std::string organization;
    x509::Arc arc;
    const Clock& clock;
    Random& random;
    x509::PublicKey audit_key;
    std::optional<AuthorityKeys> keys;
    std::unique_ptr<service::Database> database;
    std::unique_ptr<service::GroupCommit> writer;
    service::AuditLog log{"ca"};
    std::unique_ptr<Elections> elections;

    std::mutex install_mutex;  ///< held while `installed` is being made
    std::unique_ptr<const Installed> installed_storage;
    std::atomic<const Installed*> installed{nullptr};

    std::mutex serials_mutex;  ///< guards the two below
    std::int64_t next_serial = 0;
    std::int64_t last_serial = -1;

    std::mutex checkpoint_mutex;  ///< guards the published checkpoint's file and the number in it
    std::int64_t published_checkpoint = 0;

    std::mutex responder_mutex;  ///< guards the one below
    std::optional<x509::OcspResponder> responder_in_use;

    State(std::filesystem::path folder_path, std::string organization_name, x509::Arc oid_arc, x509::PublicKey audit,
          const Clock& the_clock, Random& the_random)
        : folder(std::move(folder_path)),
          organization(std::move(organization_name)),
          arc(std::move(oid_arc)),
          clock(the_clock),
          random(the_random),
          audit_key(std::move(audit)) {}

    /// Throws forbidden "authority.not_installed".
    const Installed& require_installed() const;
    /// Throws forbidden "authority.locked".
    const AuthorityKeys& require_keys() const;

    x509::TrustStore trust() const;
    /// The pipeline with its two records; the second holds certificate, lineage and audit row.
    x509::Certificate issue(const x509::Issuer& issuer, const x509::CertificateRequest& request, const IssuePlan& plan);
    x509::Certificate issue_for_key(const x509::Issuer& issuer, const x509::PublicKey& key, const IssuePlan& plan);
    x509::Certificate issue_election_certificate(const x509::PublicKey& joint_key, std::string_view election_id,
                                                 Time not_before, Time not_after, std::string_view actor);
    /// The next list, signed and stored in this transaction.
    x509::Crl make_next_crl(service::Transaction& transaction, const x509::Certificate& issuing,
                            std::string_view actor);
    std::int64_t next_timestamp_serial();
    /// With a certificate that holds for some days yet, issued now if need be.
    x509::OcspResponder ocsp_responder();

    void audit(service::Transaction& transaction, const Act& act, const Json& details) const;
    /// Signs the log's head; hand the result to publish() once the transaction is durable.
    service::AuditCheckpoint sign_checkpoint(service::Transaction& transaction) const;
    /// Writes audit-checkpoint.json beside the store, so that an older store put in its place is noticed.
    void publish(const service::AuditCheckpoint& checkpoint);
    /// Throws forbidden "authority.rollback" when the store does not hold the published checkpoint.
    void require_published_checkpoint();

    /// Runs `work(transaction)` as one audited act: work, audit rows and signed checkpoint in one transaction.
    template <typename Work>
    auto run_act(Work&& work) {
        require_keys();
        std::optional<service::AuditCheckpoint> checkpoint;
        if constexpr (std::is_void_v<std::invoke_result_t<Work&, service::Transaction&>>) {
            database->transaction([&](service::Transaction& transaction) {
                work(transaction);
                checkpoint = sign_checkpoint(transaction);
            });
            publish(*checkpoint);
        } else {
            auto result = database->transaction([&](service::Transaction& transaction) {
                auto made = work(transaction);
                checkpoint = sign_checkpoint(transaction);
                return made;
            });
            publish(*checkpoint);
            return result;
        }
    }
};

/// Defined in elections.cpp; `state` outlives the result.
std::unique_ptr<Elections> make_elections(Authority::State& state);

/// Defined in audit.cpp.
std::vector<Finding> check_audit(Authority::State& state);

}  // namespace uvpki::ca
