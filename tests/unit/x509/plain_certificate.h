#pragma once
// What is needed of certificates that our strict reader refuses, for reason of form alone (no extensions, dates before
// 2050 as GeneralizedTime, no basicConstraints): the ones in BoringSSL's tests of responses and lists.

#include "uvpki/openssl/der.h"
#include "uvpki/x509/oids.h"
#include "uvpki/x509/to_be_signed.h"

namespace uvpki::testing {

struct PlainCertificate {
    Bytes subject, spki, serial;
    Bytes key_usage;  ///< value of the extension, or empty
};

inline PlainCertificate read_plain(ByteView der) {
    auto fields = der::Reader(der).sequence("certificate").sequence("tbsCertificate");
    fields.any();  // version
    PlainCertificate plain;
    plain.serial = to_bytes(fields.any().content);
    for (int before_subject = 0; before_subject < 3; ++before_subject) fields.any();
    plain.subject = to_bytes(fields.any().encoding);
    plain.spki = to_bytes(fields.any().encoding);
    if (fields.empty()) return plain;
    auto wrapped = fields.enter(der::context_constructed(3), "extensions");
    for (const auto& extension : x509::parse_extensions(wrapped.any().encoding, "extensions"))
        if (extension.oid == x509::oid::key_usage) plain.key_usage = extension.value;
    return plain;
}

/// A CA of this name, key and key usage, in a form that we read; nothing else of a trusted CA matters.
inline x509::Certificate stand_in(const PlainCertificate& ca) {
    using Criticality = x509::Extension::Criticality;
    const auto key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    x509::ToBeSigned form{.serial = Bytes(20, 0x41),
                          .algorithm = key.algorithm(),
                          .issuer = ca.subject,
                          .not_before = parse_rfc3339("2017-01-01T00:00:00Z"),
                          .not_after = parse_rfc3339("2018-01-01T00:00:00Z"),
                          .subject = ca.subject,
                          .spki = ca.spki,
                          .extensions = {{std::string(x509::oid::basic_constraints), Criticality::critical,
                                          x509::encode_basic_constraints(
                                              {.role = x509::BasicConstraints::Role::ca, .path_length = {}})}}};
    if (!ca.key_usage.empty())
        form.extensions.push_back({std::string(x509::oid::key_usage), Criticality::critical, ca.key_usage});
    const auto tbs = form.encode();
    return x509::Certificate::parse(x509::assemble_certificate(tbs, key.algorithm(), key.sign(tbs)));
}

}  // namespace uvpki::testing
