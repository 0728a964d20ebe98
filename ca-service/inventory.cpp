// Issuing, renewing, revoking and finding certificates.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ca-service/authority_state.h"
#include "ca-service/draft.h"
#include "ca-service/election_store.h"
#include "ca-service/store.h"
#include "uvpki/encoding.h"
#include "uvpki/error.h"
#include "uvpki/x509/oids.h"
#include "uvpki/x509/request.h"

namespace uvpki::ca {

namespace {

constexpr int largest_page = 10'000;
constexpr Days crl_validity{7};

/// The pipeline's records in the authority's store. Many issue at once, one disk flush serves them.
class Recorder final : public x509::IssuanceStore {
public:
    Recorder(Authority::State& state, const IssuePlan& plan, const x509::PublicKey& key, std::string subject)
        : state_(state), plan_(plan), key_(key), subject_(std::move(subject)) {}

    void record_intent(ByteView serial, ByteView tbs) override {
        state_.writer->submit([&](service::Transaction& transaction) {
            require_fresh_key(transaction);
            store::add_intent(transaction, serial, tbs, state_.clock.now());
        });
    }

    void record_issued(const x509::Certificate& certificate, x509::Role role) override {
        state_.writer->submit([&](service::Transaction& transaction) {
            require_fresh_key(transaction);
            require_renewable(transaction);
            store::add_certificate(transaction, certificate, role, state_.clock.now(), {plan_.renews});
            Json details{{"fingerprint", to_hex(certificate.fingerprint())},
                         {"profile", x509::profile_of(role).name},
                         {"subject", certificate.subject_text()}};
            if (!plan_.renews.empty()) details["renews"] = to_hex(plan_.renews);
            state_.audit(transaction, {plan_.actor, plan_.action, certificate.serial_hex()}, details);
        });
    }

private:
    /// One key, one role and subject: else a signature could be shown as somebody else's, and a key that was revoked
    /// for one name would live on under another.
    void require_fresh_key(service::Transaction& transaction) const {
        require_no_token_key(transaction);
        for (const auto& entry : store::find_by_key(transaction, store::key_digest(key_), state_.clock.now())) {
            if (entry.state == CertificateState::revoked &&
                entry.revocation->reason == x509::RevocationReason::key_compromise)
                fail(ErrorCode::forbidden, "authority.key_revoked",
                     "the key of certificate " + entry.certificate.serial_hex() + " was revoked as compromised");
            if (plan_.same_key == IssuePlan::SameKey::same_subject && entry.role == plan_.role &&
                entry.certificate.subject_text() == subject_)
                continue;
            fail(ErrorCode::conflict, "authority.key_known",
                 "the key is already certified as " + entry.certificate.serial_hex() +
                     ": renew that certificate or bring a new key");
        }
    }

    /// T19: a blind-signing key signs whatever it is given, so it must be the key of nobody.
    void require_no_token_key(service::Transaction& transaction) const {
        if (key_.type() != x509::KeyType::rsa) return;
        for (const auto& election : store::all_elections(transaction))
            for (const auto& token_key : parse_draft(election.draft).token_keys)
                if (equal(x509::PublicKey::parse_spki(token_key.spki).key_octets(), key_.key_octets()))
                    fail(ErrorCode::conflict, "authority.token_key",
                         "the key is a blind-signing key of the election " + election.id +
                             " and is used for nothing else");
    }

    /// The certificate may have been revoked while its renewal was being made.
    void require_renewable(service::Transaction& transaction) const {
        if (plan_.renews.empty()) return;
        const auto renewed = store::find_certificate(transaction, plan_.renews, state_.clock.now());
        if (!renewed || renewed->state != CertificateState::good)
            fail(ErrorCode::forbidden, "renew.revoked", "certificate " + to_hex(plan_.renews) + " cannot be renewed");
    }

