#pragma once
// Everybody who runs the demo's election: root, authority, officer, trustees, registrar and ballot box, each with its own
// folder below the output folder, all on one simulated clock, so that weeks pass in minutes. The same code that the
// command-line tools and services use; only the people are simulated.

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ballot-service/ballot_box.h"
#include "ca-service/authority.h"
#include "ca-service/elections.h"
#include "ca-service/root.h"
#include "registrar-service/registrar.h"
#include "tools/demo/election_data.h"
#include "uvpki/threshold/release.h"
#include "uvpki/threshold/transcript.h"

namespace uvpki::demo {

/// A person's key and certificate.
struct Credential {
    x509::PrivateKey key;
    x509::Certificate certificate;
};

struct DemoTrustee {
    std::string name;
    Credential signing;
    Credential encryption;
};

class DemoOffice {
public:
    DemoOffice(std::filesystem::path folder, SimulatedClock& clock, Random& random, int cores);

    /// Root, issuing CA, TSA, officer, trustees, registrar CA, receipt key.
    void found_authority();
    /// The trustees' joint key, `needed` of the three must release later, none of them ever holds it.
    void hold_ceremony(const ElectionData& data, int needed);
    /// Roll, token keys, Ballot CA, manifest; signed by the officer and given to registrar and ballot box.
    void define_election(const ElectionData& data);

    const election::VerifiedManifest& manifest() const { return *manifest_; }
    registrar::Registrar& registrar() { return *registrar_; }
    ballot_box::BallotBox& ballot_box() { return *box_; }
    const std::vector<registrar::Invitation>& invitations() const { return invitations_; }
    x509::TrustStore trust() const;

    std::size_t close_epochs(ballot_box::BallotBox::EpochKind kind);
    /// Closing, trustees' release (only as many as are needed come), count, signed results, package.
    election::Results finish(const std::function<void(std::int64_t, std::int64_t)>& on_progress);

    std::filesystem::path package_folder() const { return folder_ / "election"; }
    std::filesystem::path auditor_key_path() const { return folder_ / "auditor" / "key.pem"; }

private:
    Credential certify(x509::Role role, const std::string& common_name, const std::filesystem::path& folder);
    SecretBytes password_for(const std::string& part);
    Bytes sign_document(std::string_view text);
    ballot_box::Stamp stamp();
    const x509::PrivateKey& signing_key(int trustee) const { return trustees_[index_of(trustee)].signing.key; }
    const x509::PrivateKey& encryption_key(int trustee) const { return trustees_[index_of(trustee)].encryption.key; }
    static std::size_t index_of(int trustee) { return static_cast<std::size_t>(trustee - 1); }

    std::filesystem::path folder_;
    SimulatedClock& clock_;
    Random& random_;
    x509::Arc arc_;
    int cores_;
    std::optional<ca::OfflineRoot> root_;
    std::optional<ca::Authority> authority_;
    std::unique_ptr<registrar::Registrar> registrar_;
    std::unique_ptr<ballot_box::BallotBox> box_;
    std::optional<Credential> officer_;
    std::optional<Credential> counting_;
    std::optional<Credential> auditor_;
    std::vector<DemoTrustee> trustees_;
    std::optional<election::VerifiedManifest> manifest_;
    std::vector<registrar::Invitation> invitations_;
    registrar::Registrar::FrozenRoll frozen_;
    std::vector<Bytes> ceremony_messages_;
    std::optional<threshold::VerifiedTranscript> transcript_;
    std::vector<threshold::ShareBackup> backups_;
    std::vector<Bytes> rehearsals_;
};

}  // namespace uvpki::demo
