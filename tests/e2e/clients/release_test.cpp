#include "tests/e2e/clients/trustees.h"

using namespace uvpki;
using testing::check_one_line;
using testing::Trustees;

namespace {

/// The ceremony is held, the manifest signed, the election closed: trustees and counting officer at their tables.
struct Closed : Trustees {
    testing::TrusteePerson counting{election.pki, folder.path(), "counting", password};
    std::string late = "2026-02-03T21:00:00Z";

    Closed() {
        hold_ceremony();
        const auto made = transcript();
        auto& m = election.manifest;
        m.ceremony_transcript = made.hash();
        m.trustee_threshold = 2;
        const auto joint = threshold::election_public_key(made);
        m.election_certificate = to_bytes(
            election.pki.issuing_issuer
                .issue_for_key(x509::Role::election, joint, election.pki.leaf_options(x509::Role::election, joint),
                               election.pki.store, election.pki.clock, election.pki.random)
                .der());
        m.trustees.clear();
        for (int index = 1; index <= 3; ++index) {
            const auto& person = made.plan().trustees[static_cast<std::size_t>(index - 1)];
            m.trustees.push_back({index, person.name, person.certificate.fingerprint(), made.share_point(index)});
        }
        write_manifest("manifest.json");
        write_checkpoint("checkpoint", 3, "root of the log");
        at = late;
    }
    void write_manifest(const std::string& name) const {
        save_file(folder / name, election.manifest_text());
        save_file(folder / (name + ".p7s"), election.manifest_signature());
    }
    void write_checkpoint(const std::string& name, std::uint64_t size, std::string_view text) const {
        save_file(folder / name, merkle::sign_checkpoint({election.manifest.log_origin, size, sha256(as_bytes(text))},
                                                         election.log_key));
    }
    std::string ceremony() const { return " --transcript transcript.json --board board" + common(); }
    std::string release_arguments(int index, const std::string& manifest = "manifest.json",
                                  const std::string& checkpoint = "checkpoint") const {
        const auto name = "t" + std::to_string(index);
        return "release" + ceremony() + " --manifest " + manifest + " --checkpoint " + checkpoint + " --backup " +
               name + ".share --password-file password --cert " + name + ".pem --key " + name +
               "-key.pem --key-password-file password --counting-cert counting-enc.pem --out out";
    }
    test::CommandResult open(const std::vector<std::string>& releases) const {
        auto line = "open" + ceremony() +
                    " --manifest manifest.json --checkpoint checkpoint --counting-key counting-enc-key.pem "
                    "--counting-key-password-file password --out-shares shares";
        for (const auto& release : releases) line += " --release " + release;
        return run(line);
    }
};

/// One ceremony for all tests of this file; what they open goes first.
Closed& closed_election() {
    static Closed once;
    std::filesystem::remove_all(once.folder / "shares");
    once.at = once.late;
    return once;
}

}  // namespace

