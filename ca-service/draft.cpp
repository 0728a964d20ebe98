#include "ca-service/draft.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "uvpki/encoding.h"
#include "uvpki/error.h"
#include "uvpki/json.h"

namespace uvpki::ca {

namespace {

Json window_json(const election::Window& window) {
    return {{"closes", unix_seconds(window.closes)}, {"opens", unix_seconds(window.opens)}};
}

election::Window window_from(const Json& json) {
    return {.opens = from_unix_seconds(json.at("opens").get<std::int64_t>()),
            .closes = from_unix_seconds(json.at("closes").get<std::int64_t>())};
}

Json schedule_json(const Elections::Schedule& schedule) {
    return {{"claim", window_json(schedule.claim)},
            {"epoch_min_ballots", schedule.epoch_min_ballots},
            {"epoch_seconds", schedule.epoch_seconds},
            {"final_epoch_until", unix_seconds(schedule.final_epoch_until)},
            {"voting", window_json(schedule.voting)}};
}

Elections::Schedule schedule_from(const Json& json) {
    return {.claim = window_from(json.at("claim")),
            .voting = window_from(json.at("voting")),
            .final_epoch_until = from_unix_seconds(json.at("final_epoch_until").get<std::int64_t>()),
            .epoch_seconds = json.at("epoch_seconds").get<std::int64_t>(),
            .epoch_min_ballots = json.at("epoch_min_ballots").get<std::int64_t>()};
}

Json token_key_json(const election::TokenKey& key) {
    return {{"issuer", key.issuer}, {"spki", to_base64(key.spki)}, {"style", key.style}};
}

election::TokenKey token_key_from(const Json& json) {
    election::TokenKey key;
    key.issuer = json.at("issuer").get<std::string>();
    key.style = json.at("style").get<std::string>();
    key.spki = parse_base64(json.at("spki").get<std::string>());
    key.key_id = sha256(key.spki);
    return key;
}

template <typename Items, typename ToJson>
Json array_of(const Items& items, ToJson to_json) {
    auto array = Json::array();
    for (const auto& item : items) array.push_back(to_json(item));
    return array;
}

Json draft_json(const Draft& draft) {
    Json json{{"contests", array_of(draft.contests, election::contest_json)},
              {"styles", array_of(draft.styles,
                                  [](const election::Style& style) {
                                      return Json{{"contests", style.contests}, {"id", style.id}};
                                  })},
              {"token_issuers", draft.token_issuers},
              {"token_keys", array_of(draft.token_keys, token_key_json)}};
    if (draft.schedule) json["schedule"] = schedule_json(*draft.schedule);
    if (draft.roll) json["roll"] = election::format_roll_summary(*draft.roll);
    if (draft.ballot_service)
        json["ballot_service"] = Json{{"ballot_ca", to_base64(draft.ballot_service->ballot_ca)},
                                      {"log_key", draft.ballot_service->log_key},
                                      {"log_origin", draft.ballot_service->log_origin}};
    return json;
}

Draft draft_from(const Json& json) {
    Draft draft;
    for (const auto& item : json.at("contests")) draft.contests.push_back(election::parse_contest(item));
    for (const auto& item : json.at("styles"))
        draft.styles.push_back(
            {item.at("id").get<std::string>(), item.at("contests").get<std::vector<std::string>>(), 0});
    draft.token_issuers = json.at("token_issuers").get<std::vector<std::string>>();
    for (const auto& item : json.at("token_keys")) draft.token_keys.push_back(token_key_from(item));
    if (json.contains("schedule")) draft.schedule = schedule_from(json.at("schedule"));
    if (json.contains("roll"))
        draft.roll = election::parse_roll_summary(as_bytes(json.at("roll").get_ref<const std::string&>()));
    if (json.contains("ballot_service")) {
        const auto& parts = json.at("ballot_service");
        draft.ballot_service = BallotServiceParts{.ballot_ca = parse_base64(parts.at("ballot_ca").get<std::string>()),
                                                  .log_origin = parts.at("log_origin").get<std::string>(),
                                                  .log_key = parts.at("log_key").get<std::string>()};
    }
    return draft;
}

}  // namespace

election::Contest* Draft::find_contest(std::string_view id) {
    const auto found = std::ranges::find(contests, id, &election::Contest::id);
    return found == contests.end() ? nullptr : &*found;
}

std::string format_draft(const Draft& draft) {
    return canonical_json(draft_json(draft));
}

Draft parse_draft(std::string_view text) {
    try {
        return draft_from(parse_json(as_bytes(text)));
    } catch (const Json::exception&) {
        fail(ErrorCode::internal, "authority.store", "a stored draft is malformed");
    }
}

}  // namespace uvpki::ca
