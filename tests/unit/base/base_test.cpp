#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/support/reason.h"
#include "uvpki/clock.h"
#include "uvpki/csv.h"
#include "uvpki/digest.h"
#include "uvpki/encoding.h"
#include "uvpki/error.h"
#include "uvpki/files.h"
#include "uvpki/json.h"
#include "uvpki/openssl/der.h"
#include "uvpki/password_seal.h"
#include "uvpki/random.h"
#include "uvpki/secret.h"

using namespace uvpki;
using uvpki::test::reason_of;

namespace {}  // namespace

TEST_CASE("SHA-256 of 'abc' is the value of FIPS 180-4") {
    CHECK(to_hex(sha256(as_bytes("abc"))) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(sha256({as_bytes("a"), as_bytes("bc")}) == sha256(as_bytes("abc")));
}

TEST_CASE("HMAC-SHA-256 agrees with RFC 4231 test cases 2 and 6") {
    CHECK(to_hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))) ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    CHECK(to_hex(hmac_sha256(Bytes(131, 0xAA), as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))) ==
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_CASE("base64 has exactly one text for each value") {
    for (const auto* text : {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYmFy"}) CHECK(to_base64(parse_base64(text)) == text);
    for (const auto* text : {"Zg=", "Zh==", "Zm9=", "Zm 9", "Zg==Zg==", "====", "Zg=a"})
        CHECK(reason_of([&] { parse_base64(text); }) == "encoding.base64");
}

TEST_CASE("times are read only in the form they are written in") {
    for (const auto* text :
         {"1970-01-01T00:00:00Z", "2026-11-20T15:36:00Z", "2060-02-29T23:59:59Z", "9999-12-31T23:59:59Z"})
        CHECK(format_rfc3339(parse_rfc3339(text)) == text);
    CHECK(parse_rfc3339("9999-12-31T23:59:59Z") == no_expiry);
    for (const auto* text :
         {"2026-02-29T00:00:00Z", "2026-11-20 15:36:00Z", "2026-11-20T15:36:00+01:00", "2026-11-20T24:00:00Z", ""})
        CHECK(reason_of([&] { parse_rfc3339(text); }) == "time.format");
    CHECK(format_rfc3339(add_years(parse_rfc3339("2024-02-29T01:02:03Z"), 1)) == "2025-02-28T01:02:03Z");
}

TEST_CASE("JSON is canonical when written and strict when read") {
    const auto value = parse_json(as_bytes("{ \"b\": [1, -2, \"\\u20ac\\n\"], \"a\": {\"y\": true, \"x\": null} }"));
    CHECK(canonical_json(value) == "{\"a\":{\"x\":null,\"y\":true},\"b\":[1,-2,\"\u20ac\\n\"]}");
    CHECK(reason_of([] { parse_canonical_json(as_bytes("{\"a\": 1}")); }) == "json.not_canonical");
    for (const auto* text : {"{\"a\":1,\"a\":1}", "1.5", "1e3", "9007199254740992", "{\"\\u00e4\":1}", "[1,]", "",
                             "nul", "\"\xff\"", "1 2"})
        CHECK_MESSAGE(reason_of([&] { parse_json(as_bytes(text)); }) == "json.syntax", text);
    CHECK(reason_of([] { parse_json(as_bytes(std::string(40, '[') + std::string(40, ']'))); }) == "json.too_deep");
    CHECK(reason_of([] { parse_json(as_bytes("[1,2,3]"), {.bytes = 3}); }) == "json.too_large");
}

TEST_CASE("CSV is read as RFC 4180 says and refused with its line") {
    const auto rows = parse_csv(
        "\xEF\xBB\xBF"
        "a,b\r\n\r\n\"x, \"\"y\"\"\",\n");
    REQUIRE(rows.size() == 2);
    CHECK(rows[1].line == 3);
    CHECK(rows[1].fields == std::vector<std::string>{"x, \"y\"", ""});
    CHECK(reason_of([] { parse_csv("a,b\nM\xFCller,1\n"); }) == "csv.encoding");
    CHECK(reason_of([] { parse_csv("a,\"b\n"); }) == "csv.quote");
    CHECK(reason_of([] { parse_csv("a,b\"c\n"); }) == "csv.quote");
    CHECK(format_csv_row({"=1+1", "a,b", "c\"d"}) == "'=1+1,\"a,b\",\"c\"\"d\"\n");
}

TEST_CASE("printable text has no control, bidirectional or invisible characters") {
    CHECK(is_printable_utf8("Jos\u00e9 M\u00fcller \u6f22"));
    for (const auto* text :
         {"a\nb", "a\u202Eb", "a\u200Bb", "\uFEFFa", "a\u0085", "\xC0\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80"})
        CHECK_FALSE(is_printable_utf8(text));
}

TEST_CASE("DER that the writer makes is what the reader gives back") {
    const auto encoding = der::sequence(
        {der::integer(-129), der::unsigned_integer(parse_hex("00ff")), der::oid("1.3.6.1.4.1.32473.1"),
         der::time(parse_rfc3339("2049-12-31T23:59:59Z")), der::time(parse_rfc3339("2050-01-01T00:00:00Z"))});
    CHECK(to_hex(encoding).starts_with("30"));
    der::Reader outer(encoding);
    auto inner = outer.sequence("test");
    outer.finish("test");
    CHECK(to_hex(inner.integer("n")) == "ff7f");
    CHECK(inner.small_integer("m") == 255);
    CHECK(der::oid_to_text(inner.oid("o")) == "1.3.6.1.4.1.32473.1");
    CHECK(format_rfc3339(inner.time("t")) == "2049-12-31T23:59:59Z");
    CHECK(inner.next_is(der::Tag::generalized_time));
    CHECK(format_rfc3339(inner.time("t")) == "2050-01-01T00:00:00Z");
    inner.finish("test");
}

TEST_CASE("BER that is not DER is refused") {
    for (const auto* hex : {"3080020101"
                            "0000",
                            "308103020101", "30820003020101", "02020001", "0202ff80", "010101",
                            "0500"
                            "00",
                            "1f8101", "3003", "30"})
        CHECK_MESSAGE(reason_of([&] {
                          const auto input = parse_hex(hex);
                          der::Reader reader(input);
                          if (reader.next_is(der::Tag::integer))
                              reader.integer("i");
                          else if (reader.next_is(der::Tag::boolean))
                              reader.boolean("b");
                          else
                              reader.any();
                          reader.finish("input");
                      }) == "der.malformed",
                      hex);
}

TEST_CASE("object identifiers keep their text") {
    for (const auto* text : {"2.5.29.15", "1.2.840.113549.1.7.1", "0.39.0", "2.999.4294967295"})
        CHECK(der::oid_to_text(der::oid_from_text(text)) == text);
    for (const auto* text : {"", "1", "3.1", "1.40", "1..2", "1.2.", "01.2", "1.2.x"})
        CHECK(reason_of([&] { der::oid_from_text(text); }) == "der.oid");
}

TEST_CASE("what was sealed with a password opens with it and with nothing else") {
    SystemRandom random;
    const SecretBytes password(as_bytes("correct horse battery")), other(as_bytes("correct horse batterz"));
    const SecretBytes secret(as_bytes("a share"));
    const auto sealed = seal_with_password(secret, password, random, 1000);
    CHECK(equal(open_with_password(sealed, password).view(), secret.view()));
    CHECK(reason_of([&] { open_with_password(sealed, other); }) == "password_seal.password");
    for (std::size_t i = 12; i < sealed.size(); ++i) {
        auto altered = sealed;
        altered[i] ^= 1;
        CHECK(reason_of([&] { open_with_password(altered, password); }) == "password_seal.password");
    }
    for (const auto size : {std::size_t{0}, std::size_t{8}, std::size_t{55}})
        CHECK(reason_of([&] { open_with_password(ByteView(sealed).first(size), password); }) ==
              "password_seal.malformed");
}

TEST_CASE("files are replaced whole, secret ones are private, and what cannot be read is named") {
    const auto folder = std::filesystem::temp_directory_path() / ("uvpki-base-" + std::to_string(::getpid()));
    make_folder(folder, FileMode::secret);
    const auto path = folder / "f";
    save_file(path, "one");
    save_file(path, "two", FileMode::secret);
    CHECK(as_text(load_file(path)) == "two");
    CHECK((std::filesystem::status(path).permissions() & std::filesystem::perms::all) ==
          (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
    CHECK(reason_of([&] { load_file(folder / "none"); }) == "file.missing");
    CHECK(reason_of([&] { load_file(folder); }) == "file.unreadable");
    CHECK(reason_of([&] { load_file(path, 2); }) == "file.too_large");
    CHECK(reason_of([&] { save_file(folder / "no" / "such", "x"); }) == "file.unwritable");
    CHECK(std::distance(std::filesystem::directory_iterator(folder), {}) == 1);
    std::filesystem::remove_all(folder);
}

TEST_CASE("a password file is used only when nobody else can read it") {
    const auto path = std::filesystem::temp_directory_path() / ("uvpki-password-" + std::to_string(::getpid()));
    save_file(path, "twelve and more\nsecond line\n", FileMode::secret);
    CHECK(as_text(load_password_file(path).view()) == "twelve and more");
    save_file(path, "twelve and more\n", FileMode::shared);
    CHECK(reason_of([&] { load_password_file(path); }) == "secret.file");
    save_file(path, "\n", FileMode::secret);
    CHECK(reason_of([&] { load_password_file(path); }) == "secret.file");
    std::filesystem::remove(path);
    CHECK(reason_of([&] { load_password_file(path); }) == "secret.file");
}
