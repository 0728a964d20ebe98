#include "uvpki/threshold/ceremony.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/unit/threshold/assembly.h"

using namespace uvpki;
using namespace uvpki::threshold;
using test::reason_of;
using testing::Assembly;
using testing::message_of;

TEST_CASE("a ceremony ends in a transcript that anybody can compute again from the messages in any order") {
    for (const auto& [needed, trustees] : {std::pair{1, 1}, {2, 3}, {3, 5}}) {
        Assembly a(needed, trustees);
        const auto transcript = a.hold();
        CHECK(transcript.share_points().size() == static_cast<std::size_t>(trustees));
        auto shuffled = a.messages;
        std::ranges::reverse(shuffled);
        const auto again = verify_transcript(transcript.json(), shuffled, a.trust);
        CHECK(again.hash() == transcript.hash());
        CHECK(again.joint_key() == transcript.joint_key());
        CHECK(equal(election_public_key(again).key_octets(), transcript.joint_key()));
    }
}

TEST_CASE("a transcript that was changed, or from which a message is missing, is refused") {
    Assembly a(2, 3);
    const auto transcript = a.hold();
    auto json = parse_json(transcript.json());
    json["joint_key"] = json["share_points"][0];
    CHECK(reason_of([&] { verify_transcript(as_bytes(canonical_json(json)), a.messages, a.trust); }) ==
          "threshold.transcript.mismatch");
    auto fewer = a.messages;
    fewer.pop_back();
    CHECK(reason_of([&] { verify_transcript(transcript.json(), fewer, a.trust); }) == "threshold.board.incomplete");
    CHECK(message_of([&] { verify_transcript(transcript.json(), fewer, a.trust); }).find("Trustee C") !=
          std::string::npos);
    CHECK(reason_of([&] { verify_transcript(as_bytes("{}"), a.messages, a.trust); }) == "threshold.transcript");
    const testing::TestPki stranger;
    CHECK(reason_of([&] {
              verify_transcript(transcript.json(), a.messages, stranger.trust());
          }).starts_with("x509.path."));
}

TEST_CASE("a plan is read as it was written, and bad plans are refused") {
    Assembly a(2, 3);
    const auto encoded = encode_plan(a.plan);
    CHECK(encode_plan(parse_plan(encoded)) == encoded);
    auto plan = a.plan;
    plan.needed = 1;
    CHECK(reason_of([&] { encode_plan(plan); }) == "threshold.quorum");
    plan = a.plan;
    plan.election.clear();
    CHECK(reason_of([&] { encode_plan(plan); }) == "threshold.plan");
    plan = a.plan;
    plan.attempt = 2;
    CHECK(reason_of([&] { encode_plan(plan); }) == "threshold.plan");
    plan = a.plan;
    plan.trustees[2] = plan.trustees[0];
    CHECK(reason_of([&] { Board(plan, a.trust); }) == "threshold.plan");
    plan = a.plan;
    std::swap(plan.trustees[0].certificate, plan.trustees[0].encryption_certificate);
    CHECK(reason_of([&] { Board(plan, a.trust); }).starts_with("x509.path."));
    auto json = parse_json(encoded);
    json["n"] = 2;
    CHECK(reason_of([&] { parse_plan(as_bytes(canonical_json(json))); }) == "threshold.plan");
}

TEST_CASE("no round starts before the one before it is complete, and who is awaited is named") {
    Assembly a(2, 3);
    auto first = make_commit(*a.board, 1, a.person(1).key, a.pki.clock, a.pki.random);
    a.post(first.message);
    CHECK(a.board->missing(Step::commit) == std::vector<int>{2, 3});
    CHECK(reason_of([&] { make_reveal(*a.board, first.state, a.person(1).key, a.pki.clock); }) ==
          "threshold.board.incomplete");
    CHECK(message_of([&] { make_reveal(*a.board, first.state, a.person(1).key, a.pki.clock); }) ==
          "step commit awaits trustee 2 (Trustee B), trustee 3 (Trustee C)");
    Assembly b(2, 3);
    b.commit_all();
    CHECK(reason_of([&] { b.deal(1); }) == "threshold.board.incomplete");
    b.reveal_all();
    CHECK(reason_of([&] { b.answer(1); }) == "threshold.board.incomplete");
    b.deal_all();
    CHECK(reason_of([&] { conclude(*b.board); }) == "threshold.board.incomplete");
    CHECK(reason_of([&] { b.justify(1); }) == "threshold.board.incomplete");
    b.answer_all();
    CHECK(reason_of([&] { b.justify(1); }) == "threshold.justify.unasked");
}

