#include "uvpki/timestamp/verify.h"

#include "uvpki/cms/signed_message.h"
#include "uvpki/error.h"
#include "uvpki/openssl/der.h"
#include "uvpki/timestamp/token.h"
#include "uvpki/x509/oids.h"

namespace uvpki::timestamp {

namespace {

constexpr std::string_view malformed = "timestamp.malformed";
constexpr std::size_t max_response_size = 256 * 1024;

/// The strict form of our own tokens is that of every signed document of the project.
void require_strict(ByteView signed_data) {
    try {
        cms::parse_signed_message(signed_data, cms::oid::tst_info);
    } catch (const Error& error) {
        if (error.reason() == "cms.malformed") fail_input(malformed, error.message());
        if (error.reason() == "cms.profile") fail_input("timestamp.profile", error.message());
        throw;
    }
}

void require_imprint(const TokenInfo& info, ByteView data) {
    if (!equal(info.digest, digest_by_name(digest_name(info.hash_oid), data)))
        fail(ErrorCode::verification_failed, "timestamp.imprint", "the token stamps other data");
}

}  // namespace

Token parse_response(ByteView input, TokenForm form) {
    if (input.size() > max_response_size) fail_input(malformed, "the time-stamp response is larger than 256 KiB");
    der::Reader file(input, malformed);
    auto response = file.sequence("TimeStampResp");
    file.finish("TimeStampResp");
    auto status = response.sequence("PKIStatusInfo");
    const auto number = status.small_integer("PKIStatus");
    constexpr std::int64_t granted = 0, granted_with_mods = 1;
    if (number != granted && !(form == TokenForm::lenient && number == granted_with_mods))
        fail_input("timestamp.status", "the authority did not grant the time stamp: status " + std::to_string(number));
    if (form == TokenForm::strict) status.finish("PKIStatusInfo of a granted time stamp");
    if (response.empty()) fail_input("timestamp.status", "the response says granted but holds no token");
    const auto token = to_bytes(response.element(der::Tag::sequence, "timeStampToken").encoding);
    response.finish("TimeStampResp");
    if (form == TokenForm::strict) require_strict(token);
    auto parts = parse_token(token);
    auto info = parse_token_info(parts.info, form);
    return {info.time,
            std::move(info.hash_oid),
            std::move(info.digest),
            std::move(info.serial),
            std::move(info.nonce),
            std::move(info.policy),
            std::move(parts.signer),
            token};
}

void verify_token_only(const Token& token, ByteView data) {
    const auto parts = parse_token(token.signed_data);
    verify_token_signature(parts);
    require_imprint(parse_token_info(parts.info, TokenForm::lenient), data);
}

VerifiedTimestamp verify_timestamp(const Token& token, ByteView data, const x509::TrustStore& trust,
                                   x509::PathRules::Revocation revocation) {
    // Everything is taken from the signed bytes again: the struct's members could have been changed.
    const auto parts = parse_token(token.signed_data);
    const auto info = parse_token_info(parts.info, TokenForm::lenient);
    require_imprint(info, data);
    verify_token_signature(parts);
    const auto& policy = trust.arc().policy(static_cast<int>(x509::Role::tsa));
    if (info.policy != policy)
        fail(ErrorCode::verification_failed, "timestamp.signer", "the token was made under policy " + info.policy);
    const auto* usage = parts.signer.find_extension(x509::oid::extended_key_usage);
    if (usage == nullptr || usage->criticality != x509::Extension::Criticality::critical ||
        parts.signer.extended_key_usage() != std::vector<std::string>{std::string(x509::oid::eku_time_stamping)})
        fail(ErrorCode::verification_failed, "timestamp.signer",
             "the signer's certificate does not carry exactly the critical usage timeStamping");
    trust.verify_path(parts.signer, {.role = x509::Role::tsa, .time = info.time, .revocation = revocation});
    return VerifiedTimestamp(info.time, parts.signer);
}

}  // namespace uvpki::timestamp
