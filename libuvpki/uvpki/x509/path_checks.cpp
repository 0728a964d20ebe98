#include "uvpki/x509/path_checks.h"

#include <algorithm>
#include <array>

#include "uvpki/x509/name.h"
#include "uvpki/x509/name_constraints.h"
#include "uvpki/x509/oids.h"
#include "uvpki/x509/policy_graph.h"

namespace uvpki::x509 {

namespace {

/// Comparisons of names with constraints in one path; more is refused (CVE-2018-0739 and its kin).
constexpr std::size_t max_comparisons = 1u << 18;

bool may_be_issuer(const Certificate& issuer, const Certificate& certificate) {
    if (!names_match(issuer.subject(), certificate.issuer())) return false;
    const auto wanted = certificate.authority_key_identifier();
    const auto given = issuer.subject_key_identifier();
    return wanted.empty() || given.empty() || std::ranges::equal(wanted, given);
}

/// One depth-first search.
class ChainSearch {
public:
    ChainSearch(const std::vector<Certificate>& anchors, const std::vector<Certificate>& intermediates,
                const BuildLimits& limits)
        : anchors_(anchors), intermediates_(intermediates), limits_(limits) {}

    void extend(const Certificate& certificate) {
        if (partial_.size() == limits_.issuers) return;
        for (const auto& anchor : anchors_) {
            if (!is_candidate(anchor, certificate)) continue;
            auto chain = partial_;
            chain.push_back(anchor);
            chains_.push_back(std::move(chain));
        }
        for (const auto& issuer : intermediates_) {
            if (std::ranges::find(anchors_, issuer) != anchors_.end() || !is_candidate(issuer, certificate)) continue;
            partial_.push_back(issuer);
            extend(issuer);
            partial_.pop_back();
        }
    }

    std::vector<std::vector<Certificate>> take() { return std::move(chains_); }

private:
    bool is_candidate(const Certificate& issuer, const Certificate& certificate) {
        if (chains_.size() == limits_.chains || steps_ == limits_.steps) return false;
        if (!may_be_issuer(issuer, certificate) || std::ranges::find(partial_, issuer) != partial_.end()) return false;
        ++steps_;
        return true;
    }

