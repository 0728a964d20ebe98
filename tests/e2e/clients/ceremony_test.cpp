#include "tests/e2e/clients/trustees.h"
#include "tests/support/process_memory.h"
#include "tools/uvtrustee/commands.h"

using namespace uvpki;
using testing::check_one_line;
using testing::Trustees;

namespace {

bool says(const test::CommandResult& result, const std::string& text) {
    INFO(result.output);
    return result.output.find(text) != std::string::npos;
}

/// Trustee 3 played by the test, so that he can do wrong.
struct Misdealer {
    Trustees& trustees;
    threshold::TrusteeState state;

    explicit Misdealer(Trustees& all) : trustees(all) {
        auto opening = threshold::make_commit(trustees.board(), 3, key(), clock(), trustees.election.pki.random);
        state = std::move(opening.state);
        post(threshold::Step::commit, opening.message);
    }
    const x509::PrivateKey& key() const { return trustees.people[2].key; }
    SimulatedClock clock() const { return SimulatedClock(parse_rfc3339(trustees.at)); }
    void post(threshold::Step step, ByteView message) {
        save_file(trustees.folder / "board" / trustee::message_file_name(step, 3), message);
    }
    void reveal() { post(threshold::Step::reveal, threshold::make_reveal(trustees.board(), state, key(), clock())); }
    /// Shares of another polynomial than the one committed to.
    void deal_wrongly() {
        threshold::TrusteeState other{state.plan, 3, threshold::random_polynomial(2, trustees.election.pki.random)};
        post(threshold::Step::deal,
             threshold::make_deal(trustees.board(), other, key(), clock(), trustees.election.pki.random));
    }
    void answer() {
        post(threshold::Step::confirm,
             threshold::make_answer(trustees.board(), state, key(), trustees.people[2].encryption_key, clock()));
    }
    void justify() { post(threshold::Step::justify, threshold::make_justify(trustees.board(), state, key(), clock())); }
};

}  // namespace

TEST_CASE(
    "three trustees hold a ceremony by files: each step is told, repeated calls do no harm, the state goes at the "
    "end") {
    Trustees t;
    const auto plan = t.make_plan();
    CHECK(plan.exit_code == 0);
    CHECK(says(plan, "2 of 3 trustees"));
    CHECK(says(plan, "[ ] "));  // T48: the checklist
    CHECK(says(t.run("status" + t.on_board()),
               "Step commit awaits trustee 1 (Ada Trustee), trustee 2 (Bo), trustee 3 (Cy)."));

    CHECK(says(t.step(1), "Wrote 01-commit-1.p7m."));
    const auto before = t.snapshot();
    CHECK(says(t.step(1), "nothing to do for trustee 1"));
    CHECK(t.snapshot() == before);
    // A message that was lost is the same when it is written again.
    const auto commit = load_file(t.folder / "board" / "01-commit-1.p7m");
    std::filesystem::remove(t.folder / "board" / "01-commit-1.p7m");
    CHECK(t.step(1).exit_code == 0);
    CHECK(load_file(t.folder / "board" / "01-commit-1.p7m") == commit);

    for (const int index : {2, 3}) CHECK(t.step(index).exit_code == 0);
    for (const auto* name : {"reveal", "deal", "confirm"})
        for (int index = 1; index <= 3; ++index) {
            const auto done = t.step(index);
            CHECK(says(done, "-" + std::string(name) + "-" + std::to_string(index) + ".p7m"));
        }
    CHECK(says(t.run("status" + t.on_board()), "Everybody has confirmed"));
    CHECK(says(t.run("status --json" + t.on_board()), "\"awaited\":null"));
    const auto concluded = t.conclude();
    CHECK(says(concluded, to_hex(t.transcript().hash())));
    for (int index = 1; index <= 3; ++index) {
        CHECK(t.back_up(index).exit_code == 0);
        CHECK_FALSE(std::filesystem::exists(t.folder / ("t" + std::to_string(index) + ".state")));
        CHECK(t.run("rehearse --backup t" + std::to_string(index) + ".share --password-file password --out r" +
                    std::to_string(index))
                  .exit_code == 0);
    }
    const auto ceremony = "check-rehearsal --transcript transcript.json --board board" + t.common();
    CHECK(t.run(ceremony + " --request 1=r1 --request 2=r2 --request 3=r3").exit_code == 0);
    CHECK(says(t.run("--help"), "Exit codes"));
    const auto absent = t.run(ceremony + " --request 1=r1 --request 3=r3");
    CHECK(absent.exit_code == 1);
    CHECK(says(absent, "not rehearsed"));
    const auto exchanged = t.run(ceremony + " --request 1=r2 --request 2=r1 --request 3=r3");
    CHECK(exchanged.exit_code == 1);
    CHECK(says(exchanged, "must not be activated"));
}

