#include "uvpki/merkle/checkpoint.h"

#include <algorithm>

#include "uvpki/encoding.h"
#include "uvpki/error.h"
#include "uvpki/openssl/checked.h"

namespace uvpki::merkle {

using openssl::require;
using openssl::require_ok;

namespace {

constexpr std::size_t note_limit = 64u << 10;
constexpr std::size_t signature_limit = 64;
constexpr std::size_t name_limit = 255;
constexpr std::size_t size_digits_limit = 18;             // below 10^18 < 2^63
constexpr std::string_view line_start = "\xE2\x80\x94 ";  // em dash, space
constexpr std::uint8_t ed25519_type = 0x01;
constexpr std::string_view malformed = "merkle.checkpoint.malformed";

// RFC 8410: the only DER forms of these structures for Ed25519, up to the 32 bytes of the key.
constexpr std::uint8_t spki_start[] = {0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00};
constexpr std::uint8_t pkcs8_start[] = {0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                        0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};

bool is_key_name(std::string_view name) {
    // Stricter than the note format, which only bars Unicode spaces and plus: other letters could look alike.
    return !name.empty() && name.size() <= name_limit &&
           std::ranges::all_of(name, [](char c) { return c > 0x20 && c < 0x7F && c != '+'; });
}

void check_key_name(std::string_view name) {
    if (!is_key_name(name)) {
        fail_input("merkle.vkey", "a log's name must be 1 to 255 printable ASCII characters without space and plus");
    }
}

struct SignatureLine {
    std::string_view line;
    std::string_view name;
    Bytes key_id;
    Bytes signature;
};

struct Note {
    std::string_view text;
    std::vector<SignatureLine> signatures;
};

[[noreturn]] void refuse(const char* rule) {
    fail_input(malformed, std::string("not a checkpoint: ") + rule);
}

SignatureLine parse_signature_line(std::string_view line) {
    if (!line.starts_with(line_start)) refuse("a signature line must start with an em dash and a space");
    auto rest = line.substr(line_start.size());
    const auto space = rest.find(' ');
    if (space == std::string_view::npos || space == 0) refuse("a signature line must name its key");
    const auto name = rest.substr(0, space);
    if (name.find('+') != std::string_view::npos) refuse("a key name must not contain a plus");
    Bytes blob;
    try {
        blob = parse_base64(rest.substr(space + 1));
    } catch (const Error&) {
        refuse("a signature must be base64");
    }
    if (blob.size() <= 4) refuse("a signature must be longer than its key id");
    return {line, name, Bytes(blob.begin(), blob.begin() + 4), Bytes(blob.begin() + 4, blob.end())};
}

Note parse_note(std::string_view note) {
    if (note.size() > note_limit) refuse("it is longer than 64 KiB");
    if (!is_utf8(note)) refuse("it is not UTF-8");
    if (std::ranges::any_of(note, [](char c) { return c >= 0 && c < 0x20 && c != '\n'; })) {
        refuse("it contains control characters");
    }
    // signed-note: "the text is separated from the signatures by the last empty line in the note."
    const auto gap = note.rfind("\n\n");
    if (gap == std::string_view::npos) refuse("there is no empty line before the signatures");
    Note result{note.substr(0, gap + 1), {}};
    auto rest = note.substr(gap + 2);
    if (rest.empty() || rest.back() != '\n') refuse("the signatures must end with a newline");
    while (!rest.empty()) {
        if (result.signatures.size() == signature_limit) refuse("it has more than 64 signatures");
        const auto end = rest.find('\n');
        result.signatures.push_back(parse_signature_line(rest.substr(0, end)));
        rest.remove_prefix(end + 1);
    }
    return result;
}

std::string_view take_line(std::string_view& text) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos || end == 0) refuse("the text must be three lines that are not empty");
    const auto line = text.substr(0, end);
    text.remove_prefix(end + 1);
    return line;
}

Checkpoint parse_text(std::string_view text) {
    Checkpoint result;
    result.origin = std::string(take_line(text));
    const auto digits = take_line(text);
    const bool decimal = std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
    if (!decimal || digits.size() > size_digits_limit || (digits.size() > 1 && digits[0] == '0')) {
        refuse("the size must be a decimal number without leading zeros");
    }
    for (const char c : digits) result.size = result.size * 10 + static_cast<std::uint64_t>(c - '0');
    Bytes root;
    try {
        root = parse_base64(take_line(text));
    } catch (const Error&) {
        refuse("the root must be base64");
    }
    if (root.size() != result.root.size()) refuse("the root must have 32 bytes");
    std::ranges::copy(root, result.root.begin());
    if (!text.empty()) refuse("extension lines are not accepted");
    return result;
}

openssl::Pkey private_key(ByteView seed) {
    return openssl::Pkey(require(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()),
                                 "EVP_PKEY_new_raw_private_key"));
}

std::array<std::uint8_t, 32> public_bytes(ByteView seed) {
    std::array<std::uint8_t, 32> key{};
    std::size_t size = key.size();
    require_ok(EVP_PKEY_get_raw_public_key(private_key(seed).get(), key.data(), &size), "EVP_PKEY_get_raw_public_key");
    return key;
}

}  // namespace

LogVerifier::LogVerifier(std::string name, ByteView key) : name_(std::move(name)) {
    check_key_name(name_);
    if (key.size() != key_.size()) fail_input("merkle.vkey", "an Ed25519 public key has 32 bytes");
    std::ranges::copy(key, key_.begin());
}

