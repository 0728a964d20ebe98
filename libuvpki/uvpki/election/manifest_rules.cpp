// What must hold between the members of a manifest, and what an officer is warned about before signing.

#include <algorithm>
#include <map>
#include <set>

#include "uvpki/blind/blind_key.h"
#include "uvpki/count/rules.h"
#include "uvpki/election/ballot.h"
#include "uvpki/election/json_object.h"
#include "uvpki/election/manifest_limits.h"
#include "uvpki/encoding.h"
#include "uvpki/x509/name.h"

namespace uvpki::election {

namespace {

constexpr std::int64_t small_style = 10;

class Rules {
public:
    explicit Rules(const Manifest& manifest) : manifest_(manifest) {}

    std::vector<Finding> check() {
        names();
        for (const auto& contest : manifest_.contests) check_contest(contest);
        styles();
        windows();
        token_keys();
        certificates();
        trustees();
        numbers();
        return std::move(findings_);
    }

private:
    void require(bool holds, std::string_view rule, std::string message) {
        if (!holds) findings_.push_back({"manifest.rule." + std::string(rule), std::move(message)});
    }

    void require_id(std::string_view what, const std::string& id, std::size_t least, std::size_t most) {
        require(is_identifier(id, least, most), "identifier",
                std::string(what) + " must be " + std::to_string(least) + " to " + std::to_string(most) +
                    " lower-case letters, digits and hyphens");
    }

    void require_text(std::string_view what, const std::string& text, std::size_t most) {
        require(!text.empty() && text.size() <= most && is_printable_utf8(text), "text",
                std::string(what) + " must be printable UTF-8 of 1 to " + std::to_string(most) + " bytes");
    }

    template <typename Items, typename Projection>
    void require_unique(const Items& items, Projection projection, std::string_view what) {
        std::set<std::string> seen;
        for (const auto& item : items) {
            const auto& id = std::invoke(projection, item);
            require(seen.insert(id).second, "repeated", std::string(what) + " " + id + " stands twice");
        }
    }

    template <typename Items>
    void require_count(const Items& items, std::size_t least, std::size_t most, std::string_view what) {
        require(items.size() >= least && items.size() <= most, "count",
                "There must be " + std::to_string(least) + " to " + std::to_string(most) + " " + std::string(what));
    }

    void names() {
        require_id("The election's id", manifest_.id, 3, limits::election_id);
        require_text("The election's title", manifest_.title, limits::title);
        require_text("The organization", manifest_.organization, limits::organization);
        require_text("The log's origin", manifest_.log_origin, limits::log_text);
        require_text("The log's key", manifest_.log_key, limits::log_text);
        try {
            x509::Arc arc(manifest_.arc);
        } catch (const Error& error) {
            require(false, "arc", error.message());
        }
    }

    void check_contest(const Contest& contest) {
        require_id("A contest's id", contest.id, 1, limits::identifier);
        const auto where = "contest " + contest.id;
        require_text("The title of " + where, contest.title, limits::title);
        // Design, section 7: "Not opened with fewer than two candidates in a contest".
        require_count(contest.candidates, 2, limits::candidates, "candidates in " + where);
        require_unique(contest.candidates, &Candidate::id, "In " + where + " candidate");
        for (const auto& candidate : contest.candidates) {
            require_id("A candidate's id in " + where, candidate.id, 1, limits::identifier);
            require_text("A candidate's name in " + where, candidate.name, limits::name);
        }
        try {
            count::require_sound(contest.rules);
        } catch (const Error& error) {
            require(false, "counting", "The rules of " + where + ": " + error.message());
            return;
        }
        require(contest.rules.seats < contest.candidates.size(), "counting",
                "There must be fewer seats than candidates in " + where);
        require(contest.rules.max_choices <= contest.candidates.size(), "counting",
                "There are more choices than candidates in " + where);
        for (const auto& id : contest.rules.write_ins)
            require(std::ranges::find(contest.candidates, id, &Candidate::id) != contest.candidates.end(), "counting",
                    "Write-in " + id + " is no candidate of " + where);
    }

