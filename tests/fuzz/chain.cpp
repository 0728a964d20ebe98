#include "uvpki/x509/chain.h"

#include "tests/fuzz/expect.h"
#include "tests/fuzz/reference.h"
#include "tests/fuzz/small_election.h"
#include "tests/fuzz/targets.h"
#include "uvpki/openssl/der.h"
#include "uvpki/x509/name.h"
#include "uvpki/x509/to_be_signed.h"

namespace uvpki::fuzz {

namespace {

struct Person {
    const x509::PrivateKey& key;
    Bytes name;
};

Person person(const SmallElection::Signer& signer, std::string common_name) {
    return {signer.key, x509::Name{.organization = "Example", .common_name = std::move(common_name)}.encode()};
}

x509::Certificate certify(const Person& subject, const Person& issuer, std::vector<x509::Extension> extensions) {
    const auto& manifest = small_election().manifest;
    const auto tbs = x509::ToBeSigned{.serial = Bytes(20, 0x41),
                                      .algorithm = issuer.key.algorithm(),
                                      .issuer = issuer.name,
                                      .not_before = manifest->claim.opens,
                                      .not_after = manifest->voting.closes,
                                      .subject = subject.name,
                                      .spki = to_bytes(subject.key.public_key().spki()),
                                      .extensions = std::move(extensions)}
                         .encode();
    return x509::Certificate::parse(x509::assemble_certificate(tbs, issuer.key.algorithm(), issuer.key.sign(tbs)));
}

}  // namespace

/// The Extensions of a CA and those of its leaf, one after the other, each signed here, so that fuzzing reaches name
/// constraints and policies behind the signatures.
bool chain(ByteView input) {
    const auto& election = small_election();
    const auto root = person(election.voter, "Root"), ca = person(election.receipt, "CA");
    const auto leaf = person(election.tsa, "Leaf");
    static const auto anchor =
        certify(root, root,
                {{"2.5.29.19", x509::Extension::Criticality::critical,
                  x509::encode_basic_constraints({x509::BasicConstraints::Role::ca, std::nullopt})},
                 {"2.5.29.14", x509::Extension::Criticality::non_critical,
                  der::octet_string(root.key.public_key().key_identifier())},
                 {"2.5.29.15", x509::Extension::Criticality::critical, x509::encode_key_usage(1u << 5 | 1u << 6)}});
    const auto made = accepted([&] {
        der::Reader reader(input);
        const auto first = reader.any().encoding;
        auto authority = x509::parse_extensions(first, "fuzz"), own = x509::parse_extensions(reader.rest(), "fuzz");
        return std::vector{certify(leaf, ca, std::move(own)), certify(ca, root, std::move(authority))};
    });
    if (!made) return false;
    x509::ChainRules rules{.time = election.clock.now()};
    const auto why_not = refusal([&] { x509::verify_chain(made->at(0), {anchor}, {made->at(1)}, rules); });
    rules.explicit_policy = x509::ChainRules::ExplicitPolicy::required;
    rules.policy_mapping = x509::ChainRules::PolicyMapping::inhibited;
    rules.any_policy = x509::ChainRules::AnyPolicy::inhibited;
    const auto stricter = refusal([&] { x509::verify_chain(made->at(0), {anchor}, {made->at(1)}, rules); });
    require(why_not.empty() || !stricter.empty(), "what stricter rules accept, the common ones accept");
    return why_not.empty();
}

}  // namespace uvpki::fuzz
