#pragma once
// The steps of check_package, in the order in which they build on each other. Private to the election folder: the public
// face is package.h. One object, one run, one thread (opening the ballots uses more inside).

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "uvpki/election/ballot.h"
#include "uvpki/election/package.h"
#include "uvpki/election/package_files.h"
#include "uvpki/merkle/tree.h"
#include "uvpki/threshold/transcript.h"
#include "uvpki/timestamp/verify.h"

namespace uvpki::election {

class PackageCheck {
public:
    PackageCheck(const std::filesystem::path& folder, const CheckOptions& options);
    PackageReport run();

private:
    // package_check.cpp: what the others stand on
    void check_chain();
    void check_revocation_lists();
    void check_manifest();
    void check_evidence();
    void check_roll();
    void check_claims();
    void check_epochs();
    void check_log();
    // package_check_count.cpp: from the trustees to the results
    void check_trustees();
    void check_checkpoint_signatures();
    void check_released_shares();
    void check_ballots();
    void check_results();
    void check_annex();

    /// Runs one step; an Error becomes a finding about `file`.
    template <typename Step>
    bool attempt(const std::string& file, Step step);
    /// The same for steps that read JSON members which no parser of ours has checked.
    template <typename Step>
    void attempt_json(const std::string& file, Step step);
    void report(const std::string& file, std::string_view rule, std::string message);
    /// A detached signature PATH.p7s over PATH by this role at verify_at; the signed text.
    Bytes verify_document(const std::string& path, x509::Role role);
    x509::PathRules rules_for(x509::Role role) const;
    /// T19: a certificate whose key is a token key of the election is reported.
    void check_not_token_key(const std::string& file, const x509::Certificate& certificate);
    /// Of the day the election closed, and without end for the finished Ballot CA alone.
    void check_list_dates();
    /// A time stamp over `list`: when the imprint does not fit, either file may be the altered one, so both are named.
    timestamp::VerifiedTimestamp verify_stamp(const std::string& token, const std::string& list);
    void compare_text(const std::string& file, std::string_view expected, std::string_view rule);

    CheckOptions options_;
    PackageFiles files_;
    PackageReport report_;
    std::optional<x509::TrustStore> trust_;
    std::map<std::string, x509::Certificate> cas_;  ///< by the name of their list: "root", "issuing-ca", ...
    std::optional<VerifiedManifest> manifest_;
    std::set<Sha256> token_keys_;  ///< SHA-256 of the subjectPublicKey octets
    std::map<std::string, std::int64_t> claimed_;  ///< by issuer
    std::map<std::string, std::int64_t> claimed_by_style_;
    std::vector<std::vector<Sha256>> epochs_;
    merkle::Tree tree_;
    std::optional<threshold::VerifiedTranscript> transcript_;
    std::optional<x509::PrivateKey> election_key_;
    std::vector<OpenedBallot> opened_;
    bool all_opened_ = false;
    std::vector<Sha256> roll_commitments_;
    std::map<std::string, std::vector<Sha256>> claim_commitments_;
};

template <typename Step>
bool PackageCheck::attempt(const std::string& file, Step step) {
    try {
        step();
        return true;
    } catch (const Error& error) {
        report(file, error.reason(), error.message());
        return false;
    }
}

}  // namespace uvpki::election
