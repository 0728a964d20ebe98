#include "uvpki/count/blt.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "uvpki/count/text.h"
#include "uvpki/encoding.h"
#include "uvpki/error.h"

namespace uvpki::count {
namespace {

[[noreturn]] void refuse(std::string_view reason, std::size_t line, const std::string& message) {
    fail_input(reason, "Line " + std::to_string(line) + " of the BLT file: " + message);
}

/// Lines that hold something, without comments, with their numbers.
class Lines {
public:
    explicit Lines(std::string_view text) : rest_(text) {}

    std::size_t number() const { return number_; }

    std::optional<std::string_view> next() {
        while (!rest_.empty()) {
            auto line = take_line(rest_);
            ++number_;
            if (!is_utf8(line)) {
                refuse("blt.encoding", number_, "it is not UTF-8 (is the file in Latin-1? convert it first).");
            }
            line = trim(line);
            // In a quoted line a # may be part of the name; parse_quoted knows.
            if (!line.starts_with('"')) line = trim(line.substr(0, line.find('#')));
            if (!line.empty()) return line;
        }
        return std::nullopt;
    }

    std::string_view required(const char* what) {
        if (const auto line = next()) return *line;
        refuse("blt.truncated", number_, std::string("the file ends before ") + what + ".");
    }

private:
    std::string_view rest_;
    std::size_t number_ = 0;
};

/// The whole numbers of one line.
class Numbers {
public:
    Numbers(std::string_view line, std::size_t number) : rest_(line), line_(number) {}

    bool done() const { return rest_.empty(); }

