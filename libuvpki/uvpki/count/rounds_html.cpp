#include "uvpki/count/rounds_html.h"

#include <algorithm>

#include "uvpki/encoding.h"

namespace uvpki::count {
namespace {

constexpr std::string_view style = R"(
html { color: #1a1a1a; background: #ffffff; font: 1rem/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; }
a { color: #0b3d91; background: #ffffff; }
a:focus, .scroll:focus { outline: 3px solid #0b3d91; outline-offset: 2px; }
.skip { position: absolute; left: -100rem; }
.skip:focus { position: static; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: 0 0 1rem; }
caption { text-align: start; font-weight: bold; padding: 0.25rem 0; }
th, td { border: 1px solid #6b6b6b; padding: 0.25rem 0.6rem; text-align: start; vertical-align: top; }
thead th { color: #1a1a1a; background: #e8edf5; }
td.number { text-align: end; font-variant-numeric: tabular-nums; }
@media print {
  body { max-width: none; }
  nav, .skip { display: none; }
  .scroll { overflow: visible; }
  table, li { break-inside: avoid; }
  h2, h3, h4 { break-after: avoid; }
}
)";

/// The first code point of a text that is not empty; one byte where it is not UTF-8.
std::string_view first_code_point(std::string_view text) {
    for (std::size_t length = 1; length <= 4 && length <= text.size(); ++length) {
        if (is_utf8(text.substr(0, length))) return text.substr(0, length);
    }
    return text.substr(0, 1);
}

std::string escaped(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto part = first_code_point(text);
        text.remove_prefix(part.size());
        if (part == "&") {
            out += "&amp;";
        } else if (part == "<") {
            out += "&lt;";
        } else if (part == ">") {
            out += "&gt;";
        } else if (part == "\"") {
            out += "&quot;";
        } else if (part == "'") {
            out += "&#39;";
        } else {
            out += is_printable_utf8(part) ? part : std::string_view("\xEF\xBF\xBD");
        }
    }
    return out;
}

/// A name that cannot reorder what stands around it.
std::string isolated(std::string_view name) {
    return "<bdi>" + escaped(name) + "</bdi>";
}

std::string cell(std::string_view text) {
    return "<td>" + std::string(text) + "</td>";
}
std::string number_cell(std::string_view text) {
    return "<td class=\"number\">" + std::string(text) + "</td>";
}
std::string row_head(std::string_view html) {
    return "<th scope=\"row\">" + std::string(html) + "</th>";
}

/// A table in a region of its own, so that the keyboard can scroll it where it is wider than the screen.
class Table {
public:
    /// `id` is unique on the page; `caption` and `columns` are HTML.
    Table(const std::string& id, const std::string& caption, const std::vector<std::string>& columns) {
        html_ = "<div class=\"scroll\" role=\"region\" aria-labelledby=\"" + id +
                "\" tabindex=\"0\">\n<table>\n<caption id=\"" + id + "\">" + caption + "</caption>\n<thead>\n<tr>";
        for (const auto& column : columns) html_ += "<th scope=\"col\">" + column + "</th>";
        html_ += "</tr>\n</thead>\n<tbody>\n";
    }
    void row(const std::string& cells) { html_ += "<tr>" + cells + "</tr>\n"; }
    std::string close() { return html_ + "</tbody>\n</table>\n</div>\n"; }

private:
    std::string html_;
};

std::string method_sentence(const Rules& rules) {
    const auto seats = std::to_string(rules.seats) + (rules.seats == 1 ? " seat." : " seats.");
    switch (rules.method) {
        case Method::plurality:
            return "Plurality: each ballot is one vote for its first choice, and the most votes win. " + seats;
        case Method::approval:
            return "Approval: each ballot is one vote for everybody it chooses, and the most votes win. " + seats;
        case Method::n_of_m:
            return "Several choices: each ballot is one vote for each of its choices, and the most votes win. " + seats;
        case Method::irv:
            return "Instant run-off: each ballot counts for its highest choice who still stands. Until somebody has "
                   "more "
                   "than half of the votes still in play, the last is eliminated. " +
                   seats;
        case Method::stv:
            return "Single transferable vote: whoever reaches the threshold is elected, and the votes above it move on "
                   "to "
                   "the next choices, each with its share of value; if nobody reaches it, the last is eliminated. " +
                   seats;
        case Method::schulze:
            return "Schulze: candidates are compared one against one. A victory is as strong as the " +
                   std::string(rules.strength == Strength::margins ? "margin between its votes and those against it"
                                                                   : "number of votes for it") +
                   ", a path of victories as strong as its weakest link, and whoever has the stronger path to another "
                   "than back is ranked above. " +
                   seats;
    }
    return seats;
}

/// The page of one contest; ids on it begin with its own prefix.
class Section {
public:
    Section(const Result& result, std::size_t number) : result_(result), prefix_("contest-" + std::to_string(number)) {}

    std::string title() const {
        return result_.title.empty() ? "Contest " + prefix_.substr(prefix_.find('-') + 1) : isolated(result_.title);
    }
    const std::string& id() const { return prefix_; }

    std::string html() const {
        auto out = "<section aria-labelledby=\"" + prefix_ + "\">\n<h2 id=\"" + prefix_ + "\">" + title() + "</h2>\n";
        out += "<p>" + method_sentence(result_.rules) + "</p>\n" + elected() + ballots();
        if (result_.pairwise) out += pairwise();
        for (const auto& round : result_.rounds) out += round_html(round);
        return out + "</section>\n";
    }

private:
    std::string name(std::uint32_t candidate) const { return isolated(result_.candidates.at(candidate).name); }

    std::string elected() const {
        std::string out = "<h3>Elected</h3>\n";
        if (!result_.winners.empty()) {
            out += "<ol>\n";
            for (const auto winner : result_.winners) out += "<li>" + name(winner) + "</li>\n";
            out += "</ol>\n";
        }
        if (result_.unfilled_seats > 0) {
            out += "<p>Seats not filled: " + std::to_string(result_.unfilled_seats) + "</p>\n";
        }
        if (!result_.note.empty()) out += "<p>" + escaped(result_.note) + "</p>\n";
        if (!result_.withdrawn.empty()) {
            out += "<p>Withdrawn:";
            for (const auto candidate : result_.withdrawn) {
                out += (candidate == result_.withdrawn.front() ? " " : ", ") + name(candidate);
            }
            out += "</p>\n";
        }
        return out;
    }

    std::string ballots() const {
        Table table(prefix_ + "-ballots", "Ballots", {"Kind", "Number"});
        const auto row = [&](std::string_view kind, std::uint64_t count) {
            table.row(row_head(kind) + number_cell(std::to_string(count)));
        };
        row("Valid", result_.valid);
        row("Blank", result_.blank);
        row("Invalid (more choices than allowed)", result_.invalid);
        row("All", result_.ballots);
        return "<h3>Ballots</h3>\n" + table.close();
    }

    std::string pairwise() const {
        const auto& pairwise = *result_.pairwise;
        std::string out = "<h3>One against one</h3>\n";
        if (pairwise.candidates.size() > max_table_candidates) {
            return out + "<p>The tables are too wide for a page; they are in the result as JSON.</p>\n";
        }
        out += comparison("preferred", "Ballots that rank the candidate of the row above the one of the column",
                          pairwise.preferred);
        const bool margins = result_.rules.strength == Strength::margins;
        out += comparison("paths",
                          std::string("Strongest path from the candidate of the row to the one of the column: ") +
                              (margins ? "margin of its weakest link" : "votes for its weakest link") + " (0: no path)",
                          pairwise.paths);
        if (!margins) out += comparison("opposition", "Votes against that weakest link", pairwise.opposition);
        return out;
    }

    std::string comparison(const std::string& id, const std::string& caption,
                           const std::vector<std::uint64_t>& numbers) const {
        const auto& pairwise = *result_.pairwise;
        std::vector<std::string> columns{"Candidate"};
        for (const auto candidate : pairwise.candidates) columns.push_back(name(candidate));
        Table table(prefix_ + "-" + id, caption, columns);
        for (std::size_t i = 0; i < pairwise.candidates.size(); ++i) {
            auto cells = row_head(name(pairwise.candidates[i]));
            for (std::size_t j = 0; j < pairwise.candidates.size(); ++j) {
                cells += number_cell(i == j ? "itself" : std::to_string(pairwise.at(numbers, i, j)));
            }
            table.row(cells);
        }
        return table.close();
    }

    std::string round_html(const Round& round) const {
        const auto number = std::to_string(round.number);
        const auto id = prefix_ + "-round-" + number;
        const bool preferences = result_.rules.method == Method::schulze;
        auto caption = (preferences ? "First preferences, round " : "Votes in round ") + number;
        if (!round.threshold.empty()) caption += "; threshold: " + round.threshold;
        Table table(id, caption, {"Candidate", preferences ? "First preferences" : "Votes", "What happens"});
        for (const auto& tally : round.tallies) {
            table.row(row_head(name(tally.candidate)) + number_cell(tally.votes) + cell(status(round, tally)));
        }
        if (round.exhausted != "0") {
            table.row(row_head(preferences ? "(no single first preference)" : "(exhausted: no further choice)") +
                      number_cell(round.exhausted) + cell("not in play"));
        }
        if (round.residue != "0") {
            table.row(row_head("(left over by rounding)") + number_cell(round.residue) + cell("not in play"));
        }
        auto out = "<h3>Round " + number + "</h3>\n";
        if (round.events.empty()) {
            out += "<p>Nobody is elected or eliminated any more; the table shows where the last votes went.</p>\n";
        } else {
            out += "<ul>\n";
            for (const auto& event : round.events) out += "<li>" + sentence(event.explanation) + "</li>\n";
            out += "</ul>\n";
        }
        out += table.close();
        std::size_t moved = 0;
        for (const auto& event : round.events) {
            if (!event.transfers.empty()) out += transfers(event, id + "-from-" + std::to_string(++moved));
        }
        return out;
    }

    std::string transfers(const Event& event, const std::string& id) const {
        Table table(id, "Where votes of " + name(event.candidate) + " go", {"To", "Votes"});
        for (const auto& transfer : event.transfers) {
            const auto to = transfer.to == Destination::candidate   ? name(transfer.candidate)
                            : transfer.to == Destination::exhausted ? std::string("(exhausted: no further choice)")
                                                                    : std::string("(left over by rounding)");
            table.row(row_head(to) + number_cell(transfer.votes));
        }
        return table.close();
    }

    static std::string_view status(const Round& round, const Tally& tally) {
        if (tally.elected) return "elected before";
        for (const auto& event : round.events) {
            if (event.candidate == tally.candidate) {
                return event.kind == EventKind::elected ? "elected" : "eliminated";
            }
        }
        return "stands";
    }

    /// The sentence with the candidates' names, which stand in it in double quotes, isolated; of names that begin alike
    /// the longest.
    std::string sentence(std::string_view text) const {
        std::string out;
        std::size_t done = 0;
        for (auto quote = text.find('"'); quote != std::string_view::npos; quote = text.find('"', quote + 1)) {
            std::string_view found;
            const auto rest = text.substr(quote + 1);
            for (const auto& candidate : result_.candidates) {
                const std::string_view known = candidate.name;
                if (known.size() >= found.size() && rest.starts_with(known) &&
                    rest.substr(known.size()).starts_with('"'))
                    found = known;
            }
            if (found.empty()) continue;
            out += escaped(text.substr(done, quote + 1 - done)) + isolated(found);
            done = quote + 1 + found.size();
            quote = done;
        }
        return out + escaped(text.substr(done));
    }

    const Result& result_;
    std::string prefix_;
};

}  // namespace

std::string rounds_html(std::string_view title, const std::vector<const Result*>& results) {
    std::vector<Section> sections;
    for (const auto* result : results) sections.emplace_back(*result, sections.size() + 1);
    std::string out =
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n";
    const std::string heading = title.empty() ? "Result of the count" : escaped(title);
    out += "<title>" + heading + (title.empty() ? "" : " - result of the count") + "</title>\n<style>" +
           std::string(style) +
           "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#result\">Skip to the result</a>\n<header>\n<h1>" +
           (title.empty() ? heading : isolated(title)) + "</h1>\n</header>\n";
    if (sections.size() > 1) {
        out += "<nav aria-label=\"Contests\">\n<ul>\n";
        for (const auto& section : sections) {
            out += "<li><a href=\"#" + section.id() + "\">" + section.title() + "</a></li>\n";
        }
        out += "</ul>\n</nav>\n";
    }
    out += "<main id=\"result\">\n";
    for (const auto& section : sections) out += section.html();
    return out + "</main>\n</body>\n</html>\n";
}

}  // namespace uvpki::count
