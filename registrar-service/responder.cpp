// Answers about the state of voter certificates (OCSP), and the check of all voters' keys together.
#include <nlohmann/json.hpp>

#include "registrar-service/registrar.h"
#include "registrar-service/state.h"
#include "uvpki/encoding.h"
#include "uvpki/json.h"
#include "uvpki/x509/request.h"

namespace uvpki::registrar {

namespace {

/// A third of the profile's 30 days before its end the responder's certificate is replaced.
constexpr Days renewal_window{10};

bool is_fresh(const x509::Certificate& certificate, const x509::Certificate& ca, Time now) {
    if (now < certificate.not_before() || now > certificate.not_after()) return false;
    return certificate.not_after() - now > renewal_window || certificate.not_after() == ca.not_after();
}

std::string key_place(ByteView serial) {
    return "responder_intent/" + to_hex(serial) + "/sealed_key";
}

class ResponderIssuance final : public x509::IssuanceStore {
public:
    ResponderIssuance(Registrar::State& state, const x509::PrivateKey& key) : state_(state), key_(key) {}

    void record_intent(ByteView serial, ByteView tbs) override {
        const auto pkcs8 = key_.to_pkcs8();
        const auto sealed = service::seal(state_.keys.sealing, pkcs8.view(), key_place(serial), state_.random);
        state_.group.submit([&](service::Transaction& t) {
            store::add_responder_intent(t, {to_bytes(serial), to_bytes(tbs), sealed}, state_.clock.now());
        });
    }

    void record_issued(const x509::Certificate& certificate, x509::Role) override {
        state_.group.submit([&](service::Transaction& t) {
            store::add_responder(t, certificate);
            state_.record(t, "registrar", "responder.issue", state_.issuer, Json{{"serial", certificate.serial_hex()}});
            state_.sign_checkpoint(t);
        });
    }

private:
    Registrar::State& state_;
    const x509::PrivateKey& key_;
};

x509::OcspResponder make_responder(Registrar::State& state, const Installed& installed, Time now) {
    const auto& ca = installed.registrar_ca;
    const auto newest = state.database->read([](service::Transaction& t) { return store::find_responder(t); });
    if (newest) {
        auto certificate = x509::Certificate::parse(newest->der);
        if (is_fresh(certificate, ca, now)) {
            const auto pkcs8 =
                service::open_sealed(state.keys.sealing, newest->sealed_key, key_place(certificate.serial()));
            return {ca, std::move(certificate), x509::PrivateKey::parse_pkcs8(pkcs8), state.arc};
        }
    }
    const auto key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    ResponderIssuance issuance(state, key);
    const auto request = x509::parse_request(x509::make_request(key, x509::empty_name()));
    auto certificate = installed.issuer.issue(
        x509::Role::ocsp, request,
        {.subject = {.organization = state.organization, .common_name = "OCSP responder " + state.issuer}}, issuance,
        state.clock, state.random);
    return {ca, std::move(certificate), key, state.arc};
}

}  // namespace

x509::OcspResponder Registrar::State::ocsp_responder() {
    const auto& current = installed();
    const auto now = clock.now();
    const std::lock_guard lock(responder_mutex_);
    if (!responder_ || !is_fresh(responder_->certificate(), current.registrar_ca, now))
        responder_.emplace(make_responder(*this, current, now));
    return *responder_;
}

Bytes Registrar::answer_ocsp(ByteView request) {
    auto& state = *state_;
    const auto responder = state.ocsp_responder();
    // One reading for all certificates of a request, so that the answers fit together.
    return state.database->read([&](service::Transaction& t) {
        const auto find = [&](ByteView serial) -> std::optional<x509::KnownStatus> {
            const auto row = store::find_certificate(t, serial);
            if (!row) return std::nullopt;
            return x509::KnownStatus{row->revoked ? store::find_revocation(t, serial) : std::nullopt};
        };
        return responder.respond(request, find, state.clock);
    });
}

std::vector<x509::KeyFinding> Registrar::check_keys() const {
    const auto keys = state_->database->read([](service::Transaction& t) {
        std::vector<x509::HeldKey> held;
        store::for_each_good_certificate(t, [&](const std::string& entry, const Bytes& der) {
            held.push_back({entry, x509::Certificate::parse(der).public_key()});
        });
        return held;
    });
    return x509::check_key_roll(keys);
}

}  // namespace uvpki::registrar
