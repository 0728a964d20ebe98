// outside ELECTION BALLOT: what a program of somebody else may do with the library. Verifies an eBallot against the
// election it was cast in (a folder with root.der, issuing-ca.der, ballot-ca.der, manifest.json and manifest.p7s), then
// makes a key and a certificate request of its own.

#include <uvpki/election/ballot.h>
#include <uvpki/encoding.h>
#include <uvpki/files.h>
#include <uvpki/version.h>
#include <uvpki/x509/request.h>
#include <cstdio>
#include <exception>
#include <string>

namespace {

uvpki::x509::Certificate load_certificate(const std::string& path) {
    return uvpki::x509::Certificate::parse(uvpki::load_file(path));
}

uvpki::election::VerifiedBallot load_ballot(const std::string& folder, const std::string& path) {
    uvpki::x509::TrustStore trust(load_certificate(folder + "/root.der"), uvpki::x509::Arc{});
    trust.add_intermediate(load_certificate(folder + "/issuing-ca.der"));
    trust.add_intermediate(load_certificate(folder + "/ballot-ca.der"));
    const auto manifest = uvpki::election::verify_manifest(uvpki::load_file(folder + "/manifest.json"),
                                                           uvpki::load_file(folder + "/manifest.p7s"), trust);
    const uvpki::election::BallotVerifier verifier(manifest, trust);
    return verifier.verify_ballot(uvpki::election::parse_ballot(uvpki::load_file(path)));
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 3) {
        std::fprintf(stderr, "usage: outside ELECTION BALLOT\n");
        return 2;
    }
    try {
        const auto ballot = load_ballot(arguments[1], arguments[2]);
        const auto key = uvpki::x509::PrivateKey::generate(uvpki::x509::KeyType::ec_p256);
        const uvpki::x509::Name name{.organization = "Somebody Else", .common_name = "Outside"};
        const auto request = uvpki::x509::parse_request(uvpki::x509::make_request(key, name.encode()));
        std::printf("uvpki %s\nballot %s\nstyle %s\nrequest of %s\n", std::string(uvpki::version).c_str(),
                    uvpki::to_hex(ballot.leaf()).c_str(), ballot.style().c_str(),
                    uvpki::x509::name_text(request.subject).c_str());
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "outside: %s\n", error.what());
        return 1;
    }
}