TEST_CASE("a trustee's state survives storage and belongs to one ceremony, place and key") {
    Assembly a(2, 3);
    a.commit_all();
    const auto stored = encode_state(a.state(1));
    const auto restored = parse_state(stored);
    CHECK(equal(encode_state(restored).view(), stored.view()));
    CHECK(reason_of([&] { make_reveal(*a.board, restored, a.person(1).key, a.pki.clock); }).empty());
    CHECK(reason_of([&] { make_reveal(*a.board, restored, a.person(2).key, a.pki.clock); }) == "threshold.state");
    Assembly other(2, 3);
    other.commit_all();
    CHECK(reason_of([&] { make_reveal(*other.board, restored, a.person(1).key, a.pki.clock); }) == "threshold.state");
    for (std::size_t size = 0; size < stored.size(); ++size)
        CHECK(reason_of([&] { parse_state(SecretBytes(stored.view().first(size))); }) == "threshold.state");
    // A state that was lost and drawn anew does not fit the posted commit.
    auto redrawn = make_commit(*a.board, 1, a.person(1).key, a.pki.clock, a.pki.random);
    CHECK(reason_of([&] { make_reveal(*a.board, redrawn.state, a.person(1).key, a.pki.clock); }) == "threshold.state");
    a.reveal_all();
    a.deal_all();
    // With a wrong decryption key nobody is accused.
    CHECK(reason_of([&] {
              make_answer(*a.board, a.state(1), a.person(1).key, a.person(2).encryption_key, a.pki.clock);
          }) == "threshold.state");
}

TEST_CASE("T27: a trustee whose reveal differs from the commitment is named and the ceremony stops") {
    Assembly a(2, 3);
    a.commit_all();
    a.post(a.reveal(1));
    a.post(a.reveal(2));
    // The rushing trustee has seen the others' points and now chooses his own anew.
    const auto chosen = commit_to(random_polynomial(2, a.pki.random));
    a.post(a.altered(a.reveal(3), 3, [&](Json& json) {
        json["commitments"] = {to_hex(chosen[0]), to_hex(chosen[1])};
    }));
    const auto faults = check_board(*a.board);
    REQUIRE(faults.size() == 1);
    CHECK(faults[0].trustee == 3);
    CHECK(faults[0].finding.rule == "threshold.reveal.mismatch");
    CHECK(reason_of([&] { a.deal(1); }) == "threshold.reveal.mismatch");
    CHECK(message_of([&] { a.deal(1); }).starts_with("trustee 3 (Trustee C)"));
    CHECK(reason_of([&] { conclude(*a.board); }) == "threshold.reveal.mismatch");
}

TEST_CASE("T27: a trustee who copies another's commitment cannot open it") {
    Assembly a(2, 3);
    for (const int trustee : {1, 2}) {
        auto opening = make_commit(*a.board, trustee, a.person(trustee).key, a.pki.clock, a.pki.random);
        a.states.push_back(std::move(opening.state));
        a.post(opening.message);
    }
    auto third = make_commit(*a.board, 3, a.person(3).key, a.pki.clock, a.pki.random);
    const auto of_first = parse_json(*cms::parse_signed_data(a.messages[0]).content)["commitments_sha256"];
    a.states.push_back(std::move(third.state));
    a.post(a.altered(third.message, 3, [&](Json& json) { json["commitments_sha256"] = of_first; }));
    const auto first_reveal = a.reveal(1);
    a.post(first_reveal);
    a.post(a.reveal(2));
    a.post(a.altered(first_reveal, 3, [&](Json& json) {
        json["trustee"] = 3;
        json["name"] = "Trustee C";
    }));
    CHECK(reason_of([&] { a.deal(1); }) == "threshold.reveal.mismatch");
    CHECK(message_of([&] { a.deal(1); }).starts_with("trustee 3"));
}

