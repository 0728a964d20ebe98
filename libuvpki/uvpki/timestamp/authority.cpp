#include "uvpki/timestamp/authority.h"

#include <algorithm>

#include "uvpki/cms/signed_message.h"
#include "uvpki/error.h"
#include "uvpki/openssl/der.h"
#include "uvpki/x509/profile.h"

namespace uvpki::timestamp {

namespace {

using der::Reader;
using der::Tag;

constexpr std::string_view malformed = "timestamp.malformed";
constexpr std::size_t max_request_size = 4096;

/// PKIFailureInfo, RFC 3161, section 2.4.2; the numbers are bit positions.
enum class FailureInfo : unsigned {
    bad_algorithm = 0,
    bad_request = 2,
    bad_data_format = 5,
    unaccepted_policy = 15,
    unaccepted_extension = 16,
};

/// A request that is answered with a rejection; never leaves this file.
struct Rejection {
    FailureInfo info;
    std::string_view text;
};

struct Request {
    Bytes imprint;  ///< DER MessageImprint
    Bytes nonce;    ///< DER INTEGER or empty
    cms::Certificates certificates = cms::Certificates::none;
};

Bytes rejection_response(const Rejection& rejection) {
    const auto bit = static_cast<unsigned>(rejection.info);
    // X.690, section 11.2.2: a named bit list in DER has no trailing zero bits.
    Bytes bits(2 + bit / 8);
    bits[0] = static_cast<std::uint8_t>(7 - bit % 8);
    bits.back() = static_cast<std::uint8_t>(0x80u >> (bit % 8));
    constexpr std::int64_t status_rejection = 2;
    return der::sequence(
        {der::sequence({der::integer(status_rejection), der::sequence({der::utf8_string(rejection.text)}),
                        der::encode(Tag::bit_string, bits)})});
}

Bytes read_imprint(Reader& request) {
    const auto imprint = request.element(Tag::sequence, "messageImprint");
    Reader parts(imprint.content, malformed);
    auto algorithm = parts.sequence("hashAlgorithm");
    const auto oid = der::oid_to_text(algorithm.oid("hash algorithm"));
    if (!algorithm.empty()) algorithm.null("hash parameters");
    algorithm.finish("hashAlgorithm");
    const auto digest = parts.octet_string("hashedMessage");
    parts.finish("messageImprint");
    const std::size_t size = oid == x509::oid::sha256   ? 32
                             : oid == x509::oid::sha384 ? 48
                             : oid == x509::oid::sha512 ? 64
                                                        : 0;
    if (size == 0) throw Rejection{FailureInfo::bad_algorithm, "the digest must be SHA-256, SHA-384 or SHA-512"};
    if (digest.size() != size)
        throw Rejection{FailureInfo::bad_data_format, "the digest's length does not fit its algorithm"};
    return to_bytes(imprint.encoding);
}

Request read_request(ByteView input, std::string_view policy) {
    if (input.size() > max_request_size) throw Rejection{FailureInfo::bad_request, "the request is too large"};
    Reader file(input, malformed);
    auto request = file.sequence("TimeStampReq");
    file.finish("TimeStampReq");
    if (request.small_integer("version") != 1) throw Rejection{FailureInfo::bad_request, "the version must be 1"};
    Request result;
    result.imprint = read_imprint(request);
    if (request.next_is(Tag::oid) && der::oid_to_text(request.oid("reqPolicy")) != policy)
        throw Rejection{FailureInfo::unaccepted_policy, "the requested policy is not offered"};
    if (request.next_is(Tag::integer)) {
        const auto element = Reader(request.rest(), malformed).any();
        request.integer("nonce");
        result.nonce = to_bytes(element.encoding);
    }
    if (request.next_is(Tag::boolean) && request.boolean("certReq")) result.certificates = cms::Certificates::signer;
    // RFC 3161, section 2.4.1: extensions that are not understood lead to unacceptedExtension; none are.
    if (request.next_is(der::context_constructed(0)))
        throw Rejection{FailureInfo::unaccepted_extension, "no request extension is known"};
    request.finish("TimeStampReq");
    return result;
}

}  // namespace

Bytes make_request(const Sha256& digest, std::optional<Bytes> nonce) {
    const auto imprint =
        der::sequence({der::sequence({der::oid(x509::oid::sha256), der::null()}), der::octet_string(digest)});
    const auto number = nonce ? der::unsigned_integer(*nonce) : Bytes{};
    return der::sequence({der::integer(1), imprint, number, der::boolean_true()});
}

struct Authority::State {
    x509::Certificate certificate;
    x509::PrivateKey key;
    std::string policy;
    std::function<std::int64_t()> next_serial;
};

Authority::Authority(x509::Certificate certificate, x509::PrivateKey key, x509::Arc arc,
                     std::function<std::int64_t()> next_serial) {
    constexpr std::string_view reason = "timestamp.certificate";
    if (x509::claimed_role(certificate, arc) != x509::Role::tsa)
        fail_input(reason, "the certificate " + certificate.subject_text() + " is not of profile tsa");
    // RFC 3161, section 2.3: "The corresponding certificate MUST contain only one instance of the extended key usage
    // field extension ... with KeyPurposeID having value: id-kp-timeStamping. This extension MUST be critical."
    const auto* usage = certificate.find_extension(x509::oid::extended_key_usage);
    if (usage == nullptr || usage->criticality != x509::Extension::Criticality::critical ||
        certificate.extended_key_usage() != std::vector<std::string>{std::string(x509::oid::eku_time_stamping)})
        fail_input(reason, "the time-stamping certificate does not carry exactly the critical usage timeStamping");
    if (!(certificate.public_key() == key.public_key()))
        fail_input(reason, "the time-stamping key does not fit its certificate");
    if (certificate.public_key().type() == x509::KeyType::ed25519)
        fail_input(reason, "openssl ts verifies no Ed25519 tokens: the key must be P-256, P-384 or RSA");
    auto policy = arc.policy(static_cast<int>(x509::Role::tsa));
    state_ = std::make_shared<const State>(
        State{std::move(certificate), std::move(key), std::move(policy), std::move(next_serial)});
}

const x509::Certificate& Authority::certificate() const {
    return state_->certificate;
}

Bytes Authority::respond(ByteView request, const Clock& clock) const {
    const auto now = clock.now();
    const auto& certificate = state_->certificate;
    if (now < certificate.not_before() || now > certificate.not_after())
        fail(ErrorCode::forbidden, "timestamp.expired",
             "the time-stamping certificate is not valid at " + format_rfc3339(now));
    Request accepted;
    try {
        accepted = read_request(request, state_->policy);
    } catch (const Rejection& rejection) {
        return rejection_response(rejection);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::invalid_input) throw;
        return rejection_response({FailureInfo::bad_data_format, error.message()});
    }
    const auto serial = state_->next_serial();
    if (serial <= 0) fail(ErrorCode::internal, "timestamp.serial", "the next time-stamp number is not positive");
    const auto content = der::sequence({der::integer(1), der::oid(state_->policy), accepted.imprint,
                                        der::integer(serial), der::generalized_time(now), accepted.nonce});
    cms::MessageOptions options;
    options.content_type = cms::oid::tst_info;
    options.certificates = accepted.certificates;
    const auto token = cms::build_signed_message(content, certificate, state_->key, options);
    constexpr std::int64_t status_granted = 0;
    return der::sequence({der::sequence({der::integer(status_granted)}), token});
}

}  // namespace uvpki::timestamp
