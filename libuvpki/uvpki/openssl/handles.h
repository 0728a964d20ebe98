#pragma once
// Every owning OpenSSL handle of the project: unique_ptr with a stateless deleter, so an owner is as small as the pointer.
// Results of get1/new/d2i go straight into one of these; get0 results never leave their expression.

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>
#include <openssl/pkcs12.h>
#include <openssl/ts.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

namespace uvpki::openssl {

template <auto Free>
struct Deleter {
    template <typename T>
    void operator()(T* pointer) const noexcept {
        Free(pointer);
    }
};

template <typename T, auto Free>
using Owner = std::unique_ptr<T, Deleter<Free>>;

using Bignum = Owner<BIGNUM, BN_clear_free>;
using BignumContext = Owner<BN_CTX, BN_CTX_free>;
using MontgomeryContext = Owner<BN_MONT_CTX, BN_MONT_CTX_free>;
using Bio = Owner<BIO, BIO_free_all>;
using Cipher = Owner<EVP_CIPHER, EVP_CIPHER_free>;
using CipherContext = Owner<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
using Digest = Owner<EVP_MD, EVP_MD_free>;
using DigestContext = Owner<EVP_MD_CTX, EVP_MD_CTX_free>;
using Group = Owner<EC_GROUP, EC_GROUP_free>;
using Point = Owner<EC_POINT, EC_POINT_clear_free>;
using Pkey = Owner<EVP_PKEY, EVP_PKEY_free>;
using PkeyContext = Owner<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using Kdf = Owner<EVP_KDF, EVP_KDF_free>;
using KdfContext = Owner<EVP_KDF_CTX, EVP_KDF_CTX_free>;
using ParamBuilder = Owner<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using Params = Owner<OSSL_PARAM, OSSL_PARAM_free>;
using Pkcs8 = Owner<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;
using EncryptedPkcs8 = Owner<X509_SIG, X509_SIG_free>;
using X509Cert = Owner<X509, X509_free>;
using X509Crl = Owner<X509_CRL, X509_CRL_free>;
using X509Store = Owner<X509_STORE, X509_STORE_free>;
using X509StoreContext = Owner<X509_STORE_CTX, X509_STORE_CTX_free>;
using VerifyParam = Owner<X509_VERIFY_PARAM, X509_VERIFY_PARAM_free>;
using CmsMessage = Owner<CMS_ContentInfo, CMS_ContentInfo_free>;
using TimestampRequest = Owner<TS_REQ, TS_REQ_free>;
using TimestampResponse = Owner<TS_RESP, TS_RESP_free>;
using TimestampVerify = Owner<TS_VERIFY_CTX, TS_VERIFY_CTX_free>;
using Oid = Owner<ASN1_OBJECT, ASN1_OBJECT_free>;

inline void free_cert_stack(STACK_OF(X509) * stack) noexcept { sk_X509_pop_free(stack, X509_free); }
using CertStack = Owner<STACK_OF(X509), free_cert_stack>;
inline void free_crl_stack(STACK_OF(X509_CRL) * stack) noexcept { sk_X509_CRL_pop_free(stack, X509_CRL_free); }
using CrlStack = Owner<STACK_OF(X509_CRL), free_crl_stack>;

}  // namespace uvpki::openssl
