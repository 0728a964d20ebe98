#include <algorithm>
#include <nlohmann/json.hpp>

#include "uvpki/cms/enveloped_data.h"
#include "uvpki/cms/signed_data.h"
#include "uvpki/encoding.h"
#include "uvpki/threshold/ceremony.h"
#include "uvpki/threshold/message.h"

namespace uvpki::threshold {

namespace {

constexpr std::size_t scalar_size = 32;
// "UVT1", plan hash, trustee, number of coefficients, coefficients. Binary, so that no copy of a secret is left behind
// in the strings of a text format.
constexpr std::array<std::uint8_t, 4> state_mark{'U', 'V', 'T', '1'};
constexpr std::size_t state_header = 4 + 32 + 2;

void require_own(const Board& board, const TrusteeState& state, const x509::PrivateKey& key) {
    constexpr std::string_view reason = "threshold.state";
    if (state.plan != board.plan_hash()) fail_input(reason, "the trustee's state belongs to another ceremony");
    if (state.trustee < 1 || state.trustee > board.state().trustees() ||
        state.polynomial.coefficients.size() != static_cast<std::size_t>(board.plan().needed))
        fail_input(reason, "the trustee's state does not fit the plan");
    if (!(board.state().person(state.trustee).certificate.public_key() == key.public_key()))
        fail_input(reason, "the signing key is not that of " + board.state().called(state.trustee));
}

Bytes sign_body(const Board& board, const Body& body, const x509::PrivateKey& key, const Clock& clock) {
    return cms::sign(format_body(board.state(), body), board.state().person(body.trustee).certificate, key, clock,
                     {.content = cms::Content::attached, .signing_time = cms::SigningTime::present});
}

Body make_body(const Board& board, Step step, int trustee) {
    Body body;
    body.step = step;
    body.trustee = trustee;
    if (step != Step::commit) body.seen = view_before(board.state(), step);
    return body;
}

/// What an envelope holds: the share together with where it belongs, so that a copied envelope does not fit elsewhere.
/// Layout: label, plan hash, dealer, recipient, scalar.
constexpr std::string_view share_label = "uvpki-ceremony-share-v1";

SecretBytes share_text(const Sha256& plan, int dealer, int recipient, const SecretBytes& share) {
    SecretBytes result(share_label.size() + plan.size() + 2 + scalar_size);
    auto out = std::ranges::copy(share_label, result.writable().begin()).out;
    out = std::ranges::copy(plan, out).out;
    *out++ = static_cast<std::uint8_t>(dealer);
    *out++ = static_cast<std::uint8_t>(recipient);
    std::ranges::copy(share.view(), out);
    return result;
}

SecretBytes open_share(const Board::State& board, const TrusteeState& state, int dealer, const x509::PrivateKey& key) {
    const auto& deal = board.at(Step::deal, dealer)->body;
    const auto envelope = cms::parse_envelope(deal.envelopes[static_cast<std::size_t>(state.trustee - 1)]);
    const auto text = cms::open_envelope(envelope, key);
    if (text.size() >= scalar_size) {
        SecretBytes share(text.view().last(scalar_size));
        if (equal(text.view(), share_text(state.plan, dealer, state.trustee, share).view())) return share;
    }
    fail(ErrorCode::verification_failed, "threshold.share.mismatch",
         board.called(dealer) + " sent an envelope that was made for somebody else");
}

}  // namespace

SecretBytes encode_state(const TrusteeState& state) {
    SecretBytes result(state_header + state.polynomial.coefficients.size() * scalar_size);
    auto out = std::ranges::copy(state_mark, result.writable().begin()).out;
    out = std::ranges::copy(state.plan, out).out;
    *out++ = static_cast<std::uint8_t>(state.trustee);
    *out++ = static_cast<std::uint8_t>(state.polynomial.coefficients.size());
    for (const auto& coefficient : state.polynomial.coefficients) out = std::ranges::copy(coefficient.view(), out).out;
    return result;
}

TrusteeState parse_state(const SecretBytes& encoded) {
    const auto bytes = encoded.view();
    if (bytes.size() < state_header || !std::ranges::equal(bytes.first(4), state_mark) ||
        bytes.size() != state_header + bytes[37] * scalar_size)
        fail_input("threshold.state", "this is not the state of a trustee");
    TrusteeState state;
    state.plan = to_sha256(bytes.subspan(4, 32));
    state.trustee = bytes[36];
    for (auto rest = bytes.subspan(state_header); !rest.empty(); rest = rest.subspan(scalar_size))
        state.polynomial.coefficients.emplace_back(rest.first(scalar_size));
    return state;
}

Opening make_commit(const Board& board, int trustee, const x509::PrivateKey& key, const Clock& clock, Random& random) {
    if (trustee < 1 || trustee > board.state().trustees())
        fail_input("threshold.state", "the plan has no trustee " + std::to_string(trustee));
    TrusteeState state{board.plan_hash(), trustee, random_polynomial(board.plan().needed, random)};
    require_own(board, state, key);
    auto body = make_body(board, Step::commit, trustee);
    body.commitments_hash = hash_of_commitments(state.plan, trustee, commit_to(state.polynomial));
    auto message = sign_body(board, body, key, clock);
    return {std::move(state), std::move(message)};
}

Bytes make_reveal(const Board& board, const TrusteeState& state, const x509::PrivateKey& key, const Clock& clock) {
    require_own(board, state, key);
    require_complete(board, Step::commit);
    auto body = make_body(board, Step::reveal, state.trustee);
    body.commitments = commit_to(state.polynomial);
    if (board.state().at(Step::commit, state.trustee)->body.commitments_hash !=
        hash_of_commitments(state.plan, state.trustee, body.commitments))
        fail_input("threshold.state", "the state is not the one that the posted commit was made from");
    return sign_body(board, body, key, clock);
}

Bytes make_deal(const Board& board, const TrusteeState& state, const x509::PrivateKey& key, const Clock& clock,
                Random& random) {
    require_own(board, state, key);
    require_complete(board, Step::commit);
    require_complete(board, Step::reveal);
    require_sound(board);
    auto body = make_body(board, Step::deal, state.trustee);
    body.envelopes.resize(board.plan().trustees.size());
    for (int to = 1; to <= board.state().trustees(); ++to) {
        if (to == state.trustee) continue;
        const auto text = share_text(state.plan, state.trustee, to, evaluate(state.polynomial, to));
        body.envelopes[static_cast<std::size_t>(to - 1)] =
            cms::seal_envelope(text.view(), board.state().person(to).encryption_certificate, random).envelope;
    }
    return sign_body(board, body, key, clock);
}

std::optional<SecretBytes> find_share(const Board::State& board, const TrusteeState& state, int dealer,
                                      const x509::PrivateKey& encryption_key) {
    if (dealer == state.trustee) return evaluate(state.polynomial, state.trustee);
    const auto& commitments = board.at(Step::reveal, dealer)->body.commitments;
    const auto accept = [&](SecretBytes share) -> std::optional<SecretBytes> {
        if (!fits(share, state.trustee, commitments)) return std::nullopt;
        return share;
    };
    if (const auto& justify = board.at(Step::justify, dealer))
        for (const auto& share : justify->body.shares)
            if (share.index == state.trustee) return accept(SecretBytes(ByteView(share.point)));
    try {
        return accept(open_share(board, state, dealer, encryption_key));
    } catch (const Error& error) {
        // Whatever is wrong with what the dealer signed leads to a complaint; only faults of our own go on upwards.
        if (error.code() != ErrorCode::invalid_input && error.code() != ErrorCode::verification_failed) throw;
        return std::nullopt;
    }
}

Bytes make_answer(const Board& board, const TrusteeState& state, const x509::PrivateKey& key,
                  const x509::PrivateKey& encryption_key, const Clock& clock) {
    require_own(board, state, key);
    const auto& posted = board.state();
    // A wrong key here would accuse every dealer.
    if (!(posted.person(state.trustee).encryption_certificate.public_key() == encryption_key.public_key()))
        fail_input("threshold.state", "the encryption key is not that of " + posted.called(state.trustee));
    for (const auto step : {Step::commit, Step::reveal, Step::deal}) require_complete(board, step);
    require_sound(board);
    std::vector<SecretBytes> shares;
    std::vector<int> against;
    for (int dealer = 1; dealer <= posted.trustees(); ++dealer) {
        auto share = find_share(posted, state, dealer, encryption_key);
        if (share)
            shares.push_back(std::move(*share));
        else
            against.push_back(dealer);
    }
    if (!against.empty()) {
        if (posted.at(Step::complaint, state.trustee)) require_complete(board, Step::justify);
        auto body = make_body(board, Step::complaint, state.trustee);
        body.against = std::move(against);
        return sign_body(board, body, key, clock);
    }
    auto body = make_body(board, Step::confirm, state.trustee);
    body.share_point = scalar_point(sum_of_scalars(shares));
    return sign_body(board, body, key, clock);
}

Bytes make_justify(const Board& board, const TrusteeState& state, const x509::PrivateKey& key, const Clock& clock) {
    require_own(board, state, key);
    require_complete(board, Step::deal);
    require_complete(board, Step::complaint);
    auto body = make_body(board, Step::justify, state.trustee);
    for (int trustee = 1; trustee <= board.state().trustees(); ++trustee)
        if (board.state().complained(trustee, state.trustee))
            body.shares.push_back({trustee, to_bytes(evaluate(state.polynomial, trustee).view())});
    if (body.shares.empty())
        fail(ErrorCode::forbidden, "threshold.justify.unasked",
             "nobody complained about " + board.state().called(state.trustee) + ", so no share may be published");
    return sign_body(board, body, key, clock);
}

}  // namespace uvpki::threshold
