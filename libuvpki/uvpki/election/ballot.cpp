#include "uvpki/election/ballot.h"

#include <algorithm>

#include "uvpki/election/ballot_certificate.h"
#include "uvpki/encoding.h"

namespace uvpki::election {

namespace {

[[noreturn]] void refuse(std::string_view reason, std::string message) {
    fail(ErrorCode::verification_failed, reason, std::move(message));
}

/// parse_ballot knows no election and so no arc: the only private extension must be the tokens, see require_fitting.
const x509::Extension& find_token_extension(const x509::Certificate& certificate) {
    const x509::Extension* found = nullptr;
    for (const auto& extension : certificate.extensions()) {
        if (extension.oid.starts_with("2.5.29.") || extension.oid.starts_with("1.3.6.1.5.5.7.")) continue;
        if (found != nullptr) fail_input("ballot.tokens", "The ballot certificate has more than one private extension");
        found = &extension;
    }
    if (found == nullptr) fail_input("ballot.tokens", "The ballot certificate carries no tokens");
    return *found;
}

}  // namespace

SealedBallot make_ballot(const VerifiedManifest& manifest, std::string_view style,
                         const std::vector<ContestChoices>& contests, const x509::Certificate& ballot_certificate,
                         const x509::PrivateKey& ballot_key, const Clock& clock, Random& random) {
    const auto findings = check_vote(manifest.manifest(), style, contests);
    if (!findings.empty()) fail_input(findings.front().rule, findings.front().message);
    const Plaintext plaintext{.election = manifest->id,
                              .manifest = manifest.digest(),
                              .style = std::string(style),
                              .ballot = ballot_certificate.spki_sha256(),
                              .contests = contests};
    const auto text = format_plaintext(plaintext, manifest->plaintext_size);
    auto sealing = cms::seal_envelope(text.view(), x509::Certificate::parse(manifest->election_certificate), random);
    auto der = cms::sign(sealing.envelope, ballot_certificate, ballot_key, clock,
                         {.signature_size = x509::SignatureSize::usual});
    const auto leaf = sha256(der);
    return {.der = std::move(der), .leaf = leaf, .ephemeral = std::move(sealing.ephemeral)};
}

ParsedBallot parse_ballot(ByteView der) {
    if (der.size() > max_ballot_size)
        fail_input("ballot.too_large", "An eBallot has at most " + std::to_string(max_ballot_size) + " bytes");
    auto message = cms::parse_signed_data(der);
    if (!message.content) fail_input("ballot.content", "The eBallot does not carry its envelope");
    if (message.signing_time) fail_input("ballot.signing_time", "An eBallot must not carry a signing time");
    if (message.algorithm != x509::SignatureAlgorithm::ecdsa_sha256)
        fail_input("ballot.algorithm", "An eBallot is signed with ECDSA P-256 and SHA-256");
    auto envelope = cms::parse_envelope(*message.content);
    auto tokens = parse_tokens(find_token_extension(message.signer).value);
    return {.der = to_bytes(der),
            .leaf = sha256(der),
            .signed_data = std::move(message),
            .envelope = std::move(envelope),
            .tokens = std::move(tokens)};
}

struct BallotVerifier::State {
    State(const VerifiedManifest& verified, x509::TrustStore store)
        : manifest(verified),
          trust(std::move(store)),
          certificates(manifest.manifest()),
          tokens(manifest.manifest()),
          election_certificate(x509::Certificate::parse(manifest->election_certificate)) {
        const auto& known = trust.intermediates();
        if (std::ranges::find(known, certificates.ballot_ca()) == known.end())
            trust.add_intermediate(certificates.ballot_ca());
        during("verifying the Ballot CA",
               [&] { trust.verify_path(certificates.ballot_ca(), rules(x509::Role::ballot_ca)); });
    }

    x509::PathRules rules(x509::Role role) const {
        return {.role = role, .time = manifest->verify_at, .revocation = x509::PathRules::Revocation::if_listed};
    }

    void verify_path(const x509::Certificate& certificate) const {
        const auto path = trust.verify_path(certificate, rules(x509::Role::ballot));
        if (!(path.chain().at(1) == certificates.ballot_ca()))
            refuse("ballot.certificate.issuer", "The ballot certificate was not issued by the manifest's Ballot CA");
    }

