#pragma once
// A registrar's office for tests: installed under the test authority, with a small roll, an election of two styles and
// voters that have keys. One thread unless said otherwise.

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "registrar-service/registrar.h"
#include "tests/support/command.h"
#include "tests/support/reason.h"
#include "tests/support/test_election.h"
#include "uvpki/files.h"
#include "uvpki/service/sqlite_database.h"

namespace uvpki::testing {

using uvpki::test::reason_of;

inline constexpr const char* small_roll =
    "voter_id,name,style,email\n"
    "A-1,Zacharias Quillfeather,north,zacharias@quillfeather.example\n"
    "A-2,Müjgân Öztürk,north,\n"
    "A-3,Ada Example,south,ada@example.org\n"
    "A-4,Ben Example,south,ben@example.org\n"
    "A-5,Out Sider,west,\n";

/// The registrar alone, under the test authority.
struct Office {
    static registrar::RegistrarOptions quick() {
        registrar::RegistrarOptions options;
        options.password_iterations = 1'000;
        return options;
    }

    TestElection election{{"registrar-1"}};
    TestPki& pki = election.pki;
    test::TempFolder folder;
    SecretBytes password{as_bytes("correct horse")};
    std::unique_ptr<registrar::Registrar> registrar;

    Office() {
        pki.clock.set(TestPki::start() + Days{1});
        registrar = registrar::Registrar::create(folder.path(), "registrar-1", "Test Election Authority", pki.arc,
                                                 password, pki.clock, pki.random, quick());
        install();
    }

    x509::Certificate issue_ca() {
        return pki.issuing_issuer.issue(x509::Role::registrar_ca, x509::parse_request(registrar->ca_request()),
                                        {.subject = TestPki::name("Registrar CA registrar-1")}, pki.store, pki.clock,
                                        pki.random);
    }
    x509::Certificate issue_registrar() {
        return pki.issuing_issuer.issue(x509::Role::registrar, x509::parse_request(registrar->registrar_request()),
                                        {.subject = TestPki::name("Registrar registrar-1")}, pki.store, pki.clock,
                                        pki.random);
    }
    void install() { registrar->install(pki.root, pki.issuing, issue_ca(), issue_registrar()); }

    std::unique_ptr<registrar::Registrar> open() {
        return registrar::Registrar::open(folder.path(), password, pki.clock, pki.random, quick());
    }

    /// The store itself, past all rules.
    std::unique_ptr<service::Database> store() const { return service::open_sqlite(folder / "store.sqlite"); }
    std::int64_t count(const std::string& table) const {
        return store()->read(
            [&](service::Transaction& t) { return t.query("SELECT COUNT(*) FROM " + table).at(0).integer(0); });
    }

    registrar::ImportReport import(std::string_view csv = small_roll) {
        return registrar->import_voters(csv, registrar::ImportMode::apply, "office");
    }
    /// Codes by voter_id.
    std::map<std::string, std::string> invite() {
        std::map<std::string, std::string> codes;
        for (auto& invitation : registrar->invite(pki.clock.now() + Days{30}, "office"))
            codes.emplace(invitation.voter_id, invitation.code);
        return codes;
    }
    std::string entry_of(const std::string& voter_id) const { return registrar->search(voter_id, 1).at(0).entry; }
};

/// A voter with a key, and a certificate once enrolled.
struct EnrolledVoter {
    x509::PrivateKey key;
    x509::Certificate certificate;
};

inline Bytes request_for(const x509::PrivateKey& key) {
    return x509::make_request(key, x509::empty_name());
}

inline EnrolledVoter enrol(registrar::Registrar& registrar, const std::string& code) {
    auto key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    auto certificate = x509::Certificate::parse(registrar.enrol(code, request_for(key)));
    return {std::move(key), std::move(certificate)};
}

/// An office whose voters are enrolled, with the roll frozen for "north" and "south" and a manifest that fits, which is
/// not installed yet; the clock stands in the claim window.
struct PreparedOffice : Office {
    std::map<std::string, EnrolledVoter> voters;  ///< by voter_id
    registrar::Registrar::FrozenRoll frozen;

    explicit PreparedOffice(std::string_view csv = small_roll) {
        import(csv);
        for (const auto& [voter_id, code] : invite()) voters.emplace(voter_id, enrol(*registrar, code));
        frozen = registrar->freeze_roll(election.manifest.id, {.styles = {"north", "south"}, .token_key_bits = 2048},
                                        "office");
        fit_manifest();
    }

    /// The test election's manifest with this registrar's roll and keys.
    void fit_manifest() {
        auto& manifest = election.manifest;
        manifest.token_keys = frozen.token_keys;
        manifest.roll_size = frozen.summary.size;
        manifest.roll_root = frozen.summary.root;
        for (auto& style : manifest.styles) style.voters = frozen.summary.styles.at(style.id);
    }

    const election::TokenKey& token_key(const std::string& style) const {
        for (const auto& key : frozen.token_keys)
            if (key.style == style) return key;
        throw std::runtime_error("no such style");
    }

    struct Claim {
        Bytes message;  ///< what the token signs
        blind::Blinding blinding;
        Bytes der;
    };
    Claim make_claim(const EnrolledVoter& voter, const std::string& style) {
        const auto& key = token_key(style);
        auto message = election::token_message(election.manifest.id, sha256(pki.random.bytes(16)));
        auto blinding = blind::blind(blind::BlindPublicKey::parse_spki(key.spki), message, pki.random);
        auto der = election::make_claim({election.manifest.id, key.key_id, blinding.blinded}, voter.certificate,
                                        voter.key, pki.clock);
        return {std::move(message), std::move(blinding), std::move(der)};
    }
    Claim make_claim(const std::string& voter_id, const std::string& style) {
        return make_claim(voters.at(voter_id), style);
    }

    bool is_token(const Claim& claim, const std::string& style, ByteView blind_signature) const {
        const auto key = blind::BlindPublicKey::parse_spki(token_key(style).spki);
        const auto signature = blind::finalize(key, claim.blinding, blind_signature);
        return blind::is_valid_token(key, claim.blinding.prepared, signature);
    }
};

/// The same with its manifest installed.
struct ElectionOffice : PreparedOffice {
    explicit ElectionOffice(std::string_view csv = small_roll) : PreparedOffice(csv) {
        registrar->install_manifest(election.verified_manifest(), "office");
    }
};

}  // namespace uvpki::testing
