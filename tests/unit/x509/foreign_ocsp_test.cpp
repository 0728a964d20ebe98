// BoringSSL's OCSP responses as known answers; what they are about and every difference: verdicts.txt beside them.
#include <doctest/doctest.h>

#include <map>
#include <sstream>

#include "tests/unit/x509/plain_certificate.h"
#include "uvpki/encoding.h"
#include "uvpki/error.h"
#include "uvpki/files.h"
#include "uvpki/x509/ocsp.h"

using namespace uvpki;
using namespace uvpki::x509;
using namespace uvpki::testing;

namespace {

namespace fs = std::filesystem;

const fs::path folder = fs::path(UVPKI_VECTORS) / "boringssl" / "ocsp_unittest";

/// The block of a PEM file whose lines have whatever length.
Bytes block(const std::string& text, const std::string& label) {
    const auto begin = "-----BEGIN " + label + "-----", end = "-----END " + label + "-----";
    const auto start = text.find(begin) + begin.size(), stop = text.find(end);
    std::string base64;
    for (const char c : text.substr(start, stop - start))
        if (c != '\n') base64 += c;
    return parse_base64(base64);
}

struct Outcome {
    std::string verdict;  ///< good, revoked, unknown or refused
    std::string reason;   ///< for refused
};

Outcome judge(const std::string& text) {
    try {
        const auto response = parse_ocsp_response(block(text, "OCSP RESPONSE"));
        const auto verified =
            verify_foreign_ocsp_response(response, read_plain(block(text, "CERTIFICATE")).serial,
                                         stand_in(read_plain(block(text, "CA CERTIFICATE"))),
                                         {.time = parse_rfc3339("2017-03-05T00:00:00Z"), .clock_skew = Seconds{0}});
        return {std::string(ocsp_status_name(verified.status())), ""};
    } catch (const Error& error) {
        return {"refused", error.reason()};
    }
}

}  // namespace

TEST_CASE("BoringSSL's OCSP responses get BoringSSL's verdict, or the one that verdicts.txt explains") {
    std::istringstream table(to_text(load_file(folder / "verdicts.txt")));
    std::map<std::string, Outcome> expected;
    for (std::string line; std::getline(table, line);) {
        if (line.empty() || line[0] == '#') continue;
        std::istringstream fields(line);
        std::string file, theirs, ours, why;
        fields >> file >> theirs >> ours;
        std::getline(fields >> std::ws, why);
        CAPTURE(file);
        const auto outcome = judge(to_text(load_file(folder / file)));
        CHECK((outcome.verdict == "refused" ? outcome.reason : outcome.verdict) == ours);
        // A difference has its explanation, and what agrees has none.
        CHECK((outcome.verdict == theirs) == why.empty());
        expected[file] = outcome;
    }
    std::size_t files = 0;
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() != ".pem") continue;
        ++files;
        CAPTURE(entry.path());
        CHECK(expected.contains(entry.path().filename().string()));
    }
    CHECK(files == expected.size());
    CHECK(files == 36);
}

TEST_CASE("BoringSSL's OCSP requests are read, and name the certificate that the response is about") {
    std::size_t about = 0;
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() != ".pem") continue;
        CAPTURE(entry.path());
        const auto text = to_text(load_file(entry.path()));
        const auto ca = stand_in(read_plain(block(text, "CA CERTIFICATE")));
        if (entry.path().filename() == "good_response_invalid_serial.pem") {
            CHECK_THROWS_WITH_AS(parse_ocsp_request(block(text, "OCSP REQUEST")),
                                 "serialNumber is not a minimal INTEGER (ocsp.malformed)", Error);
            continue;
        }
        const auto request = parse_ocsp_request(block(text, "OCSP REQUEST"));
        REQUIRE(request.ids.size() == 1);
        CHECK(request.ids[0].is_of(ca));
        CHECK(make_ocsp_cert_id(ca, request.ids[0].serial, OcspHash::sha1).encoding == request.ids[0].encoding);
        CHECK(make_ocsp_request(request) == block(text, "OCSP REQUEST"));
        ++about;
    }
    CHECK(about == 35);
}
