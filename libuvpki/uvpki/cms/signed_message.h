#pragma once
// The SignedData structure (RFC 5652, section 5) that signed documents and time-stamp tokens share: built from its
// parts and taken apart again. Private to the core library: signed_data.h and timestamp/ are what others use. Stateless
// functions.

#include <optional>
#include <string_view>

#include "uvpki/cms/signed_data.h"

namespace uvpki::cms {

namespace oid {
inline constexpr std::string_view data = "1.2.840.113549.1.7.1";
inline constexpr std::string_view signed_data = "1.2.840.113549.1.7.2";
inline constexpr std::string_view auth_enveloped_data = "1.2.840.113549.1.9.16.1.23";
inline constexpr std::string_view tst_info = "1.2.840.113549.1.9.16.1.4";
inline constexpr std::string_view content_type = "1.2.840.113549.1.9.3";
inline constexpr std::string_view message_digest = "1.2.840.113549.1.9.4";
inline constexpr std::string_view signing_time = "1.2.840.113549.1.9.5";
inline constexpr std::string_view signing_certificate = "1.2.840.113549.1.9.16.2.12";
inline constexpr std::string_view signing_certificate_v2 = "1.2.840.113549.1.9.16.2.47";
}  // namespace oid

enum class Certificates { none, signer };

struct MessageOptions {
    std::string_view content_type = oid::data;
    Content content = Content::attached;
    std::optional<Time> signing_time;
    Certificates certificates = Certificates::signer;
    x509::SignatureSize signature_size = x509::SignatureSize::any;
};

/// Throws internal "cms.signer.key" when the key is not the certificate's, or is of a type that no message carries.
Bytes build_signed_message(ByteView content, const x509::Certificate& certificate, const x509::PrivateKey& key,
                           const MessageOptions& options);

/// As parse_signed_data, for any one content type.
SignedData parse_signed_message(ByteView der, std::string_view content_type);

/// ESSCertIDv2 (RFC 5035, section 4): the hash of the signer's certificate as the signed attributes name it.
Bytes signing_certificate_hash(ByteView signed_attributes);

/// The only algorithm that a message signed with a key of this type may carry; throws invalid_input "cms.profile".
x509::SignatureAlgorithm message_algorithm(x509::KeyType type);

/// Digest that goes with the algorithm, over the content.
Bytes content_digest(x509::SignatureAlgorithm algorithm, ByteView content);

}  // namespace uvpki::cms
