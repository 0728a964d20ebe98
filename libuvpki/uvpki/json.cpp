#include "uvpki/json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "uvpki/encoding.h"
#include "uvpki/error.h"

namespace uvpki {

namespace {

constexpr std::int64_t largest_integer = 9007199254740991;  // RFC 7493, section 2.2: 2^53 - 1

/// Builds the value and refuses what I-JSON forbids while it is read, so that nothing is silently overwritten or rounded.
class StrictBuilder : public nlohmann::json_sax<Json> {
public:
    explicit StrictBuilder(std::size_t depth_limit) : depth_limit_(depth_limit) {}

    bool null() override { return place(nullptr); }
    bool boolean(bool value) override { return place(value); }
    bool number_integer(number_integer_t value) override {
        if (value < -largest_integer) return refuse("an integer is outside the range of I-JSON");
        return place(value);
    }
    bool number_unsigned(number_unsigned_t value) override {
        if (value > static_cast<number_unsigned_t>(largest_integer))
            return refuse("an integer is outside the range of I-JSON");
        return place(static_cast<std::int64_t>(value));
    }
    bool number_float(number_float_t, const string_t&) override { return refuse("a number is not an integer"); }
    bool string(string_t& value) override { return place(std::move(value)); }
    bool binary(binary_t&) override { return refuse("binary value"); }
    bool start_object(std::size_t) override { return open(Json::object()); }
    bool start_array(std::size_t) override { return open(Json::array()); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }
    bool key(string_t& name) override {
        if (!std::ranges::all_of(name, [](char c) { return c >= 0x20 && c < 0x7F; }))
            return refuse("a member name is not printable ASCII");
        if (stack_.back()->contains(name)) return refuse("member '" + name.substr(0, 64) + "' stands twice");
        name_ = name;
        return true;
    }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
        return refuse("syntax error at byte " + std::to_string(position));
    }

    bool too_deep() const { return too_deep_; }
    const std::string& problem() const { return problem_; }
    Json take() { return std::move(root_); }

private:
    Json* attach(Json&& value) {
        if (stack_.empty()) {
            root_ = std::move(value);
            return &root_;
        }
        Json& parent = *stack_.back();
        if (parent.is_array()) {
            parent.push_back(std::move(value));
            return &parent.back();
        }
        return &(parent[name_] = std::move(value));
    }
    bool place(Json&& value) {
        attach(std::move(value));
        return true;
    }
    bool open(Json&& container) {
        if (stack_.size() >= depth_limit_) {
            too_deep_ = true;
            return refuse("nesting is too deep");
        }
        // A child's address stays valid while it is open: its parent grows only after the child has been closed.
        stack_.push_back(attach(std::move(container)));
        return true;
    }
    bool close() {
        stack_.pop_back();
        return true;
    }
    bool refuse(std::string problem) {
        problem_ = std::move(problem);
        return false;
    }

    std::size_t depth_limit_;
    Json root_;
    std::vector<Json*> stack_;
    std::string name_;
    std::string problem_;
    bool too_deep_ = false;
};

}  // namespace

Json parse_json(ByteView text, JsonLimits limits) {
    if (text.size() > limits.bytes)
        fail_input("json.too_large", "JSON text is larger than " + std::to_string(limits.bytes) + " bytes");
    if (!is_utf8(as_text(text))) fail_input("json.syntax", "JSON text is not valid UTF-8");
    if (text.size() >= 3 && text[0] == 0xEF && text[1] == 0xBB && text[2] == 0xBF)
        fail_input("json.syntax", "JSON text starts with a byte order mark");
    StrictBuilder builder(limits.depth);
    const bool good = Json::sax_parse(text.begin(), text.end(), &builder);
    if (!good) fail_input(builder.too_deep() ? "json.too_deep" : "json.syntax", "JSON: " + builder.problem());
    return builder.take();
}

std::string canonical_json(const Json& value) { return value.dump(); }

Json parse_canonical_json(ByteView text, JsonLimits limits) {
    auto value = parse_json(text, limits);
    if (canonical_json(value) != as_text(text))
        fail_input("json.not_canonical", "JSON text is not in canonical form (RFC 8785)");
    return value;
}

}  // namespace uvpki
