#include <algorithm>
#include <nlohmann/json.hpp>

#include "uvpki/count/rules.h"
#include "uvpki/election/ballot.h"
#include "uvpki/election/json_object.h"
#include "uvpki/encoding.h"

namespace uvpki::election {

namespace {

constexpr std::size_t most_contests = 64;
constexpr std::size_t most_choices = 200;
constexpr std::string_view malformed = "ballot.plaintext.malformed";

std::string unpadded_text(const Plaintext& plaintext) {
    Json contests = Json::array();
    for (const auto& contest : plaintext.contests)
        contests.push_back(Json{{"choices", contest.choices}, {"id", contest.contest}});
    return canonical_json(Json{{"ballot", to_hex(plaintext.ballot)},
                               {"contests", std::move(contests)},
                               {"election", plaintext.election},
                               {"manifest", to_hex(plaintext.manifest)},
                               {"pad", ""},
                               {"style", plaintext.style}});
}

/// The choices that need the most room: as many as allowed, longest names first.
std::vector<std::string> longest_choices(const Contest& contest) {
    std::vector<std::string> ids;
    for (const auto& candidate : contest.candidates) ids.push_back(candidate.id);
    std::ranges::stable_sort(ids, std::greater{}, &std::string::size);
    const std::size_t allowed = count::choices_allowed(contest.rules, contest.candidates.size());
    ids.resize(std::min(allowed, ids.size()));
    return ids;
}

}  // namespace

SecretBytes format_plaintext(const Plaintext& plaintext, std::int64_t size) {
    auto text = unpadded_text(plaintext);
    const auto wanted = size > 0 ? static_cast<std::size_t>(size) : 0;
    if (text.size() > wanted) {
        wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
        fail_input("ballot.plaintext.size", "The vote does not fit into " + std::to_string(size) +
                                                " bytes, the one size of every ballot of this election");
    }
    // Quotes inside strings are escaped, so this can only be the member itself.
    constexpr std::string_view member = "\"pad\":\"";
    const auto at = text.rfind(member) + member.size();
    SecretBytes result(wanted);
    auto out =
        std::ranges::copy(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), result.writable().begin()).out;
    out = std::fill_n(out, wanted - text.size(), std::uint8_t{'0'});
    std::ranges::copy(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), out);
    wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
    return result;
}

Plaintext parse_plaintext(ByteView text, std::int64_t size) {
    if (size < 0 || text.size() != static_cast<std::size_t>(size))
        fail_input("ballot.plaintext.size",
                   "The opened ballot has " + std::to_string(text.size()) + " bytes, not " + std::to_string(size));
    const Json json = read_canonical(text, "The opened ballot", malformed, text.size());
    ObjectReader object(json, "ballot", std::string(malformed));
    Plaintext plaintext;
    plaintext.ballot = object.digest("ballot");
    plaintext.election = object.text("election", 64);
    plaintext.manifest = object.digest("manifest");
    plaintext.style = object.text("style", 32);
    if (!std::ranges::all_of(object.text("pad", text.size()), [](char c) { return c == '0'; }))
        fail_input("ballot.plaintext.pad", "The padding of the opened ballot is not made of zeros");
    for (const Json& item : object.array("contests", most_contests)) {
        ObjectReader contest(item, "ballot.contests", std::string(malformed));
        ContestChoices choices;
        choices.contest = contest.text("id", 32);
        choices.choices = contest.texts("choices", most_choices, 32);
        contest.finish();
        plaintext.contests.push_back(std::move(choices));
    }
    object.finish();
    return plaintext;
}

std::int64_t required_plaintext_size(const Manifest& manifest) {
    std::size_t largest = 0;
    for (const auto& style : manifest.styles) {
        Plaintext plaintext{.election = manifest.id, .style = style.id};
        for (const auto& id : style.contests) {
            const Contest* contest = manifest.find_contest(id);
            if (contest != nullptr) plaintext.contests.push_back({id, longest_choices(*contest)});
        }
        largest = std::max(largest, unpadded_text(plaintext).size());
    }
    return static_cast<std::int64_t>((largest + 63) / 64 * 64);
}

}  // namespace uvpki::election
