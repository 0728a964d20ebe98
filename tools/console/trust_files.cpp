#include "tools/console/trust_files.h"

#include "tools/console/console.h"
#include "uvpki/encoding.h"
#include "uvpki/error.h"
#include "uvpki/files.h"

namespace uvpki::console {

namespace {

constexpr std::size_t pem_limit = 1 << 20;

/// As `openssl x509 -fingerprint` prints it, with colons, or without them.
Sha256 parse_fingerprint(std::string text) {
    std::erase(text, ':');
    return parse_sha256_hex(text);
}

}  // namespace

x509::TrustStore load_trust(const std::vector<std::string>& files, const x509::Arc& arc,
                            const std::string& fingerprint) {
    std::optional<x509::TrustStore> trust;
    for (const auto& file : files) {
        const auto content = load_file(file, pem_limit);
        naming_file(file, [&] {
            for (auto& certificate : x509::parse_certificate_bundle(as_text(content))) {
                if (!trust)
                    trust.emplace(std::move(certificate), arc);
                else if (!(certificate == trust->root()))
                    trust->add_intermediate(std::move(certificate));
            }
        });
    }
    if (!trust) fail_input("trust.root", "no root certificate was given");
    if (!fingerprint.empty() && parse_fingerprint(fingerprint) != trust->root().fingerprint())
        fail(ErrorCode::verification_failed, "trust.root",
             files.front() + " begins with the root " + to_hex(trust->root().fingerprint()) +
                 ", not the one that you trust");
    return std::move(*trust);
}

x509::Certificate load_certificate(const std::string& path) {
    const auto content = load_file(path, pem_limit);
    return naming_file(path, [&] { return x509::Certificate::parse_pem(as_text(content)); });
}

x509::PrivateKey load_key(const std::string& path, const std::string& password_file, std::string_view purpose) {
    const auto content = load_file(path, pem_limit);
    const auto password = read_password(password_file, purpose);
    return naming_file(path, [&] { return x509::PrivateKey::parse_encrypted_pem(as_text(content), password); });
}

}  // namespace uvpki::console
