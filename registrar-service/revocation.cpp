// Revocation of voter certificates and the list that says so.
#include <nlohmann/json.hpp>

#include "registrar-service/registrar.h"
#include "registrar-service/state.h"
#include "uvpki/encoding.h"
#include "uvpki/json.h"

namespace uvpki::registrar {

std::size_t revoke_all(Registrar::State& state, service::Transaction& t, std::string_view entry,
                       x509::RevocationReason reason, std::optional<Time> invalid_since) {
    const auto now = state.clock.now();
    std::size_t revoked = 0;
    for (const auto& certificate : store::certificates_of(t, entry)) {
        if (certificate.revoked) continue;
        store::add_revocation(
            t, {.serial = certificate.serial, .revoked_at = now, .reason = reason, .invalid_since = invalid_since});
        ++revoked;
    }
    store::withdraw_invitations(t, entry, now);
    return revoked;
}

x509::Crl make_next_crl(Registrar::State& state, service::Transaction& t, std::string_view actor) {
    const auto& installed = state.installed();
    const auto now = state.clock.now();
    const auto entries = store::revocations(t);
    auto crl = x509::make_crl(installed.registrar_ca, state.keys.ca, entries,
                              {.number = store::last_crl_number(t) + 1,
                               .this_update = now,
                               .next_update = now + state.options.crl_validity,
                               .expired_certs_since = installed.registrar_ca.not_before()});
    store::add_crl(t, crl, now);
    state.record(t, actor, "crl.publish", std::to_string(crl.number()),
                 Json{{"entries", entries.size()}, {"sha256", to_hex(sha256(crl.der()))}});
    state.sign_checkpoint(t);
    return crl;
}

void Registrar::revoke(std::string_view entry, x509::RevocationReason reason, std::optional<Time> invalid_since,
                       std::string_view actor) {
    auto& state = *state_;
    state.installed();
    if (invalid_since && (reason != x509::RevocationReason::key_compromise || *invalid_since > state.clock.now()))
        fail_input("revoke.invalid_since",
                   "a time since when a key is not to be trusted goes with key-compromise only, "
                   "and cannot be in the future");
    state.group.submit([&](service::Transaction& t) {
        require_voter(t, entry);
        const auto revoked = revoke_all(state, t, entry, reason, invalid_since);
        if (revoked == 0)
            fail(ErrorCode::not_found, "revoke.certificate", "the voter has no certificate that could be revoked");
        Json details{{"certificates", revoked}, {"reason", x509::revocation_reason_name(reason)}};
        if (invalid_since) details["invalid_since"] = unix_seconds(*invalid_since);
        state.record(t, actor, "certificate.revoke", entry, details);
        make_next_crl(state, t, actor);
    });
}

x509::Crl Registrar::publish_crl() {
    auto& state = *state_;
    state.installed();
    return state.group.submit([&](service::Transaction& t) { return make_next_crl(state, t, "registrar"); });
}

}  // namespace uvpki::registrar
