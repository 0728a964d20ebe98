#include "ballot-service/state.h"
#include "uvpki/encoding.h"
#include "uvpki/x509/request.h"

namespace uvpki::ballot_box {

namespace {

/// The issuing pipeline's records for one redeem. No audit row: rows in order of arrival would undo what the blind
/// signature hides (T3); the spent list, keyed by the hash of the ballot key, is the record.
class RedeemRecord final : public x509::IssuanceStore {
public:
    RedeemRecord(service::GroupCommit& commits, const ElectionInUse& election)
        : commits_(commits), election_(election) {}

    void record_intent(ByteView serial, ByteView tbs) override {
        commits_.submit([&](service::Transaction& transaction) {
            if (store::find_last_epoch(transaction, election_.id))
                fail(ErrorCode::forbidden, "redeem.window", "voting in election " + election_.id + " has closed");
            store::insert_intent(transaction, election_.id, serial, tbs);
        });
    }

    void record_issued(const x509::Certificate& certificate, x509::Role) override {
        answer_ = commits_.submit([&](service::Transaction& transaction) {
            return store::insert_certificate(transaction, election_.id, certificate.spki_sha256(), certificate.der());
        });
    }

    /// What the spent list holds for the key: this certificate, or an earlier one.
    Bytes take_answer() { return std::move(answer_); }

private:
    service::GroupCommit& commits_;
    const ElectionInUse& election_;
    Bytes answer_;
};

const x509::Extension& require_token_extension(const x509::CertificateRequest& request, const x509::Arc& arc) {
    // What an anonymous voter asks for besides would tell him apart.
    const auto* extension = request.find_extension(arc.ballot_token());
    if (extension == nullptr || request.extensions.size() != 1)
        fail_input("redeem.request", "the request must ask for exactly one extension, that with the ballot token");
    return *extension;
}

}  // namespace

Bytes BallotBox::redeem(std::string_view election_id, ByteView request_der) {
    const auto election = state_->election(election_id);
    const auto& manifest = election->manifest.manifest();
    const auto request = x509::parse_request(request_der);
    const auto& extension = require_token_extension(request, election->ballot_ca.arc());
    if (request.public_key.type() != x509::KeyType::ec_p256) fail_input("redeem.key", "a ballot key is a P-256 key");
    const auto& spki = request.public_key.spki_sha256();
    election->tokens.verify_tokens(election::parse_tokens(extension.value), spki);

    const auto present = state_->database->read(
        [&](service::Transaction& transaction) { return store::find_certificate(transaction, election->id, spki); });
    if (present) return *present;
    if (!election->is_voting(state_->clock.now()))
        fail(ErrorCode::forbidden, "redeem.window",
             "ballot certificates of election " + election->id + " are given out from " +
                 format_rfc3339(manifest.voting.opens) + " to " + format_rfc3339(manifest.voting.closes));

    const x509::IssueOptions options{
        .subject = election::ballot_subject(manifest, spki),
        .not_before = manifest.voting.opens,
        .not_after = manifest.voting.closes,
        .serial = x509::derive_ballot_serial(manifest.id, request.public_key.spki()),
        .extra_extensions = {{extension.oid, x509::Extension::Criticality::non_critical, extension.value}},
        .signature_size = x509::SignatureSize::usual};
    RedeemRecord record(state_->commits, *election);
    election->ballot_ca.issue(x509::Role::ballot, request, options, record, state_->clock, state_->random);
    return record.take_answer();
}

}  // namespace uvpki::ballot_box
