// Every schema in schemas/: the rules that all must keep, and their examples through our readers and back.

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/unit/election/expect.h"
#include "uvpki/files.h"
#include "uvpki/json_schema.h"

using namespace uvpki;
using namespace uvpki::testing;

namespace {

const std::filesystem::path folder = std::filesystem::path(UVPKI_SOURCE) / "schemas";

JsonSchema load_schema(const std::string& name) {
    return JsonSchema::parse(load_file(folder / name));
}

JsonSchema schema_of(const std::string& text) {
    return JsonSchema::parse(as_bytes(text));
}

std::vector<Finding> check(const std::string& schema, const std::string& value) {
    return schema_of(schema).check(parse_json(as_bytes(value)));
}

/// STYLE: every string has maxLength or enum, arrays maxItems, objects additionalProperties false (or a schema for
/// counts by name), no pattern.
void check_rules(const Json& schema, const std::string& place) {
    CAPTURE(place);
    if (!schema.is_object()) return;
    CHECK(!schema.contains("pattern"));
    const auto type = schema.value("type", "");
    if (type == "string") CHECK((schema.contains("maxLength") || schema.contains("enum")));
    if (type == "array") {
        CHECK(schema.contains("maxItems"));
        CHECK(schema.contains("items"));
    }
    if (type == "integer") CHECK((schema.contains("minimum") && schema.contains("maximum")));
    if (type == "object") {
        REQUIRE(schema.contains("additionalProperties"));
        CHECK((schema["additionalProperties"] == false || schema["additionalProperties"].is_object()));
        if (schema["additionalProperties"].is_object()) check_rules(schema["additionalProperties"], place + "/*");
    }
    for (const auto* keyword : {"properties", "$defs"}) {
        if (!schema.contains(keyword)) continue;
        for (const auto& [name, inner] : schema[keyword].items()) check_rules(inner, place + "/" + name);
    }
    if (schema.contains("items")) check_rules(schema["items"], place + "/items");
}

/// Our reader and writer of each document; results are made by the count and read by nobody.
const std::map<std::string, std::function<std::string(ByteView)>> readers{
    {"manifest.json", [](ByteView text) { return election::format_manifest(election::parse_manifest(text)); }},
    {"roll-summary.json",
     [](ByteView text) { return election::format_roll_summary(election::parse_roll_summary(text)); }},
    {"claims-summary.json",
     [](ByteView text) { return election::format_claims_summary(election::parse_claims_summary(text)); }},
    {"plaintext.json",
     [](ByteView text) {
         const auto size = static_cast<std::int64_t>(text.size());
         return to_text(election::format_plaintext(election::parse_plaintext(text, size), size).view());
     }},
};

}  // namespace

TEST_CASE("every schema keeps the rules for schemas and accepts its own examples") {
    std::set<std::string> names;
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
        const auto name = file.path().filename().string();
        CAPTURE(name);
        names.insert(name);
        const auto schema = load_schema(name);
        check_rules(schema.json(), "");
        CHECK(schema.json().value("$schema", "") == "https://json-schema.org/draft/2020-12/schema");
        CHECK(schema.json().contains("title"));
        REQUIRE(schema.json().contains("examples"));
        CHECK(!schema.json()["examples"].empty());
        for (const auto& example : schema.json()["examples"]) {
            const auto findings = schema.check(example);
            CHECK_MESSAGE(findings.empty(), (findings.empty() ? "" : findings.front().message));
            auto unknown = example;
            unknown["unknown-member"] = 1;
            CHECK(has_rule(schema.check(unknown), "schema.additionalProperties"));
            for (const auto& [member, ignored] : example.items()) {
                auto lacking = example;
                lacking.erase(member);
                CHECK(has_rule(schema.check(lacking), "schema.required"));
            }
        }
    }
    for (const auto* name : {"manifest.json", "claim.json", "receipt.json", "plaintext.json", "roll-summary.json",
                             "claims-summary.json", "results.json"})
        CHECK(names.contains(name));
}

TEST_CASE("the examples of every schema pass through our structs and come back the same") {
    for (const auto& [name, read_and_write] : readers) {
        CAPTURE(name);
        const auto schema = load_schema(name);
        for (const auto& example : schema.json()["examples"]) {
            const auto text = canonical_json(example);
            CHECK(read_and_write(as_bytes(text)) == text);
        }
    }
}

TEST_CASE("what we sign keeps its schema: claims, receipts, manifests and opened ballots") {
    auto& test = shared_election();
    const auto content = [](ByteView der) { return parse_canonical_json(*cms::parse_signed_data(der).content); };
    const auto key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    const auto voter = test.pki.issue_leaf(x509::Role::voter, key);
    const auto claims = load_schema("claim.json");
    for (const auto& example : claims.json()["examples"]) {
        const election::Claim claim{example["election"].get<std::string>(),
                                    parse_sha256_hex(example["token_key"].get<std::string>()),
                                    parse_base64(example["blinded"].get<std::string>())};
        CHECK(content(election::make_claim(claim, voter, key, test.pki.clock)) == example);
    }
    const auto receipts = load_schema("receipt.json");
    for (const auto& example : receipts.json()["examples"]) {
        const election::Receipt receipt{
            example["election"].get<std::string>(), parse_sha256_hex(example["manifest"].get<std::string>()),
            parse_sha256_hex(example["leaf"].get<std::string>()), example["latest_epoch"].get<std::int64_t>()};
        CHECK(content(election::make_receipt(receipt, test.receipt_signer, test.receipt_key, test.pki.clock)) ==
              example);
    }
    CHECK(load_schema("manifest.json").check(parse_json(as_bytes(test.manifest_text()))).empty());
    const auto ballot = election::parse_ballot(test.make_ballot("north").der);
    const auto opened = cms::open_envelope(ballot.envelope, test.election_key);
    CHECK(load_schema("plaintext.json").check(parse_json(opened.view())).empty());
}