TEST_CASE("commitments that are too many or off the curve are a fault of who revealed them") {
    for (const bool off_curve : {true, false}) {
        Assembly a(2, 3);
        auto opening = make_commit(*a.board, 1, a.person(1).key, a.pki.clock, a.pki.random);
        auto points = commit_to(opening.state.polynomial);
        if (off_curve)
            points[1].back() ^= 1;
        else
            points.push_back(points[0]);
        Json list = Json::array();
        for (const auto& point : points) list.push_back(to_hex(point));
        const Json hashed{{"commitments", list}, {"plan", to_hex(a.board->plan_hash())}, {"trustee", 1}};
        a.post(a.altered(opening.message, 1, [&](Json& json) {
            json["commitments_sha256"] = to_hex(sha256(as_bytes(canonical_json(hashed))));
        }));
        a.states.push_back(std::move(opening.state));
        for (const int trustee : {2, 3}) {
            auto next = make_commit(*a.board, trustee, a.person(trustee).key, a.pki.clock, a.pki.random);
            a.states.push_back(std::move(next.state));
            a.post(next.message);
        }
        const auto honest = a.reveal(2);
        a.post(honest);
        a.post(a.reveal(3));
        a.post(a.altered(honest, 1, [&](Json& json) {
            json["trustee"] = 1;
            json["name"] = "Trustee A";
            json["commitments"] = list;
        }));
        CHECK(reason_of([&] { a.deal(2); }) == "threshold.commitments");
        CHECK(message_of([&] { a.deal(2); }).starts_with("trustee 1"));
    }
}

TEST_CASE("T26: a wrong share is answered by a complaint, and a dealer who shows the right one stays") {
    Assembly a(2, 3);
    a.commit_all();
    a.reveal_all();
    a.post(a.deal(1));
    a.post(a.deal_with(2, 3, a.envelope(2, 3, evaluate(a.state(2).polynomial, 1).view())));
    a.post(a.deal(3));
    a.post(a.answer(1));
    a.post(a.answer(2));
    const auto complaint = a.answer(3);
    const auto json = parse_json(*cms::parse_signed_data(complaint).content);
    CHECK(json["type"] == "uvpki-ceremony-complaint");
    CHECK(json["against"] == Json::array({2}));
    a.post(complaint);
    CHECK(a.board->missing(Step::justify) == std::vector<int>{2});
    CHECK(reason_of([&] { a.answer(3); }) == "threshold.board.incomplete");
    CHECK(reason_of([&] { conclude(*a.board); }) == "threshold.board.incomplete");
    a.post(a.justify(2));
    CHECK(check_board(*a.board).empty());
    a.post(a.answer(3));
    const auto transcript = conclude(*a.board);
    CHECK(verify_transcript(transcript.json(), a.messages, a.trust).hash() == transcript.hash());
    const auto backup = a.backup(transcript, 3);
    CHECK(scalar_point(backup.scalar) == transcript.share_point(3));
}

TEST_CASE("T26: a dealer who justifies with a wrong share is excluded by name, and the next attempt is on record") {
    Assembly a(2, 3);
    a.commit_all();
    a.reveal_all();
    a.post(a.deal(1));
    a.post(a.deal_with(2, 3, "AAAA"));
    a.post(a.deal(3));
    for (int trustee = 1; trustee <= 3; ++trustee) a.post(a.answer(trustee));
    a.post(a.altered(a.justify(2), 2, [](Json& json) { json["shares"][0]["share"] = std::string(63, '0') + "1"; }));
    const auto faults = check_board(*a.board);
    REQUIRE(faults.size() == 1);
    CHECK(faults[0].trustee == 2);
    CHECK(faults[0].finding.rule == "threshold.share.mismatch");
    CHECK(reason_of([&] { conclude(*a.board); }) == "threshold.share.mismatch");
    CHECK(message_of([&] { conclude(*a.board); }).starts_with("trustee 2 (Trustee B)"));

    const auto record = encode_failure(*a.board);
    CHECK(parse_json(record)["faults"][0]["trustee"] == 2);
    auto next = a.plan;
    next.trustees.erase(next.trustees.begin() + 1);
    next.attempt = 2;
    next.previous = sha256(record);
    Board second(next, a.trust);
    // What was posted in the first attempt counts for nothing in the second.
    CHECK(reason_of([&] { second.add(a.messages[0]); }) == "threshold.message.ceremony");
}

