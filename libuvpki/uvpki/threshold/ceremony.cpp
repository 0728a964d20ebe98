#include "uvpki/threshold/ceremony.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "uvpki/cms/signed_data.h"
#include "uvpki/encoding.h"
#include "uvpki/threshold/message.h"

namespace uvpki::threshold {

namespace {

std::string list_of(const Board::State& state, const std::vector<int>& trustees) {
    std::string text;
    for (const int trustee : trustees) text += (text.empty() ? "" : ", ") + state.called(trustee);
    return text;
}

/// Adds faults of one kind; each trustee is named once per rule.
class FaultList {
public:
    explicit FaultList(const Board::State& state) : state_(state) {}
    void add(int trustee, std::string_view rule, std::string_view what) {
        faults_.push_back({trustee, {std::string(rule), state_.called(trustee) + " " + std::string(what)}});
    }
    std::vector<Fault> take() { return std::move(faults_); }

private:
    const Board::State& state_;
    std::vector<Fault> faults_;
};

bool are_points(const Commitments& commitments, int needed) {
    try {
        require_commitments(commitments, needed);
        return true;
    } catch (const Error& error) {
        if (error.code() != ErrorCode::invalid_input) throw;
        return false;
    }
}

/// True when every reveal is there and usable.
bool check_reveals(const Board::State& state, FaultList& faults) {
    bool usable = true;
    for (int trustee = 1; trustee <= state.trustees(); ++trustee) {
        const auto& commit = state.at(Step::commit, trustee);
        const auto& reveal = state.at(Step::reveal, trustee);
        usable = usable && commit && reveal;
        if (!reveal) continue;
        const auto& commitments = reveal->body.commitments;
        if (commit && commit->body.commitments_hash != hash_of_commitments(state.plan_hash, trustee, commitments)) {
            faults.add(trustee, "threshold.reveal.mismatch", "revealed other commitments than those committed to");
            usable = false;
        } else if (!are_points(commitments, state.plan.needed)) {
            faults.add(trustee, "threshold.commitments",
                       "revealed commitments that are not m points of the curve P-256");
            usable = false;
        }
    }
    return usable;
}

void check_views(const Board::State& state, FaultList& faults) {
    for (const auto step : {Step::reveal, Step::deal, Step::complaint, Step::justify, Step::confirm}) {
        bool complete = true;
        for (const auto before : {Step::commit, Step::reveal, Step::deal})
            complete = complete && (before >= step || state.is_complete(before));
        if (!complete) continue;
        const auto view = view_before(state, step);
        for (int trustee = 1; trustee <= state.trustees(); ++trustee) {
            const auto& posted = state.at(step, trustee);
            if (posted && posted->body.seen != view)
                faults.add(trustee, "threshold.message.view",
                           "answered in step " + std::string(step_name(step)) + " to other messages than those posted");
        }
    }
}

void check_justifications(const Board::State& state, FaultList& faults) {
    for (int dealer = 1; dealer <= state.trustees(); ++dealer) {
        const auto& justify = state.at(Step::justify, dealer);
        if (!justify) continue;
        const auto& commitments = state.at(Step::reveal, dealer)->body.commitments;
        for (const auto& share : justify->body.shares)
            if (!fits(SecretBytes(ByteView(share.point)), share.index, commitments))
                faults.add(dealer, "threshold.share.mismatch",
                           "published a share for " + state.called(share.index) + " that does not fit the commitments");
        for (int trustee = 1; trustee <= state.trustees(); ++trustee)
            if (state.complained(trustee, dealer) &&
                std::ranges::find(justify->body.shares, trustee, &IndexedPoint::index) == justify->body.shares.end())
                faults.add(dealer, "threshold.justify.incomplete",
                           "left the complaint of " + state.called(trustee) + " open");
    }
}

void check_confirmations(const Board::State& state, FaultList& faults) {
    const auto joint = sum_of_commitments(all_commitments(state));
    for (int trustee = 1; trustee <= state.trustees(); ++trustee) {
        const auto& confirm = state.at(Step::confirm, trustee);
        if (confirm && !equal(confirm->body.share_point, share_point(joint, trustee)))
            faults.add(trustee, "threshold.confirm.mismatch", "confirmed a share that does not fit the commitments");
    }
}

}  // namespace

std::string Board::State::called(int trustee) const {
    return "trustee " + std::to_string(trustee) + " (" + person(trustee).name + ")";
}

bool Board::State::is_complete(Step step) const {
    return std::ranges::all_of(messages[static_cast<std::size_t>(step)], [](const auto& m) { return m.has_value(); });
}

bool Board::State::complained(int trustee, int dealer) const {
    const auto& complaint = at(Step::complaint, trustee);
    return complaint && std::ranges::find(complaint->body.against, dealer) != complaint->body.against.end();
}

std::vector<Commitments> all_commitments(const Board::State& state) {
    std::vector<Commitments> result;
    for (int dealer = 1; dealer <= state.trustees(); ++dealer)
        result.push_back(state.at(Step::reveal, dealer)->body.commitments);
    return result;
}

Board::Board(Plan plan, const x509::TrustStore& trust) : state_(std::make_unique<State>()) {
    state_->plan_hash = sha256(encode_plan(plan));
    state_->plan = std::move(plan);
    std::vector<Sha256> keys;
    for (const auto& trustee : state_->plan.trustees) {
        during("checking the certificates of trustee " + trustee.name, [&] {
            using enum x509::PathRules::Revocation;
            trust.verify_path(trustee.certificate,
                              {.role = x509::Role::trustee, .time = state_->plan.time, .revocation = if_listed});
            trust.verify_path(trustee.encryption_certificate,
                              {.role = x509::Role::trustee_enc, .time = state_->plan.time, .revocation = if_listed});
        });
        if (trustee.encryption_certificate.public_key().type() != x509::KeyType::ec_p256)
            fail_input("threshold.plan", "the encryption certificate of " + trustee.name + " has no P-256 key");
        for (const auto* certificate : {&trustee.certificate, &trustee.encryption_certificate}) {
            if (std::ranges::find(keys, certificate->spki_sha256()) != keys.end())
                fail_input("threshold.plan", "a key of trustee " + trustee.name + " stands twice in the plan");
            keys.push_back(certificate->spki_sha256());
        }
    }
    for (auto& round : state_->messages) round.resize(state_->plan.trustees.size());
}

Board::Board(Board&&) noexcept = default;
Board& Board::operator=(Board&&) noexcept = default;
Board::~Board() = default;

const Plan& Board::plan() const {
    return state_->plan;
}
const Sha256& Board::plan_hash() const {
    return state_->plan_hash;
}

Board::Posted Board::add(ByteView file) {
    const auto message = cms::parse_signed_data(file);
    if (!message.content) fail_input("threshold.message.malformed", "the message does not carry its content");
    cms::verify_signature_only(message, *message.content);
    auto body = parse_body(*state_, *message.content);
    // The plan's certificates were verified in their role when the board was made.
    if (!(message.signer == state_->person(body.trustee).certificate))
        fail(ErrorCode::verification_failed, "threshold.message.sender",
             "the message of " + state_->called(body.trustee) + " is signed by " + message.signer.subject_text());
    const auto hash = sha256(file);
    const Posted result{body.step, body.trustee, hash};
    auto& place = state_->messages[static_cast<std::size_t>(body.step)][static_cast<std::size_t>(body.trustee - 1)];
    if (place && place->hash != hash)
        fail(ErrorCode::conflict, "threshold.message.duplicate",
             state_->called(body.trustee) + " signed two different messages in step " +
                 std::string(step_name(body.step)));
    if (!place) place = PostedBody{to_bytes(file), hash, std::move(body)};
    return result;
}

std::vector<Board::Posted> Board::posted() const {
    std::vector<Posted> result;
    for (const auto& round : state_->messages)
        for (const auto& posted : round)
            if (posted) result.push_back({posted->body.step, posted->body.trustee, posted->hash});
    return result;
}

std::vector<int> Board::missing(Step step) const {
    std::vector<int> result;
    for (int trustee = 1; trustee <= state_->trustees(); ++trustee) {
        bool awaited = !state_->at(step, trustee).has_value();
        if (step == Step::complaint) awaited = awaited && !state_->at(Step::confirm, trustee);
        if (step == Step::justify) {
            bool accused = false;
            for (int other = 1; other <= state_->trustees(); ++other)
                accused = accused || state_->complained(other, trustee);
            awaited = awaited && accused;
        }
        if (awaited) result.push_back(trustee);
    }
    return result;
}

std::vector<Fault> check_board(const Board& board) {
    const auto& state = board.state();
    FaultList faults(state);
    const bool usable = check_reveals(state, faults);
    check_views(state, faults);
    if (usable) {
        check_justifications(state, faults);
        check_confirmations(state, faults);
    }
    return faults.take();
}

void require_complete(const Board& board, Step step) {
    const auto missing = board.missing(step);
    if (!missing.empty())
        fail(ErrorCode::not_found, "threshold.board.incomplete",
             "step " + std::string(step_name(step)) + " awaits " + list_of(board.state(), missing));
}

void require_sound(const Board& board) {
    const auto faults = check_board(board);
    if (!faults.empty()) fail(ErrorCode::verification_failed, faults[0].finding.rule, faults[0].finding.message);
}

Bytes encode_failure(const Board& board, const std::vector<int>& absent) {
    auto messages = Json::array(), faults = Json::array();
    for (const auto& posted : board.posted())
        messages.push_back(
            {{"step", step_name(posted.step)}, {"trustee", posted.trustee}, {"sha256", to_hex(posted.hash)}});
    for (const auto& fault : check_board(board))
        faults.push_back(
            {{"trustee", fault.trustee}, {"rule", fault.finding.rule}, {"message", fault.finding.message}});
    const Json json{{"type", "uvpki-ceremony-failure"},
                    {"version", 1},
                    {"election", board.plan().election},
                    {"plan", to_hex(board.plan_hash())},
                    {"attempt", board.plan().attempt},
                    {"messages", messages},
                    {"faults", faults},
                    {"absent", absent}};
    return to_bytes(canonical_json(json));
}

}  // namespace uvpki::threshold