TEST_CASE("each keyword of the validator accepts and refuses") {
    CHECK(check(R"({"type":"integer","minimum":1,"maximum":3})", "3").empty());
    CHECK(has_rule(check(R"({"type":"integer","minimum":1,"maximum":3})", "0"), "schema.minimum"));
    CHECK(has_rule(check(R"({"type":"integer","minimum":1,"maximum":3})", "4"), "schema.maximum"));
    CHECK(has_rule(check(R"({"type":"integer"})", "\"4\""), "schema.type"));
    CHECK(has_rule(check(R"({"type":"string","minLength":2})", "\"a\""), "schema.minLength"));
    CHECK(has_rule(check(R"({"type":"string","maxLength":2})", "\"abc\""), "schema.maxLength"));
    CHECK(check(R"({"type":"string","maxLength":2})", "\"äö\"").empty());
    CHECK(has_rule(check(R"({"enum":["a","b"]})", "\"c\""), "schema.enum"));
    CHECK(check(R"({"enum":["a","b"]})", "\"b\"").empty());
    CHECK(has_rule(check(R"({"const":1})", "2"), "schema.const"));
    const std::string list = R"({"type":"array","items":{"type":"boolean"},"minItems":1,"maxItems":2})";
    CHECK(check(list, "[true,false]").empty());
    CHECK(has_rule(check(list, "[]"), "schema.minItems"));
    CHECK(has_rule(check(list, "[true,true,true]"), "schema.maxItems"));
    CHECK(has_rule(check(list, "[1]"), "schema.type"));
    const std::string object =
        R"({"type":"object","properties":{"a":{"$ref":"#/$defs/x"}},"required":["a"],"additionalProperties":false,"$defs":{"x":{"type":"null"}}})";
    CHECK(check(object, R"({"a":null})").empty());
    CHECK(has_rule(check(object, "{}"), "schema.required"));
    CHECK(has_rule(check(object, R"({"a":null,"b":1})"), "schema.additionalProperties"));
    CHECK(has_rule(check(object, R"({"a":1})"), "schema.type"));
    const std::string counts = R"({"type":"object","additionalProperties":{"type":"integer"}})";
    CHECK(check(counts, R"({"any":1})").empty());
    CHECK(has_rule(check(counts, R"({"any":"1"})"), "schema.type"));
}

TEST_CASE("each format of the validator accepts and refuses") {
    const auto fits = [](const std::string& format, const std::string& text) {
        return check(R"({"type":"string","format":")" + format + "\"}", "\"" + text + "\"").empty();
    };
    CHECK(fits("date-time", "2026-11-20T15:36:00Z"));
    CHECK(!fits("date-time", "2026-11-20 15:36:00"));
    CHECK(fits("hex", "00ff"));
    CHECK(!fits("hex", "00FF"));
    CHECK(!fits("hex", "0"));
    CHECK(fits("base64", "AAE="));
    CHECK(!fits("base64", "AAE"));
    CHECK(fits("uuid", "0f8fad5b-d9cb-469f-a165-70867728950e"));
    CHECK(!fits("uuid", "0f8fad5bd9cb-469f-a165-70867728950e"));
    CHECK(!fits("uuid", "0f8fad5b-d9cb-469f-a165-70867728950"));
}

TEST_CASE("schemas with unknown keywords, formats or references, or circles of references, are refused") {
    for (
        const std::string text :
        {R"({"type":"string","pattern":"a*"})", R"({"type":"text"})", R"({"type":"string","format":"email"})", R"([])",
         R"({})", R"({"$ref":"#/$defs/none"})", R"({"$ref":"http://x.example/"})",
         R"({"$ref":"#/$defs/a","$defs":{"a":{"type":"null"}}})",
         R"({"type":"object","properties":{"a":{"$ref":"#/$defs/a"}},"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}})",
         R"({"type":"array","items":[]})", R"({"type":"string","maxLength":"1"})", R"({"enum":[]})",
         R"({"type":"object","required":[1]})"}) {
        CAPTURE(text);
        CHECK(reason_of([&] { schema_of(text); }) == "schema.malformed");
    }
}

TEST_CASE("a schema that refers to itself is bounded by the depth of the value") {
    const std::string tree =
        R"({"type":"object","properties":{"c":{"$ref":"#/$defs/t"}},"$defs":{"t":{"type":"array","items":{"$ref":"#/$defs/t"},"maxItems":1}}})";
    CHECK(check(tree, R"({"c":[[[[]]]]})").empty());
    CHECK(has_rule(check(tree, R"({"c":[[[[1]]]]})"), "schema.type"));
}
