#pragma once
// An election as long as it is a draft: what officers have said so far, kept as canonical JSON in the store. Plain
// data. Private to the ca-service.

#include <optional>
#include <string>
#include <vector>

#include "ca-service/elections.h"

namespace uvpki::ca {

struct BallotServiceParts {
    Bytes ballot_ca;  ///< DER
    std::string log_origin;
    std::string log_key;
};

struct Draft {
    std::vector<election::Contest> contests;
    std::vector<election::Style> styles;  ///< voters are filled in from the roll
    std::optional<Elections::Schedule> schedule;
    std::optional<election::RollSummary> roll;
    std::vector<std::string> token_issuers;
    std::vector<election::TokenKey> token_keys;
    std::optional<BallotServiceParts> ballot_service;

    election::Contest* find_contest(std::string_view id);
};

std::string format_draft(const Draft& draft);
/// Throws internal "authority.store" for what format_draft did not write.
Draft parse_draft(std::string_view text);

}  // namespace uvpki::ca
