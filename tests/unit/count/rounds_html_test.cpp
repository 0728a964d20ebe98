// The page of rounds: sound HTML for everybody, whatever the names hold. A structural check stands in for a browser.
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "support.h"
#include "uvpki/count/preflib.h"
#include "uvpki/count/rounds_html.h"
#include "uvpki/csv.h"
#include "uvpki/encoding.h"

using namespace uvpki;
using namespace uvpki::count;
using namespace count_test;

namespace {

const ByteView no_seed{};

struct Element {
    std::string tag;
    std::map<std::string, std::string> attributes;
    std::vector<std::string> ancestors;
    std::string text;  ///< direct and inner, without markup
};

/// Elements in document order. Fails the test on anything but well-nested tags with double-quoted attributes.
std::vector<Element> elements(const std::string& html) {
    const std::set<std::string> empty{"meta"};
    std::vector<Element> found;
    std::vector<std::size_t> open;
    std::size_t at = html.find('>') + 1;  // the doctype
    REQUIRE(html.starts_with("<!DOCTYPE html>\n"));
    while (at < html.size()) {
        if (html[at] != '<') {
            const auto end = std::min(html.find('<', at), html.size());
            const auto text = html.substr(at, end - at);
            CHECK((text.find('>') == std::string::npos || found[open.back()].tag == "style"));
            for (auto index : open) found[index].text += text;
            at = end;
            continue;
        }
        const auto end = html.find('>', at);
        REQUIRE(end != std::string::npos);
        auto tag = html.substr(at + 1, end - at - 1);
        at = end + 1;
        if (tag.starts_with('/')) {
            REQUIRE_FALSE(open.empty());
            REQUIRE(found[open.back()].tag == tag.substr(1));
            open.pop_back();
            continue;
        }
        Element element;
        element.tag = tag.substr(0, tag.find(' '));
        for (auto index : open) element.ancestors.push_back(found[index].tag);
        auto rest = tag.substr(element.tag.size());
        while (!rest.empty()) {
            const auto equals = rest.find("=\"");
            REQUIRE(equals != std::string::npos);
            const auto close = rest.find('"', equals + 2);
            REQUIRE(close != std::string::npos);
            const auto name = rest.substr(1, equals - 1);
            CHECK(name.find_first_of(" \"'<>/") == std::string::npos);
            CHECK(element.attributes.emplace(name, rest.substr(equals + 2, close - equals - 2)).second);
            rest = rest.substr(close + 1);
            CHECK((rest.empty() || rest[0] == ' '));
        }
        found.push_back(element);
        if (!empty.contains(element.tag)) open.push_back(found.size() - 1);
    }
    CHECK(open.empty());
    return found;
}

double luminance(const std::string& colour) {
    double sum = 0;
    constexpr std::array weights{0.2126, 0.7152, 0.0722};
    for (std::size_t i = 0; i < 3; ++i) {
        const auto part = static_cast<double>(std::stoi(colour.substr(1 + 2 * i, 2), nullptr, 16)) / 255;
        sum += weights.at(i) * (part <= 0.04045 ? part / 12.92 : std::pow((part + 0.055) / 1.055, 2.4));
    }
    return sum;
}

/// Every rule that sets a colour of text or ground sets both, with at least the contrast of WCAG's level AA.
void require_contrast(const std::string& style) {
    std::size_t rules = 0;
    for (auto at = style.find('{'); at != std::string::npos; at = style.find('{', at + 1)) {
        const auto rule = style.substr(at, style.find('}', at) - at);
        const auto colour = rule.find(" color: #"), ground = rule.find(" background: #");
        CHECK((colour == std::string::npos) == (ground == std::string::npos));
        if (colour == std::string::npos || ground == std::string::npos) continue;
        const auto text = luminance(rule.substr(colour + 8, 7)), behind = luminance(rule.substr(ground + 13, 7));
        CHECK((std::max(text, behind) + 0.05) / (std::min(text, behind) + 0.05) >= 4.5);
        ++rules;
    }
    CHECK(rules >= 3);
}

/// What axe-core, too, asks of such a page. Returns the elements.
std::vector<Element> require_accessible(const std::string& html) {
    const auto page = elements(html);
    const std::set<std::string> known{"html",   "head", "meta",  "title", "style", "body",   "a",
                                      "header", "h1",   "nav",   "ul",    "li",    "main",   "section",
                                      "h2",     "h3",   "p",     "ol",    "div",   "table",  "tr",
                                      "th",     "td",   "thead", "tbody", "bdi",   "caption"};
    std::map<std::string, int> tags;
    std::set<std::string> ids;
    int heading = 0;
    for (const auto& element : page) {
        CAPTURE(element.tag);
        CAPTURE(element.text);
        CHECK(known.contains(element.tag));
        ++tags[element.tag];
        for (const auto& [name, value] : element.attributes) {
            CHECK_FALSE(name.starts_with("on"));
            CHECK(name != "src");
            CHECK(name != "style");
            if (name == "id") CHECK(ids.insert(value).second);
        }
        if (element.tag.size() == 2 && element.tag[0] == 'h' && element.tag[1] <= '6' && element.tag[1] >= '1') {
            CHECK(element.tag[1] - '0' <= heading + 1);
            heading = element.tag[1] - '0';
            CHECK_FALSE(element.text.empty());
        }
        if (element.tag == "th") {
            const auto scope = element.attributes.at("scope");
            CHECK((scope == "col" || scope == "row"));
            CHECK_FALSE(element.text.empty());
        }
        if (element.tag == "td") CHECK_FALSE(element.text.empty());
    }
    for (const auto& element : page) {
        if (element.attributes.contains("aria-labelledby"))
            CHECK(ids.contains(element.attributes.at("aria-labelledby")));
        if (element.tag != "a") continue;
        CHECK(element.attributes.at("href").starts_with('#'));
        CHECK(ids.contains(element.attributes.at("href").substr(1)));
    }
    for (const auto* once : {"html", "head", "title", "style", "body", "header", "h1", "main"}) CHECK(tags[once] == 1);
    CHECK(tags["table"] == tags["caption"]);
    CHECK(tags["table"] == tags["thead"]);
    CHECK(page[0].attributes.at("lang") == "en");
    for (const auto& element : page) {
        if (element.tag == "title") CHECK_FALSE(element.text.empty());
        if (element.tag == "style") require_contrast(element.text);
    }
    CHECK(html.find("@media print") != std::string::npos);
    CHECK(html.find("url(") == std::string::npos);
    CHECK(html.find("@import") == std::string::npos);
    return page;
}

Result count_vector(const std::string& name) {
    return count_election(parse_blt(vector_text(name + ".blt")), vector_rules(name), no_seed);
}

std::string page_of(const Result& result) {
    return rounds_html(result.title, {&result});
}

/// T40: what people have put into names to be run, to hide, or to be mistaken.
const std::vector<std::string> injections{"=HYPERLINK(\"http://x\",\"y\")",
                                          "+1+1",
                                          "-2+3+cmd|' /C calc'!A0",
                                          "@SUM(A1)",
                                          "<script>alert(1)</script>",
                                          "<img src=x onerror=alert(1)>",
                                          "\"><b>bold</b>",
                                          "</td></tr></table><h1>Elected: me</h1>",
                                          "&lt;i&gt;",
                                          "' onclick='x",
                                          "</title><script>",
                                          "<!-- ",
                                          "]]>",
                                          "</style>",
                                          "{{7*7}}",
                                          "javascript:alert(1)",
                                          "O'Neil \"Al\" & Sons"};
const std::vector<std::string> invisible{"Eve\tX",
                                         "Eve\rX",
                                         "Eve\nX",
                                         "Eve\xE2\x80\xAE"
                                         "nnA",
                                         "Eve\xE2\x81\xA9"
                                         "X",
                                         "Eve\xE2\x80\x8B",
                                         "Eve\xC2\x85",
                                         std::string("Eve\0X", 5),
                                         "Eve\xFF",
                                         "Eve\xED\xA0\x80"};

}  // namespace

