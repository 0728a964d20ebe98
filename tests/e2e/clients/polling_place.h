#pragma once
// A registrar and a ballot box in folders, with an election installed and voters invited, and the uvote program run for
// those voters. The services are open only while a test holds them, so that programs and forked children open them
// anew.

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "ballot-service/ballot_box.h"
#include "registrar-service/registrar.h"
#include "tests/support/command.h"
#include "tests/support/test_election.h"
#include "tools/uvote/voter.h"
#include "uvpki/files.h"
#include "uvpki/json.h"
#include "uvpki/timestamp/authority.h"

namespace uvpki::testing {

struct PollingPlace {
    static constexpr const char* password_text = "correct horse battery";
    static constexpr const char* time_text = "2026-02-01T09:00:00Z";  ///< claiming and voting are both open
    static constexpr int voters = 40;

    TestElection election{{"registrar-1"}};
    test::TempFolder folder;
    SecretBytes password{as_bytes(password_text)};
    std::map<std::string, std::string> codes;  ///< invitations by voter_id V01...
    std::atomic<std::int64_t> tsa_serial{0};

    PollingPlace() {
        auto& pki = election.pki;
        auto& manifest = election.manifest;
        pki.clock.set(TestPki::start() + Days{1});
        const auto issue = [&](x509::Role role, const Bytes& request, x509::IssueOptions options) {
            return pki.issuing_issuer.issue(role, x509::parse_request(request), options, pki.store, pki.clock,
                                            pki.random);
        };

        const auto office =
            registrar::Registrar::create(folder / "registrar", "registrar-1", "Test Election Authority", pki.arc,
                                         password, pki.clock, pki.random, {.password_iterations = 1000});
        const auto registrar_ca =
            issue(x509::Role::registrar_ca, office->ca_request(), {.subject = TestPki::name("Registrar CA 1")});
        office->install(
            pki.root, pki.issuing, registrar_ca,
            issue(x509::Role::registrar, office->registrar_request(), {.subject = TestPki::name("Registrar 1")}));
        std::string csv = "voter_id,name,style\n";
        for (int i = 1; i <= voters; ++i)
            csv += voter_id(i) + ",Voter " + std::to_string(i) + (i % 20 == 0 ? ",south\n" : ",north\n");
        office->import_voters(csv, registrar::ImportMode::apply, "office");
        for (auto& invitation : office->invite(TestPki::voting_closes(), "office"))
            codes.emplace(invitation.voter_id, invitation.code);
        const auto frozen =
            office->freeze_roll(manifest.id, {.styles = {"north", "south"}, .token_key_bits = 2048}, "office");

        const auto box = ballot_box::BallotBox::create(folder / "box", "Test Election Authority", pki.arc, password,
                                                       pki.clock, pki.random);
        box->install(pki.root, pki.issuing,
                     issue(x509::Role::receipt, box->receipt_request(), {.subject = TestPki::name("Receipts")}));
        const auto prepared = box->prepare_election(manifest.id, "officer");
        const auto ballot_ca = issue(x509::Role::ballot_ca, prepared.ballot_ca_request,
                                     {.subject = TestPki::name("Ballot CA " + manifest.id),
                                      .not_after = add_years(TestPki::voting_closes(), 1)});

        manifest.claim.closes = TestPki::voting_closes() - std::chrono::hours{1};
        manifest.token_keys = frozen.token_keys;
        manifest.roll_size = frozen.summary.size;
        manifest.roll_root = frozen.summary.root;
        for (auto& style : manifest.styles) style.voters = frozen.summary.styles.at(style.id);
        manifest.ballot_ca = to_bytes(ballot_ca.der());
        manifest.log_origin = prepared.log_origin;
        manifest.log_key = prepared.log_key;
        manifest.epoch_min_ballots = 1;
        election.trust.add_intermediate(registrar_ca);
        election.trust.add_intermediate(ballot_ca);
        office->install_manifest(election.verified_manifest(), "officer");
        box->install_manifest(election.verified_manifest(), "officer");
        pki.clock.set(parse_rfc3339(time_text));

        save_file(folder / "password", std::string(password_text) + "\n", FileMode::secret);
        save_file(folder / "wrong-password", "something else\n", FileMode::secret);
        save_file(folder / "chain.pem", pki.root.pem() + pki.issuing.pem() + ballot_ca.pem() + registrar_ca.pem());
        save_file(folder / "other-chain.pem", TestPki().root.pem());
        save_file(folder / "manifest.json", election.manifest_text());
        save_file(folder / "manifest.json.p7s", election.manifest_signature());
    }

    static std::string voter_id(int number) { return (number < 10 ? "V0" : "V") + std::to_string(number); }

    std::unique_ptr<registrar::Registrar> open_registrar() {
        return registrar::Registrar::open(folder / "registrar", password, election.pki.clock, election.pki.random);
    }
    std::unique_ptr<ballot_box::BallotBox> open_box() {
        return ballot_box::BallotBox::open(folder / "box", password, election.pki.clock, election.pki.random);
    }
    std::size_t close_epoch() {
        timestamp::Authority tsa(election.tsa, election.tsa_key, election.pki.arc, [this] { return ++tsa_serial; });
        std::size_t ballots = 0;
        for (const auto& epoch :
             open_box()->close_epochs(election.manifest.id, ballot_box::BallotBox::EpochKind::regular,
                                      [&](ByteView request) { return tsa.respond(request, election.pki.clock); }))
            ballots += static_cast<std::size_t>(epoch.ballots);
        return ballots;
    }

    // ---- the program ----

    std::string options(int voter, const std::string& password_file = "password") const {
        return " --state " + voter_id(voter) + " --password-file " + password_file + " --chain chain.pem --root " +
               to_hex(election.pki.root.fingerprint()) + " --at " + time_text;
    }
    static std::string with_manifest() { return " --manifest manifest.json"; }
    static std::string with_registrar() { return " --registrar registrar --registrar-password-file password"; }
    static std::string with_box() { return " --ballot-box box --ballot-box-password-file password"; }
    std::string enrol(int voter) const {
        return "enrol " + codes.at(voter_id(voter)) + options(voter) + with_registrar();
    }
    std::string claim(int voter, const std::string& style = "north") const {
        return "claim --style " + style + options(voter) + with_manifest() + with_registrar();
    }
    std::string redeem(int voter) const { return "redeem" + options(voter) + with_manifest() + with_box(); }
    std::string vote(int voter, const std::string& rest) const {
        return "vote " + rest + options(voter) + with_manifest() + with_box();
    }
    std::string check(int voter) const { return "check" + options(voter) + with_manifest() + with_box(); }

    test::CommandResult run(const std::string& arguments, const std::string& wrapper = "") const {
        return test::run_command(folder.path(),
                                 wrapper + std::string(UVPKI_BIN) + "/uvote " + arguments + " < /dev/null");
    }
    std::string state_path(int voter) const { return (folder / voter_id(voter)).string(); }
    /// The state file, decrypted.
    Json state(int voter) {
        voter::EncryptedStateFile file(state_path(voter), password.clone(), election.pki.random);
        return parse_json(file.load().view());
    }
};

/// One for all tests of a program; each test uses voters of its own.
inline PollingPlace& polling_place() {
    static PollingPlace once;
    return once;
}

}  // namespace uvpki::testing