    const std::vector<Certificate>& anchors_;
    const std::vector<Certificate>& intermediates_;
    const BuildLimits& limits_;
    std::vector<Certificate> partial_;
    std::vector<std::vector<Certificate>> chains_;
    std::size_t steps_ = 0;
};

bool is_ca(const Certificate& certificate) {
    return certificate.basic_constraints().role == BasicConstraints::Role::ca;
}

bool is_critical(const Extension& extension) {
    return extension.criticality == Extension::Criticality::critical;
}

Fault form_fault(std::size_t index, const Certificate& certificate, const std::string& what) {
    return path_fault("x509.path.form", index, certificate, what);
}

Fault find_length_fault(const std::vector<Certificate>& issuers, std::size_t i) {
    const auto path_length = issuers[i].basic_constraints().path_length;
    if (!path_length) return std::nullopt;
    const auto below = std::count_if(issuers.begin(), issuers.begin() + static_cast<std::ptrdiff_t>(i),
                                     [](const auto& issuer) { return !issuer.is_self_issued(); });
    if (below <= *path_length) return std::nullopt;
    return path_fault(
        "x509.path.length", i + 1, issuers[i],
        "allows " + std::to_string(*path_length) + " CA(s) below it, the path has " + std::to_string(below));
}

}  // namespace

Fault path_fault(std::string_view reason, std::size_t index, const Certificate& certificate, const std::string& what) {
    return Error(ErrorCode::verification_failed, std::string(reason),
                 "certificate " + std::to_string(index) + " (" + certificate.subject_text() + ") " + what);
}

std::vector<std::vector<Certificate>> find_issuer_chains(const Certificate& certificate,
                                                         const std::vector<Certificate>& anchors,
                                                         const std::vector<Certificate>& intermediates,
                                                         const BuildLimits& limits) {
    ChainSearch search(anchors, intermediates, limits);
    search.extend(certificate);
    return search.take();
}

Fault find_extension_fault(const Certificate& certificate, std::size_t index) {
    static constexpr std::array understood{oid::basic_constraints,    oid::key_usage,          oid::extended_key_usage,
                                           oid::certificate_policies, oid::subject_alt_name,   oid::name_constraints,
                                           oid::policy_mappings,      oid::policy_constraints, oid::inhibit_any_policy};
    for (const auto& extension : certificate.extensions())
        // RFC 5280, section 4.2: "A certificate-using system MUST reject the certificate if it encounters a critical
        // extension it does not recognize or a critical extension that contains information that it cannot process."
        if (is_critical(extension) && std::ranges::find(understood, extension.oid) == understood.end())
            return path_fault(
                "x509.path.extension", index, certificate,
                "has the extension " + extension.oid + ", which is not understood and may not be passed over");
    // 4.2.1.4: "If this extension is critical, the path validation software MUST be able to interpret this extension
    // (including the optional qualifier), or MUST reject the certificate."
    const auto* policies = certificate.find_extension(oid::certificate_policies);
    if (policies != nullptr && is_critical(*policies) &&
        parse_certificate_policies(policies->value, "x509.path.extension").qualifiers ==
            CertificatePolicies::Qualifiers::unknown)
        return path_fault("x509.path.extension", index, certificate,
                          "has critical policies with a qualifier that is not understood");
    if (is_ca(certificate)) return std::nullopt;
    // 4.2.1.10: "The name constraints extension, which MUST be used only in a CA certificate"; 4.2.1.5 and 4.2.1.14 say
    // the same of policyMappings and inhibitAnyPolicy.
    for (const auto oid : {oid::name_constraints, oid::policy_mappings, oid::inhibit_any_policy})
        if (certificate.find_extension(oid) != nullptr)
            return path_fault("x509.path.extension", index, certificate,
                              "has the extension " + std::string(oid) + " but is no CA certificate");
    return std::nullopt;
}

Fault find_profile_fault(const Certificate& certificate, std::size_t index) {
    // 4.2.1.1: "The keyIdentifier field of the authorityKeyIdentifier extension MUST be included in all certificates
    // generated by conforming CAs [...]. There is one exception; where a CA distributes its public key in the form of a
    // "self-signed" certificate".
    if (certificate.authority_key_identifier().empty() && !certificate.is_self_issued())
        return form_fault(index, certificate, "has no authority key identifier");
    if (is_ca(certificate)) {
        // 4.2.1.2: "this extension MUST appear in all conforming CA certificates".
        if (certificate.subject_key_identifier().empty())
            return form_fault(index, certificate, "is a CA certificate without a subject key identifier");
        // 4.1.2.6: "If the subject is a CA [...], then the subject field MUST be populated with a non-empty
        // distinguished name".
        if (certificate.subject().size() == 2)
            return form_fault(index, certificate, "is a CA certificate without a subject");
        static constexpr std::array critical_in_ca{oid::basic_constraints, oid::name_constraints,
                                                   oid::policy_constraints, oid::inhibit_any_policy};
        for (const auto& extension : certificate.extensions())
            if (!is_critical(extension) && std::ranges::find(critical_in_ca, extension.oid) != critical_in_ca.end())
                return form_fault(index, certificate, "has the extension " + extension.oid + " not marked critical");
        return std::nullopt;
    }
    // 4.2.1.9: "If the cA boolean is not asserted, then the keyCertSign bit in the key usage extension MUST NOT be
    // asserted."
    if (certificate.has_key_usage(KeyUsage::key_cert_sign))
        return form_fault(index, certificate, "may sign certificates but is no CA certificate");
    return std::nullopt;
}

Fault find_issuer_fault(const std::vector<Certificate>& issuers) {
    // RFC 5280, section 6.1.4 (k): "verify that the basicConstraints extension is present and that cA is set to TRUE."
    for (std::size_t i = 0; i < issuers.size(); ++i)
        if (!is_ca(issuers[i]))
            return path_fault("x509.path.ca", i + 1, issuers[i], "is not a CA certificate but has issued one");
    for (std::size_t i = issuers.size(); i-- > 0;) {
        const auto& certificate = issuers[i];
        const auto index = i + 1;
        const bool is_anchor = index == issuers.size();
        if (!is_anchor && !is_signed_by(certificate, issuers[i + 1]))
            return path_fault("x509.path.signature", index, certificate, "is not signed by its issuer's key");
        if (auto found = find_length_fault(issuers, i)) return found;
        if (!certificate.has_key_usage(KeyUsage::key_cert_sign))
            return path_fault("x509.path.key_usage", index, certificate,
                              "may not sign certificates (keyCertSign is missing)");
        if (auto found = find_extension_fault(certificate, index)) return found;
        // RFC 5280, section 6.1.3 (b): "If certificate i is self-issued and it is not the final certificate in the
        // path, skip this step".
        if (is_anchor || certificate.is_self_issued()) continue;
        const std::vector<Certificate> above(issuers.begin() + static_cast<std::ptrdiff_t>(index), issuers.end());
        if (auto found = find_name_fault(certificate, index, above)) return found;
    }
    return std::nullopt;
}

Fault find_name_fault(const Certificate& certificate, std::size_t index, const std::vector<Certificate>& issuers) {
    std::size_t work = 0;
    for (const auto& issuer : issuers) {
        const auto* extension = issuer.find_extension(oid::name_constraints);
        if (extension == nullptr) continue;
        constexpr std::string_view reason = "x509.path.name";
        std::vector<GeneralName> names;
        if (const auto* alt_names = certificate.find_extension(oid::subject_alt_name))
            names = parse_general_names(alt_names->value, "subjectAltName", reason);
        const auto constraints = NameConstraints::parse(extension->value, reason);
        if (const auto name = constraints.find_violation(certificate.subject(), names, work))
            return path_fault(reason, index, certificate,
                              "has a name that its issuer " + issuer.subject_text() + " may not certify: " + *name);
        if (work > max_comparisons)
            return path_fault(reason, index, certificate, "has more names than can be compared with the constraints");
    }
    return std::nullopt;
}

Fault find_window_fault(const Certificate& certificate, std::size_t index, Time time) {
    if (time < certificate.not_before())
        return path_fault(
            "x509.path.not_yet_valid", index, certificate,
            "is valid from " + format_rfc3339(certificate.not_before()) + ", not at " + format_rfc3339(time));
    if (time > certificate.not_after())
        return path_fault("x509.path.expired", index, certificate,
                          "expired on " + format_rfc3339(certificate.not_after()) + ", before " + format_rfc3339(time));
    return std::nullopt;
}

Fault find_revocation_fault(const Certificate& certificate, std::size_t index, const Crl& crl, Time time) {
    const auto* entry = crl.find(certificate.serial());
    if (entry == nullptr || entry->effective() > time) return std::nullopt;
    return path_fault("x509.path.revoked", index, certificate,
                      "was revoked from " + format_rfc3339(entry->effective()) + " on (" +
                          std::string(revocation_reason_name(entry->reason)) + ")");
}

}  // namespace uvpki::x509
