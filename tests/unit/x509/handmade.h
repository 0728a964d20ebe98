#pragma once
// Certificates written by hand for tests: a profile's own form as a start, one thing changed, signed by any key.

#include <functional>

#include "tests/support/test_pki.h"
#include "uvpki/x509/to_be_signed.h"

namespace uvpki::testing {

/// To-be-signed certificate as the pipeline would write it, for the test to change.
inline x509::ToBeSigned draft(TestPki& pki, x509::Role role, const x509::PublicKey& key, const x509::Issuer& issuer) {
    const auto options = pki.leaf_options(role, key);
    return {.serial = x509::random_serial(pki.random),
            .algorithm = issuer.key().algorithm(),
            .issuer = to_bytes(issuer.certificate().subject()),
            .not_before = options.not_before.value_or(TestPki::start()),
            .not_after = options.not_after.value_or(
                x509::profile_of(role).validity.default_end(TestPki::start()).value_or(TestPki::voting_closes())),
            .subject = options.subject.encode(),
            .spki = to_bytes(key.spki()),
            .extensions = x509::make_extensions(x509::profile_of(role), pki.arc,
                                                {.subject_key_identifier = key.key_identifier(),
                                                 .authority_key_identifier = issuer.key().public_key().key_identifier(),
                                                 .alt_names = options.alt_names,
                                                 .extra = options.extra_extensions})};
}

inline x509::Certificate sign(const x509::ToBeSigned& to_be_signed, const x509::PrivateKey& key) {
    const auto tbs = to_be_signed.encode();
    return x509::Certificate::parse(x509::assemble_certificate(tbs, to_be_signed.algorithm, key.sign(tbs)));
}

/// The extension to change; it must be there.
inline x509::Extension& extension_of(x509::ToBeSigned& to_be_signed, std::string_view oid) {
    for (auto& extension : to_be_signed.extensions)
        if (extension.oid == oid) return extension;
    throw std::runtime_error("the draft has no such extension");
}

inline void remove_extension(x509::ToBeSigned& to_be_signed, std::string_view oid) {
    if (std::erase_if(to_be_signed.extensions, [&](const auto& extension) { return extension.oid == oid; }) != 1)
        throw std::runtime_error("the draft has no such extension");
}

}  // namespace uvpki::testing
