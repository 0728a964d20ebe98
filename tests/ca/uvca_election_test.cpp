#include "tests/ca/uvca_program.h"
#include "uvpki/encoding.h"

using namespace uvpki;
using namespace uvpki::ca;
using namespace uvpki::ca::test;

namespace {

constexpr const char* id = ElectionOffice::id;

/// An election office whose files lie in its folder as the others send them.
struct FileOffice : ElectionOffice {
    Program program{folder.path()};

    FileOffice() {
        hold_ceremony();
        make_folder(folder / "board");
        int number = 0;
        for (const auto& message : messages)
            save_file(folder / "board" / ("0" + std::to_string(++number) + ".p7m"), message);
        for (std::size_t i = 0; i < rehearsals.size(); ++i)
            save_file(folder / ("rehearsal-" + std::to_string(i + 1) + ".csr"), rehearsals[i]);
        save_file(folder / "transcript.json", transcript);
        save_file(folder / "roll.json", election::format_roll_summary(roll()));
        save_file(folder / "tokens.pem", to_pem("PUBLIC KEY", token_keys().front().spki));
        save_file(folder / "ballot-ca.pem", ballot_ca().pem());
        save_file(folder / "log.vkey", merkle::LogKey::generate("log.example/test", random).verifier().vkey() + "\n");
        save_file(folder / "candidates.csv", "name,id\nAda,ada\nBob,bob\n");
        save_file(folder / "officer.pem", officer.certificate.pem());
        save_file(folder / "officer-key.pem", officer.key.to_encrypted_pem(password(), 1000), FileMode::secret);
    }
    Answer run(const std::string& act, const std::string& rest = "") const {
        return program.uvca("election " + act + " " + id + " " + rest, clock);
    }
    std::string state() const { return run("show", "--json").json().at("state").get<std::string>(); }
};

const std::string schedule =
    "--claim-opens 2026-01-10T00:00:00Z --claim-closes 2026-01-20T00:00:00Z --voting-opens 2026-01-21T00:00:00Z "
    "--voting-closes 2026-01-23T00:00:00Z --final-epoch-until 2026-01-24T00:00:00Z";
const std::string officer = "--officer-cert officer.pem --officer-key officer-key.pem --officer-password-file ca.pw";
const std::string ceremony =
    "--transcript transcript.json --board board --rehearsal rehearsal-1.csr --rehearsal rehearsal-2.csr "
    "--rehearsal rehearsal-3.csr";

}  // namespace

TEST_CASE("an election is led from draft to archive with the program, and openssl verifies the signed manifest") {
    FileOffice office;
    const auto& folder = office.folder;
    check_refused(office.run("show"), "election.unknown");
    check_good(office.run("create", "--title 'Test election'"));
    check_refused(office.run("create", "--title 'Test election'"), "election.exists");
    check_good(
        office.run("contest", "--id board --title 'The board' --method stv --seats 1 --candidates candidates.csv"));
    check_good(office.run("candidate", "--contest board --id cy --name Cy"));
    check_good(office.run("style", "--id all --contest board"));
    CHECK(office.run("freeze", "--dry-run").exit_code == 1);
    check_refused(office.run("freeze"), "election.incomplete");
    check_good(office.run("schedule", schedule));
    check_good(office.run("roll", "--roll roll.json"));
    check_good(office.run("token-keys", "--issuer registrar-1 --key all=tokens.pem"));
    check_good(office.run("ballot-service",
                          "--ballot-ca ballot-ca.pem --log-origin log.example/test --log-key \"$(cat log.vkey)\""));
    check_good(office.run("ceremony", ceremony));

    check_refused(office.run("activate", officer), "election.state");
    const auto rehearsed = office.run("freeze", "--dry-run --json");
    CHECK(rehearsed.exit_code == 0);
    CHECK(rehearsed.json().at("missing").empty());
    CHECK(office.state() == "draft");
    check_good(office.run("freeze", "--out manifest.json"));
    check_refused(office.run("freeze"), "election.state");
    check_refused(office.run("candidate", "--contest board --id dan --name Dan"), "election.state");
    check_good(office.run("activate", officer + " --dry-run"));
    CHECK(office.state() == "ready");
    check_good(office.run("activate", officer + " --out manifest.json.p7s"));
    CHECK(office.state() == "open");

    save_file(folder / "chain.pem", office.root.certificate().pem() + office.authority.issuing().pem());
    const auto at = std::to_string(unix_seconds(ElectionOffice::schedule().voting.closes) - 1);
    const auto policy = x509::Arc().policy(static_cast<int>(x509::Role::officer));
    CHECK(office.program
              .shell("openssl cms -verify -binary -inform DER -in manifest.json.p7s -content manifest.json -CAfile "
                     "chain.pem -no-CApath -no-CAstore -attime " +
                     at + " -policy " + policy + " -explicit_policy -out /dev/null")
              .exit_code == 0);

    check_refused(office.run("close"), "election.too_early");
    office.clock.set(ElectionOffice::schedule().voting.closes);
    check_good(office.run("close"));
    const auto manifest = load_file(folder / "manifest.json");
    save_file(folder / "results.json",
              std::string("{\"election\":\"") + id + "\",\"manifest\":\"" + to_hex(sha256(manifest)) + "\"}");
    check_refused(office.run("certify", officer), "election.state");
    check_refused(office.run("results", "--results manifest.json"), "election.results");
    check_good(office.run("results", "--results results.json"));
    check_refused(office.run("archive"), "election.state");
    check_good(office.run("certify", officer + " --out results.json.p7s"));
    check_good(office.run("archive"));
    CHECK(office.state() == "archived");
    const auto list = office.program.uvca("election list --json", office.clock).json();
    REQUIRE(list.size() == 1);
    CHECK(list[0].at("state") == "archived");
    check_good(office.program.uvca("audit check", office.clock));
}