TEST_CASE("T26: a wrong deal is answered by complaints, the dealer publishes those shares, and the ceremony goes on") {
    Trustees t;
    REQUIRE(t.make_plan().exit_code == 0);
    for (const int index : {1, 2}) REQUIRE(t.step(index).exit_code == 0);
    Misdealer cy(t);
    for (const int index : {1, 2}) REQUIRE(t.step(index).exit_code == 0);
    cy.reveal();
    for (const int index : {1, 2}) REQUIRE(t.step(index).exit_code == 0);
    cy.deal_wrongly();
    CHECK(says(t.step(1), "Wrote 04-complaint-1.p7m."));
    const auto complaint = load_file(t.folder / "board" / "04-complaint-1.p7m");
    std::filesystem::remove(t.folder / "board" / "04-complaint-1.p7m");
    CHECK(says(t.step(1), "Wrote 04-complaint-1.p7m."));
    CHECK(load_file(t.folder / "board" / "04-complaint-1.p7m") == complaint);
    CHECK(says(t.step(2), "Wrote 04-complaint-2.p7m."));
    cy.answer();
    CHECK(says(t.step(1), "Step justify awaits trustee 3 (Cy)."));
    cy.justify();
    CHECK(says(t.step(1), "Wrote 06-confirm-1.p7m."));
    CHECK(says(t.step(2), "Wrote 06-confirm-2.p7m."));
    CHECK(t.conclude().exit_code == 0);
    for (const int index : {1, 2}) CHECK(t.back_up(index).exit_code == 0);
}

TEST_CASE(
    "a dealer who does not justify what he dealt is named, and a second attempt stands on the record of the first") {
    Trustees t;
    REQUIRE(t.make_plan().exit_code == 0);
    for (const int index : {1, 2}) REQUIRE(t.step(index).exit_code == 0);
    Misdealer cy(t);
    for (const int index : {1, 2}) REQUIRE(t.step(index).exit_code == 0);
    // T27: another polynomial than the one committed to.
    threshold::TrusteeState other{cy.state.plan, 3, threshold::random_polynomial(2, t.election.pki.random)};
    auto alone = threshold::Board(t.plan(), t.election.trust);
    for (const int index : {1, 2})
        alone.add(load_file(t.folder / "board" / ("01-commit-" + std::to_string(index) + ".p7m")));
    auto opening = threshold::make_commit(alone, 3, cy.key(), cy.clock(), t.election.pki.random);
    alone.add(opening.message);
    cy.post(threshold::Step::reveal, threshold::make_reveal(alone, opening.state, cy.key(), cy.clock()));
    const auto before = t.snapshot();
    check_one_line(t.step(1), 1, "trustee 3 (Cy) revealed other commitments");
    CHECK(t.snapshot() == before);
    const auto status = t.run("status" + t.on_board());
    CHECK(status.exit_code == 1);
    CHECK(says(status, "threshold.reveal.mismatch"));
    CHECK(t.conclude().exit_code != 0);
    CHECK(says(t.run("fail --out failure.json" + t.on_board()), "--attempt 2 --previous failure.json"));
    CHECK(t.make_plan("--attempt 2 --previous failure.json --out plan-2.json").exit_code == 0);
    CHECK(t.make_plan("--attempt 2 --out plan-3.json").exit_code == 2);
    CHECK_FALSE(std::filesystem::exists(t.folder / "plan-3.json"));
}

