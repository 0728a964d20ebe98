#include "uvpki/x509/ocsp.h"

#include <algorithm>
#include <array>

#include "uvpki/error.h"
#include "uvpki/openssl/checked.h"
#include "uvpki/x509/ocsp_forms.h"
#include "uvpki/x509/oids.h"

namespace uvpki::x509 {
namespace {

using Criticality = Extension::Criticality;
using der::Tag;
using ocsp::malformed;

// A serial number of 20 octets may need a sign octet; clients may send what no CA of ours would issue.
constexpr std::size_t max_serial_size = 21;

struct HashForm {
    OcspHash hash;
    std::string_view oid;
    const char* name;
    std::size_t size;
};
constexpr std::array<HashForm, 3> hash_forms{{{OcspHash::sha1, "1.3.14.3.2.26", "SHA1", 20},
                                              {OcspHash::sha256, oid::sha256, "SHA256", 32},
                                              {OcspHash::sha384, oid::sha384, "SHA384", 48}}};

const HashForm& form_of(OcspHash hash) {
    return *std::ranges::find(hash_forms, hash, &HashForm::hash);
}

Bytes hash_of(OcspHash hash, ByteView data) {
    const auto& form = form_of(hash);
    Bytes digest(form.size);
    std::size_t size = 0;
    openssl::require_ok(EVP_Q_digest(nullptr, form.name, nullptr, data.data(), data.size(), digest.data(), &size),
                        "EVP_Q_digest");
    return digest;
}

void require_nonce_size(std::size_t size) {
    // RFC 9654, section 2.1: Nonce ::= OCTET STRING(SIZE(1..128)); another length makes the request malformed.
    if (size == 0 || size > max_ocsp_nonce_size)
        fail_input("ocsp.nonce", "a nonce has 1 to 128 octets, not " + std::to_string(size));
}

Bytes encode_status(const std::optional<KnownStatus>& known) {
    if (!known) return der::encode(der::context(2), ByteView());
    if (!known->revocation) return der::encode(der::context(0), ByteView());
    const auto& entry = *known->revocation;
    Bytes reason;
    if (entry.reason != RevocationReason::unspecified) {
        const std::array<std::uint8_t, 1> code{static_cast<std::uint8_t>(entry.reason)};
        reason = der::encode(der::context_constructed(0), der::encode(Tag::enumerated, ByteView(code)));
    }
    return der::encode(der::context_constructed(1), {der::generalized_time(entry.revoked_at), reason});
}

}  // namespace

namespace ocsp {

Bytes responder_key_hash(const PublicKey& key) {
    return hash_of(OcspHash::sha1, key.key_octets());
}

OcspCertId read_cert_id(der::Reader& reader) {
    const auto element = reader.element(Tag::sequence, "CertID");
    der::Reader parts(element.content, malformed);
    auto algorithm = parts.sequence("hashAlgorithm");
    const auto hash_oid = der::oid_to_text(algorithm.oid("hash algorithm"));
    if (!algorithm.empty()) algorithm.null("hash parameters");
    algorithm.finish("hashAlgorithm");
    OcspCertId id;
    id.issuer_name_hash = to_bytes(parts.octet_string("issuerNameHash"));
    id.issuer_key_hash = to_bytes(parts.octet_string("issuerKeyHash"));
    id.serial = to_bytes(parts.integer("serialNumber"));
    parts.finish("CertID");
    if (id.serial.size() > max_serial_size) parts.refuse("the serial number has more than 20 octets");
    const auto form = std::ranges::find(hash_forms, hash_oid, &HashForm::oid);
    if (form != hash_forms.end()) {
        id.hash = form->hash;
        if (id.issuer_name_hash.size() != form->size || id.issuer_key_hash.size() != form->size)
            parts.refuse("the length of a hash does not fit its algorithm");
    }
    id.encoding = to_bytes(element.encoding);
    return id;
}

Extension nonce_extension(ByteView nonce) {
    require_nonce_size(nonce.size());
    return {std::string(nonce_oid), Criticality::non_critical, der::octet_string(nonce)};
}

Bytes read_nonce(const std::vector<Extension>& extensions) {
    Bytes nonce;
    for (const auto& extension : extensions) {
        if (extension.oid == nonce_oid) {
            nonce = to_bytes(der::parse_single(extension.value, Tag::octet_string, "nonce", "ocsp.nonce").content);
            require_nonce_size(nonce.size());
        } else if (extension.criticality == Criticality::critical) {
            fail_input("ocsp.extension", "the critical extension " + extension.oid + " is not understood");
        }
    }
    return nonce;
}

}  // namespace ocsp

bool OcspCertId::is_of(const Certificate& ca) const {
    return hash && equal(issuer_name_hash, hash_of(*hash, ca.subject())) &&
           equal(issuer_key_hash, hash_of(*hash, ca.public_key().key_octets()));
}

OcspCertId make_ocsp_cert_id(const Certificate& ca, ByteView serial, OcspHash hash) {
    OcspCertId id{.hash = hash,
                  .issuer_name_hash = hash_of(hash, ca.subject()),
                  .issuer_key_hash = hash_of(hash, ca.public_key().key_octets()),
                  .serial = to_bytes(serial),
                  .encoding = {}};
    id.encoding = der::sequence({der::sequence({der::oid(form_of(hash).oid), der::null()}),
                                 der::octet_string(id.issuer_name_hash), der::octet_string(id.issuer_key_hash),
                                 der::encode(Tag::integer, id.serial)});
    return id;
}

OcspRequest parse_ocsp_request(ByteView input) {
    if (input.size() > max_ocsp_request_size) fail_input(malformed, "the OCSP request is larger than 16 KiB");
    der::Reader file(input, malformed);
    auto outer = file.sequence("OCSPRequest");
    file.finish("OCSPRequest");
    auto tbs = outer.sequence("TBSRequest");
    // The requestor's signature is not asked for, so it is not looked at.
    outer.optional(der::context_constructed(0), "optionalSignature");
    outer.finish("OCSPRequest");
    // X.690, section 11.5: a value equal to its default (version v1) is not encoded in DER.
    if (tbs.next_is(der::context_constructed(0)))
        tbs.refuse("the request encodes a version, of which there is only v1");
    tbs.optional(der::context_constructed(1), "requestorName");
    OcspRequest request;
    auto list = tbs.sequence("requestList");
    while (!list.empty()) {
        if (request.ids.size() == max_ocsp_ids) list.refuse("the request asks about more than 64 certificates");
        auto single = list.sequence("Request");
        request.ids.push_back(ocsp::read_cert_id(single));
        if (single.next_is(der::context_constructed(0))) {
            auto extensions = single.enter(der::context_constructed(0), "singleRequestExtensions");
            ocsp::read_nonce(parse_extensions(extensions.any().encoding, malformed));
            extensions.finish("singleRequestExtensions");
        }
        single.finish("Request");
    }
    if (request.ids.empty()) tbs.refuse("the request asks about no certificate");
    if (tbs.next_is(der::context_constructed(2))) {
        auto extensions = tbs.enter(der::context_constructed(2), "requestExtensions");
        request.nonce = ocsp::read_nonce(parse_extensions(extensions.any().encoding, malformed));
        extensions.finish("requestExtensions");
    }
    tbs.finish("TBSRequest");
    return request;
}

Bytes make_ocsp_request(const OcspRequest& request) {
    if (request.ids.empty() || request.ids.size() > max_ocsp_ids)
        fail_input(malformed, "an OCSP request asks about 1 to 64 certificates");
    Bytes list;
    for (const auto& id : request.ids) {
        const auto single = der::sequence({id.encoding});
        list.insert(list.end(), single.begin(), single.end());
    }
    Bytes extensions;
    if (!request.nonce.empty())
        extensions =
            der::encode(der::context_constructed(2), encode_extensions({ocsp::nonce_extension(request.nonce)}));
    return der::sequence({der::sequence({der::sequence({list}), extensions})});
}

Bytes make_ocsp_error(OcspError error) {
    const std::array<std::uint8_t, 1> status{static_cast<std::uint8_t>(error)};
    return der::sequence({der::encode(Tag::enumerated, ByteView(status))});
}

std::string_view ocsp_error_name(OcspError error) {
    switch (error) {
        case OcspError::malformed_request:
            return "malformedRequest";
        case OcspError::internal_error:
            return "internalError";
        case OcspError::try_later:
            return "tryLater";
        case OcspError::sig_required:
            return "sigRequired";
        case OcspError::unauthorized:
            return "unauthorized";
    }
    fail(ErrorCode::internal, "ocsp.error", "there is no such OCSP response status");
}

std::string_view ocsp_status_name(OcspStatus status) {
    switch (status) {
        case OcspStatus::good:
            return "good";
        case OcspStatus::revoked:
            return "revoked";
        case OcspStatus::unknown:
            return "unknown";
    }
    fail(ErrorCode::internal, "ocsp.error", "there is no such OCSP certificate status");
}

struct OcspResponder::State {
    Certificate ca;
    Certificate certificate;
    PrivateKey key;
    OcspResponderOptions options;

