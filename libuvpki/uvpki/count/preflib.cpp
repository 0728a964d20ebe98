#include "uvpki/count/preflib.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "uvpki/count/text.h"
#include "uvpki/encoding.h"
#include "uvpki/error.h"

namespace uvpki::count {
namespace {

class Reader {
public:
    Reader(std::string_view text, PreflibLimits limits) : rest_(text), limits_(limits) {}

    Profile read() {
        if (rest_.size() > limits_.bytes) refuse("too_large", "the file is too large.");
        if (rest_.starts_with(byte_order_mark)) rest_.remove_prefix(byte_order_mark.size());
        auto line = next_line();
        for (; line && line->starts_with('#'); line = next_line()) read_header(trim(line->substr(1)));
        require_header();
        for (; line; line = next_line()) read_order(*line);
        if (profile_.ballots.size() != orders_) {
            refuse("totals", "the header promises " + std::to_string(*orders_) + " orders, the file has " +
                                 std::to_string(profile_.ballots.size()) + ".");
        }
        if (total_ != voters_) {
            refuse("totals", "the header promises " + std::to_string(*voters_) + " voters, the orders add up to " +
                                 std::to_string(total_) + ".");
        }
        return std::move(profile_);
    }

private:
    [[noreturn]] void refuse(const std::string& reason, const std::string& message) const {
        fail_input("preflib." + reason,
                   "Line " + std::to_string(std::max<std::size_t>(number_, 1)) + " of the PrefLib file: " + message);
    }

    std::optional<std::string_view> next_line() {
        while (!rest_.empty()) {
            auto line = take_line(rest_);
            ++number_;
            if (!is_utf8(line)) refuse("encoding", "it is not UTF-8.");
            line = trim(line);
            if (!line.empty()) return line;
        }
        return std::nullopt;
    }

    std::uint64_t number(std::string_view value, std::uint64_t most) const {
        const auto found = find_whole_number(value, most);
        if (!found || *found == 0) {
            refuse("header", "a whole number from 1 to " + std::to_string(most) + " is expected.");
        }
        return *found;
    }

    template <typename Value>
    void set(std::optional<Value>& place, Value value) const {
        if (place) refuse("header", "this line of the header stands twice.");
        place = value;
    }

    void read_header(std::string_view line) {
        constexpr std::string_view name_key = "ALTERNATIVE NAME ";
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) refuse("header", "\"# KEY: value\" is expected.");
        const auto key = line.substr(0, colon);
        const auto value = trim(line.substr(colon + 1));
        if (key == "DATA TYPE") {
            if (value != "soc" && value != "soi" && value != "toc" && value != "toi") {
                refuse("header", "the data type must be soc, soi, toc or toi.");
            }
            set(type_, value);
        } else if (key == "TITLE") {
            if (!is_name(value)) refuse("header", "the title is empty or holds control or invisible characters.");
            profile_.title = value;
        } else if (key == "NUMBER ALTERNATIVES") {
            set(alternatives_, number(value, max_candidates));
            profile_.candidates.resize(static_cast<std::size_t>(*alternatives_));
        } else if (key == "NUMBER VOTERS") {
            set(voters_, number(value, max_total_weight));
        } else if (key == "NUMBER UNIQUE ORDERS") {
            set(orders_, number(value, limits_.orders));
        } else if (key.starts_with(name_key)) {
            const auto place = number(key.substr(name_key.size()), max_candidates);
            if (place > profile_.candidates.size()) refuse("header", "there is no alternative of this number.");
            auto& candidate = profile_.candidates[static_cast<std::size_t>(place - 1)];
            if (!candidate.name.empty()) refuse("header", "the alternative has a name already.");
            if (!is_name(value)) refuse("name", "the name is empty or holds control or invisible characters.");
            candidate = {.id = "c" + std::to_string(place), .name = std::string(value)};
        }
    }

