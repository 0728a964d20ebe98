#include "uvpki/x509/key_agreement.h"

#include "uvpki/error.h"
#include "uvpki/openssl/checked.h"
#include "uvpki/x509/native_key.h"

namespace uvpki::x509 {

SecretBytes agree_p256(const PrivateKey& own, const PublicKey& peer) {
    using openssl::require;
    using openssl::require_ok;
    if (own.public_key().type() != KeyType::ec_p256 || peer.type() != KeyType::ec_p256)
        fail_input("x509.key.unsupported", "keys are agreed on with P-256 keys only");
    const openssl::PkeyContext context{
        require(EVP_PKEY_CTX_new_from_pkey(nullptr, own.native().pkey(), nullptr), "EVP_PKEY_CTX_new_from_pkey")};
    require_ok(EVP_PKEY_derive_init(context.get()), "EVP_PKEY_derive_init");
    require_ok(EVP_PKEY_derive_set_peer_ex(context.get(), peer.native().pkey(), 0), "EVP_PKEY_derive_set_peer_ex");
    SecretBytes shared(std::size_t{32});
    std::size_t size = shared.size();
    require_ok(EVP_PKEY_derive(context.get(), shared.writable().data(), &size), "EVP_PKEY_derive");
    return shared;
}

}  // namespace uvpki::x509
