#include "uvpki/threshold/release.h"

#include <doctest/doctest.h>

#include "tests/unit/threshold/assembly.h"
#include "uvpki/files.h"

using namespace uvpki;
using namespace uvpki::threshold;
using test::reason_of;
using testing::Assembly;
using testing::message_of;

namespace {

const Bytes challenge = to_bytes("rehearsal of 2 January");

struct Closing {
    Assembly a;
    VerifiedTranscript transcript;
    std::vector<ShareBackup> backups;
    x509::PrivateKey officer_key = x509::PrivateKey::generate(x509::KeyType::ec_p256);
    x509::Certificate officer = a.pki.issue_leaf(x509::Role::trustee_enc, officer_key);
    Sha256 root = sha256(as_bytes("final checkpoint"));

    Closing(int needed, int trustees) : a(needed, trustees), transcript(a.hold()) {
        for (int trustee = 1; trustee <= trustees; ++trustee) backups.push_back(a.backup(transcript, trustee));
    }
    const ShareBackup& backup(int trustee) const { return backups[static_cast<std::size_t>(trustee - 1)]; }
    Bytes release(int trustee) const { return release_with(backup(trustee), a.person(trustee)); }
    Bytes release_with(const ShareBackup& share, const testing::Person& person) const {
        return make_release(share, transcript, {.root = root, .counting_officer = officer}, person.certificate,
                            person.key, a.pki.clock, a.pki.random);
    }
    VerifiedShare open(ByteView message) const {
        return open_release(message, officer_key, transcript, a.trust, {.root = root, .time = a.pki.clock.now()});
    }
};

}  // namespace

TEST_CASE("T29: any m trustees' shares give the election key, whoever else is absent") {
    for (const auto& [needed, trustees] : {std::pair{1, 1}, {2, 3}, {3, 4}, {3, 5}}) {
        const Closing c(needed, trustees);
        std::vector<VerifiedShare> all;
        for (int trustee = 1; trustee <= trustees; ++trustee) all.push_back(c.open(c.release(trustee)));
        int combined = 0;
        for (unsigned chosen = 0; chosen < 1u << trustees; ++chosen) {
            std::vector<VerifiedShare> shares;
            for (int trustee = 1; trustee <= trustees; ++trustee)
                if ((chosen >> (trustee - 1) & 1u) != 0)
                    shares.push_back(verify_share(trustee, c.backup(trustee).scalar, c.transcript));
            if (shares.size() < static_cast<std::size_t>(needed)) {
                CHECK(reason_of([&] { combine(shares, c.transcript); }) == "threshold.share.too_few");
            } else {
                CHECK(equal(combine(shares, c.transcript).public_key().key_octets(), c.transcript.joint_key()));
                ++combined;
            }
        }
        CHECK(combined > 0);
        CHECK(equal(combine(all, c.transcript).public_key().key_octets(), c.transcript.joint_key()));
    }
}

TEST_CASE("the combined key opens with openssl what was sealed to the election certificate") {
    const Closing c(2, 3);
    const auto certificate = c.a.pki.issuing_issuer.issue_for_key(
        x509::Role::election, election_public_key(c.transcript),
        {.subject = testing::TestPki::name("Election key"), .not_after = c.a.pki.ballot_ca.not_after()}, c.a.pki.store,
        c.a.pki.clock, c.a.pki.random);
    std::vector<VerifiedShare> shares;
    shares.push_back(c.open(c.release(3)));
    shares.push_back(c.open(c.release(1)));
    const auto key = combine(shares, c.transcript);
    const test::TempFolder folder;
    save_file(folder / "vote", cms::seal_envelope(as_bytes("choices"), certificate, c.a.pki.random).envelope);
    save_file(folder / "key.der", key.to_pkcs8().view(), FileMode::secret);
    const auto opened = test::run_command(
        folder.path(), "openssl cms -decrypt -inform DER -binary -in vote -inkey key.der -keyform DER -out t && cat t");
    CHECK(opened.output == "choices");
}

