// From an invitation to a voter certificate, and its renewal.
#include <nlohmann/json.hpp>

#include "registrar-service/invitation_code.h"
#include "registrar-service/registrar.h"
#include "registrar-service/state.h"
#include "uvpki/cms/signed_data.h"
#include "uvpki/encoding.h"
#include "uvpki/json.h"

namespace uvpki::registrar {

namespace {

[[noreturn]] void refuse_code(std::string message) {
    fail(ErrorCode::forbidden, "enrol.invitation", std::move(message));
}

/// What an invitation code leads to for the holder of this key.
struct Standing {
    std::string entry;
    std::optional<Bytes> certificate;  ///< issued for this code and key before
};

Standing check_invitation(service::Transaction& t, const Sha256& code, const Sha256& key_hash, Time now) {
    const auto invitation = store::find_invitation(t, code);
    if (!invitation) refuse_code("the invitation code is not known");
    if (invitation->key_hash && *invitation->key_hash != key_hash)
        refuse_code("the invitation code was used with another key");
    if (const auto issued = store::find_certificate_for_code(t, code)) {
        if (issued->revoked) refuse_code("the certificate for this invitation code was revoked");
        return {invitation->entry, issued->der};
    }
    if (invitation->withdrawn_at) refuse_code("the invitation code was withdrawn");
    // A code that is bound may be finished later: its holder came in time.
    if (!invitation->key_hash && now > invitation->expires) refuse_code("the invitation code has expired");
    for (const auto& certificate : store::certificates_of(t, invitation->entry))
        if (!certificate.revoked && certificate.not_after >= now) refuse_code("this voter is enrolled already");
    return {invitation->entry, std::nullopt};
}

void require_fresh_key(service::Transaction& t, const Sha256& key_hash, std::string_view entry) {
    if (!store::claim_key(t, key_hash, entry))
        fail(ErrorCode::conflict, "enrol.duplicate_key", "this key belongs to another voter: make a new one");
    for (const auto& certificate : store::certificates_of(t, entry))
        if (certificate.revoked && certificate.key_hash == key_hash)
            fail(ErrorCode::conflict, "enrol.revoked_key", "a certificate for this key was revoked: make a new key");
}

/// T19: a token key signs whatever it is given, so it must be the key of no voter.
void require_no_token_key(service::Transaction& t, const x509::PublicKey& key) {
    if (key.type() != x509::KeyType::rsa) return;
    for (const auto& spki : store::all_token_keys(t))
        if (equal(x509::PublicKey::parse_spki(spki).key_octets(), key.key_octets()))
            fail(ErrorCode::conflict, "enrol.token_key", "this key signs tokens and is used for nothing else");
}

/// Where the issuing pipeline records one voter certificate. Each record waits for a commit that it shares with others.
class VoterIssuance final : public x509::IssuanceStore {
public:
    /// Checked again inside each transaction: throws when the certificate may not be issued (any more), gives the
    /// certificate that another process has stored for the same purpose meanwhile.
    using Check = std::function<std::optional<Bytes>(service::Transaction&)>;

    VoterIssuance(Registrar::State& state, x509::PublicKey key, store::CertificateRow purpose, Check check)
        : state_(state), key_(std::move(key)), purpose_(std::move(purpose)), check_(std::move(check)) {}

    void record_intent(ByteView serial, ByteView tbs) override {
        state_.group.submit([&](service::Transaction& t) {
            check_(t);
            require_no_token_key(t, key_);
            require_fresh_key(t, purpose_.key_hash, purpose_.entry);
            if (purpose_.code_hash && !store::find_invitation(t, *purpose_.code_hash)->key_hash)
                store::bind_invitation(t, *purpose_.code_hash, purpose_.key_hash);
            store::add_intent(t, {.serial = to_bytes(serial),
                                  .entry = purpose_.entry,
                                  .key_hash = purpose_.key_hash,
                                  .tbs = to_bytes(tbs),
                                  .recorded_at = state_.clock.now()});
        });
    }

    void record_issued(const x509::Certificate& certificate, x509::Role) override {
        answer_ = state_.group.submit([&](service::Transaction& t) {
            if (auto earlier = check_(t)) return std::move(*earlier);
            auto row = purpose_;
            row.serial = to_bytes(certificate.serial());
            row.der = to_bytes(certificate.der());
            row.issued_at = state_.clock.now();
            row.not_after = certificate.not_after();
            store::add_certificate(t, row);
            Json details{{"key", to_hex(row.key_hash)}, {"serial", to_hex(row.serial)}};
            if (row.renews) details["renews"] = to_hex(*row.renews);
            state_.record(t, "voter", row.renews ? "certificate.renew" : "certificate.issue", row.entry, details);
            return row.der;
        });
    }

