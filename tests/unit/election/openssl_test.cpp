// T37: the commands of docs/formats/eballot.md, run as they stand there.

#include "tests/unit/election/expect.h"
#include "uvpki/files.h"

using namespace uvpki;
using namespace uvpki::testing;

namespace {

/// The shell lines (indented by four spaces) of the page, below the heading "By hand".
std::string documented_commands() {
    const auto page = to_text(load_file(std::filesystem::path(UVPKI_SOURCE) / "docs/formats/eballot.md"));
    std::string commands;
    std::size_t at = page.find("## By hand");
    REQUIRE(at != std::string::npos);
    while (at < page.size()) {
        const auto end = std::min(page.find('\n', at), page.size());
        const auto line = page.substr(at, end - at);
        if (line.starts_with("    ")) commands += line.substr(4) + "\n";
        at = end + 1;
    }
    return commands;
}

struct Files {
    test::TempFolder folder;
    TestElection& test = shared_election();
    Bytes ballot = test.make_ballot("north").der;
    std::string variables;

    Files() {
        save(ballot);
        std::string chain;
        for (const auto& certificate : {test.pki.root, test.pki.issuing, test.pki.ballot_ca})
            chain += certificate.pem();
        save_file_relaxed(folder / "chain.pem", as_bytes(chain));
        save_file_relaxed(folder / "election-key.pem",
                          as_bytes(to_pem("PRIVATE KEY", test.election_key.to_pkcs8().view())));
        save_file_relaxed(folder / "token-key.pem", as_bytes(to_pem("PUBLIC KEY", test.manifest.token_keys[0].spki)));
        variables = "set -e\nBALLOT=ballot.p7m ARC=" + test.pki.arc.text() + " ELECTION=" + test.manifest.id +
                    " VERIFY_AT=" + std::to_string(unix_seconds(test.manifest.verify_at)) + "\n";
    }

    void save(ByteView bytes) { save_file_relaxed(folder / "ballot.p7m", bytes); }

    /// Runs the documented lines; `wrapper` stands before the shell ("faketime ...").
    test::CommandResult run(const std::string& wrapper = "") {
        save_file_relaxed(folder / "commands.sh", as_bytes(variables + documented_commands()));
        return test::run_command(folder.path(), wrapper + " sh commands.sh");
    }
};

}  // namespace

TEST_CASE("T37: the documented openssl commands verify a ballot, check its token and open it") {
    Files files;
    const auto result = files.run();
    CHECK_MESSAGE(result.exit_code == 0, result.output);
    const auto choices = to_text(load_file(files.folder / "vote.json"));
    CHECK(choices.find(R"("contests":[{"choices":["m1"],"id":"mayor"},{"choices":["c3","c1"],"id":"council"}])") !=
          std::string::npos);
    CHECK(equal(load_file(files.folder / "envelope.der"), *election::parse_ballot(files.ballot).signed_data.content));
}

TEST_CASE("T36, T37: the documented commands give the same in 2060, when every certificate has expired") {
    if (test::run_command("/", "command -v faketime").exit_code != 0) {
        MESSAGE("faketime is not installed; not tried");
        return;
    }
    Files files;
    const auto result = files.run("faketime '2060-06-01 12:00:00'");
    CHECK_MESSAGE(result.exit_code == 0, result.output);
    CHECK(std::filesystem::exists(files.folder / "vote.json"));
}

TEST_CASE("T37: the documented commands fail for an altered ballot, another role and another token key") {
    Files files;
    auto bad = files.ballot;
    bad[bad.size() - 3] ^= 1;
    files.save(bad);
    CHECK(files.run().exit_code != 0);
    const auto envelope = *election::parse_ballot(files.ballot).signed_data.content;
    files.save(cms::sign(envelope, files.test.officer, files.test.officer_key, files.test.pki.clock));
    CHECK(files.run().exit_code != 0);
    files.save(files.ballot);
    CHECK(files.run().exit_code == 0);
    save_file_relaxed(files.folder / "token-key.pem",
                      as_bytes(to_pem("PUBLIC KEY", files.test.manifest.token_keys[1].spki)));
    CHECK(files.run().exit_code != 0);
}
