#pragma once
// What people hand to the programs as files: the authority's certificates, certificates and keys of their own.
// Stateless functions, thread-safe.

#include <optional>
#include <string>
#include <vector>

#include "uvpki/error.h"
#include "uvpki/x509/path.h"

namespace uvpki::console {

/// PEM files of certificates; the first certificate of the first file is the root, all others are intermediates,
/// whichever file they stand in; the root again is passed over. With a fingerprint (hex), any other root is refused:
/// verification_failed "trust.root".
x509::TrustStore load_trust(const std::vector<std::string>& files, const x509::Arc& arc,
                            const std::string& fingerprint);

/// One PEM certificate; errors name the file.
x509::Certificate load_certificate(const std::string& path);

/// Encrypted PKCS#8 PEM with the password from a file or the terminal (see read_password).
x509::PrivateKey load_key(const std::string& path, const std::string& password_file, std::string_view purpose);

/// Runs `action` on a file's content; an Error that comes of it gets the file's name in front of its message.
template <typename Action>
decltype(auto) naming_file(const std::string& path, Action&& action) {
    try {
        return std::forward<Action>(action)();
    } catch (const Error& error) {
        fail(error.code(), error.reason(), path + ": " + error.message());
    }
}

}  // namespace uvpki::console