    void styles() {
        require_count(manifest_.contests, 1, limits::contests, "contests");
        require_count(manifest_.styles, 1, limits::styles, "ballot styles");
        require_unique(manifest_.contests, &Contest::id, "Contest");
        require_unique(manifest_.styles, &Style::id, "Style");
        std::set<std::string> used;
        std::int64_t voters = 0;
        for (const auto& style : manifest_.styles) {
            require_id("A style's id", style.id, 1, limits::identifier);
            require(!style.contests.empty(), "style", "Style " + style.id + " has no contest");
            require_unique(style.contests, std::identity{}, "In style " + style.id + " contest");
            for (const auto& id : style.contests)
                require(manifest_.find_contest(id) != nullptr, "style",
                        "Style " + style.id + " names a contest that is not in the manifest");
            used.insert(style.contests.begin(), style.contests.end());
            require(style.voters >= 0, "roll", "Style " + style.id + " has a negative number of voters");
            voters += style.voters;
        }
        for (const auto& contest : manifest_.contests)
            require(used.contains(contest.id), "style", "Contest " + contest.id + " is on no ballot style");
        require(voters == manifest_.roll_size, "roll",
                "The voters of all styles are " + std::to_string(voters) + ", the roll has " +
                    std::to_string(manifest_.roll_size));
    }

    void windows() {
        const auto& [claim, voting] = std::pair{manifest_.claim, manifest_.voting};
        require(claim.opens < claim.closes, "window", "The claim window must open before it closes");
        require(voting.opens < voting.closes, "window", "The voting window must open before it closes");
        require(claim.opens <= voting.opens && claim.closes <= voting.closes, "window",
                "The claim window must neither open nor close after the voting window does");
        require(manifest_.verify_at == voting.closes - Seconds{1}, "window",
                "verify_at must be one second before voting closes");
        require(manifest_.final_epoch_until >= voting.closes, "window",
                "final_epoch_until must not be before voting closes");
        require(manifest_.epoch_seconds >= 1, "epoch", "An epoch must last at least one second");
        require(manifest_.epoch_min_ballots >= 1, "epoch", "An epoch must hold at least one ballot");
    }

    void token_keys() {
        require_count(manifest_.token_issuers, 1, limits::issuers, "token issuers");
        require_unique(manifest_.token_issuers, std::identity{}, "Token issuer");
        for (const auto& issuer : manifest_.token_issuers)
            require_id("A token issuer's id", issuer, 1, limits::identifier);
        std::map<std::pair<std::string, std::string>, int> keys;
        std::set<Sha256> ids;
        for (const auto& key : manifest_.token_keys) {
            const auto where = "token key of issuer " + key.issuer + " for style " + key.style;
            ++keys[{key.issuer, key.style}];
            require(std::ranges::find(manifest_.token_issuers, key.issuer) != manifest_.token_issuers.end() &&
                        manifest_.find_style(key.style) != nullptr,
                    "token_key", "The " + where + " belongs to no issuer or no style of this election");
            require(key.key_id == sha256(key.spki), "token_key", "The id of the " + where + " is not its hash");
            // One key for two styles or issuers would let a token of the one pass for the other.
            require(ids.insert(key.key_id).second, "token_key", "The " + where + " is used twice");
            try {
                // T18: only the one published form of a sound key.
                require(blind::BlindPublicKey::parse_spki(key.spki).spki() == key.spki, "token_key",
                        "The " + where + " is not in its id-RSASSA-PSS form");
            } catch (const Error& error) {
                require(false, "token_key", "The " + where + ": " + error.message());
            }
        }
        for (const auto& issuer : manifest_.token_issuers) {
            for (const auto& style : manifest_.styles) {
                const auto found = keys.find({issuer, style.id});
                require(found != keys.end() && found->second == 1, "token_key",
                        "Issuer " + issuer + " needs exactly one token key for style " + style.id);
            }
        }
    }

    void certificates() {
        try {
            const auto ballot_ca = x509::Certificate::parse(manifest_.ballot_ca);
            const auto name = x509::find_attribute(ballot_ca.subject(), "2.5.4.3").value_or("");
            // Whole words, or the Ballot CA of "vote-10" would do for "vote-1".
            require((" " + name + " ").find(" " + manifest_.id + " ") != std::string::npos, "ballot_ca",
                    "The Ballot CA's common name must hold the election's id as a word of its own");
            require(
                ballot_ca.not_before() <= manifest_.voting.opens && manifest_.voting.closes <= ballot_ca.not_after(),
                "ballot_ca", "The Ballot CA must be valid throughout the voting window");
            const auto election = x509::Certificate::parse(manifest_.election_certificate);
            require(election.public_key().type() == x509::KeyType::ec_p256, "election_certificate",
                    "The election certificate must have a P-256 key");
            x509::Certificate::parse(manifest_.tsa_certificate);
        } catch (const Error& error) {
            require(false, "certificate", "A certificate in the manifest cannot be read: " + error.message());
        }
    }