    std::int64_t next() {
        const auto end = std::min(rest_.find_first_of(blanks), rest_.size());
        const auto word = rest_.substr(0, end);
        rest_ = trim(rest_.substr(end));
        if (word.find('=') != std::string_view::npos) {
            refuse("blt.equal_ranks", line_, "equal ranks (=) are not accepted: a ballot must be a strict order.");
        }
        std::int64_t value = 0;
        const auto [stop, status] = std::from_chars(word.data(), word.data() + word.size(), value);
        if (status != std::errc{} || stop != word.data() + word.size()) {
            refuse("blt.number", line_, "a whole number of at most 18 digits is expected here.");
        }
        return value;
    }

private:
    std::string_view rest_;
    std::size_t line_;
};

/// What stands between the first quote and the one after which only blanks or a comment follow; empty if there is none.
std::optional<std::string_view> parse_quoted(std::string_view line) {
    if (!line.starts_with('"')) return std::nullopt;
    for (auto quote = line.find('"', 1); quote != std::string_view::npos; quote = line.find('"', quote + 1)) {
        const auto rest = trim(line.substr(quote + 1));
        if (rest.empty() || rest.starts_with('#')) return line.substr(1, quote - 1);
    }
    return std::nullopt;
}

std::string read_text(Lines& lines, const char* what, std::string_view reason) {
    const auto text = parse_quoted(lines.required(what));
    if (!text) refuse(reason, lines.number(), std::string(what) + " must stand here, alone and in double quotes.");
    if (trim(*text).empty() || !is_printable_utf8(*text)) {
        refuse(reason, lines.number(), std::string(what) + " is empty or holds control or invisible characters.");
    }
    return std::string(*text);
}

void read_header(Lines& lines, Profile& profile) {
    Numbers numbers(lines.required("the numbers of candidates and seats"), lines.number());
    const auto candidates = numbers.next();
    if (numbers.done()) refuse("blt.header", lines.number(), "the number of seats is missing.");
    const auto seats = numbers.next();
    if (!numbers.done() || candidates < 1 || candidates > max_candidates || seats < 1 || seats > candidates) {
        refuse("blt.header", lines.number(),
               "it must hold the number of candidates (1 to 1000) and of seats (1 to that number), nothing else.");
    }
    profile.candidates.resize(static_cast<std::size_t>(candidates));
    profile.seats = static_cast<std::uint32_t>(seats);
}

void read_withdrawn(Profile& profile, std::string_view line, std::size_t number) {
    for (Numbers numbers(line, number); !numbers.done();) {
        const auto value = numbers.next();
        // Compared before it is negated: the smallest 64-bit number has no positive counterpart.
        if (value >= 0 || value < -static_cast<std::int64_t>(profile.candidates.size())) {
            refuse("blt.withdrawn", number, "a withdrawn candidate is the negative of a candidate's number.");
        }
        const auto candidate = static_cast<std::uint32_t>(-value - 1);
        if (std::count(profile.withdrawn.begin(), profile.withdrawn.end(), candidate) != 0) {
            refuse("blt.withdrawn", number, "candidate " + std::to_string(-value) + " is withdrawn twice.");
        }
        profile.withdrawn.push_back(candidate);
    }
}

/// `last_seen` remembers per candidate the last line that ranked it, so that a long ballot costs one step per choice.
RankedBallot read_ballot(std::string_view line, std::size_t number, std::vector<std::size_t>& last_seen) {
    Numbers numbers(line, number);
    RankedBallot ballot;
    const auto weight = numbers.next();
    if (weight < 1 || weight > static_cast<std::int64_t>(max_total_weight)) {
        refuse("blt.weight", number, "a ballot's weight must be from 1 to 1,000,000,000,000.");
    }
    ballot.weight = static_cast<std::uint64_t>(weight);
    while (!numbers.done()) {
        const auto choice = numbers.next();
        if (choice == 0) {
            if (!numbers.done()) refuse("blt.ballot", number, "something follows the 0 that ends the ballot.");
            return ballot;
        }
        if (choice < 1 || choice > static_cast<std::int64_t>(last_seen.size())) {
            refuse("blt.candidate", number, "there is no candidate " + std::to_string(choice) + ".");
        }
        const auto candidate = static_cast<std::uint32_t>(choice - 1);
        if (std::exchange(last_seen[candidate], number) == number) {
            refuse("blt.duplicate", number, "the ballot ranks candidate " + std::to_string(choice) + " twice.");
        }
        ballot.ranking.push_back(candidate);
    }
    refuse("blt.ballot", number, "the ballot does not end with 0.");
}

void read_ballots(Lines& lines, Profile& profile, std::size_t limit) {
    std::uint64_t total = 0;
    std::vector<std::size_t> last_seen(profile.candidates.size(), 0);
    for (;;) {
        const auto line = lines.required("the 0 that ends the ballots");
        if (line == "0") return;
        if (line.starts_with('-') && profile.ballots.empty()) {
            read_withdrawn(profile, line, lines.number());
            continue;
        }
        if (line.starts_with('"')) {
            refuse("blt.ballot", lines.number(), "a name stands before the line \"0\" that ends the ballots.");
        }
        if (profile.ballots.size() == limit) refuse("blt.too_large", lines.number(), "there are too many ballots.");
        profile.ballots.push_back(read_ballot(line, lines.number(), last_seen));
        total += profile.ballots.back().weight;  // both at most 10^12 here: no overflow
        if (total > max_total_weight) {
            refuse("blt.weight", lines.number(), "the weights of all ballots exceed 1,000,000,000,000.");
        }
    }
}

}  // namespace

Profile parse_blt(std::string_view text, BltLimits limits) {
    if (text.size() > limits.bytes) {
        refuse("blt.too_large", 1, "the file is larger than " + std::to_string(limits.bytes) + " bytes.");
    }
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    Lines lines(text);
    Profile profile;
    read_header(lines, profile);
    read_ballots(lines, profile, limits.ballot_lines);
    std::sort(profile.withdrawn.begin(), profile.withdrawn.end());
    std::size_t number = 0;
    for (auto& candidate : profile.candidates) {
        candidate.id = "c" + std::to_string(++number);
        auto name = read_text(lines, "a candidate's name", "blt.name");
        for (const auto& other : profile.candidates) {
            if (other.name == name) refuse("blt.name", lines.number(), "two candidates have the same name.");
        }
        candidate.name = std::move(name);
    }
    profile.title = read_text(lines, "the title", "blt.title");
    if (lines.next()) refuse("blt.trailing", lines.number(), "something follows the title.");
    return profile;
}

std::string format_blt(const Profile& profile) {
    const auto candidates = profile.candidates.size();
    if (candidates < 1 || candidates > max_candidates || profile.seats < 1 || profile.seats > candidates) {
        fail_input("blt.header", "A BLT file needs 1 to 1000 candidates and 1 to as many seats.");
    }
    const auto number = [&](std::uint32_t candidate) {
        if (candidate >= candidates) fail_input("blt.candidate", "A ballot or withdrawal names no known candidate.");
        return std::to_string(candidate + 1);
    };
    const auto quoted = [](const std::string& text, std::string_view reason) {
        auto line = "\"" + text + "\"";
        if (parse_quoted(line) != text || trim(text).empty() || !is_printable_utf8(text)) {
            fail_input(reason, "A BLT file cannot carry the text \"" + text + "\".");
        }
        return line + "\n";
    };
    std::string out = std::to_string(candidates) + " " + std::to_string(profile.seats) + "\n";
    for (const auto candidate : profile.withdrawn) out += "-" + number(candidate) + "\n";
    for (const auto& ballot : profile.ballots) {
        if (ballot.weight == 0 || ballot.weight > max_total_weight) {
            fail_input("blt.weight", "A ballot's weight must be from 1 to 1,000,000,000,000.");
        }
        if (!ballot.ranks.empty()) fail_input("blt.equal_ranks", "A BLT file cannot carry equal ranks.");
        out += std::to_string(ballot.weight);
        for (const auto candidate : ballot.ranking) out += " " + number(candidate);
        out += " 0\n";
    }
    out += "0\n";
    for (const auto& candidate : profile.candidates) out += quoted(candidate.name, "blt.name");
    return out + quoted(profile.title, "blt.title");
}

}  // namespace uvpki::count