TEST_CASE("T26: a trustee's wrong share is named, and the tally goes on with the others") {
    Closing c(2, 3);
    // The trustee signs for a share that is not his: the tool refuses to send it ...
    ShareBackup wrong{c.backup(2).election, c.backup(2).transcript, 2, c.backup(1).scalar.clone()};
    CHECK(reason_of([&] { c.release_with(wrong, c.a.person(2)); }) == "threshold.share.mismatch");
    // ... and one who sends it all the same is named.
    const std::uint8_t place[] = {2};
    const auto text =
        concat({as_bytes("uvpki-share-release-v1"), c.transcript.hash(), c.root, place, c.backup(1).scalar.view()});
    const auto forged = c.a.altered(c.release(2), 2, [&](Json& json) {
        json["envelope"] = to_base64(cms::seal_envelope(text, c.officer, c.a.pki.random).envelope);
    });
    CHECK(reason_of([&] { c.open(forged); }) == "threshold.share.mismatch");
    CHECK(message_of([&] { c.open(forged); }).find("trustee 2 (Trustee B)") != std::string::npos);
    std::vector<VerifiedShare> shares;
    shares.push_back(c.open(c.release(1)));
    shares.push_back(c.open(c.release(3)));
    CHECK(equal(combine(shares, c.transcript).public_key().key_octets(), c.transcript.joint_key()));
}

TEST_CASE("a share published for another trustee, or twice, is refused") {
    const Closing c(2, 3);
    CHECK(reason_of([&] { verify_share(1, c.backup(1).scalar, c.transcript); }).empty());
    CHECK(reason_of([&] { verify_share(2, c.backup(1).scalar, c.transcript); }) == "threshold.share.mismatch");
    CHECK(reason_of([&] { verify_share(4, c.backup(1).scalar, c.transcript); }) == "threshold.share.index");
    CHECK(reason_of([&] { verify_share(0, c.backup(1).scalar, c.transcript); }) == "threshold.share.index");
    std::vector<VerifiedShare> twice;
    twice.push_back(verify_share(1, c.backup(1).scalar, c.transcript));
    twice.push_back(verify_share(1, c.backup(1).scalar, c.transcript));
    CHECK(reason_of([&] { combine(twice, c.transcript); }) == "threshold.share.duplicate");
    const Closing other(2, 3);
    std::vector<VerifiedShare> mixed;
    mixed.push_back(verify_share(1, c.backup(1).scalar, c.transcript));
    mixed.push_back(verify_share(2, other.backup(2).scalar, other.transcript));
    CHECK(reason_of([&] { combine(mixed, c.transcript); }) == "threshold.share.mismatch");
}

TEST_CASE("a release holds for one root, one ceremony, one trustee and one counting officer") {
    const Closing c(2, 3), other(2, 3);
    const auto message = c.release(1);
    const auto open = [&](ByteView release, const x509::PrivateKey& key, const VerifiedTranscript& transcript,
                          const Sha256& root) {
        return reason_of(
            [&] { open_release(release, key, transcript, c.a.trust, {.root = root, .time = c.a.pki.clock.now()}); });
    };
    CHECK(open(message, c.officer_key, c.transcript, c.root).empty());
    CHECK(open(message, c.officer_key, c.transcript, sha256(as_bytes("another"))) == "threshold.release.root");
    CHECK(open(message, other.officer_key, c.transcript, c.root) == "threshold.release.envelope");
    CHECK(open(message, c.officer_key, other.transcript, c.root) == "threshold.release.sender");
    const auto changed = [&](int signer, const char* member, const Json& value) {
        return open(c.a.altered(message, signer, [&](Json& json) { json[member] = value; }), c.officer_key,
                    c.transcript, c.root);
    };
    CHECK(changed(1, "version", 1).empty());
    CHECK(changed(2, "version", 1) == "threshold.release.sender");
    CHECK(changed(2, "trustee", 2) == "threshold.release.sender");
    CHECK(changed(1, "transcript", std::string(64, '0')) == "threshold.release.ceremony");
    CHECK(changed(1, "envelope", "AAAA") == "threshold.release.envelope");
    CHECK(changed(1, "version", 2) == "threshold.message.malformed");
    // Another trustee takes the envelope over as his own.
    const auto stolen = c.a.altered(message, 2, [](Json& json) {
        json["trustee"] = 2;
        json["name"] = "Trustee B";
    });
    CHECK(open(stolen, c.officer_key, c.transcript, c.root) == "threshold.release.envelope");
    CHECK(reason_of([&] { c.release_with(c.backup(1), c.a.person(2)); }) == "threshold.backup");
    CHECK(reason_of([&] { c.release_with(other.backup(1), c.a.person(1)); }) == "threshold.backup");
}