TEST_CASE("the page of every method's rounds is well formed and accessible") {
    for (const std::string name : {"2013_minneapolis_park", "gnome_26", "maemo", "rctab_whole_threshold",
                                   "rctab_skipped_first_choice", "debian_2010"}) {
        CAPTURE(name);
        const auto result = count_vector(name);
        const auto html = page_of(result);
        const auto page = require_accessible(html);
        CHECK(html == page_of(result));
        const auto rounds = std::count_if(page.begin(), page.end(), [](const Element& element) {
            return element.tag == "h3" && element.text.starts_with("Round ");
        });
        CHECK(static_cast<std::size_t>(rounds) == result.rounds.size());
        // Every sentence of every round, and every tally, stands there in words.
        std::multiset<std::string> sentences, cells;
        for (const auto& element : page) {
            if (element.tag == "li") sentences.insert(element.text);
            if (element.tag == "td") cells.insert(element.text);
        }
        for (const auto& round : result.rounds) {
            for (const auto& event : round.events) {
                auto sentence = event.explanation;
                for (auto at = sentence.find('"'); at != std::string::npos; at = sentence.find('"', at + 1)) {
                    sentence.replace(at, 1, "&quot;");
                }
                CHECK(sentences.contains(sentence));
            }
            for (const auto& tally : round.tallies) CHECK(cells.contains(tally.votes));
        }
        CHECK(cells.contains("elected"));
    }
}

TEST_CASE("the page of several contests has a way to each, and one without ballots says why nobody is elected") {
    const auto board = count_vector("gnome_26"), leader = count_vector("debian_2010");
    const auto nobody = count_election(profile(3, {{"", 2}}), {.method = Method::irv, .seats = 1}, no_seed);
    auto withdrawn = profile(3, {{"A", 2}, {"B", 1}});
    withdrawn.withdrawn = {2};
    const auto plain = count_election(withdrawn, {.method = Method::plurality, .seats = 2}, no_seed);
    const auto html = rounds_html("", {&board, &leader, &nobody, &plain});
    const auto page = require_accessible(html);
    CHECK(std::count_if(page.begin(), page.end(), [](const Element& e) { return e.tag == "h2"; }) == 4);
    CHECK(html.find("href=\"#contest-4\"") != std::string::npos);
    CHECK(html.find(nobody.note) != std::string::npos);
    CHECK(html.find("Withdrawn: <bdi>C</bdi>") != std::string::npos);
    require_accessible(rounds_html("Empty", {}));
}

