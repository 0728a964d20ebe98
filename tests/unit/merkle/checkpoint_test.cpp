#include <doctest/doctest.h>

#include "tests/support/command.h"
#include "tests/support/reason.h"
#include "uvpki/encoding.h"
#include "uvpki/error.h"
#include "uvpki/files.h"
#include "uvpki/merkle/checkpoint.h"

using namespace uvpki;
using namespace uvpki::merkle;
using uvpki::test::reason_of;

namespace {

constexpr std::string_view log_name = "ballots.example.org/demo-2026";

const LogKey& log_key() {
    static const auto key = [] {
        SystemRandom random;
        return LogKey::generate(log_name, random);
    }();
    return key;
}

Checkpoint sample() {
    return {std::string(log_name), 4711, sha256(as_bytes("root"))};
}

/// A note with this text, whatever it says, properly signed.
std::string signed_note(const std::string& text) {
    const auto blob = concat({log_key().verifier().key_id(), log_key().sign(as_bytes(text))});
    return text + "\n\xE2\x80\x94 " + std::string(log_name) + " " + to_base64(blob) + "\n";
}

std::string refusal(const std::string& note) {
    return reason_of([&] { verify_checkpoint(note, log_key().verifier()); });
}

std::string witness_line() {
    SystemRandom random;
    const auto witness = LogKey::generate("witness.example", random);
    return "\xE2\x80\x94 witness.example " + to_base64(concat({witness.verifier().key_id(), Bytes(72, 7)}));
}

}  // namespace

TEST_CASE("a signed checkpoint verifies and says what was signed") {
    const auto note = sign_checkpoint(sample(), log_key());
    CHECK(note == signed_note(std::string(log_name) + "\n4711\n" + to_base64(sample().root) + "\n"));
    const auto verified = verify_checkpoint(note, log_key().verifier());
    CHECK(verified.checkpoint() == sample());
    CHECK(verified.other_signatures().empty());
}

TEST_CASE("the head of an empty log verifies") {
    const Checkpoint empty{std::string(log_name), 0, sha256(ByteView{})};
    CHECK(verify_checkpoint(sign_checkpoint(empty, log_key()), log_key().verifier()).checkpoint() == empty);
}

TEST_CASE("any bit flipped in a checkpoint is found") {
    const auto note = sign_checkpoint(sample(), log_key());
    for (std::size_t i = 0; i < note.size(); ++i) {
        for (int bit = 0; bit < 8; ++bit) {
            auto broken = note;
            broken[i] = static_cast<char>(broken[i] ^ (1 << bit));
            CHECK_FALSE(refusal(broken).empty());
        }
    }
    for (std::size_t size = 0; size < note.size(); ++size) CHECK_FALSE(refusal(note.substr(0, size)).empty());
}

TEST_CASE("the verifier key of the signed-note examples of Go's sumdb reads back and verifies its note") {
    const std::string vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const auto key = LogVerifier::parse_vkey(vkey);
    CHECK(key.name() == "PeterNeumann");
    CHECK(to_hex(key.key_id()) == "c74f20a3");
    CHECK(key.vkey() == vkey);
    const auto blob =
        parse_base64("x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=");
    CHECK(key.is_valid_signature(as_bytes("If you think cryptography is the answer to your problem,\n"
                                          "then you don't know what your problem is.\n"),
                                 ByteView(blob).subspan(4)));
}

TEST_CASE("verifier keys with a wrong id, type, length or name are refused") {
    const auto good = log_key().verifier().vkey();
    CHECK(LogVerifier::parse_vkey(good).vkey() == good);
    const auto refused = [](const std::string& text) {
        return reason_of([&] { LogVerifier::parse_vkey(text); }) == "merkle.vkey";
    };
    CHECK(refused(""));
    CHECK(refused("name"));
    CHECK(refused("name+00000000"));
    CHECK(refused("x" + good));
    CHECK(refused(good + "AAAA"));
    CHECK(refused("PeterNeumann+c74f20a3+Ahpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"));
    CHECK(refused("PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"));
    SystemRandom random;
    for (const auto* name : {"", "a b", "a+b", "a\nb", "\xC3\xA9"}) {
        CHECK(reason_of([&] { LogKey::generate(name, random); }) == "merkle.vkey");
    }
}

TEST_CASE("the log key comes back from PKCS#8 and its public half from SPKI") {
    const auto again = LogKey::parse_pkcs8(log_name, log_key().pkcs8().view());
    CHECK(again.verifier().vkey() == log_key().verifier().vkey());
    CHECK(LogVerifier::parse_spki(log_name, log_key().verifier().spki()).vkey() == log_key().verifier().vkey());
    const auto pkcs8 = log_key().pkcs8();
    CHECK(reason_of([&] { LogKey::parse_pkcs8(log_name, pkcs8.view().first(47)); }) == "merkle.key");
    CHECK(reason_of([&] { LogKey::parse_pkcs8(log_name, concat({pkcs8.view(), Bytes{0}})); }) == "merkle.key");
    CHECK(reason_of([&] { LogVerifier::parse_spki(log_name, pkcs8.view()); }) == "merkle.vkey");
}

