#include <nlohmann/json.hpp>

#include "tools/console/trust_files.h"
#include "tools/uvca/context.h"
#include "uvpki/encoding.h"
#include "uvpki/files.h"
#include "uvpki/x509/key_roll.h"
#include "uvpki/x509/request.h"

namespace uvpki::uvca {

namespace {

x509::KeyType type_from(const std::string& name) {
    if (name == "p256") return x509::KeyType::ec_p256;
    if (name == "p384") return x509::KeyType::ec_p384;
    if (name == "rsa") return x509::KeyType::rsa;
    fail_input("usage", "the key's type is p256, p384 or rsa");
}

constexpr int page = 1000;
constexpr std::size_t largest_bundle = std::size_t{1} << 30;

/// All certificates that are neither revoked nor expired.
void add_inventory(const Common& common, std::vector<x509::HeldKey>& keys) {
    const auto session = open_for_reading(common);
    ca::SearchOptions options{.state = ca::CertificateState::good, .limit = page};
    for (auto entries = session.authority.search(options); !entries.empty();
         entries = session.authority.search(options)) {
        for (const auto& entry : entries)
            keys.push_back({entry.certificate.subject_text(), entry.certificate.public_key()});
        options.after_serial = entries.back().certificate.serial_hex();
    }
}

/// Certificates by their subject, bare public keys by file and number.
void add_bundle(const std::string& path, std::vector<x509::HeldKey>& keys) {
    const auto text = to_text(load_file(path, largest_bundle));
    const auto has = [&](const std::string& label) {
        return text.find("-----BEGIN " + label + "-----") != std::string::npos;
    };
    console::naming_file(path, [&] {
        if (!has("CERTIFICATE") && !has("PUBLIC KEY"))
            fail_input("encoding.pem", "there is neither a certificate nor a public key in it");
        if (has("CERTIFICATE"))
            for (const auto& der : parse_pem(text, "CERTIFICATE")) {
                const auto certificate = x509::Certificate::parse(der);
                keys.push_back({certificate.subject_text(), certificate.public_key()});
            }
        int number = 0;
        if (has("PUBLIC KEY"))
            for (const auto& der : parse_pem(text, "PUBLIC KEY"))
                keys.push_back({path + " key " + std::to_string(++number), x509::PublicKey::parse_spki(der)});
    });
}

}  // namespace

ExitCode make_key(const KeyArguments& arguments) {
    const auto type = type_from(arguments.type);
    const auto csr = arguments.csr.empty() ? arguments.out + ".csr" : arguments.csr;
    require_new_file(arguments.out);
    require_new_file(csr);
    const auto password = console::read_password(arguments.password_file, "the new key", console::PasswordUse::create);
    const auto key = x509::PrivateKey::generate(type);
    save_file(arguments.out, key.to_encrypted_pem(password), FileMode::secret);
    save_file(csr, to_pem("CERTIFICATE REQUEST", x509::make_request(key, x509::empty_name())));
    report(arguments.output, "Wrote the key " + arguments.out + " and its request " + csr,
           {{"csr", csr}, {"key", arguments.out}, {"key_sha256", to_hex(key.public_key().spki_sha256())}});
    return ExitCode::good;
}

ExitCode check_keys(const KeyRollArguments& arguments) {
    std::vector<x509::HeldKey> keys;
    for (const auto& path : arguments.files) add_bundle(path, keys);
    if (arguments.files.empty()) add_inventory(arguments.common, keys);
    const auto findings = x509::check_key_roll(keys);
    auto list = Json::array();
    std::vector<std::vector<std::string>> rows;
    for (const auto& finding : findings) {
        list.push_back({{"holders", finding.holders}, {"message", finding.message}, {"rule", finding.rule}});
        for (const auto& holder : finding.holders)
            rows.push_back({finding.rule, console::visible(holder), finding.message});
    }
    const auto count = std::to_string(keys.size());
    report(arguments.common.output,
           findings.empty() ? count + " keys: none is weak, none is shared."
                            : console::format_table({"rule", "holder", "what it means"}, rows) + count + " keys, " +
                                  std::to_string(findings.size()) + " findings.",
           {{"findings", std::move(list)}, {"good", findings.empty()}, {"keys", keys.size()}});
    return findings.empty() ? ExitCode::good : ExitCode::found_bad;
}

}  // namespace uvpki::uvca
