// Ballot certificates: everything in them but the key and the Ballot CA's signature follows from the manifest and the
// key, so nothing can be hidden in one and nothing tells when or for whom it was issued.

#include "uvpki/election/ballot_certificate.h"

#include <algorithm>
#include <array>

#include "uvpki/election/ballot.h"
#include "uvpki/encoding.h"
#include "uvpki/openssl/der.h"
#include "uvpki/x509/issue.h"
#include "uvpki/x509/to_be_signed.h"

namespace uvpki::election {

namespace {

/// RFC 7093, section 2, method 1: 160 bits.
constexpr std::size_t key_identifier_size = 20;

/// RFC 9562, section 5.8: version 8, "custom or vendor-specific"; here the first 16 octets of a digest.
std::string uuid_from(const Sha256& digest) {
    Bytes octets(digest.begin(), digest.begin() + 16);
    octets[6] = static_cast<std::uint8_t>((octets[6] & 0x0Fu) | 0x80u);
    octets[8] = static_cast<std::uint8_t>((octets[8] & 0x3Fu) | 0x80u);
    auto text = to_hex(octets);
    for (const std::size_t at : {8u, 13u, 18u, 23u}) text.insert(at, 1, '-');
    return text;
}

std::string ballot_uuid(const Manifest& manifest, const Sha256& spki_sha256) {
    static constexpr std::array<std::uint8_t, 1> separator{0};
    return uuid_from(sha256({as_bytes("ballot-name-v1"), separator, as_bytes(manifest.id), separator, spki_sha256}));
}

[[noreturn]] void refuse(std::string_view rule, std::string message) {
    fail(ErrorCode::verification_failed, "ballot.certificate." + std::string(rule), std::move(message));
}

}  // namespace

x509::Name ballot_subject(const Manifest& manifest, const Sha256& spki_sha256) {
    return {.organization = manifest.organization,
            .organizational_unit = manifest.id,
            .common_name = ballot_uuid(manifest, spki_sha256)};
}

BallotCertificateRules::BallotCertificateRules(const Manifest& manifest)
    : manifest_(manifest), ballot_ca_(x509::Certificate::parse(manifest.ballot_ca)), arc_(manifest.arc) {
    using namespace x509;
    extensions_ = {std::string(oid::authority_key_identifier), std::string(oid::subject_key_identifier),
                   std::string(oid::key_usage), std::string(oid::certificate_policies), arc_.ballot_token()};
    std::ranges::sort(extensions_);
    token_oid_ = arc_.ballot_token();
    pattern_ = make_pattern();
}

BallotCertificateRules::Pattern BallotCertificateRules::make_pattern() const {
    using namespace x509;
    const Sha256 some_key{};
    const auto subject = ballot_subject(manifest_, some_key).encode();
    Pattern pattern{
        .version = der::encode(der::context_constructed(0), der::integer(2)),
        .algorithm_to_validity =
            concat({encode_algorithm(algorithm_for(ballot_ca_.public_key().type())), ballot_ca_.subject(),
                    der::sequence({der::time(manifest_.voting.opens), der::time(manifest_.voting.closes)})}),
        .subject_head = to_bytes(ByteView(subject).first(subject.size() - ballot_uuid(manifest_, some_key).size()))};
    const Bytes some_identifier(key_identifier_size);
    auto* part = &pattern.extensions_head;
    for (const auto& extension :
         make_extensions(profile_of(Role::ballot), arc_,
                         {.subject_key_identifier = some_identifier,
                         .authority_key_identifier = to_bytes(ballot_ca_.subject_key_identifier())})) {
        const auto encoded = encode_extension(extension);
        if (extension.oid == oid::subject_key_identifier) {
            pattern.key_identifier_head = to_bytes(ByteView(encoded).first(encoded.size() - some_identifier.size()));
            part = &pattern.extensions_tail;
        } else {
            part->insert(part->end(), encoded.begin(), encoded.end());
        }
    }
    return pattern;
}

bool BallotCertificateRules::has_expected_bytes(const x509::Certificate& certificate,
                                                const x509::Extension& tokens) const {
    using namespace x509;
    const auto& key = certificate.public_key();
    if (key.type() != KeyType::ec_p256) return false;
    const auto serial = der::unsigned_integer(derive_ballot_serial(manifest_.id, key.spki()));
    const auto subject = concat({pattern_.subject_head, as_bytes(ballot_uuid(manifest_, key.spki_sha256()))});
    const auto token_extension = encode_extension({token_oid_, Extension::Criticality::non_critical, tokens.value});
    const auto extensions = der::encode(
        der::context_constructed(3), der::sequence({pattern_.extensions_head, pattern_.key_identifier_head,
                                                    key.key_identifier(), pattern_.extensions_tail, token_extension}));
    return equal(certificate.tbs(), der::sequence({pattern_.version, serial, pattern_.algorithm_to_validity, subject,
                                                   key.spki(), extensions}));
}

const x509::Extension& BallotCertificateRules::require_fitting(const x509::Certificate& certificate) const {
    const auto* tokens = certificate.find_extension(token_oid_);
    if (tokens == nullptr || !has_expected_bytes(certificate, *tokens)) tokens = &require_each_rule(certificate);
    // T15: the other s would be a second certificate for the same key.
    const auto type = ballot_ca_.public_key().type();
    if (type != x509::KeyType::rsa && !x509::has_low_s(certificate.signature(), type))
        refuse("signature", "The ballot certificate's signature does not have the lower of its two forms");
    return *tokens;
}

const x509::Extension& BallotCertificateRules::require_each_rule(const x509::Certificate& certificate) const {
    using namespace x509;
    if (!equal(certificate.issuer(), ballot_ca_.subject()))
        refuse("issuer", "The ballot certificate was not issued by this election's Ballot CA");
    if (!equal(certificate.authority_key_identifier(), ballot_ca_.subject_key_identifier()))
        refuse("issuer", "The ballot certificate names another key of the Ballot CA");
    if (certificate.not_before() != manifest_.voting.opens || certificate.not_after() != manifest_.voting.closes)
        refuse("window", "The ballot certificate's validity is not exactly the voting window");
    if (certificate.public_key().type() != KeyType::ec_p256)
        refuse("key", "The ballot certificate's key is not a P-256 key");
    if (!equal(certificate.subject(), ballot_subject(manifest_, certificate.spki_sha256()).encode()))
        refuse("subject", "The ballot certificate's subject does not follow from its key and the election");
    if (!equal(certificate.serial(), derive_ballot_serial(manifest_.id, certificate.spki())))
        refuse("serial", "The ballot certificate's serial does not follow from its key and the election");
    if (!equal(certificate.subject_key_identifier(), certificate.public_key().key_identifier()))
        refuse("key_identifier", "The ballot certificate's key identifier does not follow from its key");
    if (certificate.key_usage() != profile_of(Role::ballot).key_usage)
        refuse("key_usage", "The ballot certificate's key usage is not digitalSignature and nonRepudiation");
    if (certificate.policies() != std::vector{arc_.policy(static_cast<int>(Role::ballot))})
        refuse("policy", "The ballot certificate does not carry the policy of ballots and no other");
    std::vector<std::string> present;
    for (const auto& extension : certificate.extensions()) {
        present.push_back(extension.oid);
        const bool critical = extension.criticality == Extension::Criticality::critical;
        if (critical != (extension.oid == oid::key_usage))
            refuse("extensions", "In a ballot certificate the key usage alone is critical");
    }
    std::ranges::sort(present);
    if (present != extensions_)
        refuse("extensions", "The ballot certificate has an extension too many, twice or too few");
    const auto& tokens = *certificate.find_extension(token_oid_);
    if (!equal(certificate.tbs(), expected_tbs(certificate, tokens)))
        refuse("profile",
               "The ballot certificate is not byte for byte what its key, its tokens and the election demand");
    return tokens;
}

Bytes BallotCertificateRules::expected_tbs(const x509::Certificate& certificate, const x509::Extension& tokens) const {
    using namespace x509;
    const ToBeSigned expected{
        .serial = to_bytes(certificate.serial()),
        .algorithm = certificate.signature_algorithm(),
        .issuer = to_bytes(ballot_ca_.subject()),
        .not_before = manifest_.voting.opens,
        .not_after = manifest_.voting.closes,
        .subject = to_bytes(certificate.subject()),
        .spki = to_bytes(certificate.spki()),
        .extensions = make_extensions(profile_of(Role::ballot), arc_,
                                      {.subject_key_identifier = to_bytes(certificate.subject_key_identifier()),
                                       .authority_key_identifier = to_bytes(ballot_ca_.subject_key_identifier()),
                                       .extra = {tokens}})};
    return expected.encode();
}

}  // namespace uvpki::election