TEST_CASE("a renewed trustee certificate with the same key may release") {
    Closing c(2, 3);
    auto renewed = c.a.person(1);
    renewed.certificate = c.a.pki.issue_leaf(x509::Role::trustee, renewed.key);
    CHECK_FALSE(renewed.certificate == c.a.person(1).certificate);
    CHECK(c.open(c.release_with(c.backup(1), renewed)).trustee() == 1);
}

TEST_CASE("T29: a rehearsal from every trustee's stored backup proves the shares") {
    const Closing c(2, 3);
    std::map<int, Bytes> requests;
    for (int trustee = 1; trustee <= 3; ++trustee) {
        const auto stored = encode_backup(c.backup(trustee));
        const auto restored = parse_backup(stored);
        CHECK(restored.election == "test-2026");
        CHECK(restored.trustee == trustee);
        requests[trustee] = make_rehearsal_request(restored, challenge);
        CHECK(check_rehearsal(requests[trustee], c.transcript, trustee, challenge).empty());
        for (std::size_t size = 0; size <= 69; ++size)
            CHECK(reason_of([&] { parse_backup(SecretBytes(stored.view().first(size))); }) == "threshold.backup");
    }
    CHECK(verify_rehearsal(requests, c.transcript, challenge).transcript() == c.transcript.hash());

    const test::TempFolder folder;
    save_file(folder / "r.csr", requests[2]);
    const auto shown = test::run_command(folder.path(), "openssl req -inform DER -in r.csr -verify -noout -pubkey");
    CHECK(shown.output.find("verify OK") != std::string::npos);

    auto missing = requests;
    missing.erase(3);
    CHECK(reason_of([&] { verify_rehearsal(missing, c.transcript, challenge); }) == "threshold.rehearsal.missing");
    auto swapped = requests;
    std::swap(swapped[1], swapped[2]);
    CHECK(reason_of([&] { verify_rehearsal(swapped, c.transcript, challenge); }) == "threshold.rehearsal.challenge");
}

TEST_CASE("a rehearsal with a damaged share, an old one, or a forged one is found and named") {
    const Closing c(2, 3);
    const auto rule = [&](ByteView request) {
        const auto findings = check_rehearsal(request, c.transcript, 2, challenge);
        return findings.empty() ? std::string() : findings[0].rule;
    };
    CHECK(rule(make_rehearsal_request(c.backup(2), challenge)).empty());
    auto damaged = parse_backup(encode_backup(c.backup(2)));
    damaged.scalar.writable()[31] ^= 1;
    CHECK(rule(make_rehearsal_request(damaged, challenge)) == "threshold.rehearsal.key");
    CHECK(check_rehearsal(make_rehearsal_request(damaged, challenge), c.transcript, 2, challenge)[0].message.find(
              "trustee 2 (Trustee B)") != std::string::npos);
    CHECK(rule(make_rehearsal_request(c.backup(2), to_bytes("last year"))) == "threshold.rehearsal.challenge");
    auto forged = make_rehearsal_request(c.backup(2), challenge);
    forged.back() ^= 1;
    CHECK(rule(forged) == "threshold.rehearsal.request");
    CHECK(rule({}) == "threshold.rehearsal.request");
}