TEST_CASE("texts that are not exactly origin, size and root are refused although they are signed") {
    const auto root = to_base64(sample().root);
    const std::string name(log_name);
    CHECK(refusal(signed_note(name + "\n1\n" + root + "\n")).empty());
    for (const auto* size : {"", "01", "-1", "+1", "1 ", "0x1", "1000000000000000000", "99999999999999999999999"}) {
        CAPTURE(size);
        CHECK(refusal(signed_note(name + "\n" + size + "\n" + root + "\n")) == "merkle.checkpoint.malformed");
    }
    CHECK(refusal(signed_note(name + "\n1\n" + root + "\nextension\n")) == "merkle.checkpoint.malformed");
    CHECK(refusal(signed_note(name + "\n1\n")) == "merkle.checkpoint.malformed");
    CHECK(refusal(signed_note(name + "\n1\n" + root.substr(4) + "\n")) == "merkle.checkpoint.malformed");
    CHECK(refusal(signed_note(name + "\r\n1\r\n" + root + "\r\n")) == "merkle.checkpoint.malformed");
    CHECK(refusal(signed_note("another.example\n1\n" + root + "\n")) == "merkle.checkpoint.origin");
    auto other = sample();
    other.origin = "another.example";
    CHECK(reason_of([&] { sign_checkpoint(other, log_key()); }) == "merkle.checkpoint.origin");
}

TEST_CASE("cosignatures are kept and ignored; a checkpoint with nothing but cosignatures is unsigned") {
    const auto note = sign_checkpoint(sample(), log_key());
    const auto line = witness_line();
    const auto cosigned = add_cosignature(note, line);
    const auto verified = verify_checkpoint(cosigned, log_key().verifier());
    CHECK(verified.checkpoint() == sample());
    CHECK(verified.other_signatures() == std::vector<std::string>{line});
    CHECK(refusal(format_checkpoint(sample()) + "\n" + line + "\n") == "merkle.checkpoint.unsigned");
    CHECK(reason_of([&] { add_cosignature(note, "no signature"); }) == "merkle.checkpoint.malformed");
    CHECK(reason_of([&] { add_cosignature(note, line + "\n" + line); }) == "merkle.checkpoint.malformed");

    // The log's name with another key's id is another key; with the log's own id it must verify.
    SystemRandom random;
    const auto twin = LogKey::generate(log_name, random);
    const auto foreign = sign_checkpoint(sample(), twin);
    CHECK(refusal(foreign) == "merkle.checkpoint.unsigned");
    const auto forged = "\xE2\x80\x94 " + std::string(log_name) + " " +
                        to_base64(concat({log_key().verifier().key_id(), Bytes(64, 9)}));
    CHECK(refusal(add_cosignature(note, forged)) == "merkle.checkpoint.signature");
}

TEST_CASE("up to 64 signatures are read, more are refused, and so are notes over 64 KiB") {
    auto note = sign_checkpoint(sample(), log_key());
    const auto line = witness_line();
    for (int i = 0; i < 63; ++i) note = add_cosignature(note, line);
    CHECK(verify_checkpoint(note, log_key().verifier()).other_signatures().size() == 63);
    CHECK(refusal(note + line + "\n") == "merkle.checkpoint.malformed");
    CHECK(refusal(std::string(70'000, 'x')) == "merkle.checkpoint.malformed");
}

TEST_CASE("the openssl command accepts a checkpoint by the documented commands, and refuses a changed one") {
    const test::TempFolder folder;
    auto note = add_cosignature(sign_checkpoint(sample(), log_key()), witness_line());
    save_file(folder / "log-key.pem", to_pem("PUBLIC KEY", log_key().verifier().spki()));
    // The same lines as in docs/formats/log.md.
    const std::string commands =
        "export LC_ALL=C\n"
        "NAME=$(sed -n 1p checkpoint)\n"
        "sed '/^$/,$d' checkpoint > note.txt\n"
        "awk -v n=\"$NAME\" 'gap && $2 == n { print $3; exit } /^$/ { gap = 1 }' checkpoint |\n"
        "  openssl base64 -d -A | tail -c 64 > note.sig\n"
        "openssl pkeyutl -verify -pubin -inkey log-key.pem -rawin -in note.txt -sigfile note.sig";
    save_file(folder / "checkpoint", note);
    const auto good = test::run_command(folder.path(), commands);
    CHECK(good.exit_code == 0);
    CHECK(good.output.find("Signature Verified Successfully") != std::string::npos);
    note.replace(note.find("4711"), 4, "4712");
    save_file(folder / "checkpoint", note);
    CHECK(test::run_command(folder.path(), commands).exit_code == 1);
}
