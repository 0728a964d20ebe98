#pragma once
// What a time-stamp token signs and how (RFC 3161, section 2.4.2), read leniently enough for other people's
// authorities. Private to the core library; verify.h is what others use.

#include <string>

#include "uvpki/bytes.h"
#include "uvpki/timestamp/verify.h"

namespace uvpki::timestamp {

struct TokenParts {
    Bytes info;               ///< DER TSTInfo, the signed content
    Bytes signed_attributes;  ///< DER SET OF
    Bytes message_digest;
    std::string digest_name;  ///< of content and signature, as the cryptographic library calls it
    Bytes signature;
    x509::Certificate signer;
    std::string certificate_hash_name;
    Bytes certificate_hash;  ///< from signingCertificate (SHA-1) or signingCertificateV2
};

/// Throws invalid_input "timestamp.malformed" or "timestamp.profile".
TokenParts parse_token(ByteView signed_data);

/// Fields of the TSTInfo; throws as above.
struct TokenInfo {
    Time time{};
    std::string hash_oid;
    Bytes digest;
    Bytes serial;
    Bytes nonce;
    std::string policy;
};
TokenInfo parse_token_info(ByteView der, TokenForm form);

/// "SHA256" for the OID of a digest that tokens may use; empty for any other.
std::string digest_name(std::string_view oid);

Bytes digest_by_name(const std::string& name, ByteView data);

/// Throws verification_failed "timestamp.signature" or "timestamp.signer".
void verify_token_signature(const TokenParts& token);

}  // namespace uvpki::timestamp
