// Answering for the state of the issuing CA's certificates, with a responder certificate that is never allowed to end.

#include <algorithm>

#include "ca-service/authority_state.h"
#include "ca-service/store.h"
#include "uvpki/error.h"
#include "uvpki/x509/request.h"

namespace uvpki::ca {

namespace {

constexpr std::string_view responder_name = "OCSP responder";
/// A third of the profile's 30 days: nobody is surprised by a certificate that ends tomorrow.
constexpr Days renewal_window{10};

/// Holds now and for some time yet, or for as long as the CA itself does.
bool is_fresh(const x509::Certificate& certificate, const x509::Certificate& ca, Time now) {
    if (now < certificate.not_before() || now > certificate.not_after()) return false;
    return certificate.not_after() - now > renewal_window || certificate.not_after() == ca.not_after();
}

/// The newest certificate of the responder's key that will do.
std::optional<x509::Certificate> find_fresh(service::Transaction& transaction, const x509::PrivateKey& key,
                                            const x509::Certificate& ca, Time now) {
    std::optional<x509::Certificate> newest;
    for (const auto& entry : store::find_by_key(transaction, store::key_digest(key.public_key()), now)) {
        if (entry.role != x509::Role::ocsp || entry.state != CertificateState::good) continue;
        if (!is_fresh(entry.certificate, ca, now) || !x509::is_signed_by(entry.certificate, ca)) continue;
        if (!newest || entry.certificate.not_after() > newest->not_after()) newest = entry.certificate;
    }
    return newest;
}

x509::Certificate issue_responder(Authority::State& state, const Installed& installed, const x509::PrivateKey& key) {
    IssuePlan plan;
    plan.role = x509::Role::ocsp;
    plan.options.subject = {.organization = state.organization, .common_name = std::string(responder_name)};
    plan.actor = "authority";
    plan.same_key = IssuePlan::SameKey::same_subject;
    const auto request = x509::make_request(key, plan.options.subject.encode());
    return state.issue(*installed.issuer, x509::parse_request(request), plan);
}

}  // namespace

x509::OcspResponder Authority::State::ocsp_responder() {
    const auto& current = require_installed();
    const auto& key = require_keys().ocsp;
    const auto now = clock.now();
    const std::scoped_lock lock(responder_mutex);
    if (responder_in_use && is_fresh(responder_in_use->certificate(), current.issuing, now)) return *responder_in_use;
    auto certificate = database->read(
        [&](service::Transaction& transaction) { return find_fresh(transaction, key, current.issuing, now); });
    if (!certificate) certificate = issue_responder(*this, current, key);
    responder_in_use.emplace(current.issuing, *certificate, key, arc);
    return *responder_in_use;
}

Bytes Authority::answer_ocsp(ByteView request) {
    const auto responder = state_->ocsp_responder();
    const auto now = state_->clock.now();
    // One reading for all certificates of a request, so that the answers fit together.
    return state_->database->read([&](service::Transaction& transaction) {
        const auto find = [&](ByteView serial) -> std::optional<x509::KnownStatus> {
            const auto entry = store::find_certificate(transaction, serial, now);
            if (!entry) return std::nullopt;
            return x509::KnownStatus{entry->revocation};
        };
        return responder.respond(request, find, state_->clock);
    });
}

x509::Certificate Authority::ocsp_certificate() {
    return state_->ocsp_responder().certificate();
}

}  // namespace uvpki::ca