    Authority::State& state_;
    const IssuePlan& plan_;
    const x509::PublicKey& key_;
    std::string subject_;
};

std::string subject_of(const IssuePlan& plan) {
    return x509::name_text(plan.options.subject.encode());
}

/// Refused before anything is stored; the audit log would refuse it later, when a serial number is already spent.
void require_actor(std::string_view actor) {
    if (actor.empty() || actor.size() > 256 || !is_printable_utf8(actor))
        fail_input("authority.actor", "the actor must be named in 1 to 256 bytes of printable UTF-8");
}

/// A key of the authority itself must not become the key of anybody else.
void require_foreign_key(const Installed& installed, const x509::PublicKey& key) {
    if (key == installed.root.public_key() || key == installed.issuing.public_key())
        fail(ErrorCode::conflict, "authority.key_known", "the key is that of a certificate authority");
}

x509::Name name_of(const x509::Certificate& certificate) {
    const auto part = [&](std::string_view oid) {
        return x509::find_attribute(certificate.subject(), oid).value_or("");
    };
    return {.organization = part(x509::oid::organization),
            .organizational_unit = part(x509::oid::organizational_unit),
            .common_name = part(x509::oid::common_name)};
}

InventoryEntry require_entry(service::Transaction& transaction, ByteView serial, Time now) {
    auto entry = store::find_certificate(transaction, serial, now);
    if (!entry)
        fail(ErrorCode::not_found, "authority.serial", "no certificate has the serial number " + to_hex(serial));
    return std::move(*entry);
}

}  // namespace

x509::Certificate Authority::State::issue(const x509::Issuer& issuer, const x509::CertificateRequest& request,
                                          const IssuePlan& plan) {
    require_actor(plan.actor);
    Recorder recorder(*this, plan, request.public_key, subject_of(plan));
    return issuer.issue(plan.role, request, plan.options, recorder, clock, random);
}

x509::Certificate Authority::State::issue_for_key(const x509::Issuer& issuer, const x509::PublicKey& key,
                                                  const IssuePlan& plan) {
    require_actor(plan.actor);
    Recorder recorder(*this, plan, key, subject_of(plan));
    return issuer.issue_for_key(plan.role, key, plan.options, recorder, clock, random);
}

x509::Crl Authority::State::make_next_crl(service::Transaction& transaction, const x509::Certificate& issuing,
                                          std::string_view actor) {
    const auto latest = store::find_latest_crl(transaction);
    std::int64_t number = 1;
    const auto now = clock.now();
    if (latest) {
        const auto before = x509::Crl::parse(*latest);
        number = before.number() + 1;
        if (now < before.this_update())
            fail(ErrorCode::forbidden, "authority.clock",
                 "the clock stands before " + format_rfc3339(before.this_update()) + ", the date of the last list");
    }
    auto crl = x509::make_crl(issuing, require_keys().issuing, store::revocations(transaction),
                              {.number = number,
                               .this_update = now,
                               .next_update = now + crl_validity,
                               .expired_certs_since = issuing.not_before()});
    store::add_crl(transaction, crl);
    audit(transaction, {actor, "crl.publish", std::to_string(number)},
          {{"entries", crl.entries().size()}, {"sha256", to_hex(sha256(crl.der()))}});
    return crl;
}

x509::Certificate Authority::issue(const IssueRequest& request, std::string_view actor) {
    const auto& installed = state_->require_installed();
    state_->require_keys();
    const auto parsed = x509::parse_request(request.request);
    require_foreign_key(installed, parsed.public_key);
    IssuePlan plan;
    plan.role = request.role;
    plan.options.subject = {.organization = state_->organization,
                            .organizational_unit = request.organizational_unit,
                            .common_name = request.common_name};
    plan.options.alt_names = request.alt_names;
    plan.options.not_before = request.not_before;
    plan.options.not_after = request.not_after;
    plan.actor = actor;
    return state_->issue(*installed.issuer, parsed, plan);
}

x509::Certificate Authority::issue_election_certificate(const x509::PublicKey& joint_key, std::string_view election_id,
                                                        Time not_before, Time not_after, std::string_view actor) {
    return state_->issue_election_certificate(joint_key, election_id, not_before, not_after, actor);
}

x509::Certificate Authority::State::issue_election_certificate(const x509::PublicKey& joint_key,
                                                               std::string_view election_id, Time not_before,
                                                               Time not_after, std::string_view actor) {
    const auto& current = require_installed();
    require_keys();
    require_foreign_key(current, joint_key);
    IssuePlan plan;
    plan.role = x509::Role::election;
    plan.options.subject = {
        .organization = organization, .organizational_unit = "Election key", .common_name = std::string(election_id)};
    plan.options.not_before = not_before;
    plan.options.not_after = not_after;
    plan.actor = actor;
    plan.same_key = IssuePlan::SameKey::same_subject;
    return issue_for_key(*current.issuer, joint_key, plan);
}

x509::Certificate Authority::renew(ByteView serial, ByteView request, std::string_view actor) {
    const auto& installed = state_->require_installed();
    state_->require_keys();
    const auto entry = get(serial);
    if (entry.state == CertificateState::revoked)
        fail(ErrorCode::forbidden, "renew.revoked",
             "certificate " + to_hex(serial) + " was revoked on " + format_rfc3339(entry.revocation->revoked_at));
    if (entry.state == CertificateState::expired)
        fail(ErrorCode::forbidden, "renew.expired",
             "certificate " + to_hex(serial) + " expired on " + format_rfc3339(entry.certificate.not_after()));
    const auto parsed = x509::parse_request(request);
    require_foreign_key(installed, parsed.public_key);
    IssuePlan plan;
    plan.role = entry.role;
    plan.options.subject = name_of(entry.certificate);
    plan.options.alt_names = entry.certificate.alt_names();
    // A Ballot CA lives as long as its election, however often it is renewed.
    if (!x509::profile_of(entry.role).validity.default_end(state_->clock.now()))
        plan.options.not_after = entry.certificate.not_after();
    plan.renews = to_bytes(serial);
    plan.actor = actor;
    plan.action = "certificate.renew";
    plan.same_key = IssuePlan::SameKey::same_subject;
    return state_->issue(*installed.issuer, parsed, plan);
}

void Authority::revoke(ByteView serial, x509::RevocationReason reason, std::optional<Time> invalid_since,
                       std::string_view actor) {
    const auto& installed = state_->require_installed();
    require_actor(actor);
    const auto now = state_->clock.now();
    if (invalid_since && reason != x509::RevocationReason::key_compromise &&
        reason != x509::RevocationReason::ca_compromise)
        fail_input("revoke.date", "only a compromise has a date from which on signatures do not count");
    if (invalid_since && *invalid_since > now)
        fail_input("revoke.date", "the date of the compromise lies in the future: " + format_rfc3339(*invalid_since));
    state_->run_act([&](service::Transaction& transaction) {
        const auto entry = require_entry(transaction, serial, now);
        if (entry.state == CertificateState::revoked)
            fail(ErrorCode::conflict, "revoke.again",
                 "certificate " + to_hex(serial) + " was revoked on " + format_rfc3339(entry.revocation->revoked_at));
        for (const auto& each : store::lineage_from(transaction, serial)) {
            if (require_entry(transaction, each, now).state == CertificateState::revoked) continue;
            store::add_revocation(
                transaction, {.serial = each, .revoked_at = now, .reason = reason, .invalid_since = invalid_since});
            Json details{{"reason", x509::revocation_reason_name(reason)}};
            if (invalid_since) details["invalid_since"] = format_rfc3339(*invalid_since);
            if (!std::ranges::equal(each, serial)) details["renewal_of"] = to_hex(serial);
            state_->audit(transaction, {actor, "certificate.revoke", to_hex(each)}, details);
        }
        state_->make_next_crl(transaction, installed.issuing, actor);
    });
}

x509::Crl Authority::publish_crl() {
    const auto& installed = state_->require_installed();
    return state_->run_act([&](service::Transaction& transaction) {
        return state_->make_next_crl(transaction, installed.issuing, "authority");
    });
}

x509::Crl Authority::latest_crl() const {
    state_->require_installed();
    const auto der = state_->database->read(store::find_latest_crl);
    if (!der) fail(ErrorCode::not_found, "authority.crl", "no revocation list has been published yet");
    return x509::Crl::parse(*der);
}

InventoryEntry Authority::get(ByteView serial) const {
    return state_->database->read(
        [&](service::Transaction& transaction) { return require_entry(transaction, serial, state_->clock.now()); });
}

std::vector<InventoryEntry> Authority::lineage(ByteView serial) const {
    return state_->database->read([&](service::Transaction& transaction) {
        require_entry(transaction, serial, state_->clock.now());
        std::vector<InventoryEntry> entries;
        for (const auto& each : store::lineage_from(transaction, serial))
            entries.push_back(require_entry(transaction, each, state_->clock.now()));
        return entries;
    });
}

std::vector<InventoryEntry> Authority::search(const SearchOptions& options) const {
    if (options.limit < 1 || options.limit > largest_page)
        fail_input("search.limit", "a page has 1 to " + std::to_string(largest_page) + " entries");
    return state_->database->read(
        [&](service::Transaction& transaction) { return store::search(transaction, options, state_->clock.now()); });
}

}  // namespace uvpki::ca
