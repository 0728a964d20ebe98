#pragma once
// The election package: a folder that anybody can verify with openssl. Writing it from its parts, and checking it
// whole.

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "uvpki/election/ballot.h"
#include "uvpki/election/results.h"
#include "uvpki/error.h"
#include "uvpki/x509/path.h"

namespace uvpki::election {

/// One thing wrong in a package: the file it is about, the rule and a sentence.
struct PackageFinding {
    std::string file;
    std::string rule;
    std::string message;
    bool operator==(const PackageFinding&) const = default;
};

/// How far a check has come.
struct Progress {
    std::string step;  ///< "ballots"
    std::int64_t done = 0;
    std::int64_t total = 0;
};

/// How a package is checked.
struct CheckOptions {
    std::optional<Sha256>
        root_fingerprint;  ///< the root the auditor trusts; without it the package's own, and that is said
    int threads = 1;
    std::function<void(const Progress&)> on_progress;  ///< called from one thread
    /// The sealed annex, opened (canonical JSON); checked against roll and claims when given.
    std::optional<Bytes> annex;
};

/// What a check of a package found.
struct PackageReport {
    std::vector<PackageFinding> findings;  ///< sorted by file and rule; empty: everything holds
    std::string election;
    std::string title;
    Sha256 root{};
    Totals totals;
    std::optional<Results> results;  ///< recomputed here, when the ballots could be opened
    std::int64_t epochs = 0;
};

/// Reads the folder only: no clock, network, configuration or system trust store. Never throws for what is in the
/// package (each defect is a finding); throws not_found / invalid_input "package.unreadable" when it is no package at
/// all.
PackageReport check_package(const std::filesystem::path& folder, const CheckOptions& options);

/// README.txt with the commands and this election's values.
std::string package_readme(const VerifiedManifest& manifest, std::string_view example_ballot_path);

/// verify.sh, the same text for every election.
std::string_view package_verify_script();

/// Every file below the folder except evidence/, sorted, as a sha256sum list; what the final time stamp covers.
std::string package_file_list(const std::filesystem::path& folder);

}  // namespace uvpki::election
