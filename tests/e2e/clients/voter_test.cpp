#include "tests/e2e/clients/polling_place.h"

using namespace uvpki;
using testing::polling_place;
using testing::PollingPlace;

namespace {

bool says(const test::CommandResult& result, const std::string& text) {
    INFO(result.output);
    return result.output.find(text) != std::string::npos;
}

void good(const test::CommandResult& result) {
    INFO(result.output);
    CHECK(result.exit_code == 0);
}

/// Exit code, and one line that holds this text.
void refused(const test::CommandResult& result, int code, const std::string& text) {
    INFO(result.output);
    CHECK(result.exit_code == code);
    CHECK(std::ranges::count(result.output, '\n') == 1);
    CHECK(result.output.find(text) != std::string::npos);
}

}  // namespace

TEST_CASE("a voter enrols, claims, redeems, votes by name, and finds the ballot published") {
    auto& p = polling_place();
    constexpr int voter = 1;
    // T48: the code may come by standard input.
    save_file(p.folder / "code", p.codes.at(PollingPlace::voter_id(voter)) + "\n");
    good(p.run("enrol -" + p.options(voter) + p.with_registrar() + " < code #"));
    good(p.run(p.enrol(voter)));  // again is harmless
    CHECK(says(p.run("status" + p.options(voter) + p.with_manifest()), "Anna Müller"));
    const auto claimed = p.run(p.claim(voter));
    good(claimed);
    CHECK(says(claimed, "a device lost after the claim is a lost vote"));
    CHECK(claimed.output.find("lost vote") < claimed.output.find("Claimed for style north"));
    good(p.run(p.redeem(voter)));
    const auto before = p.state(voter)["elections"]["test-2026"];
    const auto key = before["ballot_key"].get<std::string>();
    REQUIRE(key.size() > 100);

    const auto voted = p.run(p.vote(voter, "--choice 'mayor=Ben Okri' --yes"));
    good(voted);
    CHECK(says(voted, "1.  Ben Okri (m2)"));
    CHECK(says(voted, "contest 'council' is left blank"));
    // T39: the voter sees which manifest the ballot is for.
    const auto hex = to_hex(election::manifest_digest(p.election.manifest));
    CHECK(says(voted, hex.substr(0, 4) + " " + hex.substr(4, 4) + " " + hex.substr(8, 4) + " " + hex.substr(12, 4)));

    // T31: after the receipt the state holds no ballot key and no blinding.
    auto after = p.state(voter);
    CHECK(after["elections"]["test-2026"]["ballot_key"] == "");
    CHECK(after["elections"]["test-2026"]["claims"].empty());
    CHECK(canonical_json(after).find(key) == std::string::npos);
    CHECK(canonical_json(before).find(key) != std::string::npos);

    CHECK(says(p.run(p.check(voter)), "Accepted; not published yet."));
    p.election.pki.clock.advance(std::chrono::hours{2});
    CHECK(p.close_epoch() >= 1);
    const auto published = p.run(p.check(voter));
    good(published);
    CHECK(says(published, "Published in epoch "));
    CHECK(says(p.run(p.check(voter) + " --json"), "\"state\":\"published\""));
    good(p.run("receipt --out receipt.p7m" + p.options(voter) + p.with_manifest()));
    const auto receipt = test::run_command(
        p.folder.path(), "openssl cms -verify -inform DER -in receipt.p7m -CAfile chain.pem -binary -attime " +
                             std::to_string(unix_seconds(p.election.manifest.verify_at)) + " -policy " +
                             p.election.pki.arc.policy(14) + " -explicit_policy");
    CHECK(receipt.exit_code == 0);
    CHECK(says(receipt, "\"latest_epoch\""));

    // Once cast, nothing can be changed, and sending again gives the same receipt.
    refused(p.run(p.vote(voter, "--choice mayor=m1 --yes")), 2, "vote.sealed");
    good(p.run(p.vote(voter, "--send")));
}

TEST_CASE("a ballot is sealed offline, written to a file, and sent later as it is") {
    auto& p = polling_place();
    constexpr int voter = 2;
    good(p.run(p.enrol(voter)));
    good(p.run(p.claim(voter)));
    good(p.run(p.redeem(voter)));
    good(p.run("vote --choice mayor=m1 --choice council=c3,c1 --yes --seal-only ballot.p7m" + p.options(voter) +
               p.with_manifest()));
    CHECK_NOTHROW(election::parse_ballot(load_file(p.folder / "ballot.p7m")));
    refused(p.run(p.vote(voter, "--choice mayor=m2 --yes")), 2, "vote.sealed");
    const auto sent = p.run(p.vote(voter, "--send"));
    good(sent);
    CHECK(says(sent, to_hex(sha256(load_file(p.folder / "ballot.p7m")))));
}