TEST_CASE("tables too wide for a page are left out and said to be elsewhere") {
    auto ballots = profile(2, {{"AB", 1}});
    for (int i = 2; i < 40; ++i)
        ballots.candidates.push_back({.id = "c" + std::to_string(i), .name = "N" + std::to_string(i)});
    const auto result = count_election(ballots, {.method = Method::schulze, .seats = 1}, no_seed);
    CHECK(page_of(result).find("too wide for a page") != std::string::npos);
    require_accessible(page_of(result));
}

TEST_CASE("T40: markup in names and titles is shown and changes nothing of the page") {
    auto plain = profile(injections.size() + 1, {});
    for (std::uint32_t i = 0; i <= injections.size(); ++i) {
        plain.ballots.push_back(
            {.ranking = {i, (i + 1) % static_cast<std::uint32_t>(plain.candidates.size())}, .weight = i + 1});
    }
    auto hostile = plain;
    for (std::size_t i = 0; i < injections.size(); ++i) hostile.candidates[i].name = injections[i];
    hostile.title = "</title><script>alert(1)</script>";
    for (const auto method : {Method::plurality, Method::irv, Method::stv, Method::schulze}) {
        const Rules rules{.method = method,
                          .seats = method == Method::irv ? 1u : 2u,
                          .max_choices = 5,
                          .tie_break = TieBreak::candidate_order};
        const auto harmless = require_accessible(page_of(count_election(plain, rules, no_seed)));
        const auto result = count_election(hostile, rules, no_seed);
        const auto page = require_accessible(page_of(result));
        REQUIRE(page.size() == harmless.size());
        for (std::size_t i = 0; i < page.size(); ++i) {
            CHECK(page[i].tag == harmless[i].tag);
            CHECK(page[i].attributes == harmless[i].attributes);
        }
        CHECK(page_of(result).find("<bdi>&lt;script&gt;alert(1)&lt;/script&gt;</bdi>") != std::string::npos);
    }
}

TEST_CASE("T40: invisible and bidirectional characters become visible, and names cannot reorder the text around them") {
    for (const auto& name : invisible) {
        auto ballots = profile(2, {{"A", 2}, {"B", 1}});
        ballots.candidates[0].name = name;
        const auto html = page_of(count_election(ballots, {.method = Method::irv, .seats = 1}, no_seed));
        require_accessible(html);
        CHECK(html.find("<bdi>Eve\xEF\xBF\xBD") != std::string::npos);
        CHECK(html.find("&quot;<bdi>Eve\xEF\xBF\xBD") != std::string::npos);  // in the sentence
        CHECK(html.find(name) == std::string::npos);
    }
    auto hebrew = profile(2, {{"A", 2}, {"B", 1}});
    hebrew.candidates[0].name = "דוד";
    const auto html = page_of(count_election(hebrew, {.method = Method::plurality, .seats = 1}, no_seed));
    CHECK(html.find("<li>&quot;<bdi>דוד</bdi>&quot; is elected with 2 votes.</li>") != std::string::npos);
}

TEST_CASE("T40: no reader of ballots lets invisible characters into a name") {
    for (const auto& name : invisible) {
        const auto blt = "1 1\n1 1 0\n0\n\"" + name + "\"\n\"T\"\n";
        const auto soi =
            "# DATA TYPE: soi\n# NUMBER ALTERNATIVES: 1\n# NUMBER VOTERS: 1\n# NUMBER UNIQUE ORDERS: 1\n"
            "# ALTERNATIVE NAME 1: " +
            name + "\n1: 1\n";
        CHECK(reason_of([&] { parse_blt(blt); }) != "");
        CHECK(reason_of([&] { parse_preflib(soi); }) != "");
    }
    for (const auto& name : injections) {
        const auto read = parse_blt("1 1\n1 1 0\n0\n\"" + name + "\"\n\"T\"\n");
        CHECK(read.candidates[0].name == name);
        CHECK(parse_blt(format_blt(read)) == read);
    }
}

TEST_CASE("T40: no cell of a CSV file begins as a formula, and every name can be read back") {
    for (const auto* names : {&injections, &invisible}) {
        for (const auto& name : *names) {
            for (const std::string before : {"", "=", "+", "-", "@", "\t", "\r"}) {
                const auto text = before + name;
                const auto line = format_csv_row({"x", text});
                CAPTURE(line);
                const auto field = line[2] == '"' ? line.substr(3) : line.substr(2);
                CHECK(std::string_view("=+-@\t\r").find(field[0]) == std::string_view::npos);
                if (text.find('\0') != std::string::npos || !is_utf8(text)) continue;
                const auto read = parse_csv(line).at(0).fields.at(1);
                CHECK((read == text || read == "'" + text));
            }
        }
    }
}
