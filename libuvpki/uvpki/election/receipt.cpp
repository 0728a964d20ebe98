#include "uvpki/election/receipt.h"

#include <nlohmann/json.hpp>

#include "uvpki/election/json_object.h"
#include "uvpki/encoding.h"

namespace uvpki::election {

namespace {

constexpr std::size_t receipt_size_limit = 4096;
constexpr std::int64_t most_epochs = 1'000'000'000;

Receipt parse_receipt(ByteView text) {
    const Json json = read_canonical(text, "The receipt", "receipt.malformed", receipt_size_limit);
    ObjectReader object(json, "receipt", "receipt.malformed");
    Receipt receipt;
    object.version(1);
    receipt.election = object.text("election", 64);
    receipt.manifest = object.digest("manifest");
    receipt.leaf = object.digest("leaf");
    receipt.latest_epoch = object.integer("latest_epoch", 1, most_epochs);
    object.finish();
    return receipt;
}

}  // namespace

Bytes make_receipt(const Receipt& receipt, const x509::Certificate& signer, const x509::PrivateKey& key,
                   const Clock& clock) {
    const auto text = canonical_json(Json{{"election", receipt.election},
                                          {"latest_epoch", receipt.latest_epoch},
                                          {"leaf", to_hex(receipt.leaf)},
                                          {"manifest", to_hex(receipt.manifest)},
                                          {"version", 1}});
    // T5: every receipt has one size.
    return cms::sign(as_bytes(text), signer, key, clock, {.signature_size = x509::SignatureSize::usual});
}

Receipt verify_receipt(ByteView der, const VerifiedManifest& manifest, const x509::TrustStore& trust) {
    const auto message = cms::parse_signed_data(der);
    if (!message.content) fail_input("receipt.malformed", "The receipt does not carry its content");
    auto receipt = parse_receipt(*message.content);
    if (receipt.election != manifest->id)
        fail(ErrorCode::verification_failed, "receipt.election", "The receipt is for another election");
    if (receipt.manifest != manifest.digest())
        fail(ErrorCode::verification_failed, "receipt.manifest",
             "The receipt is for another manifest of this election");
    cms::verify_signed_data(message, {}, trust,
                            {.role = x509::Role::receipt,
                             .time = manifest->verify_at,
                             .revocation = x509::PathRules::Revocation::if_listed});
    return receipt;
}

}  // namespace uvpki::election
