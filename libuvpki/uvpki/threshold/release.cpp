#include "uvpki/threshold/release.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "uvpki/cms/enveloped_data.h"
#include "uvpki/cms/signed_data.h"
#include "uvpki/encoding.h"
#include "uvpki/threshold/message.h"
#include "uvpki/x509/name.h"
#include "uvpki/x509/request.h"

namespace uvpki::threshold {

namespace {

constexpr std::size_t scalar_size = 32;
constexpr std::array<std::uint8_t, 4> backup_mark{'U', 'V', 'B', '1'};
constexpr std::size_t backup_header = 4 + 32 + 1 + scalar_size;
constexpr std::string_view release_label = "uvpki-share-release-v1";

std::string rehearsal_name(const Sha256& transcript, int trustee, ByteView challenge) {
    const Json json{{"challenge", to_hex(challenge)}, {"transcript", to_hex(transcript)}, {"trustee", trustee}};
    return to_hex(sha256(as_bytes(canonical_json(json))));
}

Bytes rehearsal_subject(const Sha256& transcript, int trustee, ByteView challenge) {
    x509::Name name;
    name.organization = "Trustee rehearsal";
    name.common_name = rehearsal_name(transcript, trustee, challenge);
    return name.encode();
}

/// What the envelope of a release holds: label, transcript, root, trustee, scalar.
SecretBytes release_text(const Sha256& transcript, const Sha256& root, int trustee, const SecretBytes& scalar) {
    SecretBytes result(release_label.size() + transcript.size() + root.size() + 1 + scalar_size);
    auto out = std::ranges::copy(release_label, result.writable().begin()).out;
    out = std::ranges::copy(transcript, out).out;
    out = std::ranges::copy(root, out).out;
    *out++ = static_cast<std::uint8_t>(trustee);
    std::ranges::copy(scalar.view(), out);
    return result;
}

[[noreturn]] void refuse_release(std::string_view reason, std::string message) {
    fail(ErrorCode::verification_failed, reason, std::move(message));
}

void require_backup(const ShareBackup& backup, const VerifiedTranscript& transcript) {
    if (backup.transcript != transcript.hash() || backup.election != transcript.plan().election)
        fail_input("threshold.backup", "the stored share belongs to another ceremony");
}

}  // namespace

SecretBytes encode_backup(const ShareBackup& backup) {
    if (backup.scalar.size() != scalar_size || backup.trustee < 1 || backup.trustee > max_trustees)
        fail_input("threshold.backup", "the share to be stored is not complete");
    SecretBytes result(backup_header + backup.election.size());
    auto out = std::ranges::copy(backup_mark, result.writable().begin()).out;
    out = std::ranges::copy(backup.transcript, out).out;
    *out++ = static_cast<std::uint8_t>(backup.trustee);
    out = std::ranges::copy(backup.scalar.view(), out).out;
    std::ranges::copy(backup.election, out);
    return result;
}

ShareBackup parse_backup(const SecretBytes& encoded) {
    const auto bytes = encoded.view();
    if (bytes.size() <= backup_header || !std::ranges::equal(bytes.first(4), backup_mark) || bytes[36] < 1 ||
        bytes[36] > max_trustees)
        fail_input("threshold.backup", "this is not a stored share");
    return {to_text(bytes.subspan(backup_header)), to_sha256(bytes.subspan(4, 32)), bytes[36],
            SecretBytes(bytes.subspan(37, scalar_size))};
}

ShareBackup make_backup(const Board& board, const VerifiedTranscript& transcript, const TrusteeState& state,
                        const x509::PrivateKey& encryption_key) {
    if (state.plan != board.plan_hash() || state.plan != transcript.plan_hash())
        fail_input("threshold.state", "the trustee's state belongs to another ceremony");
    std::vector<SecretBytes> shares;
    for (int dealer = 1; dealer <= board.state().trustees(); ++dealer) {
        auto share = find_share(board.state(), state, dealer, encryption_key);
        if (!share)
            fail(ErrorCode::verification_failed, "threshold.share.mismatch",
                 "the share of " + transcript.called(dealer) + " cannot be opened or does not fit");
        shares.push_back(std::move(*share));
    }
    const auto share = verify_share(state.trustee, sum_of_scalars(shares), transcript);
    return {transcript.plan().election, transcript.hash(), state.trustee, share.scalar().clone()};
}

Bytes make_rehearsal_request(const ShareBackup& backup, ByteView challenge) {
    const auto key = x509::PrivateKey::from_p256_scalar(backup.scalar);
    return x509::make_request(key, rehearsal_subject(backup.transcript, backup.trustee, challenge));
}

std::vector<Finding> check_rehearsal(ByteView request, const VerifiedTranscript& transcript, int trustee,
                                     ByteView challenge) {
    std::vector<Finding> findings;
    const auto who = transcript.called(trustee);
    try {
        const auto parsed = x509::parse_request(request);
        if (!equal(parsed.subject, rehearsal_subject(transcript.hash(), trustee, challenge)))
            findings.push_back(
                {"threshold.rehearsal.challenge", "the rehearsal of " + who + " answers something else"});
        if (!equal(parsed.public_key.key_octets(), transcript.share_point(trustee)))
            findings.push_back(
                {"threshold.rehearsal.key", "the stored share of " + who + " is not the one of the ceremony"});
    } catch (const Error& error) {
        if (error.code() != ErrorCode::invalid_input && error.code() != ErrorCode::verification_failed) throw;
        findings.push_back({"threshold.rehearsal.request", "the rehearsal of " + who + " is bad: " + error.message()});
    }
    return findings;
}

VerifiedRehearsal verify_rehearsal(const std::map<int, Bytes>& requests, const VerifiedTranscript& transcript,
                                   ByteView challenge) {
    std::vector<IndexedPoint> points;
    for (int trustee = 1; trustee <= static_cast<int>(transcript.plan().trustees.size()); ++trustee) {
        const auto request = requests.find(trustee);
        if (request == requests.end())
            fail(ErrorCode::not_found, "threshold.rehearsal.missing",
                 transcript.called(trustee) + " has not rehearsed");
        const auto findings = check_rehearsal(request->second, transcript, trustee, challenge);
        if (!findings.empty()) fail(ErrorCode::verification_failed, findings[0].rule, findings[0].message);
        points.push_back({trustee, to_bytes(x509::parse_request(request->second).public_key.key_octets())});
    }
    if (!equal(interpolate_points(points), transcript.joint_key()))
        fail(ErrorCode::internal, "threshold.key.mismatch", "the share points do not interpolate to the joint key");
    return VerifiedRehearsal(transcript.hash());
}

Bytes make_release(const ShareBackup& backup, const VerifiedTranscript& transcript, const ReleaseOrder& order,
                   const x509::Certificate& certificate, const x509::PrivateKey& key, const Clock& clock,
                   Random& random) {
    require_backup(backup, transcript);
    const auto& trustee = transcript.plan().trustees.at(static_cast<std::size_t>(backup.trustee - 1));
    if (!(certificate.public_key() == trustee.certificate.public_key()))
        fail_input("threshold.backup", "the certificate has not the key of " + transcript.called(backup.trustee));
    verify_share(backup.trustee, backup.scalar, transcript);
    const auto text = release_text(transcript.hash(), order.root, backup.trustee, backup.scalar);
    const auto sealing = cms::seal_envelope(text.view(), order.counting_officer, random);
    const Json json{{"type", "uvpki-share-release"}, {"version", 1},
                    {"election", backup.election},   {"transcript", to_hex(transcript.hash())},
                    {"root", to_hex(order.root)},    {"trustee", backup.trustee},
                    {"name", trustee.name},          {"envelope", to_base64(sealing.envelope)}};
    return cms::sign(as_bytes(canonical_json(json)), certificate, key, clock,
                     {.content = cms::Content::attached, .signing_time = cms::SigningTime::present});
}

VerifiedShare verify_share(int trustee, const SecretBytes& scalar, const VerifiedTranscript& transcript) {
    const auto who = transcript.called(trustee);
    if (!fits(scalar, trustee, transcript.commitments()))
        fail(ErrorCode::verification_failed, "threshold.share.mismatch",
             "the share of " + who + " does not fit the commitments");
    return VerifiedShare(trustee, scalar.clone());
}

VerifiedShare open_release(ByteView message, const x509::PrivateKey& officer_key, const VerifiedTranscript& transcript,
                           const x509::TrustStore& trust, const ReleaseRules& rules) {
    constexpr std::string_view malformed = "threshold.message.malformed";
    const auto signed_data = cms::parse_signed_data(message);
    const auto verified = cms::verify_signed_data(
        signed_data, {}, trust,
        {.role = x509::Role::trustee, .time = rules.time, .revocation = x509::PathRules::Revocation::if_listed});
    const auto json = parse_canonical_json(verified.content());
    require_members(json, {"type", "version", "election", "transcript", "root", "trustee", "name", "envelope"},
                    malformed);
    if (read_text(json, "type", malformed) != "uvpki-share-release" ||
        read_number(json, "version", 1, 1, malformed) != 1)
        fail_input(malformed, "this is not the release of a share");
    const int trustee = read_number(json, "trustee", 1, static_cast<int>(transcript.plan().trustees.size()), malformed);
    const auto who = transcript.called(trustee);
    const auto& person = transcript.plan().trustees[static_cast<std::size_t>(trustee - 1)];
    if (!(signed_data.signer.public_key() == person.certificate.public_key()) ||
        read_text(json, "name", malformed) != person.name)
        refuse_release("threshold.release.sender",
                       "the release of " + who + " is signed by " + signed_data.signer.subject_text());
    if (read_text(json, "election", malformed) != transcript.plan().election ||
        read_hash(json, "transcript", malformed) != transcript.hash())
        refuse_release("threshold.release.ceremony", "the release of " + who + " belongs to another ceremony");
    if (read_hash(json, "root", malformed) != rules.root)
        refuse_release("threshold.release.root", who + " released for another final checkpoint");
    const auto text = [&] {
        try {
            const auto envelope = cms::parse_envelope(parse_base64(read_text(json, "envelope", malformed)));
            return cms::open_envelope(envelope, officer_key);
        } catch (const Error& error) {
            if (error.code() != ErrorCode::invalid_input && error.code() != ErrorCode::verification_failed) throw;
            refuse_release("threshold.release.envelope",
                           "the envelope of " + who + " does not open: " + error.message());
        }
    }();
    SecretBytes scalar(text.size() >= scalar_size ? text.view().last(scalar_size) : ByteView{});
    if (scalar.empty() || !equal(text.view(), release_text(transcript.hash(), rules.root, trustee, scalar).view()))
        refuse_release("threshold.release.envelope", "the envelope of " + who + " was made for something else");
    return verify_share(trustee, scalar, transcript);
}

x509::PrivateKey combine(std::span<const VerifiedShare> shares, const VerifiedTranscript& transcript) {
    std::vector<IndexedScalar> indexed;
    for (const auto& share : shares) {
        verify_share(share.trustee(), share.scalar(), transcript);  // they might come from another ceremony
        if (std::ranges::find(indexed, share.trustee(), &IndexedScalar::index) != indexed.end())
            fail_input("threshold.share.duplicate", transcript.called(share.trustee()) + " has two shares");
        indexed.push_back({share.trustee(), share.scalar().clone()});
    }
    const auto needed = static_cast<std::size_t>(transcript.plan().needed);
    if (indexed.size() < needed)
        fail_input("threshold.share.too_few", std::to_string(needed) + " shares are needed, only " +
                                                  std::to_string(indexed.size()) + " are there");
    indexed.resize(needed);
    auto key = x509::PrivateKey::from_p256_scalar(interpolate(indexed));
    if (!equal(key.public_key().key_octets(), transcript.joint_key()))
        fail(ErrorCode::internal, "threshold.key.mismatch", "the shares do not interpolate to the joint key");
    return key;
}

}  // namespace uvpki::threshold
