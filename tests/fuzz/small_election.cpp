#include "tests/fuzz/small_election.h"

#include "uvpki/cms/signed_data.h"
#include "uvpki/files.h"

namespace uvpki::fuzz {

namespace {

x509::Certificate load_certificate(const std::string& name) {
    return x509::Certificate::parse(SmallElection::file(name + ".der"));
}

x509::TrustStore load_trust() {
    x509::TrustStore trust(load_certificate("root"), x509::Arc{});
    for (const auto* name : {"issuing-ca", "registrar-ca", "ballot-ca"}) trust.add_intermediate(load_certificate(name));
    return trust;
}

x509::TrustStore load_trustees_trust() {
    x509::TrustStore trust(load_certificate("trustees-root"), x509::Arc{});
    trust.add_intermediate(load_certificate("trustees-issuing-ca"));
    return trust;
}

}  // namespace

Bytes SmallElection::file(const std::string& name) {
    return load_file(std::string(UVPKI_FUZZ_CORPORA) + "/seeds/election/" + name);
}

SmallElection::Signer SmallElection::signer(const std::string& name) {
    return {load_certificate(name), x509::PrivateKey::parse_pkcs8(SecretBytes(file(name + ".key")))};
}

SmallElection::SmallElection()
    : clock(Time{}),
      trust(load_trust()),
      trustees_trust(load_trustees_trust()),
      manifest(election::verify_manifest(file("manifest.json"), file("manifest.p7s"), trust)),
      verifier(manifest, trust),
      log(merkle::LogVerifier::parse_vkey(manifest->log_key)),
      voter(signer("voter")),
      receipt(signer("receipt")),
      tsa(signer("tsa")),
      ocsp(signer("ocsp")),
      trustee(signer("trustee")),
      plan(threshold::parse_plan(file("plan.json"))) {
    clock.set(manifest->voting.opens + Seconds{3600});
}

Bytes SmallElection::signed_by(const Signer& signer, ByteView content) const {
    return cms::sign(content, signer.certificate, signer.key, clock);
}

const SmallElection& small_election() {
    static const SmallElection once;
    return once;
}

}  // namespace uvpki::fuzz
