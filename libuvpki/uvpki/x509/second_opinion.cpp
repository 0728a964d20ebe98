#include "uvpki/x509/second_opinion.h"

#include <botan/data_src.h>
#include <botan/pk_keys.h>
#include <botan/pubkey.h>
#include <botan/x509_key.h>
#include <botan/x509cert.h>

#include <algorithm>
#include <string>

#include "uvpki/error.h"
#include "uvpki/openssl/der.h"
#include "uvpki/pool.h"

namespace uvpki::x509 {
namespace {

constexpr std::string_view reason = "x509.issue.second_opinion";

[[noreturn]] void disagree(const std::string& what) {
    fail(ErrorCode::internal, reason, "the second implementation disagrees about the certificate: " + what);
}

void require_same(ByteView theirs, ByteView ours, const char* what) {
    if (!std::ranges::equal(theirs, ours)) disagree(std::string(what) + " differs");
}

void require_same_time(const Botan::X509_Time& theirs, Time ours, const char* what) {
    const auto encoded = der::time(ours);
    if (theirs.to_string() != as_text(ByteView(encoded).subspan(2))) disagree(std::string(what) + " differs");
}

/// Botan's name of the encoding that an issuer's key of this type signs.
const char* padding_for(KeyType type) {
    switch (type) {
        case KeyType::ec_p256:
            return "EMSA1(SHA-256)";
        case KeyType::ec_p384:
            return "EMSA1(SHA-384)";
        case KeyType::rsa:
            return "EMSA3(SHA-256)";
        case KeyType::ed25519:
            return "Pure";
    }
    fail(ErrorCode::internal, reason, "the second implementation does not know this type of key");
}

}  // namespace

struct SecondOpinion::Key {
    Key(const PublicKey& issuer_key, std::unique_ptr<Botan::Public_Key> read)
        : key(std::move(read)),
          algorithm(encode_algorithm(algorithm_for(issuer_key.type()))),
          type(issuer_key.type()) {}

    std::unique_ptr<Botan::Public_Key> key;
    Bytes algorithm;
    KeyType type;
    /// A verifier multiplies faster with what it has computed from the key once.
    Pool<std::unique_ptr<Botan::PK_Verifier>> verifiers{[this] {
        const bool is_ecdsa = type == KeyType::ec_p256 || type == KeyType::ec_p384;
        return std::make_unique<Botan::PK_Verifier>(*key, padding_for(type),
                                                    is_ecdsa ? Botan::DER_SEQUENCE : Botan::IEEE_1363);
    }};
};

SecondOpinion::SecondOpinion(const PublicKey& issuer_key) {
    try {
        Botan::DataSource_Memory source(issuer_key.spki().data(), issuer_key.spki().size());
        key_ =
            std::make_unique<const Key>(issuer_key, std::unique_ptr<Botan::Public_Key>(Botan::X509::load_key(source)));
    } catch (const std::exception& problem) {
        fail(ErrorCode::internal, reason,
             std::string("the second implementation cannot read the issuer's key: ") + problem.what());
    }
}

SecondOpinion::~SecondOpinion() = default;
SecondOpinion::SecondOpinion(SecondOpinion&&) noexcept = default;
SecondOpinion& SecondOpinion::operator=(SecondOpinion&&) noexcept = default;

void SecondOpinion::confirm(ByteView der, const Certificate& ours) const {
    try {
        const Botan::X509_Certificate theirs(der.data(), der.size());
        require_same(theirs.raw_subject_dn(), ours.subject(), "the subject");
        require_same(theirs.raw_issuer_dn(), ours.issuer(), "the issuer");
        require_same(theirs.serial_number(), ours.serial(), "the serial number");
        require_same(theirs.subject_public_key_info(), ours.spki(), "the public key");
        require_same_time(theirs.not_before(), ours.not_before(), "notBefore");
        require_same_time(theirs.not_after(), ours.not_after(), "notAfter");
        require_same(theirs.signature_algorithm().BER_encode(), key_->algorithm, "the signature algorithm");
        const bool good = key_->verifiers.use([&](Botan::PK_Verifier* verifier) {
            return verifier->verify_message(theirs.tbs_data(), theirs.signature());
        });
        if (!good) disagree("the signature does not verify");
    } catch (const Error&) {
        throw;
    } catch (const std::exception& problem) {
        disagree(problem.what());
    }
}

}  // namespace uvpki::x509