    void require_header() {
        if (!type_ || !alternatives_ || !voters_ || !orders_) {
            refuse("header",
                   "the header ends without DATA TYPE, NUMBER ALTERNATIVES, NUMBER VOTERS or NUMBER UNIQUE ORDERS.");
        }
        for (const auto& candidate : profile_.candidates) {
            if (candidate.name.empty()) refuse("header", "the header ends without a name for every alternative.");
        }
        if (const auto name = find_repeated_name(profile_.candidates)) {
            refuse("name", "two alternatives have the name \"" + *name + "\".");
        }
        last_seen_.assign(profile_.candidates.size(), 0);
    }

    void read_order(std::string_view line) {
        if (line.starts_with('#')) refuse("order", "a line of the header stands among the orders.");
        if (profile_.ballots.size() == limits_.orders) refuse("too_large", "there are too many orders.");
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) refuse("order", "\"count: order\" is expected.");
        const auto weight = find_whole_number(trim(line.substr(0, colon)), max_total_weight);
        if (!weight || *weight == 0) refuse("order", "the count must be a whole number from 1 to 10^12.");
        total_ += *weight;
        if (total_ > max_total_weight) refuse("order", "the counts add up to more than 10^12.");
        RankedBallot ballot{.ranking = {}, .weight = *weight};
        std::vector<std::uint32_t> ranks;
        read_ranks(trim(line.substr(colon + 1)), ballot, ranks);
        if (ranks.back() < ranks.size()) ballot.ranks = std::move(ranks);
        const bool complete = *type_ == "soc" || *type_ == "toc";
        if (complete && ballot.ranking.size() != profile_.candidates.size()) {
            refuse("incomplete",
                   "the order leaves out an alternative, against the data type " + std::string(*type_) + ".");
        }
        profile_.ballots.push_back(std::move(ballot));
    }

    void read_ranks(std::string_view rest, RankedBallot& ballot, std::vector<std::uint32_t>& ranks) {
        bool open = false;
        std::uint32_t rank = 1;
        for (bool more = true; more;) {
            if (!open && rest.starts_with('{')) {
                if (type_->starts_with('s')) refuse("ties", "equal ranks stand in a file of strict orders.");
                open = true;
                rest = trim(rest.substr(1));
            }
            const auto end = std::min(rest.find_first_of(",}"), rest.size());
            add(trim(rest.substr(0, end)), ballot);
            ranks.push_back(rank);
            rest = rest.substr(end);
            if (open && rest.starts_with('}')) {
                open = false;
                rest = trim(rest.substr(1));
            }
            if (!open) ++rank;
            more = !rest.empty();
            if (more && !rest.starts_with(',')) refuse("order", "a comma is expected between alternatives.");
            if (more) rest = trim(rest.substr(1));
        }
        if (open) refuse("order", "a brace is not closed.");
    }

    void add(std::string_view text, RankedBallot& ballot) {
        const auto value = find_whole_number(text, UINT32_MAX);
        if (!value) refuse("order", "the number of an alternative is expected.");
        if (*value == 0 || *value > profile_.candidates.size()) {
            refuse("candidate", "there is no alternative " + std::to_string(*value) + ".");
        }
        const auto candidate = static_cast<std::uint32_t>(*value - 1);
        if (std::exchange(last_seen_[candidate], number_) == number_) {
            refuse("duplicate", "the order holds alternative " + std::to_string(*value) + " twice.");
        }
        ballot.ranking.push_back(candidate);
    }

    std::string_view rest_;
    PreflibLimits limits_;
    std::size_t number_ = 0;
    Profile profile_;
    std::optional<std::string_view> type_;
    std::optional<std::uint64_t> alternatives_, voters_, orders_;
    std::uint64_t total_ = 0;
    std::vector<std::size_t> last_seen_;
};

}  // namespace

Profile parse_preflib(std::string_view text, PreflibLimits limits) {
    return Reader(text, limits).read();
}

}  // namespace uvpki::count