    Bytes responder_id() const {
        if (options.identity == OcspResponderOptions::Identity::name)
            return der::encode(der::context_constructed(1), certificate.subject());
        return der::encode(der::context_constructed(2),
                           der::octet_string(ocsp::responder_key_hash(certificate.public_key())));
    }

    Bytes answer(const OcspCertId& id, const FindStatus& find, Time now) const {
        const auto known = id.is_of(ca) ? find(id.serial) : std::nullopt;
        const auto next_update = std::min(now + options.validity, certificate.not_after());
        // RFC 6960, section 4.4.4: "OCSP servers that provide support for such a historical reference SHOULD include an
        // archive cutoff date extension". Nothing is ever forgotten here, so it is the CA's own first day.
        std::vector<Extension> extensions{
            {std::string(ocsp::archive_cutoff_oid), Criticality::non_critical, der::generalized_time(ca.not_before())}};
        // RFC 6960, section 4.4.5: "All the extensions specified as CRL entry extensions ... are also supported as
        // singleExtensions."
        if (known && known->revocation && known->revocation->invalid_since)
            extensions.push_back({std::string(oid::invalidity_date), Criticality::non_critical,
                                  der::generalized_time(*known->revocation->invalid_since)});
        return der::sequence({id.encoding, encode_status(known), der::generalized_time(now),
                              der::encode(der::context_constructed(0), der::generalized_time(next_update)),
                              der::encode(der::context_constructed(1), encode_extensions(extensions))});
    }

