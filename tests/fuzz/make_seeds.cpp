// uvfuzz-seeds FOLDER: makes the small election that the targets stand in and good inputs for each of them, with new
// keys. The committed seeds.tar.gz is its output; run it again when a format changes (see tests/fuzz/README.md).

#include <cstdio>
#include <filesystem>

#include "tests/support/test_election.h"
#include "tests/unit/threshold/assembly.h"
#include "uvpki/election/epoch.h"
#include "uvpki/files.h"
#include "uvpki/merkle/tiles.h"
#include "uvpki/timestamp/authority.h"
#include "uvpki/x509/ocsp.h"
#include "uvpki/x509/to_be_signed.h"

namespace {

using namespace uvpki;

class Folder {
public:
    explicit Folder(std::filesystem::path root) : root_(std::move(root)) {}
    void save(const std::string& name, ByteView content) const {
        make_folder((root_ / name).parent_path());
        save_file_relaxed(root_ / name, content);
    }
    void save(const std::string& name, std::string_view content) const { save(name, as_bytes(content)); }
    void save_signer(const std::string& name, const x509::Certificate& certificate, const x509::PrivateKey& key) const {
        save(name + ".der", certificate.der());
        save(name + ".key", key.to_pkcs8().view());
    }

private:
    std::filesystem::path root_;
};

/// A good input and its twins that BER would allow: T17.
void save_der(const Folder& folder, const std::string& target, const std::string& name, ByteView der) {
    folder.save(target + "/good-" + name, der);
    const auto content = der.subspan(4);  // 30 82 hh ll
    const std::uint8_t long_length[] = {0x30, 0x83, 0x00, der[2], der[3]}, indefinite[] = {0x30, 0x80}, end[] = {0, 0};
    folder.save(target + "/bad-" + name + "-long-length", concat({long_length, content}));
    folder.save(target + "/bad-" + name + "-indefinite", concat({indefinite, content, end}));
    folder.save(target + "/bad-" + name + "-trailing", concat({der, ByteView(end).first(1)}));
    folder.save(target + "/bad-" + name + "-cut", der.first(der.size() - 1));
}

void save_pki(const Folder& folder, testing::TestPki& pki) {
    folder.save("certificate/good-root", pki.root.der());
    folder.save("certificate/good-issuing-ca", pki.issuing.der());
    for (const auto role : {x509::Role::voter, x509::Role::ballot, x509::Role::tls_server, x509::Role::trustee_enc}) {
        const auto key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
        const auto name = std::string(x509::profile_of(role).name);
        save_der(folder, "certificate", name, pki.issue_leaf(role, key).der());
        folder.save("request/good-" + name, testing::TestPki::request(key).der);
    }
    const auto rsa = x509::PrivateKey::generate_rsa(2048);
    save_der(folder, "request", "rsa", testing::TestPki::request(rsa).der);
    folder.save("key/good-spki-rsa", rsa.public_key().spki());
    folder.save("key/good-pkcs8-rsa", rsa.to_pkcs8().view());
    for (const auto type : {x509::KeyType::ec_p256, x509::KeyType::ec_p384, x509::KeyType::ed25519}) {
        const auto key = x509::PrivateKey::generate(type);
        const auto number = std::to_string(static_cast<int>(type));
        folder.save("key/good-spki-" + number, key.public_key().spki());
        folder.save("key/good-pkcs8-" + number, key.to_pkcs8().view());
    }
    save_der(folder, "crl", "empty", pki.crl(pki.ballot_issuer).der());
    const std::vector<x509::RevokedEntry> entries = {
        {Bytes{0x41, 0x02}, testing::TestPki::start(), x509::RevocationReason::superseded},
        {Bytes(20, 0x42), testing::TestPki::start(), x509::RevocationReason::key_compromise,
         testing::TestPki::start()}};
    folder.save("crl/good-entries", pki.crl(pki.registrar_issuer, entries, 7).der());
    folder.save("encoding/good-certificate.pem", pki.ballot_ca.pem());
}

void save_ballots(const Folder& folder, testing::TestElection& test) {
    for (const auto* style : {"north", "south"}) {
        const auto voter = test.make_voter(style);
        const auto name = std::string("good-") + style;
        const auto ballot = test.make_ballot(voter, testing::TestElection::choices(style));
        save_der(folder, "ballot", style, ballot.der);
        save_der(folder, "signed_data", style, ballot.der);
        save_der(folder, "envelope", style, *cms::parse_signed_data(ballot.der).content);
        save_der(folder, "ballot_token", style, election::encode_tokens(voter.tokens));
        const election::Plaintext plaintext{.election = test.manifest.id,
                                            .manifest = election::manifest_digest(test.manifest),
                                            .style = style,
                                            .ballot = voter.key.public_key().spki_sha256(),
                                            .contests = testing::TestElection::choices(style)};
        folder.save("plaintext/" + name, election::format_plaintext(plaintext, test.manifest.plaintext_size).view());
        folder.save("request/" + name,
                    x509::make_request(voter.key, x509::empty_name(),
                                       {{test.pki.arc.ballot_token(), x509::Extension::Criticality::non_critical,
                                         election::encode_tokens(voter.tokens)}}));
    }
}

void save_ocsp(const Folder& folder, const x509::OcspResponder& responder, const testing::TestElection& test) {
    const auto id = x509::make_ocsp_cert_id(test.pki.issuing, test.receipt_signer.serial());
    const auto old = x509::make_ocsp_cert_id(test.pki.issuing, test.officer.serial(), x509::OcspHash::sha1);
    const auto request = x509::make_ocsp_request({{id, old}, Bytes(32, 0x4E)});
    const auto find = [&](ByteView serial) -> std::optional<x509::KnownStatus> {
        if (equal(serial, test.officer.serial()))
            return x509::KnownStatus{x509::RevokedEntry{to_bytes(serial), test.pki.clock.now()}};
        return x509::KnownStatus{};
    };
    folder.save("ocsp_request/good-two", request);
    folder.save("ocsp_request/good-plain", x509::make_ocsp_request({{id}, {}}));
    save_der(folder, "ocsp_response", "two", responder.respond(request, find, test.pki.clock));
}

/// Extensions of a CA and of its leaf for these keys: with and without name constraints and policies.
void save_chain(const Folder& folder, const std::vector<x509::PrivateKey>& keys) {
    using Criticality = x509::Extension::Criticality;
    const auto identifier = [&](std::size_t of) { return keys.at(of).public_key().key_identifier(); };
    const auto authority = [&](std::size_t of) {
        return x509::Extension{"2.5.29.35", Criticality::non_critical,
                               der::sequence({der::encode(der::context(0), identifier(of))})};
    };
    const auto subject = [&](std::size_t of) {
        return x509::Extension{"2.5.29.14", Criticality::non_critical, der::octet_string(identifier(of))};
    };
    const auto dns = [](std::string_view name) { return der::encode(der::context(2), as_bytes(name)); };
    std::vector<x509::Extension> ca = {
        {"2.5.29.19", Criticality::critical, x509::encode_basic_constraints({x509::BasicConstraints::Role::ca, 0})},
        {"2.5.29.15", Criticality::critical, x509::encode_key_usage(1u << 5 | 1u << 6)},
        subject(1),
        authority(0)};
    std::vector<x509::Extension> leaf = {
        subject(2), authority(1), {"2.5.29.17", Criticality::non_critical, der::sequence({dns("www.example.org")})}};
    const auto save = [&](const std::string& name) {
        folder.save("chain/" + name, concat({x509::encode_extensions(ca), x509::encode_extensions(leaf)}));
    };
    save("good-plain");
    const auto subtrees = der::encode(der::context_constructed(0), der::sequence({dns("example.org")}));
    ca.push_back({"2.5.29.30", Criticality::critical, der::sequence({subtrees})});
    ca.push_back({"2.5.29.32", Criticality::non_critical, x509::encode_policies({"1.3.6.1.4.1.32473.1.1"})});
    leaf.push_back({"2.5.29.32", Criticality::non_critical, x509::encode_policies({"1.3.6.1.4.1.32473.1.1"})});
    save("good-constrained");
    leaf[2].value = der::sequence({dns("www.example.com")});
    save("bad-name");
}

void save_signed(const Folder& folder, testing::TestElection& test) {
    const auto voter_key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    const auto voter = test.pki.issue_leaf(x509::Role::voter, voter_key);
    folder.save_signer("election/voter", voter, voter_key);
    folder.save_signer("election/receipt", test.receipt_signer, test.receipt_key);
    folder.save_signer("election/tsa", test.tsa, test.tsa_key);
    const auto ocsp_key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    const auto responder_certificate = test.pki.issue_leaf(x509::Role::ocsp, ocsp_key);
    folder.save_signer("election/ocsp", responder_certificate, ocsp_key);
    save_ocsp(folder, {test.pki.issuing, responder_certificate, ocsp_key, test.pki.arc}, test);
    save_chain(folder, {voter_key, test.receipt_key, test.tsa_key});
    const auto claim = election::make_claim({test.manifest.id, test.manifest.token_keys[0].key_id, Bytes(256, 0x42)},
                                            voter, voter_key, test.pki.clock);
    save_der(folder, "claim", "signed", claim);
    folder.save("claim/good-text", *cms::parse_signed_data(claim).content);
    const auto receipt = election::make_receipt(
        {test.manifest.id, election::manifest_digest(test.manifest), sha256(as_bytes("leaf")), 12}, test.receipt_signer,
        test.receipt_key, test.pki.clock);
    save_der(folder, "receipt", "signed", receipt);
    folder.save("receipt/good-text", *cms::parse_signed_data(receipt).content);
    folder.save("signed_data/good-claim", claim);
    folder.save("signed_data/good-manifest-detached", test.manifest_signature());

    const timestamp::Authority authority(test.tsa, test.tsa_key, test.pki.arc, [] { return 4711; });
    const auto request = timestamp::make_request(sha256(as_bytes("stamped")), Bytes{0x01, 0x02, 0x03});
    folder.save("timestamp_request/good-nonce", request);
    folder.save("timestamp_request/good-plain", timestamp::make_request(sha256(as_bytes("stamped"))));
    save_der(folder, "timestamp_response", "own", authority.respond(request, test.pki.clock));
}

void save_ceremony(const Folder& folder) {
    testing::Assembly assembly(2, 3);
    const auto transcript = assembly.hold();
    const auto plan = threshold::encode_plan(assembly.plan);
    folder.save("election/plan.json", plan);
    folder.save_signer("election/trustee", assembly.person(1).certificate, assembly.person(1).key);
    folder.save("ceremony/good-plan", plan);
    int number = 0;
    for (const auto& message : assembly.messages) {
        const auto name = std::to_string(++number);
        folder.save("ceremony/good-signed-" + name, message);
        if (number % assembly.size() == 1)
            folder.save("ceremony/good-text-" + name, *cms::parse_signed_data(message).content);
    }
    folder.save("ceremony/good-backup", threshold::encode_backup(assembly.backup(transcript, 1)).view());
    folder.save("ceremony/good-state", threshold::encode_state(assembly.state(1)).view());
    folder.save("json/good-transcript", transcript.json());
    // The trustees of the tests have an authority of their own.
    folder.save("election/trustees-root.der", assembly.pki.root.der());
    folder.save("election/trustees-issuing-ca.der", assembly.pki.issuing.der());
}

void save_texts(const Folder& folder, const testing::TestElection& test) {
    const auto manifest = test.manifest_text();
    folder.save("manifest/good-small", manifest);
    folder.save("json/good-manifest", canonical_json(parse_json(as_bytes(manifest))));
    std::vector<Sha256> leaves;
    for (int i = 0; i < 300; ++i) leaves.push_back(sha256(as_bytes(std::to_string(i))));
    const std::vector<Sha256> few(leaves.begin(), leaves.begin() + 3);
    folder.save("epoch_list/good-empty", election::format_epoch_list({}));
    folder.save("epoch_list/good-few", election::format_epoch_list(few));
    folder.save("roll/good-commitments", election::format_commitments(few));
    folder.save("roll/good-roll",
                election::format_roll_summary({test.manifest.id, 70, {{"north", 40}, {"south", 30}}, leaves[0]}));
    folder.save("roll/good-claims", election::format_claims_summary(
                                        {test.manifest.id, "registrar", 12, {{"north", 5}, {"south", 7}}, leaves[1]}));
    const merkle::Tree tree(leaves);
    const auto note = merkle::sign_checkpoint({test.manifest.log_origin, tree.size(), tree.root()}, test.log_key);
    folder.save("election/checkpoint", note);
    folder.save("checkpoint/good-signed", note);
    folder.save("checkpoint/good-cosigned",
                merkle::add_cosignature(note, "\xE2\x80\x94 witness.example/w1 " + to_base64(Bytes(76, 0x17))));
    folder.save("checkpoint/good-vkey", test.manifest.log_key);
    for (const auto& [path, content] : merkle::make_tiles(tree))
        if (path.starts_with("tile/entries/")) folder.save("tiles/good-" + std::to_string(content.size()), content);
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 2) {
        std::fprintf(stderr, "usage: uvfuzz-seeds FOLDER\n");
        return 2;
    }
    const Folder folder(arguments[1]);
    testing::TestElection test;
    const auto& pki = test.pki;
    folder.save("election/root.der", pki.root.der());
    folder.save("election/issuing-ca.der", pki.issuing.der());
    folder.save("election/registrar-ca.der", pki.registrar_ca.der());
    folder.save("election/ballot-ca.der", pki.ballot_ca.der());
    folder.save("election/manifest.json", test.manifest_text());
    folder.save("election/manifest.p7s", test.manifest_signature());
    save_pki(folder, test.pki);
    save_ballots(folder, test);
    save_signed(folder, test);
    save_ceremony(folder);
    save_texts(folder, test);
    return 0;
}