TEST_CASE("T26: an envelope copied from another dealer or meant for somebody else leads to a complaint") {
    Assembly a(2, 3);
    a.commit_all();
    a.reveal_all();
    const auto first = a.deal(1);
    const auto of_first = parse_json(*cms::parse_signed_data(first).content)["shares"];
    a.post(first);
    a.post(a.deal_with(2, 3, of_first[1]["envelope"]));
    a.post(a.deal_with(3, 2, a.envelope(3, 1, evaluate(a.state(3).polynomial, 2).view())));
    for (const auto& [trustee, dealer] : {std::pair{3, 2}, {2, 3}})
        CHECK(parse_json(*cms::parse_signed_data(a.answer(trustee)).content)["against"] == Json::array({dealer}));
    CHECK(parse_json(*cms::parse_signed_data(a.answer(1)).content)["type"] == "uvpki-ceremony-confirm");
}

TEST_CASE("a confirmation of another share point is a fault") {
    Assembly a(2, 3);
    a.commit_all();
    a.reveal_all();
    a.deal_all();
    const auto first = a.answer(1), second = a.answer(2), third = a.answer(3);
    a.post(a.altered(first, 1, [&](Json& json) {
        json["share_point"] = to_hex(scalar_point(a.state(1).polynomial.coefficients[0]));
    }));
    a.post(second);
    a.post(third);
    CHECK(reason_of([&] { conclude(*a.board); }) == "threshold.confirm.mismatch");
}

TEST_CASE("a trustee who answered to other messages than those posted is found") {
    Assembly a(2, 3);
    a.commit_all();
    a.post(a.reveal(1));
    a.post(a.reveal(2));
    a.post(a.altered(a.reveal(3), 3, [](Json& json) { json["seen"] = std::string(64, '0'); }));
    CHECK(reason_of([&] { a.deal(1); }) == "threshold.message.view");
}

TEST_CASE("messages by the wrong sender, of other ceremonies, or two of one kind are refused") {
    Assembly a(2, 3), other(2, 3);
    a.commit_all();
    const auto message = a.messages[0];
    CHECK(reason_of([&] { a.board->add(message); }).empty());
    // Trustee 2 signs what trustee 1 should have said.
    const auto json = parse_json(*cms::parse_signed_data(message).content);
    CHECK(reason_of([&] { a.board->add(a.sign(json, 2)); }) == "threshold.message.sender");
    CHECK(reason_of([&] { other.board->add(message); }) == "threshold.message.ceremony");
    auto again = make_commit(*a.board, 1, a.person(1).key, a.pki.clock, a.pki.random);
    CHECK(reason_of([&] { a.board->add(again.message); }) == "threshold.message.duplicate");
    CHECK(message_of([&] { a.board->add(again.message); }).find("trustee 1 (Trustee A)") != std::string::npos);
    auto flipped = message;
    flipped.back() ^= 1;
    CHECK(reason_of([&] { a.board->add(flipped); }) != "");
    const auto changed = [&](const char* member, const Json& value) {
        return reason_of([&] { a.board->add(a.altered(message, 1, [&](Json& content) { content[member] = value; })); });
    };
    CHECK(changed("trustee", 4) == "threshold.message.malformed");
    CHECK(changed("trustee", 2) == "threshold.message.sender");
    CHECK(changed("name", "Somebody") == "threshold.message.sender");
    CHECK(changed("election", "other") == "threshold.message.ceremony");
    CHECK(changed("m", 3) == "threshold.message.ceremony");
    CHECK(changed("version", 2) == "threshold.message.malformed");
    CHECK(changed("type", "uvpki-ceremony-other") == "threshold.message.malformed");
    CHECK(changed("extra", 1) == "threshold.message.malformed");
    CHECK(changed("commitments_sha256", "00") == "threshold.message.malformed");
}