TEST_CASE(
    "T28, T29: two of three trustees release for the final checkpoint alone, and the counting officer has the key") {
    auto& c = closed_election();
    auto before = c.snapshot();
    const auto refused = [&](const test::CommandResult& result, int code, const std::string& text) {
        check_one_line(result, code, text);
        CHECK(c.snapshot() == before);
    };
    c.at = "2026-02-03T20:30:00Z";  // voting is over, but not the last epoch
    refused(c.run(c.release_arguments(1)), 2, "release.too_early");
    c.at = c.late;

    auto other = c.election.log_key.verifier().name();
    const auto forger = merkle::LogKey::generate(other, c.election.pki.random);
    save_file(c.folder / "forged", merkle::sign_checkpoint({other, 3, sha256(as_bytes("another"))}, forger));
    auto broken = to_text(load_file(c.folder / "checkpoint"));
    broken[broken.find('\n') + 1] = '4';
    save_file(c.folder / "altered", broken);
    save_file(c.folder / "truncated.json", ByteView(load_file(c.folder / "manifest.json")).first(200));
    save_file(c.folder / "truncated.json.p7s", load_file(c.folder / "manifest.json.p7s"));
    const auto kept = c.election.manifest.ceremony_transcript;
    c.election.manifest.ceremony_transcript = sha256(as_bytes("another ceremony"));
    c.write_manifest("mixed.json");
    c.election.manifest.ceremony_transcript = kept;
    before = c.snapshot();
    refused(c.run(c.release_arguments(1, "manifest.json", "forged")), 1, "merkle.checkpoint");
    refused(c.run(c.release_arguments(1, "manifest.json", "altered")), 1, "merkle.checkpoint.signature");
    refused(c.run(c.release_arguments(1, "manifest.json", "t1.pem")), 2, "t1.pem");
    refused(c.run(c.release_arguments(1, "truncated.json")), 2, "truncated.json");
    refused(c.run(c.release_arguments(1, "mixed.json")), 1, "release.ceremony");
    refused(c.run(c.release_arguments(1, "nowhere.json")), 2, "file.missing");

    CHECK(c.run(c.release_arguments(1)).exit_code == 0);
    // The same again is welcome; another checkpoint is not.
    CHECK(c.run(c.release_arguments(1)).exit_code == 0);
    c.write_checkpoint("second", 4, "another root");
    before = c.snapshot();
    refused(c.run(c.release_arguments(1, "manifest.json", "second")), 2, "release.other_root");
    CHECK(c.run(c.release_arguments(3)).exit_code == 0);

    const auto too_few = c.open({"out/release-1.p7m", "out/release-1.p7m"});
    CHECK(too_few.exit_code == 1);
    CHECK(too_few.output.find("Only 1 good shares; 2 are needed") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(c.folder / "shares"));
    const auto opened = c.open({"out/release-1.p7m", "out/release-3.p7m"});
    INFO(opened.output);
    CHECK(opened.exit_code == 0);

    // With openssl alone: the key is the election certificate's, the trustee signed the checkpoint.
    save_file(c.folder / "election.pem", x509::Certificate::parse(c.election.manifest.election_certificate).pem());
    CHECK(test::run_command(c.folder.path(),
                            "openssl pkey -in shares/election-key.pem -pubout > a && "
                            "openssl x509 -in election.pem -noout -pubkey > b && cmp a b")
              .exit_code == 0);
    CHECK(test::run_command(c.folder.path(),
                            "openssl cms -verify -inform DER -in out/checkpoint-1.p7m -CAfile chain.pem "
                            "-binary -attime 1770148800 -policy " +
                                c.election.pki.arc.policy(13) +
                                " -explicit_policy -out content && cmp content checkpoint")
              .exit_code == 0);
    for (const auto* name : {"share-1.pem", "share-3.pem"}) CHECK(std::filesystem::exists(c.folder / "shares" / name));
}

TEST_CASE("T26: a bad release is named, and the count goes on with the others") {
    auto& c = closed_election();
    for (int index = 1; index <= 3; ++index) REQUIRE(c.run(c.release_arguments(index)).exit_code == 0);
    const auto good = load_file(c.folder / "out" / "release-2.p7m");
    save_file(c.folder / "cut.p7m", ByteView(good).first(good.size() - 10));
    // Signed by trustee 1 in the name of 2.
    const auto content = *cms::parse_signed_data(good).content;
    save_file(c.folder / "forged.p7m",
              cms::sign(content, c.people[0].certificate, c.people[0].key, SimulatedClock(parse_rfc3339(c.late))));
    for (const auto* bad : {"cut.p7m", "forged.p7m"}) {
        const auto result = c.open({"out/release-1.p7m", bad, "out/release-3.p7m"});
        INFO(result.output);
        CHECK(result.exit_code == 1);
        CHECK(result.output.find("BAD") != std::string::npos);
        CHECK(std::filesystem::exists(c.folder / "shares" / "election-key.pem"));
        CHECK_FALSE(std::filesystem::exists(c.folder / "shares" / "share-2.pem"));
        std::filesystem::remove_all(c.folder / "shares");
    }
    // A counting officer's key that the releases are not for.
    const auto wrong = c.run("open" + c.ceremony() +
                             " --manifest manifest.json --checkpoint checkpoint --counting-key t1-enc-key.pem "
                             "--counting-key-password-file password --out-shares shares --release out/release-1.p7m "
                             "--release out/release-2.p7m");
    CHECK(wrong.exit_code == 1);
    CHECK_FALSE(std::filesystem::exists(c.folder / "shares"));
}
