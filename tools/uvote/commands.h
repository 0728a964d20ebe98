#pragma once
// What the uvote program does, one function per command, without the reading of command lines. The services are those
// of folders on this machine. Each prints to stdout (JSON with Output::json) and throws Error. One thread.

#include <string>
#include <vector>

#include "tools/console/console.h"

namespace uvpki::voter {

using console::ExitCode;

enum class Output { text, json };

/// Where everything is; which members are needed depends on the command.
struct Common {
    std::string state;
    std::string password_file;
    std::string manifest;                               ///< its signature beside it, .p7s
    std::vector<std::string> chain;                     ///< PEM files, root first
    std::string root;                                   ///< fingerprint that the root must have; may be empty
    std::string at;                                     ///< RFC 3339 time instead of the clock's
    std::vector<std::string> registrars;                ///< ISSUER=FOLDER, or FOLDER when there is one
    std::vector<std::string> registrar_password_files;  ///< one for all, or one for each in the same order
    std::string ballot_box;
    std::string ballot_box_password_file;
    Output output = Output::text;
};

/// With the registrar named first; `arc` is the authority's OID arc, taken from the manifest when there is one.
ExitCode enrol(const Common& common, const std::string& invitation, const std::string& arc);
ExitCode claim(const Common& common, const std::string& style);
ExitCode redeem(const Common& common);

struct VoteArguments {
    Common common;
    std::vector<std::string> choices;  ///< CONTEST=candidate,candidate; candidates by id or by a name that is unique
    enum class Confirmation { ask, given } confirmation = Confirmation::ask;
    std::string seal_only;  ///< file for the eBallot, which is then not sent
    enum class Ballot { made_now, sealed_before } ballot = Ballot::made_now;
};
/// Refused (conflict "vote.sealed") when this device sealed a ballot already: it can be sent, not changed.
ExitCode vote(const VoteArguments& arguments);

/// Verifies the receipt and asks the ballot box, if one is named, where the ballot stands. found_bad when the box does
/// not know it, or published it later than promised.
ExitCode check(const Common& common);
ExitCode show_status(const Common& common);
ExitCode save_receipt(const Common& common, const std::string& out);

}  // namespace uvpki::voter
