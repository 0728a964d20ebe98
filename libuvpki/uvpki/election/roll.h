#pragma once
// The frozen roll and the claims as the public sees them: counts, salted commitments in sorted order, an RFC 9162 root.

#include <map>
#include <string>
#include <vector>

#include "uvpki/digest.h"
#include "uvpki/error.h"

namespace uvpki::election {

/// commitment = SHA-256(salt (32 octets) || canonical JSON {"entry":uuid,"name":...,"style":...}).
struct RollEntry {
    std::string entry;  ///< UUID of the roll entry
    std::string name;
    std::string style;
    Bytes salt;  ///< 32 octets, random, secret until an auditor gets the annex
};
/// What the public sees of a roll entry. Throws invalid_input "commitments.salt" unless the salt has 32 octets.
Sha256 roll_commitment(const RollEntry& entry);
/// commitment = SHA-256(salt (32 octets) || DER of the signed claim).
Sha256 claim_commitment(ByteView salt, ByteView claim_der);

/// One lower-case hex commitment per line, ascending, no repeats. "commitments.malformed".
std::string format_commitments(std::vector<Sha256> commitments);
/// Strict inverse of format_commitments; throws invalid_input "commitments.malformed".
std::vector<Sha256> parse_commitments(std::string_view text);
/// RFC 9162 root with the sorted commitments as 32-octet entries.
Sha256 commitments_root(const std::vector<Sha256>& sorted);

/// roll/roll.json {"election","root","size","styles":{id:count},"version":1}, CMS-signed by an officer.
struct RollSummary {
    std::string election;
    std::int64_t size = 0;
    std::map<std::string, std::int64_t> styles;
    Sha256 root{};
};
/// Canonical JSON.
std::string format_roll_summary(const RollSummary& summary);
/// Strict inverse of format_roll_summary; throws invalid_input "roll.malformed".
RollSummary parse_roll_summary(ByteView text);

/// claims/ISSUER.json {"claims":n,"election","issuer","root","styles":{id:count},"version":1}, CMS-signed by a
/// registrar.
struct ClaimsSummary {
    std::string election;
    std::string issuer;
    std::int64_t claims = 0;
    std::map<std::string, std::int64_t> styles;
    Sha256 root{};
};
/// Canonical JSON.
std::string format_claims_summary(const ClaimsSummary& summary);
/// Strict inverse of format_claims_summary; throws invalid_input "claims.malformed".
ClaimsSummary parse_claims_summary(ByteView text);

}  // namespace uvpki::election
