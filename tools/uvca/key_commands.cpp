#include <nlohmann/json.hpp>

#include "tools/uvca/context.h"
#include "uvpki/encoding.h"
#include "uvpki/files.h"
#include "uvpki/x509/request.h"

namespace uvpki::uvca {

namespace {

x509::KeyType type_from(const std::string& name) {
    if (name == "p256") return x509::KeyType::ec_p256;
    if (name == "p384") return x509::KeyType::ec_p384;
    if (name == "rsa") return x509::KeyType::rsa;
    fail_input("usage", "the key's type is p256, p384 or rsa");
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

}  // namespace uvpki::uvca
