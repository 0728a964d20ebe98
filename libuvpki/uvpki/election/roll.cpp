#include "uvpki/election/roll.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "uvpki/election/json_object.h"
#include "uvpki/encoding.h"
#include "uvpki/merkle/tree.h"

namespace uvpki::election {

namespace {

constexpr std::size_t salt_size = 32;
constexpr std::size_t summary_size_limit = 64 * 1024;
constexpr std::size_t most_styles = 256;
constexpr std::int64_t most_voters = 1'000'000'000'000;

void require_salt(ByteView salt) {
    if (salt.size() != salt_size) fail_input("commitments.salt", "The salt of a commitment must be 32 octets");
}

void require_sum(std::string_view what, const std::map<std::string, std::int64_t>& styles, std::int64_t size,
                 std::string_view reason) {
    std::int64_t sum = 0;
    for (const auto& [style, count] : styles) sum += count;
    if (sum != size)
        fail_input(reason, std::string(what) + ": the counts per style add up to " + std::to_string(sum) + ", not to " +
                               std::to_string(size));
}

void require_names(ObjectReader& object, const std::string& member, const std::string& value, std::size_t least,
                   std::size_t most) {
    if (!is_identifier(value, least, most)) object.refuse(member, "must be lower-case letters, digits and hyphens");
}

}  // namespace

Sha256 roll_commitment(const RollEntry& entry) {
    require_salt(entry.salt);
    const Json value{{"entry", entry.entry}, {"name", entry.name}, {"style", entry.style}};
    return sha256({entry.salt, as_bytes(canonical_json(value))});
}

Sha256 claim_commitment(ByteView salt, ByteView claim_der) {
    require_salt(salt);
    return sha256({salt, claim_der});
}

std::string format_commitments(std::vector<Sha256> commitments) {
    std::ranges::sort(commitments);
    if (std::ranges::adjacent_find(commitments) != commitments.end())
        fail_input("commitments.malformed", "A commitment stands twice in the list");
    std::string text;
    text.reserve(commitments.size() * 65);
    for (const auto& commitment : commitments) text += to_hex(commitment) + "\n";
    return text;
}

std::vector<Sha256> parse_commitments(std::string_view text) {
    std::vector<Sha256> result;
    result.reserve(text.size() / 65);
    const auto refuse = [&](std::string_view rule) {
        fail_input("commitments.malformed",
                   "Commitments, line " + std::to_string(result.size() + 1) + ": " + std::string(rule));
    };
    for (; !text.empty(); text.remove_prefix(65)) {
        if (text.size() < 65 || text[64] != '\n') refuse("it is not 64 hex digits and a line end");
        Sha256 value{};
        try {
            value = parse_sha256_hex(text.substr(0, 64));
        } catch (const Error&) {
            refuse("it is not 64 hex digits");
        }
        if (to_hex(value) != text.substr(0, 64)) refuse("the hex digits are not lower case");
        if (!result.empty() && !(result.back() < value)) refuse("the lines are not ascending, or one stands twice");
        result.push_back(value);
    }
    return result;
}

Sha256 commitments_root(const std::vector<Sha256>& sorted) {
    return merkle::Tree(sorted).root();
}

std::string format_roll_summary(const RollSummary& summary) {
    return canonical_json(Json{{"election", summary.election},
                               {"root", to_hex(summary.root)},
                               {"size", summary.size},
                               {"styles", Json(summary.styles)},
                               {"version", 1}});
}

RollSummary parse_roll_summary(ByteView text) {
    const Json json = read_canonical(text, "The roll summary", "roll.malformed", summary_size_limit);
    ObjectReader object(json, "roll", "roll.malformed");
    RollSummary summary;
    object.version(1);
    summary.election = object.text("election", 64);
    require_names(object, "election", summary.election, 3, 64);
    summary.size = object.integer("size", 0, most_voters);
    summary.styles = object.counts("styles", most_styles);
    summary.root = object.digest("root");
    object.finish();
    require_sum("The roll summary", summary.styles, summary.size, "roll.malformed");
    return summary;
}

std::string format_claims_summary(const ClaimsSummary& summary) {
    return canonical_json(Json{{"claims", summary.claims},
                               {"election", summary.election},
                               {"issuer", summary.issuer},
                               {"root", to_hex(summary.root)},
                               {"styles", Json(summary.styles)},
                               {"version", 1}});
}

ClaimsSummary parse_claims_summary(ByteView text) {
    const Json json = read_canonical(text, "The claims summary", "claims.malformed", summary_size_limit);
    ObjectReader object(json, "claims", "claims.malformed");
    ClaimsSummary summary;
    object.version(1);
    summary.election = object.text("election", 64);
    require_names(object, "election", summary.election, 3, 64);
    summary.issuer = object.text("issuer", 32);
    require_names(object, "issuer", summary.issuer, 1, 32);
    summary.claims = object.integer("claims", 0, most_voters);
    summary.styles = object.counts("styles", most_styles);
    summary.root = object.digest("root");
    object.finish();
    require_sum("The claims summary", summary.styles, summary.claims, "claims.malformed");
    return summary;
}

}  // namespace uvpki::election
