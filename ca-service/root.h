#pragma once
// The offline root: a folder on a machine that is never connected. Makes the root once, signs the certificates of
// issuing CAs from their requests, publishes the root's revocation list, and records every act in a signed transcript.

#include <filesystem>
#include <optional>

#include "ca-service/key_protection.h"
#include "uvpki/clock.h"
#include "uvpki/random.h"
#include "uvpki/secret.h"
#include "uvpki/x509/certificate.h"
#include "uvpki/x509/issue.h"
#include "uvpki/x509/revocation.h"

namespace uvpki::ca {

/// Folder: root.pem, root-key.pem (encrypted PKCS#8, 0600), root.crl.pem, issued/SERIAL.pem, transcript.json and
/// transcript.sig (ECDSA P-384/SHA-384 over transcript.json: `openssl dgst -sha384 -verify root-public.pem`).
class OfflineRoot {
public:
    /// Throws conflict "root.exists" when the folder already holds a root.
    static OfflineRoot create(const std::filesystem::path& folder, std::string_view organization, const x509::Arc& arc,
                              const SecretBytes& password, const Clock& clock, Random& random,
                              const KeyProtection& protection = {});
    static OfflineRoot open(const std::filesystem::path& folder, const SecretBytes& password, const Clock& clock,
                            Random& random);

    const x509::Certificate& certificate() const;
    x509::Certificate sign_issuing_ca(ByteView request, std::string_view common_name);
    void revoke(ByteView serial, x509::RevocationReason reason, std::optional<Time> invalid_since);
    x509::Crl publish_crl();

    struct State;

private:
    explicit OfflineRoot(std::shared_ptr<State> state) : state_(std::move(state)) {}
    std::shared_ptr<State> state_;
};

}  // namespace uvpki::ca