TEST_CASE("bad files and options are refused with one line and leave the draft as it was") {
    FileOffice office;
    const auto file = [&](const std::string& name, std::string_view content) {
        save_file(office.folder / name, content);
    };
    check_good(office.run("create", "--title Test"));
    const auto before = office.run("show", "--json").output;
    file("latin1.csv", "id,name\nada,J\xFCrgen\n");
    file("column.csv", "id,title\nada,Ada\n");
    file("twice.csv", "id,name\nada,Ada\nada,Ada\n");
    file("empty.csv", "");
    file("rules.json", "{\"method\":\"lottery\",\"seats\":1}");
    file("random.json", as_text(office.random.bytes(300)));
    const std::string contest = "--id board --title Board --method irv ";
    check_refused(office.run("contest", contest + "--candidates latin1.csv"), "csv.encoding");
    check_refused(office.run("contest", contest + "--candidates column.csv"), "csv.columns");
    check_refused(office.run("contest", contest + "--candidates empty.csv"), "csv.columns");
    check_refused(office.run("contest", contest + "--candidates twice.csv"), "election.repeated");
    check_refused(office.run("contest", contest + "--seats 2"), "count.rules");
    check_refused(office.run("contest", "--id board --title Board --rules rules.json"), "count.rules");
    check_refused(office.run("contest", "--id board --title Board --rules random.json"), "json.syntax");
    check_refused(office.run("contest", "--id board --title Board"), "usage");
    check_refused(office.run("style", "--id all --contest board"), "election.contest");
    check_refused(office.run("schedule", "--claim-opens soon" + schedule.substr(schedule.find(" --claim-closes"))),
                  "time.format");
    check_refused(office.run("roll", "--roll random.json"), "");
    check_refused(office.run("roll", "--roll transcript.json"), "");
    check_refused(office.run("token-keys", "--issuer registrar-1 --key all=officer.pem"), "encoding.pem");
    check_refused(office.run("token-keys", "--issuer registrar-1 --key all"), "usage");
    check_refused(office.run("ballot-service", "--ballot-ca officer.pem --log-origin a --log-key b"), "merkle.vkey");
    check_refused(office.run("ballot-service",
                             "--ballot-ca officer.pem --log-origin log.example/test --log-key "
                             "\"$(cat log.vkey)\""),
                  "election.ballot_ca");
    check_refused(office.run("ceremony", "--transcript roll.json --board board --rehearsal rehearsal-1.csr"),
                  "threshold.transcript");
    check_refused(office.run("ceremony", "--transcript transcript.json --board nowhere --rehearsal rehearsal-1.csr"),
                  "board.missing");
    check_refused(office.run("ceremony", "--transcript transcript.json --board board --rehearsal rehearsal-1.csr"),
                  "threshold.rehearsal.missing");
    check_refused(office.run("contest", contest + "--candidates candidates.csv --password-file wrong.pw"),
                  "x509.key.password", 2);
    CHECK(office.run("show", "--json").output == before);
    check_good(office.program.uvca("audit check", office.clock));
}
