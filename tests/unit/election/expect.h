#pragma once
// Shared by the tests of this folder: reasons of refusals, and elections that are made once per program.

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/command.h"
#include "tests/support/reason.h"
#include "tests/support/test_election.h"

namespace uvpki::testing {

using uvpki::test::reason_of;

inline bool has_rule(const std::vector<Finding>& findings, std::string_view rule) {
    return std::ranges::find(findings, rule, &Finding::rule) != findings.end();
}

/// One election for the tests that do not alter it; making token keys costs a quarter of a second.
inline TestElection& shared_election() {
    static TestElection once;
    return once;
}

}  // namespace uvpki::testing
