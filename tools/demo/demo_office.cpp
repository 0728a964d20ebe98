#include "tools/demo/demo_office.h"

#include "uvpki/cms/signed_data.h"
#include "uvpki/encoding.h"
#include "uvpki/error.h"
#include "uvpki/files.h"
#include "uvpki/threshold/release.h"
#include "uvpki/threshold/transcript.h"

namespace uvpki::demo {

namespace {

constexpr const char* organization = "U-Vote demo";
constexpr const char* actor = "officer-1";
constexpr const char* registrar_id = "registrar-1";
constexpr int trustee_count = 3;

Bytes request_for(const x509::PrivateKey& key) { return x509::make_request(key, x509::empty_name()); }

/// The demo's windows: a week to claim, then three days to vote.
ca::Elections::Schedule schedule_from(Time start) {
    ca::Elections::Schedule schedule;
    schedule.claim = {start + Days(14), start + Days(21)};
    schedule.voting = {start + Days(22), start + Days(25)};
    schedule.final_epoch_until = schedule.voting.closes + Days(1);
    schedule.epoch_seconds = 6 * 3600;
    schedule.epoch_min_ballots = 10;
    return schedule;
}

}  // namespace

DemoOffice::DemoOffice(std::filesystem::path folder, SimulatedClock& clock, Random& random, int cores)
    : folder_(std::move(folder)), clock_(clock), random_(random), cores_(cores) {}

SecretBytes DemoOffice::password_for(const std::string& part) {
    make_folder(folder_ / "passwords", FileMode::secret);
    const auto text = to_base64(random_.bytes(18));
    save_file(folder_ / "passwords" / part, text + "\n", FileMode::secret);
    return SecretBytes(as_bytes(text));
}

Credential DemoOffice::certify(x509::Role role, const std::string& common_name, const std::filesystem::path& folder) {
    auto key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    ca::IssueRequest request;
    request.role = role;
    request.request = request_for(key);
    request.common_name = common_name;
    auto certificate = authority_->issue(request, actor);
    const std::string name(x509::profile_of(role).name);
    make_folder(folder, FileMode::secret);
    save_file(folder / (name + ".pem"), certificate.pem());
    const auto password = password_for(folder.filename().string() + "-" + name);
    save_file(folder / (name + "-key.pem"), key.to_encrypted_pem(password), FileMode::secret);
    return {std::move(key), std::move(certificate)};
}

void DemoOffice::found_authority() {
    root_ = ca::OfflineRoot::create(folder_ / "root", organization, arc_, password_for("root"), clock_, random_);
    authority_ = ca::Authority::create(folder_ / "authority", organization, arc_, password_for("authority"), clock_, random_);
    authority_->install(root_->certificate(), root_->sign_issuing_ca(authority_->issuing_request(), "Issuing CA 1"));

    officer_ = certify(x509::Role::officer, "Election officer 1", folder_ / "officer");
    counting_ = certify(x509::Role::trustee_enc, "Counting officer", folder_ / "counting-officer");
    auditor_ = certify(x509::Role::trustee_enc, "Auditor", folder_ / "auditor");
    for (int i = 1; i <= trustee_count; ++i) {
        const auto name = "Trustee " + std::to_string(i);
        const auto folder = folder_ / ("trustee-" + std::to_string(i));
        trustees_.push_back({name, certify(x509::Role::trustee, name, folder),
                             certify(x509::Role::trustee_enc, name + " (encryption)", folder)});
    }

    registrar_ = registrar::Registrar::create(folder_ / "registrar", registrar_id, organization, arc_,
                                              password_for("registrar"), clock_, random_);
    ca::IssueRequest sub_ca;
    sub_ca.role = x509::Role::registrar_ca;
    sub_ca.request = registrar_->ca_request();
    sub_ca.common_name = "Registrar CA 1";
    const auto registrar_ca = authority_->issue(sub_ca, actor);
    ca::IssueRequest summaries;
    summaries.role = x509::Role::registrar;
    summaries.request = registrar_->registrar_request();
    summaries.common_name = "Registrar 1";
    registrar_->install(authority_->root(), authority_->issuing(), registrar_ca, authority_->issue(summaries, actor));

    box_ = ballot_box::BallotBox::create(folder_ / "ballot-box", organization, arc_, password_for("ballot-box"), clock_,
                                         random_);
    ca::IssueRequest receipt;
    receipt.role = x509::Role::receipt;
    receipt.request = box_->receipt_request();
    receipt.common_name = "Receipts 1";
    box_->install(authority_->root(), authority_->issuing(), authority_->issue(receipt, actor));
}

x509::TrustStore DemoOffice::trust() const {
    auto store = authority_->trust();
    store.add_intermediate(registrar_->ca_certificate());
    if (manifest_) store.add_intermediate(x509::Certificate::parse((*manifest_)->ballot_ca));
    return store;
}

void DemoOffice::hold_ceremony(const ElectionData& data, int needed) {
    const auto& election = data.id;
    authority_->elections().create(election, data.title, actor);
    threshold::Plan plan;
    plan.election = election;
    plan.needed = needed;
    plan.time = clock_.now();
    for (const auto& trustee : trustees_)
        plan.trustees.push_back({trustee.name, trustee.signing.certificate, trustee.encryption.certificate});

    // Each trustee sees only the board of posted messages and its own state, as it would on its own machine.
    threshold::Board board(plan, authority_->trust());
    const auto post = [&](Bytes message) {
        board.add(message);
        ceremony_messages_.push_back(std::move(message));
    };
    std::vector<threshold::TrusteeState> states;
    for (int i = 1; i <= trustee_count; ++i) {
        auto opening = threshold::make_commit(board, i, signing_key(i), clock_, random_);
        states.push_back(std::move(opening.state));
        post(std::move(opening.message));
    }
    for (const auto& state : states) post(threshold::make_reveal(board, state, signing_key(state.trustee), clock_));
    for (const auto& state : states) post(threshold::make_deal(board, state, signing_key(state.trustee), clock_, random_));
    for (const auto& state : states)
        post(threshold::make_answer(board, state, signing_key(state.trustee), encryption_key(state.trustee), clock_));

    transcript_ = threshold::conclude(board);
    const auto challenge = as_bytes(election);
    for (const auto& state : states) {
        backups_.push_back(threshold::make_backup(board, *transcript_, state, encryption_key(state.trustee)));
        rehearsals_.push_back(threshold::make_rehearsal_request(backups_.back(), challenge));
    }
    authority_->elections().set_ceremony(election, ceremony_messages_, transcript_->json(), rehearsals_, actor);
}

void DemoOffice::define_election(const ElectionData& data) {
    auto& elections = authority_->elections();
    elections.add_contest(data.id, data.contest, actor);
    elections.add_style(data.id, style_id, {contest_id}, actor);
    const auto schedule = schedule_from(clock_.now());
    elections.set_schedule(data.id, schedule, actor);

    const auto csv = roll_csv(data);
    save_file(folder_ / "voters.csv", csv);
    for (const auto mode : {registrar::ImportMode::dry_run, registrar::ImportMode::apply}) {
        const auto report = registrar_->import_voters(csv, mode, actor);
        if (report.refused != 0) fail(ErrorCode::internal, "demo.roll", "the roll was refused");
    }
    invitations_ = registrar_->invite(schedule.claim.closes, actor);
    frozen_ = registrar_->freeze_roll(data.id, {.styles = {style_id}}, actor);
    elections.set_roll(data.id, frozen_.summary, actor);
    elections.add_token_issuer(data.id, registrar_->issuer(), frozen_.token_keys, actor);

    const auto preparation = box_->prepare_election(data.id, actor);
    ca::IssueRequest ballot_ca;
    ballot_ca.role = x509::Role::ballot_ca;
    ballot_ca.request = preparation.ballot_ca_request;
    ballot_ca.common_name = "Ballot CA " + data.id;
    ballot_ca.not_after = add_years(schedule.voting.closes, 1);
    elections.set_ballot_service(data.id, authority_->issue(ballot_ca, actor), preparation.log_origin,
                                 preparation.log_key, actor);

    const auto text = elections.freeze(data.id, actor);
    manifest_ = elections.activate(data.id, sign_document(text), actor);
    registrar_->install_manifest(*manifest_, actor);
    box_->install_manifest(*manifest_, actor);
}

std::size_t DemoOffice::close_epochs(ballot_box::BallotBox::EpochKind kind) {
    return box_->close_epochs((*manifest_)->id, kind, stamp()).size();
}

ballot_box::Stamp DemoOffice::stamp() {
    return [this](ByteView request) { return authority_->timestamp(request); };
}

Bytes DemoOffice::sign_document(std::string_view text) {
    return cms::sign(as_bytes(text), officer_->certificate, officer_->key, clock_,
                     {.content = cms::Content::detached, .signing_time = cms::SigningTime::present});
}

election::Results DemoOffice::finish(const std::function<void(std::int64_t, std::int64_t)>& on_progress) {
    const auto id = (*manifest_)->id;
    auto& elections = authority_->elections();
    elections.close(id, actor);
    const auto claims = registrar_->close_claims(id, actor);
    box_->final_crl(id, actor);

    // The trustees sign the final checkpoint and release their shares for its root alone; the last one stays away.
    const auto checkpoint = box_->checkpoint(id);
    const auto root = box_->log_root(id);
    ballot_box::BallotBox::PackageParts parts;
    std::vector<threshold::VerifiedShare> shares;
    const threshold::ReleaseOrder order{root, counting_->certificate};
    for (int i = 1; i <= transcript_->plan().needed; ++i) {
        const auto& trustee = trustees_[index_of(i)];
        parts.checkpoint_signatures[i] =
            cms::sign(as_bytes(checkpoint), trustee.signing.certificate, trustee.signing.key, clock_);
        const auto release =
            threshold::make_release(backups_[index_of(i)], *transcript_, order,
                                    trustee.signing.certificate, trustee.signing.key, clock_, random_);
        shares.push_back(threshold::open_release(release, counting_->key, *transcript_, authority_->trust(),
                                                 {.root = root, .time = clock_.now()}));
        parts.shares.emplace(i, shares.back().scalar().clone());
    }
    const auto election_key = threshold::combine(shares, *transcript_);
    const auto results = box_->tally(id, {election_key, claims.summary.claims, cores_, on_progress}, actor);
    const auto text = election::format_results(results);
    elections.record_results(id, text, actor);
    parts.results_signature = sign_document(text);
    elections.certify(id, parts.results_signature, actor);

    parts.roll_text = election::format_roll_summary(frozen_.summary);
    parts.roll_signature = sign_document(parts.roll_text);
    parts.roll_commitments = frozen_.commitments;
    parts.claims.push_back({registrar_->issuer(), claims.text, claims.signature, claims.commitments});
    parts.manifest_signature = elections.find_manifest_signature(id).value();
    parts.registrar_cas.push_back(registrar_->ca_certificate());
    parts.crls.emplace("root", root_->publish_crl());
    parts.crls.emplace("issuing-ca", authority_->publish_crl());
    parts.crls.emplace("registrar-ca-" + registrar_->issuer(), registrar_->publish_crl());
    parts.transcript = to_text(transcript_->json());
    parts.ceremony_messages = ceremony_messages_;
    parts.rehearsals = rehearsals_;
    box_->write_package(id, package_folder(), parts, stamp(), on_progress);
    save_file(folder_ / "auditor" / "annex.p7m", registrar_->sealed_annex(id, auditor_->certificate, actor));
    elections.archive(id, actor);
    return results;
}

}  // namespace uvpki::demo