TEST_CASE("T22: the program may be killed at any moment; repeating the commands gives one ballot") {
    auto& p = polling_place();
    constexpr int voter = 3;
    const auto insist = [&](const std::string& command) {
        int killed = 0;
        // The programs take some tenths of a second; each try lives half as long again as the one before.
        for (int milliseconds = 10;; milliseconds = milliseconds * 3 / 2) {
            REQUIRE(milliseconds < 60'000);
            const auto result = p.run(command, "timeout -s KILL " + std::to_string(milliseconds) + "e-3 ");
            if (result.exit_code == 0) return killed;
            INFO(result.output);
            REQUIRE(result.exit_code == 137);
            ++killed;
        }
    };
    CHECK(insist(p.enrol(voter)) > 0);
    CHECK(insist(p.claim(voter)) > 0);
    CHECK(insist(p.redeem(voter)) > 0);
    // Sealed or not when it was killed: the sealed ballot is sent, else the choices are given again.
    bool cast = false;
    for (int milliseconds = 10; !cast; milliseconds = milliseconds * 3 / 2) {
        REQUIRE(milliseconds < 60'000);
        const auto wrapper = "timeout -s KILL " + std::to_string(milliseconds) + "e-3 ";
        const auto sealed = p.state(voter)["elections"]["test-2026"]["ballot"] != "";
        cast = p.run(p.vote(voter, sealed ? "--send" : "--choice mayor=m1 --yes"), wrapper).exit_code == 0;
    }
    CHECK(says(p.run(p.check(voter) + " --json"), "\"good\":true"));
    CHECK(p.open_registrar()->turnout("test-2026").claimed >= 1);
}

TEST_CASE("bad files, passwords, codes and choices give one clear line, the documented exit code, and change nothing") {
    auto& p = polling_place();
    constexpr int voter = 4;
    const auto chain = " --chain chain.pem --at " + std::string(PollingPlace::time_text);
    refused(p.run(p.claim(voter)), 2, "state.missing");
    auto wrong_code = "enrol AAAA-BBBB-CCCC-DDDD" + p.options(voter) + p.with_registrar();
    CHECK(p.run(wrong_code).exit_code == 2);
    good(p.run(p.enrol(voter)));
    const auto state = load_file(p.state_path(voter));
    const auto unchanged = [&](const test::CommandResult& result, int code, const std::string& text) {
        refused(result, code, text);
        CHECK(load_file(p.state_path(voter)) == state);
    };
    const auto claim_with = [&](const std::string& options) {
        return p.run("claim --style north --state " + PollingPlace::voter_id(voter) + options);
    };
    const auto own = " --password-file password";
    unchanged(claim_with(" --password-file wrong-password" + chain + p.with_manifest() + p.with_registrar() +
                         " --root " + to_hex(p.election.pki.root.fingerprint()) + " --json"),
              2, "password_seal.password");
    unchanged(claim_with(own + std::string(" --chain other-chain.pem --json") + p.with_manifest() + p.with_registrar()),
              1, "manifest.json");
    unchanged(
        claim_with(own + chain + " --json --root " + std::string(64, 'a') + p.with_manifest() + p.with_registrar()), 1,
        "trust.root");
    unchanged(claim_with(own + chain + " --json --manifest nowhere.json" + p.with_registrar()), 2, "file.missing");
    unchanged(claim_with(own + chain + " --json" + p.with_manifest() +
                         " --registrar nowhere --registrar-password-file password"),
              2, "uvote");
    unchanged(claim_with(own + chain + " --json" + p.with_manifest() +
                         " --registrar other=registrar --registrar-password-file password"),
              2, "registrar-1");
    unchanged(p.run("claim --style west --json" + p.options(voter) + p.with_manifest() + p.with_registrar()), 2,
              "west");
    unchanged(p.run("claim"), 2, "uvote");
    unchanged(p.run("frobnicate"), 2, "uvote");
    unchanged(p.run(p.redeem(voter)), 2, "voter.step");
    unchanged(p.run(p.check(voter)), 2, "receipt.none");
    unchanged(p.run("claim --style north --json" + p.options(voter) + p.with_manifest() + p.with_registrar(),
                    "flock " + PollingPlace::voter_id(voter) + ".lock "),
              2, "state.busy");

    // A manifest that was altered after it was signed.
    auto text = p.election.manifest_text();
    text.replace(text.find("Anna"), 4, "Emma");
    save_file(p.folder / "altered.json", text);
    save_file(p.folder / "altered.json.p7s", load_file(p.folder / "manifest.json.p7s"));
    unchanged(claim_with(own + chain + " --json --manifest altered.json" + p.with_registrar()), 1, "altered.json");
    save_file(p.folder / "cut.json", text.substr(0, 100));
    unchanged(claim_with(own + chain + " --json --manifest cut.json" + p.with_registrar()), 2, "cut.json");

    // A truncated state is said to be one, and stays as it is.
    save_file(p.folder / "cut-state", ByteView(state).first(state.size() / 2));
    refused(p.run("claim --style north --state cut-state" + std::string(own) + chain + " --json" + p.with_manifest() +
                  p.with_registrar()),
            2, "password_seal.password");
    CHECK(load_file(p.folder / "cut-state").size() == state.size() / 2);

    good(p.run(p.claim(voter)));
    good(p.run(p.redeem(voter)));
    const auto redeemed = load_file(p.state_path(voter));
    const auto not_sealed = [&](const std::string& choices, const std::string& text_of) {
        refused(p.run(p.vote(voter, choices + " --json")), 2, text_of);
        CHECK(load_file(p.state_path(voter)) == redeemed);
    };
    not_sealed("--choice mayor=m9 --yes", "vote.candidate");
    not_sealed("--choice 'mayor=Nobody' --yes", "vote.candidate");
    not_sealed("--choice sheriff=m1 --yes", "vote.contest");
    not_sealed("--choice mayor=m1,m2 --choice council= --yes", "vote.choices");
    not_sealed("--choice council=c1,c1 --choice mayor=m1 --yes", "vote.repeated");
    not_sealed("--choice mayor --yes", "vote.usage");
    not_sealed("--yes", "usage");
    not_sealed("--send", "voter.step");
    not_sealed("--choice mayor=m1 --choice council=c1", "vote.confirm");
}