LogVerifier LogVerifier::parse_vkey(std::string_view text) {
    const auto refuse_vkey = [](const char* rule) {
        fail_input("merkle.vkey", std::string("not a verifier key: ") + rule);
    };
    const auto first = text.find('+');
    const auto second = first == std::string_view::npos ? first : text.find('+', first + 1);
    if (second == std::string_view::npos) refuse_vkey("it must be name+id+key");
    const auto id = text.substr(first + 1, second - first - 1);
    Bytes blob;
    try {
        blob = parse_base64(text.substr(second + 1));
    } catch (const Error&) {
        refuse_vkey("the key must be base64");
    }
    if (blob.size() != 33 || blob[0] != ed25519_type) refuse_vkey("the key must be Ed25519");
    LogVerifier result(std::string(text.substr(0, first)), ByteView(blob).subspan(1));
    if (to_hex(result.key_id()) != id) refuse_vkey("the id is not that of the name and key");
    return result;
}

LogVerifier LogVerifier::parse_spki(std::string_view name, ByteView der) {
    if (der.size() != sizeof spki_start + 32 || !std::ranges::equal(der.first(sizeof spki_start), spki_start)) {
        fail_input("merkle.vkey", "the log key is not an Ed25519 SubjectPublicKeyInfo");
    }
    return LogVerifier(std::string(name), der.subspan(sizeof spki_start));
}

std::string LogVerifier::vkey() const {
    constexpr std::uint8_t type[] = {ed25519_type};
    return name_ + "+" + to_hex(key_id()) + "+" + to_base64(concat({type, key_}));
}

Bytes LogVerifier::spki() const {
    return concat({spki_start, key_});
}

std::array<std::uint8_t, 4> LogVerifier::key_id() const {
    constexpr std::uint8_t separator[] = {0x0A, ed25519_type};
    const auto hash = sha256({as_bytes(name_), separator, key_});
    return {hash[0], hash[1], hash[2], hash[3]};
}

bool LogVerifier::is_valid_signature(ByteView message, ByteView signature) const {
    const openssl::Pkey key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key_.data(), key_.size()));
    const openssl::DigestContext context(require(EVP_MD_CTX_new(), "EVP_MD_CTX_new"));
    const bool good =
        key && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
        EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) == 1;
    if (!good) openssl::clear_errors();
    return good;
}

LogKey::LogKey(std::string_view name, SecretBytes seed)
    : seed_(std::move(seed)), verifier_(std::string(name), public_bytes(seed_.view())) {}

LogKey LogKey::generate(std::string_view name, Random& random) {
    return LogKey(name, random.secret(32));
}

LogKey LogKey::parse_pkcs8(std::string_view name, ByteView der) {
    if (der.size() != sizeof pkcs8_start + 32 || !std::ranges::equal(der.first(sizeof pkcs8_start), pkcs8_start)) {
        fail_input("merkle.key", "the log key is not an unencrypted Ed25519 PKCS#8 structure");
    }
    return LogKey(name, SecretBytes(der.subspan(sizeof pkcs8_start)));
}

SecretBytes LogKey::pkcs8() const {
    return SecretBytes(concat({pkcs8_start, seed_.view()}));
}

Bytes LogKey::sign(ByteView message) const {
    const auto key = private_key(seed_.view());
    const openssl::DigestContext context(require(EVP_MD_CTX_new(), "EVP_MD_CTX_new"));
    require_ok(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()), "EVP_DigestSignInit");
    Bytes signature(64);
    std::size_t size = signature.size();
    require_ok(EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()),
               "EVP_DigestSign");
    return signature;
}

std::string format_checkpoint(const Checkpoint& checkpoint) {
    return checkpoint.origin + "\n" + std::to_string(checkpoint.size) + "\n" + to_base64(checkpoint.root) + "\n";
}

std::string sign_checkpoint(const Checkpoint& checkpoint, const LogKey& key) {
    const auto& name = key.verifier().name();
    if (checkpoint.origin != name) {
        fail_input("merkle.checkpoint.origin", "the checkpoint's origin must be the name of the log's key");
    }
    const auto text = format_checkpoint(checkpoint);
    const auto blob = concat({key.verifier().key_id(), key.sign(as_bytes(text))});
    return text + "\n" + std::string(line_start) + name + " " + to_base64(blob) + "\n";
}

std::string add_cosignature(std::string_view note, std::string_view line) {
    parse_note(note);
    std::string result = std::string(note) + std::string(line) + "\n";
    if (line.find('\n') != std::string_view::npos) refuse("a cosignature is one line");
    parse_note(result);
    return result;
}

VerifiedCheckpoint verify_checkpoint(std::string_view note, const LogVerifier& key) {
    const auto parsed = parse_note(note);
    VerifiedCheckpoint result;
    const auto id = key.key_id();
    bool verified = false;
    for (const auto& signature : parsed.signatures) {
        // signed-note: "Verifiers MUST ignore signatures from unknown keys, even if they share a name or ID (but not
        // both) with a known key."
        if (signature.name != key.name() || !std::ranges::equal(signature.key_id, id)) {
            result.other_signatures_.emplace_back(signature.line);
            continue;
        }
        if (!key.is_valid_signature(as_bytes(parsed.text), signature.signature)) {
            fail(ErrorCode::verification_failed, "merkle.checkpoint.signature",
                 "the checkpoint's signature by " + key.name() + " does not hold");
        }
        verified = true;
    }
    if (!verified) {
        fail(ErrorCode::verification_failed, "merkle.checkpoint.unsigned",
             "the checkpoint carries no signature by " + key.name());
    }
    result.checkpoint_ = parse_text(parsed.text);
    if (result.checkpoint_.origin != key.name()) {
        fail_input("merkle.checkpoint.origin", "the checkpoint is of another log than " + key.name());
    }
    return result;
}

}  // namespace uvpki::merkle