    void trustees() {
        const auto count = static_cast<int>(manifest_.trustees.size());
        const int threshold = manifest_.trustee_threshold;
        require_count(manifest_.trustees, 1, limits::trustees, "trustees");
        // Design, section 6: n/2 < m <= n.
        require(2 * threshold > count && threshold <= count, "trustees",
                "More than half of the trustees and at most all of them must be needed to open the ballots");
        std::set<int> indexes;
        std::set<Sha256> certificates;
        for (const auto& trustee : manifest_.trustees) {
            require_text("A trustee's name", trustee.name, limits::name);
            require(trustee.index >= 1 && trustee.index <= limits::trustees && indexes.insert(trustee.index).second,
                    "trustees", "Trustees must have different indexes from 1");
            require(certificates.insert(trustee.certificate).second, "trustees",
                    "Two trustees must not share a certificate");
            try {
                x509::PublicKey::from_p256_point(trustee.share_point);
            } catch (const Error& error) {
                require(false, "trustees", "A trustee's share point: " + error.message());
            }
        }
    }

    void numbers() {
        require(manifest_.report_min_group >= 1, "report_min_group", "The smallest group must be at least 1");
        const auto needed = required_plaintext_size(manifest_);
        require(manifest_.plaintext_size >= needed && manifest_.plaintext_size <= limits::plaintext, "plaintext_size",
                "plaintext_size must be at least " + std::to_string(needed) + " and at most " +
                    std::to_string(limits::plaintext));
    }

    const Manifest& manifest_;
    std::vector<Finding> findings_;
};

/// Number of different full ballots of a ranked contest, as far as `enough`.
std::int64_t possible_rankings(const Contest& contest, std::int64_t enough) {
    const auto candidates = static_cast<std::int64_t>(contest.candidates.size());
    const auto places =
        std::min<std::int64_t>(candidates, count::choices_allowed(contest.rules, contest.candidates.size()));
    std::int64_t result = 1;
    for (std::int64_t i = 0; i < places && result <= enough; ++i) result *= candidates - i;
    return result;
}

std::int64_t voters_of(const Manifest& manifest, const Contest& contest) {
    std::int64_t voters = 0;
    for (const auto& style : manifest.styles)
        if (std::ranges::find(style.contests, contest.id) != style.contests.end()) voters += style.voters;
    return voters;
}

}  // namespace

std::vector<Finding> check_manifest(const Manifest& manifest) {
    return Rules(manifest).check();
}

std::vector<Finding> warn_about_manifest(const Manifest& manifest) {
    std::vector<Finding> warnings;
    for (const auto& contest : manifest.contests) {
        const auto voters = voters_of(manifest, contest);
        // T32: an order that nobody else is likely to choose can be dictated as a signature.
        if (count::is_ranked(contest.rules.method) && possible_rankings(contest, voters) > voters)
            warnings.push_back({"manifest.warning.rankings",
                                "Contest " + contest.id + " has more possible rankings than its " +
                                    std::to_string(voters) +
                                    " voters: a dictated order could mark a ballot; consider fewer choices"});
    }
    for (const auto& style : manifest.styles) {
        if (style.voters < std::max(small_style, manifest.report_min_group))
            warnings.push_back({"manifest.warning.small_style",
                                "Style " + style.id + " has only " + std::to_string(style.voters) +
                                    " voters: their votes could be told apart; consider merging it with another"});
    }
    if (manifest.claim.closes > manifest.voting.opens)
        warnings.push_back({"manifest.warning.overlap",
                            "Voters may claim while others vote: whoever claims and votes in one session is linked by "
                            "the order alone in most cases, the more the smaller the roll (" +
                                std::to_string(manifest.roll_size) + " voters)"});
    if (manifest.epoch_min_ballots < small_style)
        warnings.push_back({"manifest.warning.small_epoch", "Epochs may close with fewer than 10 ballots"});
    return warnings;
}

}  // namespace uvpki::election