    void require_profile(const ParsedBallot& ballot) const {
        if (!cms::is_addressed_to(ballot.envelope, election_certificate))
            refuse("ballot.election", "The eBallot is not encrypted to the key of election " + manifest->id);
        certificates.require_fitting(ballot.signed_data.signer);
    }

    void verify_signatures(const ParsedBallot& ballot) const {
        verify_path(ballot.signed_data.signer);
        cms::verify_signature_only(ballot.signed_data, *ballot.signed_data.content);
    }

    VerifiedManifest manifest;
    x509::TrustStore trust;
    BallotCertificateRules certificates;
    TokenVerifier tokens;
    x509::Certificate election_certificate;
};

BallotVerifier::BallotVerifier(const VerifiedManifest& manifest, x509::TrustStore trust)
    : state_(std::make_shared<const State>(manifest, std::move(trust))) {}

const VerifiedManifest& BallotVerifier::manifest() const {
    return state_->manifest;
}

VerifiedBallot BallotVerifier::verify_ballot(ParsedBallot ballot) const {
    state_->require_profile(ballot);
    // Cheap checks first: the token (one RSA operation each), then the two ECDSA signatures.
    auto style = state_->tokens.verify_tokens(ballot.tokens, ballot.signed_data.signer.spki_sha256());
    state_->verify_signatures(ballot);
    return VerifiedBallot(AcceptedBallot(std::move(ballot), std::move(style)));
}

AcceptedBallot BallotVerifier::accept_ballot(ParsedBallot ballot) const {
    state_->require_profile(ballot);
    auto style = state_->tokens.require_keys(ballot.tokens);
    state_->verify_signatures(ballot);
    return AcceptedBallot(std::move(ballot), std::move(style));
}

std::string BallotVerifier::verify_ballot_certificate(const x509::Certificate& certificate) const {
    const auto& extension = state_->certificates.require_fitting(certificate);
    auto style = state_->tokens.verify_tokens(parse_tokens(extension.value), certificate.spki_sha256());
    state_->verify_path(certificate);
    return style;
}

OpenedBallot open_ballot(const VerifiedBallot& ballot, const VerifiedManifest& manifest,
                         const x509::PrivateKey& election_key) {
    OpenedBallot opened;
    opened.leaf = ballot.leaf();
    opened.style = ballot.style();
    opened.ephemeral_point = ballot.envelope().ephemeral_point;
    const auto invalid = [&](std::string rule, std::string message) {
        opened.status = OpenedBallot::Status::invalid;
        opened.invalid_because = Finding{std::move(rule), std::move(message)};
        return opened;
    };
    Plaintext plaintext;
    try {
        const auto text = cms::open_envelope(ballot.envelope(), election_key);
        plaintext = parse_plaintext(text.view(), manifest->plaintext_size);
    } catch (const Error& error) {
        if (error.code() == ErrorCode::internal || error.code() == ErrorCode::unavailable) throw;
        const bool unopened = !error.reason().starts_with("ballot.plaintext");
        return invalid(unopened ? "ballot.open" : error.reason(), error.message());
    }
    if (plaintext.election != manifest->id || plaintext.manifest != manifest.digest())
        return invalid("ballot.manifest", "The vote was made for another manifest");
    // T12: an envelope copied from another ballot says whose it is.
    if (plaintext.ballot != ballot.certificate().spki_sha256())
        return invalid("ballot.copied", "The vote was encrypted for another ballot certificate");
    if (plaintext.style != ballot.style())
        return invalid("vote.style", "The vote is for another ballot style than the certificate's tokens");
    auto findings = check_vote(manifest.manifest(), ballot.style(), plaintext.contests);
    if (!findings.empty()) return invalid(std::move(findings.front().rule), std::move(findings.front().message));
    const bool blank =
        std::ranges::all_of(plaintext.contests, &std::vector<std::string>::empty, &ContestChoices::choices);
    opened.status = blank ? OpenedBallot::Status::blank : OpenedBallot::Status::valid;
    opened.contests = std::move(plaintext.contests);
    return opened;
}

}  // namespace uvpki::election
