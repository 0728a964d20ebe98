// Botan's ASN.1 vectors through our DER reader. What differs, and why: verdicts.txt beside them.
#include <algorithm>
#include <array>

#include "tests/support/vectors.h"
#include "uvpki/encoding.h"
#include "uvpki/openssl/der.h"
#include "uvpki/x509/name.h"

using namespace uvpki;

namespace {

/// One "Key = value" group of a .vec file; groups are ended by an empty line.
struct Group {
    std::string section;  ///< of the last [header]
    std::vector<std::pair<std::string, std::string>> fields;

    const std::string* find(std::string_view key) const {
        const auto found = std::ranges::find(fields, key, [](const auto& field) { return field.first; });
        return found == fields.end() ? nullptr : &found->second;
    }
};

std::vector<Group> load_groups(const std::string& name) {
    std::istringstream text(test::load_vectors("botan-asn1/" + name));
    std::vector<Group> groups;
    Group group;
    const auto end_group = [&] {
        if (!group.fields.empty()) groups.push_back(group);
        group.fields.clear();
    };
    for (std::string line; std::getline(text, line);) {
        if (line.starts_with('#')) continue;
        if (line.empty()) {
            end_group();
        } else if (line.starts_with('[')) {
            end_group();
            group.section = line.substr(1, line.find(']') - 1);
        } else {
            const auto equals = line.find('=');
            REQUIRE(equals != std::string::npos);
            const auto value = equals + 2 <= line.size() ? line.substr(equals + 2) : "";
            // Lines without groups of their own repeat the key.
            if (group.find(line.substr(0, equals - 1)) != nullptr) end_group();
            group.fields.emplace_back(line.substr(0, equals - 1), value);
        }
    }
    end_group();
    return groups;
}

/// Reads every element with the method for its type, as the project's parsers do.
void read_all(ByteView input) {
    der::Reader reader(input);
    while (!reader.empty()) {
        const auto tag = static_cast<der::Tag>(reader.rest()[0]);
        switch (tag) {
            case der::Tag::boolean:
                reader.boolean("value");
                break;
            case der::Tag::integer:
                reader.integer("value");
                break;
            case der::Tag::bit_string:
                reader.octet_aligned_bits("value");
                break;
            case der::Tag::null:
                reader.null("value");
                break;
            case der::Tag::oid:
                reader.oid("value");
                break;
            case der::Tag::sequence:
            case der::Tag::set:
                read_all(reader.any().content);
                break;
            default:
                reader.any();
        }
    }
}

/// A Name of one attribute with this string type.
Bytes name_of(der::Tag tag, const std::string& text) {
    const auto attribute = der::sequence({der::oid("2.5.4.3"), der::encode(tag, as_bytes(text))});
    return der::sequence({der::encode(der::Tag::set, attribute)});
}

std::string accepted_if(bool good) {
    return good ? "accepted" : "refused";
}

}  // namespace

TEST_CASE("Botan's ASN.1 vectors are read or refused as it says of DER, or as verdicts.txt explains") {
    test::Verdicts verdicts("botan-asn1/verdicts.txt");
    for (const auto& group : load_groups("asn1_decoding.vec")) {
        const auto& input = *group.find("Input");
        const auto* der = group.find("ResultDER");
        const auto& result = der != nullptr ? *der : *group.find("ResultBER");
        const auto bytes = parse_hex(input);
        // Some inputs stand in the file twice, under different headings.
        const auto id = "decoding/" + (input.empty() ? "empty" : input);
        if (verdicts.has_judged(id)) continue;
        verdicts.check(id, accepted_if(result == "OK"), test::verdict_of([&] { read_all(bytes); }));
    }
    for (const auto& group : load_groups("asn1_oid_invalid.vec")) {
        const auto& input = *group.find("DER");
        const auto bytes = parse_hex(input);
        verdicts.check("oid/" + input, "refused", test::verdict_of([&] {
                           const auto element = der::parse_single(bytes, der::Tag::oid, "value");
                           der::oid_to_text(element.content);
                       }));
    }
    for (const auto& group : load_groups("asn1_time.vec")) {
        const auto& text = *group.find("Tspec");
        const bool is_utc = group.section.starts_with("UTC");
        const auto bytes = der::encode(is_utc ? der::Tag::utc_time : der::Tag::generalized_time, as_bytes(text));
        verdicts.check((is_utc ? "utc/" : "generalized/") + text, accepted_if(!group.section.ends_with(".invalid")),
                       test::verdict_of([&] { der::Reader(bytes).time("value"); }));
    }
    verdicts.finish();
}

TEST_CASE("Botan's object identifiers are the same text and the same DER both ways") {
    int checked = 0;
    for (const auto& group : load_groups("asn1_oid.vec")) {
        const auto& text = *group.find("OID");
        const auto bytes = parse_hex(*group.find("DER"));
        CHECK(der::oid(text) == bytes);
        CHECK(der::oid_to_text(der::parse_single(bytes, der::Tag::oid, "value").content) == text);
        ++checked;
    }
    MESSAGE("botan-asn1 asn1_oid.vec: " << checked << " identifiers, both ways");
    CHECK(checked == 19);
}

TEST_CASE("Botan's strings are valid names in the types that Botan says; other string types are not read as text") {
    int checked = 0;
    for (const auto& group : load_groups("asn1_string_validation.vec")) {
        const auto& text = *group.find("Input");
        const std::array<std::pair<const char*, der::Tag>, 3> types{{{"ValidPrintable", der::Tag::printable_string},
                                                                     {"ValidIa5", der::Tag::ia5_string},
                                                                     {"ValidUtf8", der::Tag::utf8_string}}};
        for (const auto& [field, tag] : types) {
            const bool good = *group.find(field) == "true";
            CHECK_MESSAGE(
                (test::verdict_of([&, t = tag] { x509::parse_name(name_of(t, text)); }) == "accepted") == good,
                field << " of " << text);
            ++checked;
        }
    }
    MESSAGE("botan-asn1 asn1_string_validation.vec: " << checked << " strings");
    CHECK(checked == 21);
}
