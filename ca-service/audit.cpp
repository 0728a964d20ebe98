// The authority's audit trail: rows, signed checkpoints, the copy of the newest checkpoint beside the store, and the
// check that log and inventory tell the same story.

#include <map>
#include <nlohmann/json.hpp>

#include "ca-service/authority_state.h"
#include "ca-service/store.h"
#include "uvpki/encoding.h"
#include "uvpki/error.h"
#include "uvpki/files.h"

namespace uvpki::ca {

namespace {

std::filesystem::path checkpoint_path(const Authority::State& state) {
    return state.folder / "audit-checkpoint.json";
}

std::string format_checkpoint(const service::AuditCheckpoint& checkpoint) {
    return canonical_json({{"hash", to_hex(checkpoint.head.hash)},
                           {"log", "ca"},
                           {"sequence", checkpoint.head.sequence},
                           {"signature", to_base64(checkpoint.signature)},
                           {"time", unix_seconds(checkpoint.time)}});
}

service::AuditCheckpoint parse_checkpoint(ByteView text) {
    try {
        const auto json = parse_json(text);
        return {.head = {.sequence = json.at("sequence").get<std::int64_t>(),
                         .hash = parse_sha256_hex(json.at("hash").get<std::string>())},
                .time = from_unix_seconds(json.at("time").get<std::int64_t>()),
                .signature = parse_base64(json.at("signature").get<std::string>())};
    } catch (const Json::exception&) {
        fail_input("authority.checkpoint", "audit-checkpoint.json is not a checkpoint of this log");
    }
}

std::optional<service::AuditCheckpoint> find_published(const Authority::State& state) {
    if (!std::filesystem::exists(checkpoint_path(state))) return std::nullopt;
    return parse_checkpoint(load_file(checkpoint_path(state)));
}

bool is_signed(const Authority::State& state, ByteView message, ByteView signature) {
    return x509::is_valid_signature(state.audit_key, x509::SignatureAlgorithm::ecdsa_sha256, message, signature);
}

}  // namespace

void Authority::State::audit(service::Transaction& transaction, const Act& act, const Json& details) const {
    log.append(transaction, {.time = clock.now(),
                             .actor = std::string(act.actor),
                             .action = std::string(act.action),
                             .subject = act.subject,
                             .details = canonical_json(details)});
}

service::AuditCheckpoint Authority::State::sign_checkpoint(service::Transaction& transaction) const {
    return log.sign_checkpoint(transaction, clock.now(),
                               [&](ByteView message) { return require_keys().audit.sign(message); });
}

void Authority::State::publish(const service::AuditCheckpoint& checkpoint) {
    const std::scoped_lock lock(checkpoint_mutex);
    if (checkpoint.head.sequence <= published_checkpoint) return;
    save_file(checkpoint_path(*this), format_checkpoint(checkpoint) + "\n");
    published_checkpoint = checkpoint.head.sequence;
}

void Authority::State::require_published_checkpoint() {
    const auto published = find_published(*this);
    if (!published) return;
    const auto fits = database->read([&](service::Transaction& transaction) {
        bool found = false;
        const auto sequence = published->head.sequence;
        log.for_each(transaction, {.first = sequence, .last = sequence},
                     [&](const service::AuditEntry& entry) { found = entry.hash == published->head.hash; });
        return found;
    });
    if (!fits || !is_signed(*this, log.checkpoint_message(published->head, published->time), published->signature))
        fail(ErrorCode::forbidden, "authority.rollback",
             "the store does not hold the published audit checkpoint " + std::to_string(published->head.sequence) +
                 ": an older copy must not go on");
    const std::scoped_lock lock(checkpoint_mutex);
    published_checkpoint = published->head.sequence;
}

std::vector<Finding> check_audit(Authority::State& state) {
    auto findings = state.database->check_integrity();
    service::AuditChecks checks;
    checks.verify = [&](ByteView message, ByteView signature) { return is_signed(state, message, signature); };
    if (auto published = find_published(state)) checks.published.push_back(std::move(*published));
    state.database->read([&](service::Transaction& transaction) {
        for (auto& finding : state.log.check_chain(transaction, checks)) findings.push_back(std::move(finding));
        std::map<std::string, std::string> issued;  // serial -> fingerprint
        const auto remember = [&](const service::AuditEntry& entry) {
            const auto details = parse_json(as_bytes(entry.record.details));
            const auto fingerprint = details.find("fingerprint");
            if (fingerprint != details.end() && fingerprint->is_string()) issued[entry.record.subject] = *fingerprint;
        };
        state.log.for_each(transaction, {.action = "certificate.issue"}, remember);
        state.log.for_each(transaction, {.action = "certificate.renew"}, remember);
        store::for_each_certificate(transaction, [&](const Bytes& serial, const Bytes& der) {
            const auto found = issued.find(to_hex(serial));
            if (found == issued.end() || found->second != to_hex(sha256(der)))
                findings.push_back({"audit.certificate", "certificate " + to_hex(serial) +
                                                             " stands in the store otherwise than in the audit log"});
            if (found != issued.end()) issued.erase(found);
        });
        for (const auto& [serial, fingerprint] : issued)
            findings.push_back({"audit.certificate", "certificate " + serial + " was issued but is not in the store"});
    });
    return findings;
}

}  // namespace uvpki::ca