    Bytes sign(const Bytes& answers, ByteView nonce, Time now) const {
        Bytes extensions;
        if (!nonce.empty())
            extensions = der::encode(der::context_constructed(1), encode_extensions({ocsp::nonce_extension(nonce)}));
        const auto tbs =
            der::sequence({responder_id(), der::generalized_time(now), der::sequence({answers}), extensions});
        const auto basic =
            der::sequence({tbs, encode_algorithm(key.algorithm()), der::bit_string(key.sign(tbs)),
                           der::encode(der::context_constructed(0), der::sequence({certificate.der()}))});
        constexpr std::array<std::uint8_t, 1> successful{0};
        return der::sequence(
            {der::encode(Tag::enumerated, ByteView(successful)),
             der::encode(der::context_constructed(0),
                         der::sequence({der::oid(ocsp::basic_response_oid), der::octet_string(basic)}))});
    }
};

OcspResponder::OcspResponder(Certificate ca, Certificate certificate, PrivateKey key, const Arc& arc,
                             OcspResponderOptions options) {
    constexpr std::string_view reason = "ocsp.responder";
    if (claimed_role(certificate, arc) != Role::ocsp ||
        certificate.extended_key_usage() != std::vector<std::string>{std::string(oid::eku_ocsp_signing)} ||
        certificate.find_extension(oid::ocsp_nocheck) == nullptr)
        fail_input(reason, "the certificate " + certificate.subject_text() + " is not of profile ocsp");
    // RFC 6960, section 4.2.2.2: the responder's certificate "MUST be issued directly by the CA that is identified in
    // the request".
    if (!is_signed_by(certificate, ca))
        fail_input(reason, "the responder's certificate was not issued by " + ca.subject_text());
    if (!(certificate.public_key() == key.public_key()))
        fail_input(reason, "the responder's key does not fit its certificate");
    if (options.validity <= Seconds{0}) fail_input(reason, "answers must be valid for some time");
    state_ = std::make_shared<const State>(State{std::move(ca), std::move(certificate), std::move(key), options});
}

const Certificate& OcspResponder::ca() const {
    return state_->ca;
}
const Certificate& OcspResponder::certificate() const {
    return state_->certificate;
}

Bytes OcspResponder::respond(ByteView request, const FindStatus& find, const Clock& clock) const {
    const auto now = clock.now();
    const auto& certificate = state_->certificate;
    if (now < certificate.not_before() || now > certificate.not_after())
        fail(ErrorCode::forbidden, "ocsp.responder.expired",
             "the OCSP responder's certificate is not valid at " + format_rfc3339(now));
    OcspRequest asked;
    try {
        asked = parse_ocsp_request(request);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::invalid_input) throw;
        return make_ocsp_error(OcspError::malformed_request);
    }
    // RFC 6960, section 2.3: "unauthorized" also when "the server is not capable of responding authoritatively".
    if (std::ranges::none_of(asked.ids, [&](const auto& id) { return id.is_of(state_->ca); }))
        return make_ocsp_error(OcspError::unauthorized);
    try {
        Bytes answers;
        for (const auto& id : asked.ids) {
            const auto answer = state_->answer(id, find, now);
            answers.insert(answers.end(), answer.begin(), answer.end());
        }
        return state_->sign(answers, asked.nonce, now);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::unavailable) throw;
        return make_ocsp_error(OcspError::try_later);
    }
}

}  // namespace uvpki::x509
