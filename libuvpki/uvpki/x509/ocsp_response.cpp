// Reading and verifying OCSP responses; declared in ocsp.h.
#include <algorithm>

#include "uvpki/encoding.h"
#include "uvpki/error.h"
#include "uvpki/x509/name.h"
#include "uvpki/x509/ocsp_forms.h"
#include "uvpki/x509/oids.h"

namespace uvpki::x509 {
namespace {

using der::Tag;
using ocsp::malformed;

constexpr std::size_t max_answers = 64;
constexpr std::size_t max_certificates = 8;

[[noreturn]] void refuse(std::string_view reason, std::string message) {
    fail(ErrorCode::verification_failed, reason, std::move(message));
}

Time read_generalized_time(der::Reader& reader, std::string_view what) {
    if (!reader.next_is(Tag::generalized_time)) reader.refuse(std::string(what) + " is not a GeneralizedTime");
    return reader.time(what);
}

/// [n] EXPLICIT Extensions, when they are there.
std::vector<Extension> read_extensions(der::Reader& reader, unsigned number) {
    if (!reader.next_is(der::context_constructed(number))) return {};
    auto tagged = reader.enter(der::context_constructed(number), "extensions");
    auto extensions = parse_extensions(tagged.any().encoding, malformed);
    tagged.finish("extensions");
    return extensions;
}

void read_revoked_info(der::Reader info, OcspAnswer& answer) {
    answer.status = OcspStatus::revoked;
    answer.revoked_at = read_generalized_time(info, "revocationTime");
    if (info.next_is(der::context_constructed(0))) {
        auto tagged = info.enter(der::context_constructed(0), "revocationReason");
        const auto code = tagged.element(Tag::enumerated, "revocationReason").content;
        tagged.finish("revocationReason");
        // RFC 5280, section 5.3.1: 0 to 10 without 7. What we do not issue ourselves is still a revocation.
        if (code.size() != 1 || code[0] > 10 || code[0] == 7)
            info.refuse("there is no revocation reason of this number");
        if (code[0] <= 5 || code[0] == 9) answer.reason = static_cast<RevocationReason>(code[0]);
    }
    info.finish("RevokedInfo");
}

OcspAnswer read_answer(der::Reader single) {
    OcspAnswer answer;
    answer.id = ocsp::read_cert_id(single);
    if (single.next_is(der::context(0)) || single.next_is(der::context(2))) {
        answer.status = single.next_is(der::context(0)) ? OcspStatus::good : OcspStatus::unknown;
        if (!single.any().content.empty()) single.refuse("the certificate status is not empty");
    } else {
        read_revoked_info(single.enter(der::context_constructed(1), "certStatus"), answer);
    }
    answer.this_update = read_generalized_time(single, "thisUpdate");
    if (single.next_is(der::context_constructed(0))) {
        auto tagged = single.enter(der::context_constructed(0), "nextUpdate");
        answer.next_update = read_generalized_time(tagged, "nextUpdate");
        tagged.finish("nextUpdate");
        if (*answer.next_update < answer.this_update) single.refuse("nextUpdate is before thisUpdate");
    }
    const auto extensions = read_extensions(single, 1);
    ocsp::read_nonce(extensions);  // refuses critical ones
    for (const auto& extension : extensions) {
        if (extension.oid != oid::invalidity_date) continue;
        der::Reader value(extension.value, malformed);
        answer.invalid_since = read_generalized_time(value, "invalidityDate");
        value.finish("invalidityDate");
    }
    single.finish("SingleResponse");
    return answer;
}

void read_response_data(der::Reader data, OcspResponse& response) {
    if (data.next_is(der::context_constructed(0)))
        data.refuse("the response encodes a version, of which there is only v1");
    if (data.next_is(der::context_constructed(1))) {
        auto tagged = data.enter(der::context_constructed(1), "responderID");
        response.responder_name = to_bytes(tagged.element(Tag::sequence, "responder's name").encoding);
        parse_name(response.responder_name, malformed);
        tagged.finish("responderID");
    } else {
        auto tagged = data.enter(der::context_constructed(2), "responderID");
        response.responder_key = to_bytes(tagged.octet_string("responder's key hash"));
        tagged.finish("responderID");
        if (response.responder_key.empty()) data.refuse("the responder's key hash is empty");
    }
    response.produced_at = read_generalized_time(data, "producedAt");
    auto answers = data.sequence("responses");
    while (!answers.empty()) {
        if (response.answers.size() == max_answers) answers.refuse("the response holds more than 64 answers");
        response.answers.push_back(read_answer(answers.sequence("SingleResponse")));
    }
    response.nonce = ocsp::read_nonce(read_extensions(data, 1));
    data.finish("ResponseData");
}

void require_successful(ByteView status) {
    if (status.size() == 1 && status[0] == 0) return;
    for (const auto error : {OcspError::malformed_request, OcspError::internal_error, OcspError::try_later,
                             OcspError::sig_required, OcspError::unauthorized})
        if (status.size() == 1 && status[0] == static_cast<std::uint8_t>(error))
            fail_input("ocsp.status", "the responder answers " + std::string(ocsp_error_name(error)));
    fail_input(malformed, "there is no OCSP response status of this number");
}

/// nullopt for an AlgorithmIdentifier that is well-formed, but none of those that we accept.
std::optional<SignatureAlgorithm> find_algorithm(ByteView encoding) {
    der::Reader algorithm(der::parse_single(encoding, Tag::sequence, "signature algorithm", malformed).content,
                          malformed);
    algorithm.oid("signature algorithm");
    if (algorithm.next_is(Tag::sequence))
        algorithm.element(Tag::sequence, "signature parameters");
    else if (!algorithm.empty())
        algorithm.null("signature parameters");
    algorithm.finish("signature algorithm");
    try {
        return parse_algorithm(encoding);
    } catch (const Error&) {
        return std::nullopt;
    }
}

bool identifies(const OcspResponse& response, const Certificate& certificate) {
    if (!response.responder_name.empty()) return equal(response.responder_name, certificate.subject());
    return equal(response.responder_key, ocsp::responder_key_hash(certificate.public_key()));
}

void require_answer_signature(const OcspResponse& response, const Certificate& signer) {
    if (!response.algorithm) refuse("ocsp.signature", "the response is signed with an algorithm that is not accepted");
    if (!is_valid_signature(signer.public_key(), *response.algorithm, response.tbs, response.signature))
        refuse("ocsp.signature", "the response is not signed by " + signer.subject_text());
}

void require_times(const OcspResponse& response, const OcspAnswer& answer, const OcspRules& rules) {
    const auto latest = rules.time + rules.clock_skew;
    if (answer.this_update > latest || response.produced_at > latest)
        refuse("ocsp.time", "the answer is of " + format_rfc3339(std::max(answer.this_update, response.produced_at)) +
                                ", later than " + format_rfc3339(rules.time));
    const auto until = answer.next_update.value_or(answer.this_update + rules.most_age);
    if (rules.time > until + rules.clock_skew)
        refuse("ocsp.time",
               "the answer was good until " + format_rfc3339(until) + ", not at " + format_rfc3339(rules.time));
}

}  // namespace

/// The part of the verification that does not depend on whose responder it is; the one maker of verified answers.
struct OcspVerification {
    static VerifiedOcspAnswer finish(const OcspResponse& response, const Certificate& signer, const Certificate& ca,
                                     ByteView serial, const OcspRules& rules) {
        if (!rules.nonce.empty() && !equal(rules.nonce, response.nonce))
            refuse("ocsp.nonce", response.nonce.empty() ? "the response carries no nonce"
                                                        : "the response carries another nonce than the request");
        const auto is_about = [&](const OcspAnswer& answer) {
            return equal(answer.id.serial, serial) && answer.id.is_of(ca);
        };
        const auto found = std::ranges::find_if(response.answers, is_about);
        if (std::ranges::count_if(response.answers, is_about) != 1)
            refuse("ocsp.certificate",
                   "the response does not hold exactly one answer about the certificate " + to_hex(serial));
        require_times(response, *found, rules);
        require_answer_signature(response, signer);  // last: what is wrong besides is found without it
        return {*found, signer};
    }
};

OcspResponse parse_ocsp_response(ByteView input) {
    if (input.size() > max_ocsp_response_size) fail_input(malformed, "the OCSP response is larger than 64 KiB");
    der::Reader file(input, malformed);
    auto outer = file.sequence("OCSPResponse");
    file.finish("OCSPResponse");
    require_successful(outer.element(Tag::enumerated, "responseStatus").content);
    auto tagged = outer.enter(der::context_constructed(0), "responseBytes");
    outer.finish("OCSPResponse");
    auto bytes = tagged.sequence("responseBytes");
    tagged.finish("responseBytes");
    if (der::oid_to_text(bytes.oid("response type")) != ocsp::basic_response_oid)
        bytes.refuse("the response is not of type id-pkix-ocsp-basic");
    der::Reader inner(bytes.octet_string("response"), malformed);
    bytes.finish("responseBytes");
    auto basic = inner.sequence("BasicOCSPResponse");
    inner.finish("BasicOCSPResponse");

    OcspResponse response;
    const auto data = basic.element(Tag::sequence, "ResponseData");
    response.tbs = to_bytes(data.encoding);
    response.algorithm = find_algorithm(basic.element(Tag::sequence, "signature algorithm").encoding);
    response.signature = to_bytes(basic.octet_aligned_bits("signature"));
    if (basic.next_is(der::context_constructed(0))) {
        auto certificates = basic.enter(der::context_constructed(0), "certs");
        auto list = certificates.sequence("certs");
        certificates.finish("certs");
        while (!list.empty()) {
            if (response.certificates.size() == max_certificates) list.refuse("more than 8 certificates are attached");
            response.certificates.push_back(Certificate::parse(list.element(Tag::sequence, "certificate").encoding));
        }
    }
    basic.finish("BasicOCSPResponse");
    read_response_data(der::Reader(data.content, malformed), response);
    return response;
}

VerifiedOcspAnswer verify_ocsp_response(const OcspResponse& response, const Certificate& certificate,
                                        const TrustStore& trust, const OcspRules& rules) {
    const auto signer = std::ranges::find_if(response.certificates,
                                             [&](const auto& candidate) { return identifies(response, candidate); });
    if (signer == response.certificates.end())
        refuse("ocsp.responder", "the certificate of the responder is not in the response");
    const auto path = trust.verify_path(
        *signer, {.role = Role::ocsp, .time = rules.time, .revocation = PathRules::Revocation::if_listed});
    // RFC 6960, section 4.2.2.2.1: with id-pkix-ocsp-nocheck "an OCSP client can trust a responder for the lifetime of
    // the responder's certificate". Ours must carry it; otherwise who could be asked about it?
    if (signer->find_extension(oid::ocsp_nocheck) == nullptr)
        refuse("ocsp.responder", "the responder's certificate lacks id-pkix-ocsp-nocheck");
    const auto& ca = path.chain()[1];
    if (!is_signed_by(certificate, ca))
        refuse("ocsp.responder", "the responder does not speak for the CA that issued " + certificate.subject_text());
    return OcspVerification::finish(response, *signer, ca, certificate.serial(), rules);
}

VerifiedOcspAnswer verify_foreign_ocsp_response(const OcspResponse& response, ByteView serial, const Certificate& ca,
                                                const OcspRules& rules) {
    if (identifies(response, ca)) return OcspVerification::finish(response, ca, ca, serial, rules);
    for (const auto& candidate : response.certificates) {
        if (!identifies(response, candidate)) continue;
        const auto& purposes = candidate.extended_key_usage();
        if (!is_signed_by(candidate, ca) || rules.time < candidate.not_before() || rules.time > candidate.not_after() ||
            std::ranges::count(purposes, oid::eku_ocsp_signing) == 0)
            refuse("ocsp.responder",
                   "the certificate " + candidate.subject_text() + " may not answer for " + ca.subject_text());
        return OcspVerification::finish(response, candidate, ca, serial, rules);
    }
    refuse("ocsp.responder", "neither the CA nor a certificate in the response made it");
}

}  // namespace uvpki::x509