TEST_CASE("bad files, passwords and arguments give one clear line, the documented exit code, and change nothing") {
    Trustees t;
    REQUIRE(t.make_plan().exit_code == 0);
    for (int index = 1; index <= 3; ++index) REQUIRE(t.step(index).exit_code == 0);
    const auto good = load_file(t.folder / "board" / "01-commit-2.p7m");
    auto before = t.snapshot();
    const auto unchanged = [&](const test::CommandResult& result, int code, const std::string& text) {
        check_one_line(result, code, text);
        CHECK(t.snapshot() == before);
    };
    unchanged(t.run(t.step_arguments(1, "wrong-password")), 2, "password_seal.password");
    unchanged(t.run("step" + Trustees::secrets(1) + " --key t2-key.pem --key-password-file password" + t.on_board()), 2,
              "threshold.state");
    unchanged(
        t.run("step" + Trustees::secrets(1) + " --key t1-key.pem --key-password-file wrong-password" + t.on_board()), 2,
        "t1-key.pem");
    unchanged(t.run("status --plan plan.json --board nowhere" + t.common()), 2, "board.missing");
    unchanged(t.run("status --plan t1.pem --board board" + t.common()), 2, "t1.pem");
    unchanged(t.run("status --plan plan.json --board board --trust t1.pem"), 2, "x509.path.anchor");
    unchanged(t.run("status --plan plan.json --board board --trust root.pem,chain.pem --root " + std::string(64, 'a')),
              1, "trust.root");
    unchanged(t.run("status --plan plan.json --board board --trust root.pem --root " +
                    to_hex(t.election.pki.root.fingerprint())),
              1, "x509.path.issuer");
    unchanged(t.run("step --index"), 2, "uvtrustee");
    unchanged(t.run("frobnicate"), 2, "uvtrustee");
    unchanged(t.run("rehearse --backup plan.json --password-file password --out r"), 2, "password_seal.malformed");
    unchanged(t.conclude(), 2, "threshold.board.incomplete");

    const auto with_message = [&](ByteView content, int code, const std::string& text) {
        save_file(t.folder / "board" / "01-commit-2.p7m", content);
        before = t.snapshot();
        unchanged(t.step(1), code, text);
        unchanged(t.run("status" + t.on_board()), code, text);
    };
    with_message(ByteView(good).first(good.size() / 2), 2, "01-commit-2.p7m");
    with_message(Bytes{}, 2, "01-commit-2.p7m");
    with_message(t.election.pki.random.bytes(500), 2, "01-commit-2.p7m");
    auto flipped = good;
    flipped[flipped.size() - 5] ^= 1;
    save_file(t.folder / "board" / "01-commit-2.p7m", flipped);
    CHECK(t.step(1).exit_code != 0);

    // A message of another ceremony of the same people.
    save_file(t.folder / "board" / "01-commit-2.p7m", good);
    t.at = "2026-01-02T10:00:00Z";
    REQUIRE(t.make_plan("--out second-plan.json").exit_code == 0);
    check_one_line(t.run("status --plan second-plan.json --board board" + t.common()), 1, "threshold.message.ceremony");
}

TEST_CASE("T25: a trustee's process and files never hold the election key's scalar before closing") {
    Trustees t;
    REQUIRE(t.make_plan().exit_code == 0);
    // Trustee 1 is this process, the others are programs of their own.
    const auto path = [&](const std::string& name) { return (t.folder / name).string(); };
    trustee::StepArguments own;
    own.common.trust = {path("root.pem"), path("chain.pem")};
    own.common.root = to_hex(t.election.pki.root.fingerprint());
    own.common.at = t.at;
    own.common.output = trustee::Output::json;
    own.plan = path("plan.json");
    own.board = path("board");
    own.index = 1;
    own.state = path("t1.state");
    own.key = path("t1-key.pem");
    own.encryption_key = path("t1-enc-key.pem");
    own.state_password_file = own.key_password_file = own.encryption_key_password_file = path("password");
    std::vector<Bytes> states;
    for (int round = 0; round < 4; ++round) {
        REQUIRE(trustee::do_step(own) == trustee::ExitCode::good);
        for (const int index : {2, 3}) REQUIRE(t.step(index).exit_code == 0);
        for (int index = 1; index <= 3; ++index)
            states.push_back(load_file(t.folder / ("t" + std::to_string(index) + ".state")));
    }
    REQUIRE(t.conclude().exit_code == 0);
    REQUIRE(trustee::make_backup({own, path("t1.share"), path("password")}) == trustee::ExitCode::good);
    for (const int index : {2, 3}) REQUIRE(t.back_up(index).exit_code == 0);
    REQUIRE(trustee::rehearse({path("t1.share"), path("password"), path("r1"), trustee::Output::json}) ==
            trustee::ExitCode::good);

    const auto joint = testing::masked_from_child([&] {
        std::vector<threshold::IndexedScalar> shares;
        for (const int index : {1, 3}) shares.push_back({index, t.backup(index).scalar.clone()});
        return threshold::interpolate(shares);
    });
    const auto share = testing::masked_from_child([&] { return t.backup(1).scalar.clone(); });
    CHECK(testing::count_in_memory(joint) == 0);
    {
        const auto backup = t.backup(1);
        CHECK(testing::count_in_memory(share) > 0);  // the search finds what is there
    }
    // No trustee's file, opened, holds it either.
    const auto occurs = [&](ByteView content) {
        const auto same = [](std::uint8_t a, std::uint8_t b) {
            return a == static_cast<std::uint8_t>(b ^ testing::mask);
        };
        return std::search(content.begin(), content.end(), joint.begin(), joint.end(), same) != content.end();
    };
    for (const auto& state : states) CHECK_FALSE(occurs(open_with_password(state, t.password).view()));
    for (int index = 1; index <= 3; ++index) {
        const auto opened = threshold::encode_backup(t.backup(index));
        CHECK_FALSE(occurs(opened.view()));
    }
    for (const auto& [name, content] : t.snapshot()) CHECK_FALSE(occurs(content));
}