    /// The stored certificate, which is what the voter gets.
    Bytes take_answer() { return std::move(answer_); }

private:
    Registrar::State& state_;
    const x509::PublicKey key_;
    const store::CertificateRow purpose_;
    const Check check_;
    Bytes answer_;
};

Bytes issue(Registrar::State& state, const x509::CertificateRequest& request, VoterIssuance& issuance,
            const std::string& entry) {
    // The name in the certificate is the roll entry: who that is, only the registrar can tell.
    state.installed().issuer.issue(
        x509::Role::voter, request,
        {.subject = {.organization = state.organization, .common_name = entry}, .alt_names = {"URI:urn:uuid:" + entry}},
        issuance, state.clock, state.random);
    return issuance.take_answer();
}

/// The certificate that signs a renewal, as the store knows it.
store::CertificateRow require_renewable(service::Transaction& t, const x509::Certificate& certificate) {
    const auto row = store::find_certificate(t, certificate.serial());
    if (!row || !std::ranges::equal(row->der, certificate.der()))
        fail(ErrorCode::forbidden, "renew.certificate", "this registrar did not issue the certificate that signs");
    if (row->revoked) fail(ErrorCode::forbidden, "renew.certificate", "the certificate that signs was revoked");
    return *row;
}

std::optional<Bytes> find_earlier_renewal(service::Transaction& t, ByteView serial, const Sha256& key_hash) {
    auto earlier = store::find_renewal_of(t, serial);
    if (!earlier) return std::nullopt;
    if (earlier->key_hash != key_hash)
        fail(ErrorCode::conflict, "renew.renewed", "the certificate was renewed before, with another key");
    return std::move(earlier->der);
}

}  // namespace

std::vector<Invitation> Registrar::invite(Time expires, std::string_view actor) {
    auto& state = *state_;
    const auto now = state.clock.now();
    if (expires <= now) fail_input("invite.expires", "invitations must expire later than now");
    return state.database->transaction([&](service::Transaction& t) {
        std::vector<Invitation> invitations;
        for (const auto& voter : store::voters_to_invite(t, now)) {
            Invitation invitation{.entry = voter.entry,
                                  .voter_id = open_person(state, voter).voter_id,
                                  .code = make_invitation_code(state.random)};
            store::withdraw_invitations(t, voter.entry, now);
            store::add_invitation(t, hash_invitation_code(invitation.code).value(), voter.entry, expires);
            invitations.push_back(std::move(invitation));
        }
        state.record(t, actor, "voters.invite", "",
                     Json{{"expires", unix_seconds(expires)}, {"voters", invitations.size()}});
        return invitations;
    });
}

Bytes Registrar::enrol(std::string_view invitation, ByteView request) {
    auto& state = *state_;
    state.installed();
    const auto code = hash_invitation_code(invitation);
    if (!code) refuse_code("this is not an invitation code");
    // An unknown code is refused before any signature is looked at.
    state.database->read([&](service::Transaction& t) {
        if (!store::find_invitation(t, *code)) refuse_code("the invitation code is not known");
    });
    const auto parsed = x509::parse_request(request);
    const auto key_hash = parsed.public_key.spki_sha256();
    const auto check = [&](service::Transaction& t) { return check_invitation(t, *code, key_hash, state.clock.now()); };

    const std::lock_guard turn(state.turn_of(*code));
    auto standing = state.database->read(check);
    if (standing.certificate) return std::move(*standing.certificate);
    store::CertificateRow purpose;
    purpose.entry = standing.entry;
    purpose.key_hash = key_hash;
    purpose.code_hash = code;
    VoterIssuance issuance(state, parsed.public_key, std::move(purpose),
                           [&](service::Transaction& t) { return check(t).certificate; });
    return issue(state, parsed, issuance, standing.entry);
}

Bytes Registrar::renew(ByteView signed_request) {
    auto& state = *state_;
    const auto& installed = state.installed();
    const auto message = cms::parse_signed_data(signed_request);
    if (!message.content) fail_input("renew.malformed", "the renewal does not carry its request");
    const auto now = state.clock.now();
    const auto verified = cms::verify_signed_data(
        message, {}, installed.trust,
        {.role = x509::Role::voter, .time = now, .revocation = x509::PathRules::Revocation::ignored});
    const auto& current = verified.signer().leaf();
    const auto parsed = x509::parse_request(verified.content());
    const auto key_hash = parsed.public_key.spki_sha256();
    const auto check = [&](service::Transaction& t) {
        require_renewable(t, current);
        return find_earlier_renewal(t, current.serial(), key_hash);
    };

    const std::lock_guard turn(state.turn_of(current.serial()));
    const auto [entry, earlier] = state.database->read([&](service::Transaction& t) {
        auto row = require_renewable(t, current);
        return std::pair(std::move(row.entry), check(t));
    });
    if (earlier) return *earlier;
    if (now < current.not_after() - state.options.renewal_window)
        fail(ErrorCode::forbidden, "renew.window",
             "the certificate can be renewed from " +
                 format_rfc3339(current.not_after() - state.options.renewal_window) + " on");
    store::CertificateRow purpose;
    purpose.entry = entry;
    purpose.key_hash = key_hash;
    purpose.renews = to_bytes(current.serial());
    VoterIssuance issuance(state, parsed.public_key, std::move(purpose), check);
    return issue(state, parsed, issuance, entry);
}

}  // namespace uvpki::registrar
