#include "uvpki/threshold/message.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "uvpki/encoding.h"

namespace uvpki::threshold {

namespace {

constexpr std::string_view malformed = "threshold.message.malformed";
constexpr std::size_t point_size = 65, scalar_size = 32;

constexpr std::array<std::string_view, step_count> step_names{"commit",    "reveal",  "deal",
                                                              "complaint", "justify", "confirm"};

void require_name(std::string_view text, std::string_view what, std::string_view reason) {
    if (text.empty() || text.size() > 128 || !is_printable_utf8(text))
        fail_input(reason, std::string(what) + " must be 1 to 128 bytes of printable text");
}

void require_plan(const Plan& plan) {
    constexpr std::string_view reason = "threshold.plan";
    require_quorum(plan.needed, static_cast<int>(plan.trustees.size()));
    require_name(plan.election, "the election id", reason);
    for (const auto& trustee : plan.trustees) require_name(trustee.name, "a trustee's name", reason);
    if (plan.attempt < 1 || plan.attempt > 1000) fail_input(reason, "the attempt must be between 1 and 1000");
    if (plan.previous.has_value() != (plan.attempt > 1))
        fail_input(reason, "a plan names the failure record before it exactly from the second attempt on");
}

}  // namespace

std::string_view step_name(Step step) {
    return step_names[static_cast<std::size_t>(step)];
}

void require_members(const Json& object, std::initializer_list<const char*> names, std::string_view reason) {
    if (!object.is_object()) fail_input(reason, "a JSON object is expected");
    for (const auto* name : names)
        if (!object.contains(name)) fail_input(reason, std::string("member '") + name + "' is missing");
    if (object.size() != names.size()) fail_input(reason, "the JSON object has unknown members");
}

std::string read_text(const Json& object, const char* name, std::string_view reason) {
    const auto& value = object.at(name);
    if (!value.is_string()) fail_input(reason, std::string("member '") + name + "' is not text");
    return value.get<std::string>();
}

int read_number(const Json& object, const char* name, int least, int most, std::string_view reason) {
    const auto& value = object.at(name);
    if (!value.is_number_integer() || value.get<std::int64_t>() < least || value.get<std::int64_t>() > most)
        fail_input(reason, std::string("member '") + name + "' is not a number from " + std::to_string(least) + " to " +
                               std::to_string(most));
    return value.get<int>();
}

Bytes read_hex(const Json& value, std::size_t size, std::string_view reason) {
    if (!value.is_string()) fail_input(reason, "a hexadecimal text is expected");
    const auto& text = value.get_ref<const std::string&>();
    const bool good = text.size() == 2 * size && std::ranges::all_of(text, [](char c) {
                          return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                      });
    if (!good) fail_input(reason, "a value is not " + std::to_string(size) + " bytes in lower-case hexadecimal digits");
    return parse_hex(text);
}

Sha256 read_hash(const Json& object, const char* name, std::string_view reason) {
    return to_sha256(read_hex(object.at(name), 32, reason));
}

const Json& read_array(const Json& object, const char* name, std::string_view reason) {
    const auto& value = object.at(name);
    if (!value.is_array() || value.size() > static_cast<std::size_t>(max_trustees))
        fail_input(reason, std::string("member '") + name + "' is not a list of at most 32 entries");
    return value;
}

Json to_json(const Commitments& points) {
    auto list = Json::array();
    for (const auto& point : points) list.push_back(to_hex(point));
    return list;
}

Json plan_to_json(const Plan& plan) {
    require_plan(plan);
    auto trustees = Json::array();
    for (const auto& trustee : plan.trustees)
        trustees.push_back({{"name", trustee.name},
                            {"certificate", to_base64(trustee.certificate.der())},
                            {"encryption_certificate", to_base64(trustee.encryption_certificate.der())}});
    Json json{{"type", "uvpki-ceremony-plan"},     {"version", 1},        {"election", plan.election},
              {"attempt", plan.attempt},           {"m", plan.needed},    {"n", static_cast<int>(plan.trustees.size())},
              {"time", format_rfc3339(plan.time)}, {"trustees", trustees}};
    json["previous"] = plan.previous ? Json(to_hex(*plan.previous)) : Json(nullptr);
    return json;
}

Plan plan_from_json(const Json& json) {
    constexpr std::string_view reason = "threshold.plan";
    require_members(json, {"type", "version", "election", "attempt", "m", "n", "time", "trustees", "previous"}, reason);
    if (read_text(json, "type", reason) != "uvpki-ceremony-plan" || read_number(json, "version", 1, 1, reason) != 1)
        fail_input(reason, "this is not a ceremony plan of version 1");
    Plan plan;
    plan.election = read_text(json, "election", reason);
    plan.attempt = read_number(json, "attempt", 1, 1000, reason);
    plan.needed = read_number(json, "m", 1, max_trustees, reason);
    plan.time = parse_rfc3339(read_text(json, "time", reason));
    if (!json.at("previous").is_null()) plan.previous = read_hash(json, "previous", reason);
    for (const auto& entry : read_array(json, "trustees", reason)) {
        require_members(entry, {"name", "certificate", "encryption_certificate"}, reason);
        plan.trustees.push_back(
            {read_text(entry, "name", reason),
             x509::Certificate::parse(parse_base64(read_text(entry, "certificate", reason))),
             x509::Certificate::parse(parse_base64(read_text(entry, "encryption_certificate", reason)))});
    }
    if (read_number(json, "n", 1, max_trustees, reason) != static_cast<int>(plan.trustees.size()))
        fail_input(reason, "the plan's n is not the number of its trustees");
    require_plan(plan);
    return plan;
}

Bytes encode_plan(const Plan& plan) {
    return to_bytes(canonical_json(plan_to_json(plan)));
}

Plan parse_plan(ByteView json) {
    return plan_from_json(parse_canonical_json(json));
}

Bytes format_body(const Board::State& state, const Body& body) {
    Json json{{"type", "uvpki-ceremony-" + std::string(step_name(body.step))},
              {"version", 1},
              {"election", state.plan.election},
              {"plan", to_hex(state.plan_hash)},
              {"m", state.plan.needed},
              {"n", state.trustees()},
              {"trustee", body.trustee},
              {"name", state.person(body.trustee).name}};
    if (body.step != Step::commit) json["seen"] = to_hex(body.seen);
    switch (body.step) {
        case Step::commit:
            json["commitments_sha256"] = to_hex(body.commitments_hash);
            break;
        case Step::reveal:
            json["commitments"] = to_json(body.commitments);
            break;
        case Step::deal: {
            auto list = Json::array();
            for (int to = 1; to <= state.trustees(); ++to)
                if (to != body.trustee)
                    list.push_back(
                        {{"to", to}, {"envelope", to_base64(body.envelopes[static_cast<std::size_t>(to - 1)])}});
            json["shares"] = list;
            break;
        }
        case Step::complaint:
            json["against"] = body.against;
            break;
        case Step::justify: {
            auto list = Json::array();
            for (const auto& share : body.shares) list.push_back({{"to", share.index}, {"share", to_hex(share.point)}});
            json["shares"] = list;
            break;
        }
        case Step::confirm:
            json["share_point"] = to_hex(body.share_point);
            break;
    }
    return to_bytes(canonical_json(json));
}

namespace {

void read_deal(const Json& json, int trustees, Body& body) {
    const auto& list = read_array(json, "shares", malformed);
    body.envelopes.resize(static_cast<std::size_t>(trustees));
    if (list.size() + 1 != body.envelopes.size())
        fail_input(malformed, "a deal holds one share for each of the other trustees");
    int to = 1;
    for (const auto& entry : list) {
        if (to == body.trustee) ++to;
        require_members(entry, {"to", "envelope"}, malformed);
        if (read_number(entry, "to", 1, trustees, malformed) != to)
            fail_input(malformed, "the shares of a deal are not in the order of their recipients");
        body.envelopes[static_cast<std::size_t>(to - 1)] = parse_base64(read_text(entry, "envelope", malformed));
        ++to;
    }
}

void read_complaint(const Json& json, int trustees, Body& body) {
    int previous = 0;
    for (const auto& entry : read_array(json, "against", malformed)) {
        const int dealer = read_number(Json{{"against", entry}}, "against", 1, trustees, malformed);
        if (dealer <= previous || dealer == body.trustee)
            fail_input(malformed, "a complaint names other trustees in ascending order");
        body.against.push_back(dealer);
        previous = dealer;
    }
    if (body.against.empty()) fail_input(malformed, "a complaint names nobody");
}

void read_justify(const Json& json, int trustees, Body& body) {
    int previous = 0;
    for (const auto& entry : read_array(json, "shares", malformed)) {
        require_members(entry, {"to", "share"}, malformed);
        const int to = read_number(entry, "to", 1, trustees, malformed);
        if (to <= previous || to == body.trustee)
            fail_input(malformed, "a justification shows the shares of other trustees in ascending order");
        body.shares.push_back({to, read_hex(entry.at("share"), scalar_size, malformed)});
        previous = to;
    }
    if (body.shares.empty()) fail_input(malformed, "a justification shows no share");
}

}  // namespace

Body parse_body(const Board::State& state, ByteView text) {
    const auto json = parse_canonical_json(text);
    if (!json.is_object() || !json.contains("type")) fail_input(malformed, "this is not a ceremony message");
    const auto type = read_text(json, "type", malformed);
    constexpr std::string_view prefix = "uvpki-ceremony-";
    const auto found = type.starts_with(prefix)
                           ? std::ranges::find(step_names, std::string_view(type).substr(prefix.size()))
                           : step_names.end();
    if (found == step_names.end()) fail_input(malformed, "this is not a ceremony message");
    Body body;
    body.step = static_cast<Step>(found - step_names.begin());
    constexpr std::array<const char*, step_count> own{
        "commitments_sha256", "commitments", "shares", "against", "shares", "share_point"};
    const auto* member = own[static_cast<std::size_t>(body.step)];
    if (body.step == Step::commit)
        require_members(json, {"type", "version", "election", "plan", "m", "n", "trustee", "name", member}, malformed);
    else
        require_members(json, {"type", "version", "election", "plan", "m", "n", "trustee", "name", "seen", member},
                        malformed);
    read_number(json, "version", 1, 1, malformed);
    if (read_text(json, "election", malformed) != state.plan.election ||
        read_hash(json, "plan", malformed) != state.plan_hash ||
        read_number(json, "m", 1, max_trustees, malformed) != state.plan.needed ||
        read_number(json, "n", 1, max_trustees, malformed) != state.trustees())
        fail(ErrorCode::verification_failed, "threshold.message.ceremony", "the message belongs to another ceremony");
    body.trustee = read_number(json, "trustee", 1, state.trustees(), malformed);
    if (read_text(json, "name", malformed) != state.person(body.trustee).name)
        fail(ErrorCode::verification_failed, "threshold.message.sender",
             "the message names trustee " + std::to_string(body.trustee) + " by another name than the plan");
    if (body.step != Step::commit) body.seen = read_hash(json, "seen", malformed);
    switch (body.step) {
        case Step::commit:
            body.commitments_hash = read_hash(json, "commitments_sha256", malformed);
            break;
        case Step::reveal:
            for (const auto& point : read_array(json, "commitments", malformed))
                body.commitments.push_back(read_hex(point, point_size, malformed));
            break;
        case Step::deal:
            read_deal(json, state.trustees(), body);
            break;
        case Step::complaint:
            read_complaint(json, state.trustees(), body);
            break;
        case Step::justify:
            read_justify(json, state.trustees(), body);
            break;
        case Step::confirm:
            body.share_point = read_hex(json.at("share_point"), point_size, malformed);
            break;
    }
    return body;
}

Sha256 hash_of_commitments(const Sha256& plan, int trustee, const Commitments& commitments) {
    const Json json{{"commitments", to_json(commitments)}, {"plan", to_hex(plan)}, {"trustee", trustee}};
    return sha256(as_bytes(canonical_json(json)));
}

Sha256 view_before(const Board::State& state, Step step) {
    Bytes hashes;
    for (const auto round : {Step::commit, Step::reveal, Step::deal}) {
        if (round >= step) break;
        for (int trustee = 1; trustee <= state.trustees(); ++trustee) {
            const auto& posted = state.at(round, trustee);
            if (posted) hashes.insert(hashes.end(), posted->hash.begin(), posted->hash.end());
        }
    }
    return sha256(hashes);
}

}  // namespace uvpki::threshold
