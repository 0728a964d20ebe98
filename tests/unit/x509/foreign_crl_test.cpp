// BoringSSL's revocation lists as known answers; what they are about and every difference: verdicts.txt beside them.
#include <doctest/doctest.h>

#include <map>
#include <sstream>

#include "tests/unit/x509/plain_certificate.h"
#include "uvpki/encoding.h"
#include "uvpki/error.h"
#include "uvpki/files.h"
#include "uvpki/x509/revocation.h"

using namespace uvpki;
using namespace uvpki::x509;
using namespace uvpki::testing;

namespace {

namespace fs = std::filesystem;

const fs::path folder = fs::path(UVPKI_VECTORS) / "boringssl" / "crl_unittest";

/// The first certificate under one of these labels.
PlainCertificate certificate_of(const std::string& text, const std::vector<std::string>& labels) {
    for (const auto& label : labels)
        if (text.find("-----BEGIN " + label + "-----") != std::string::npos)
            return read_plain(parse_pem(text, label).front());
    throw std::runtime_error("the file has no such certificate");
}

/// good, revoked, the reason of a refusal, or "signer" and "date" for lists that are read but do not count.
std::string judge(const std::string& text) {
    const auto at = parse_rfc3339("2017-03-09T00:00:00Z");
    try {
        const auto crl = Crl::parse(parse_single_pem(text, "CRL"), CrlForm::lenient);
        if (!crl.is_signed_by(stand_in(certificate_of(text, {"CA CERTIFICATE 2", "CA CERTIFICATE"})))) return "signer";
        if (at < crl.this_update() || at > crl.next_update() || at - crl.this_update() > Days{7}) return "date";
        return crl.find(certificate_of(text, {"CERTIFICATE"}).serial) != nullptr ? "revoked" : "good";
    } catch (const Error& error) {
        return error.reason();
    }
}

}  // namespace

TEST_CASE("BoringSSL's revocation lists get BoringSSL's verdict, or the one that verdicts.txt explains") {
    std::istringstream table(to_text(load_file(folder / "verdicts.txt")));
    std::map<std::string, std::string> expected;
    for (std::string line; std::getline(table, line);) {
        if (line.empty() || line[0] == '#') continue;
        std::istringstream fields(line);
        std::string file, theirs, ours, why;
        fields >> file >> theirs >> ours;
        std::getline(fields >> std::ws, why);
        CAPTURE(file);
        const auto outcome = judge(to_text(load_file(folder / file)));
        CHECK(outcome == ours);
        // A difference has its explanation, and what agrees has none.
        const auto verdict = outcome == "good" || outcome == "revoked" ? outcome : "refused";
        CHECK((verdict == theirs) == why.empty());
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
    CHECK(files == 66);
}

TEST_CASE("our own strict form refuses every one of them: they lack number and authority key identifier") {
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() != ".pem") continue;
        CAPTURE(entry.path());
        const auto text = to_text(load_file(entry.path()));
        CHECK_THROWS_AS(Crl::parse(parse_single_pem(text, "CRL")), Error);
    }
}
