#pragma once
// Three trustees with their files in one folder, and the uvtrustee program run for them as they would run it.

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>

#include "tests/support/command.h"
#include "tests/support/test_election.h"
#include "tools/uvtrustee/trustee_files.h"
#include "uvpki/files.h"
#include "uvpki/password_seal.h"
#include "uvpki/threshold/release.h"

namespace uvpki::testing {

/// A person's keys and certificates, in NAME.pem, NAME-key.pem, NAME-enc.pem and NAME-enc-key.pem.
struct TrusteePerson {
    x509::PrivateKey key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    x509::PrivateKey encryption_key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    x509::Certificate certificate;
    x509::Certificate encryption_certificate;

    TrusteePerson(TestPki& pki, const std::filesystem::path& folder, const std::string& name,
                  const SecretBytes& password)
        : certificate(pki.issue_leaf(x509::Role::trustee, key)),
          encryption_certificate(pki.issue_leaf(x509::Role::trustee_enc, encryption_key)) {
        save_file(folder / (name + ".pem"), certificate.pem());
        save_file(folder / (name + "-enc.pem"), encryption_certificate.pem());
        save_file(folder / (name + "-key.pem"), key.to_encrypted_pem(password, 1000), FileMode::secret);
        save_file(folder / (name + "-enc-key.pem"), encryption_key.to_encrypted_pem(password, 1000), FileMode::secret);
    }
};

struct Trustees {
    static constexpr const char* password_text = "correct horse battery";

    TestElection election;
    test::TempFolder folder;
    SecretBytes password{as_bytes(password_text)};
    std::vector<TrusteePerson> people;
    std::string at = "2026-01-02T09:00:00Z";

    Trustees() {
        election.pki.clock.set(TestPki::start());  // long before voting
        save_file(folder / "password", std::string(password_text) + "\n", FileMode::secret);
        save_file(folder / "wrong-password", "something else\n", FileMode::secret);
        save_file(folder / "root.pem", election.pki.root.pem());
        save_file(folder / "chain.pem", election.pki.root.pem() + election.pki.issuing.pem() +
                                            election.pki.ballot_ca.pem() + election.pki.registrar_ca.pem());
        for (const auto* name : {"t1", "t2", "t3"}) people.emplace_back(election.pki, folder.path(), name, password);
        make_folder(folder / "board");
    }

    test::CommandResult run(const std::string& arguments) const {
        return test::run_command(folder.path(), std::string(UVPKI_BIN) + "/uvtrustee " + arguments);
    }
    std::string trust() const {
        return " --trust root.pem,chain.pem --root " + to_hex(election.pki.root.fingerprint());
    }
    std::string common() const { return trust() + " --at " + at; }
    std::string on_board() const { return " --plan plan.json --board board" + common(); }

    test::CommandResult make_plan(const std::string& options = "--out plan.json") const {
        return run(
            "plan --election test-2026 --needed 2 --trustee 'Ada Trustee=t1.pem,t1-enc.pem' "
            "--trustee 'Bo=t2.pem,t2-enc.pem' --trustee 'Cy=t3.pem,t3-enc.pem' " +
            options + common());
    }
    static std::string secrets(int index, const std::string& password_file = "password") {
        const auto name = "t" + std::to_string(index);
        return " --index " + std::to_string(index) + " --state " + name + ".state --state-password-file " +
               password_file + " --enc-key " + name + "-enc-key.pem --enc-key-password-file password";
    }
    std::string step_arguments(int index, const std::string& password_file = "password") const {
        return "step" + secrets(index, password_file) + " --key t" + std::to_string(index) +
               "-key.pem --key-password-file password" + on_board();
    }
    test::CommandResult step(int index) const { return run(step_arguments(index)); }
    test::CommandResult back_up(int index) const {
        return run("backup" + secrets(index) + on_board() + " --password-file password --out t" +
                   std::to_string(index) + ".share");
    }
    test::CommandResult conclude() const { return run("conclude --out transcript.json" + on_board()); }
    /// The whole ceremony with all backups.
    void hold_ceremony() const {
        REQUIRE(make_plan().exit_code == 0);
        for (int round = 0; round < 4; ++round)
            for (int index = 1; index <= 3; ++index) REQUIRE(step(index).exit_code == 0);
        REQUIRE(conclude().exit_code == 0);
        for (int index = 1; index <= 3; ++index) REQUIRE(back_up(index).exit_code == 0);
    }

    threshold::Plan plan() const { return threshold::parse_plan(load_file(folder / "plan.json")); }
    threshold::Board board() const { return trustee::load_board(plan(), election.trust, (folder / "board").string()); }
    threshold::VerifiedTranscript transcript() const {
        return trustee::load_transcript((folder / "transcript.json").string(), (folder / "board").string(),
                                        election.trust);
    }
    threshold::ShareBackup backup(int index) const {
        return trustee::load_backup((folder / ("t" + std::to_string(index) + ".share")).string(), password);
    }

    /// Every file of the folder with its content, to see that nothing was changed.
    std::map<std::string, Bytes> snapshot() const {
        std::map<std::string, Bytes> files;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path()))
            if (entry.is_regular_file()) files[entry.path().string()] = load_file(entry.path());
        return files;
    }
};

/// One line on the terminal, that holds this text.
inline void check_one_line(const test::CommandResult& result, int exit_code, const std::string& text) {
    INFO(result.output);
    CHECK(result.exit_code == exit_code);
    CHECK(std::ranges::count(result.output, '\n') == 1);
    CHECK(result.output.find(text) != std::string::npos);
}

}  // namespace uvpki::testing
