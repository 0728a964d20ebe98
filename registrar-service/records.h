#pragma once
// What the registrar is told and hands out: options, verdicts on imported lines, voters and invitations. Plain data.

#include <string>
#include <vector>

#include "uvpki/clock.h"

namespace uvpki::registrar {

/// The product runs with the defaults; rehearsals and tests may take fewer iterations.
struct RegistrarOptions {
    int password_iterations = 600'000;  ///< PBKDF2-HMAC-SHA-256 over the password of the key files
    Days renewal_window{90};            ///< a voter certificate can be renewed this long before it expires
    Days crl_validity{7};               ///< from thisUpdate to nextUpdate
};

struct ImportVerdict {
    std::size_t line = 0;
    enum class Kind { added, unchanged, refused } kind{};
    std::string voter;   ///< external id from the file
    std::string reason;  ///< rule and sentence when refused, e.g. "roll.csv.name: ..."
};

struct ImportReport {
    std::vector<ImportVerdict> verdicts;  ///< one per data line; nothing was stored if one of them is `refused`
    std::size_t added = 0;
    std::size_t unchanged = 0;
    std::size_t refused = 0;
};

enum class ImportMode { dry_run, apply };  ///< apply changes nothing when a single line is refused

struct Voter {
    std::string entry;     ///< UUID of the roll entry
    std::string voter_id;  ///< the office's own number, unique
    std::string name;
    std::string email;  ///< may be empty
    std::string style;
    std::string certificate_serial;  ///< hex, empty before enrolment
};

struct Invitation {
    std::string entry;
    std::string voter_id;
    std::string code;  ///< one-time, 128 bits, shown once; the store keeps only its hash
};

}  // namespace uvpki::registrar
