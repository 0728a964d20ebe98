#pragma once
// What uvaudit can do, apart from reading its command line: each function prints its report to stdout and says how it
// went.

#include <string>

#include "tools/console/console.h"

namespace uvpki::audit {

enum class Output { text, json };

struct VerifyArguments {
    std::string package;
    std::string root;  ///< hex SHA-256 of the root certificate, or empty
    int threads = 1;
    std::string annex;      ///< sealed annex, or empty
    std::string annex_key;  ///< encrypted PKCS#8 of the auditor
    std::string annex_password_file;
    Output output = Output::text;
};
/// The whole package; good without findings, found_bad with.
console::ExitCode verify_package(const VerifyArguments& arguments);

struct BallotArguments {
    std::string file;
    std::string package;  ///< where manifest, chain and lists come from
    std::string root;
    Output output = Output::text;
};
/// One eBallot against a package's manifest and chain; what it says, when the package holds the election key.
console::ExitCode verify_ballot(const BallotArguments& arguments);

/// A receipt against a package: who signed it, and whether the ballot is in the public record as promised.
console::ExitCode verify_receipt(const BallotArguments& arguments);

struct CountArguments {
    std::string file;
    std::string format;          ///< blt, preflib, cvr or csv; empty: found
    std::string contest;         ///< cvr
    std::string columns;         ///< csv: candidates or ranks
    int first_column = 1;        ///< csv
    std::string skipped_label;   ///< csv
    std::string overvote_label;  ///< csv
    std::string overvotes;       ///< refuse, skip, exhaust or equal
    std::string duplicates;      ///< refuse, skip or exhaust
    int skipped_ranks = -1;      ///< -1: refused
    std::string rules_file;      ///< JSON rules, or empty
    std::string method;          ///< used when there is no rules file
    int seats = 1;
    std::string threshold;
    int decimals = -1;
    std::string strength;
    int max_choices = 0;
    std::string tie_break;
    std::string seed;  ///< hex
    std::string html;  ///< file for the page, or empty
    Output output = Output::text;
};
/// Counts a file of ballots and explains every round.
console::ExitCode count_ballots(const CountArguments& arguments);

}  // namespace uvpki::audit
