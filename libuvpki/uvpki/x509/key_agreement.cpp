#include "uvpki/x509/key_agreement.h"

#include "uvpki/error.h"
#include "uvpki/openssl/checked.h"
#include "uvpki/x509/native_key.h"

namespace uvpki::x509 {

SecretBytes agree_p256(const PrivateKey& own, const PublicKey& peer) {
    using openssl::require_ok;
    if (own.public_key().type() != KeyType::ec_p256 || peer.type() != KeyType::ec_p256)
        fail_input("x509.key.unsupported", "keys are agreed on with P-256 keys only");
    return own.native().agree_contexts.use([&](EVP_PKEY_CTX* context) {
        require_ok(EVP_PKEY_derive_set_peer_ex(context, peer.native().pkey(), 0), "EVP_PKEY_derive_set_peer_ex");
        SecretBytes shared(std::size_t{32});
        std::size_t size = shared.size();
        require_ok(EVP_PKEY_derive(context, shared.writable().data(), &size), "EVP_PKEY_derive");
        return shared;
    });
}

}  // namespace uvpki::x509
