#pragma once
// What the uvca program does, one function per command, without the reading of command lines. Each prints to stdout
// (JSON with Output::json) and throws Error; whatever throws has changed nothing. One thread.

#include <optional>
#include <string>
#include <vector>

#include "tools/console/console.h"

namespace uvpki::uvca {

using console::ExitCode;

enum class Output { text, json };
/// rehearse: everything is checked and shown, nothing is changed.
enum class Mode { act, rehearse };

/// What every command may be given.
struct Common {
    std::string folder;         ///< of the authority, or of the root
    std::string password_file;  ///< of the keys in it; asked on the terminal when empty
    std::string actor = "officer";
    std::string at;  ///< RFC 3339 time instead of the clock's
    Output output = Output::text;
    Mode mode = Mode::act;
};

// ---- the offline root ----

struct RootArguments {
    Common common;
    std::string organization;
    std::string arc;  ///< empty: the documentation arc
    std::string csr;
    std::string common_name;
    std::string serial;  ///< hex, or a certificate's file
    std::string reason;
    std::string invalid_since;
    std::string out;
};
ExitCode create_root(const RootArguments& arguments);
ExitCode sign_with_root(const RootArguments& arguments);
ExitCode revoke_with_root(const RootArguments& arguments);
ExitCode publish_root_crl(const RootArguments& arguments);
/// The acts on record; the signature is checked when the root is opened.
ExitCode show_root_transcript(const RootArguments& arguments);

// ---- the authority ----

struct AuthorityArguments {
    Common common;
    std::string organization;
    std::string arc;
    std::string root;     ///< certificate file
    std::string issuing;  ///< certificate file
    std::string data;
    std::string query;
    std::string request;
    std::string out;
    enum class Crl { latest, next } crl = Crl::latest;
};
ExitCode init_authority(const AuthorityArguments& arguments);
ExitCode write_request(const AuthorityArguments& arguments);
ExitCode install_authority(const AuthorityArguments& arguments);
ExitCode write_chain(const AuthorityArguments& arguments);
ExitCode write_crl(const AuthorityArguments& arguments);
ExitCode make_timestamp(const AuthorityArguments& arguments);
/// One OCSP response to one request.
ExitCode answer_ocsp(const AuthorityArguments& arguments);
/// The certificate of the authority's OCSP responder, issued when there is none that holds.
ExitCode write_ocsp_certificate(const AuthorityArguments& arguments);
/// found_bad when log or store do not hold.
ExitCode check_audit(const AuthorityArguments& arguments);

// ---- certificates ----

struct CertificateArguments {
    Common common;
    std::string profile;
    std::string csr;
    std::string common_name;
    std::string organizational_unit;
    std::vector<std::string> dns;
    std::vector<std::string> ip;
    std::vector<std::string> uri;
    std::string not_before;
    std::string not_after;
    std::string serial;  ///< hex, or a certificate's file
    std::string reason;
    std::string invalid_since;
    std::string out;
};
ExitCode issue(const CertificateArguments& arguments);
ExitCode renew(const CertificateArguments& arguments);
ExitCode revoke(const CertificateArguments& arguments);

struct InventoryArguments {
    Common common;
    std::string serial;
    std::string profile;
    std::string state;  ///< good, revoked, expired
    std::string text;   ///< part of the subject
    std::string expires_before;
    std::string after;  ///< hex serial
    int limit = 100;
    std::string format = "csv";
    std::string out;
};
ExitCode search(const InventoryArguments& arguments);
ExitCode show(const InventoryArguments& arguments);
ExitCode export_inventory(const InventoryArguments& arguments);

struct KeyArguments {
    std::string type = "p256";
    std::string out;
    std::string csr;
    std::string password_file;
    Output output = Output::text;
};
ExitCode make_key(const KeyArguments& arguments);

struct KeyRollArguments {
    Common common;                   ///< a folder: the authority's whole inventory
    std::vector<std::string> files;  ///< PEM bundles of certificates and public keys
};
/// found_bad when keys are weak, shared, or factor each other.
ExitCode check_keys(const KeyRollArguments& arguments);

// ---- elections ----

struct DraftArguments {
    Common common;
    std::string election;
    std::string title;
    std::string contest;
    std::string candidate;
    std::string name;
    std::string candidates;  ///< CSV file with the columns id and name
    std::string rules;       ///< JSON file; else from the members below
    std::string method;
    std::optional<int> seats;
    std::optional<int> max_choices;
    std::optional<int> decimals;
    std::string threshold;
    std::string strength;
    std::string tie_break;
    std::string style;
    std::vector<std::string> contests;
    std::string claim_opens, claim_closes, voting_opens, voting_closes, final_epoch_until;
    int epoch_seconds = 3600;
    int epoch_min_ballots = 10;
    std::string roll;
    std::string issuer;
    std::vector<std::string> keys;  ///< STYLE=FILE
    std::string ballot_ca, log_origin, log_key;
    std::string transcript, board;
    std::vector<std::string> rehearsals;
};
ExitCode create_election(const DraftArguments& arguments);
ExitCode add_contest(const DraftArguments& arguments);
ExitCode add_candidate(const DraftArguments& arguments);
ExitCode add_style(const DraftArguments& arguments);
ExitCode set_schedule(const DraftArguments& arguments);
ExitCode set_roll(const DraftArguments& arguments);
ExitCode set_token_keys(const DraftArguments& arguments);
ExitCode set_ballot_service(const DraftArguments& arguments);
ExitCode set_ceremony(const DraftArguments& arguments);

struct ElectionArguments {
    Common common;
    std::string election;
    std::string out;
    std::string results;
    std::string signature;  ///< file, when the officer signed elsewhere
    std::string officer_certificate;
    std::string officer_key;
    std::string officer_password_file;
};
/// In rehearsal found_bad when something is missing.
ExitCode freeze_election(const ElectionArguments& arguments);
ExitCode activate_election(const ElectionArguments& arguments);
ExitCode close_election(const ElectionArguments& arguments);
ExitCode record_results(const ElectionArguments& arguments);
ExitCode certify_election(const ElectionArguments& arguments);
ExitCode archive_election(const ElectionArguments& arguments);
ExitCode list_elections(const ElectionArguments& arguments);
ExitCode show_election(const ElectionArguments& arguments);

}  // namespace uvpki::uvca
