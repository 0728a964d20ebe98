#include "uvpki/threshold/transcript.h"

#include <nlohmann/json.hpp>

#include "uvpki/encoding.h"
#include "uvpki/threshold/message.h"

namespace uvpki::threshold {

namespace {

Json transcript_to_json(const Board& board, const Commitments& joint, const std::vector<Bytes>& share_points) {
    auto dealers = Json::array(), messages = Json::array();
    for (const auto& commitments : all_commitments(board.state())) dealers.push_back(to_json(commitments));
    for (const auto& posted : board.posted())
        messages.push_back(
            {{"step", step_name(posted.step)}, {"trustee", posted.trustee}, {"sha256", to_hex(posted.hash)}});
    return {{"type", "uvpki-ceremony-transcript"},
            {"version", 1},
            {"plan", plan_to_json(board.plan())},
            {"plan_sha256", to_hex(board.plan_hash())},
            {"messages", messages},
            {"dealers", dealers},
            {"commitments", to_json(joint)},
            {"joint_key", to_hex(joint.front())},
            {"share_points", to_json(share_points)}};
}

}  // namespace

const Bytes& VerifiedTranscript::share_point(int trustee) const {
    called(trustee);
    return share_points_[static_cast<std::size_t>(trustee - 1)];
}

std::string VerifiedTranscript::called(int trustee) const {
    if (trustee < 1 || static_cast<std::size_t>(trustee) > plan_.trustees.size())
        fail_input("threshold.share.index", "the ceremony has no trustee " + std::to_string(trustee));
    return "trustee " + std::to_string(trustee) + " (" + plan_.trustees[static_cast<std::size_t>(trustee - 1)].name +
           ")";
}

VerifiedTranscript conclude(const Board& board) {
    require_sound(board);
    for (const auto step : {Step::commit, Step::reveal, Step::deal, Step::justify, Step::confirm})
        require_complete(board, step);
    VerifiedTranscript result;
    result.plan_ = board.plan();
    result.plan_hash_ = board.plan_hash();
    result.commitments_ = sum_of_commitments(all_commitments(board.state()));
    for (int trustee = 1; trustee <= board.state().trustees(); ++trustee)
        result.share_points_.push_back(threshold::share_point(result.commitments_, trustee));
    result.json_ = to_bytes(canonical_json(transcript_to_json(board, result.commitments_, result.share_points_)));
    result.hash_ = sha256(result.json_);
    return result;
}

VerifiedTranscript verify_transcript(ByteView transcript, const std::vector<Bytes>& messages,
                                     const x509::TrustStore& trust) {
    constexpr std::string_view reason = "threshold.transcript.mismatch";
    const auto json = parse_canonical_json(transcript);
    if (!json.is_object() || !json.contains("plan"))
        fail_input("threshold.transcript", "this is not a ceremony transcript");
    Board board(plan_from_json(json.at("plan")), trust);
    for (const auto& message : messages) board.add(message);
    auto result = conclude(board);
    if (!equal(result.json(), transcript))
        fail(ErrorCode::verification_failed, reason, "the transcript is not the one that follows from its messages");
    return result;
}

x509::PublicKey election_public_key(const VerifiedTranscript& transcript) {
    return x509::PublicKey::from_p256_point(transcript.joint_key());
}

}  // namespace uvpki::threshold
