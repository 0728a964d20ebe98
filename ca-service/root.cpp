#include "ca-service/root.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "uvpki/encoding.h"
#include "uvpki/error.h"
#include "uvpki/files.h"
#include "uvpki/json.h"
#include "uvpki/x509/request.h"

namespace uvpki::ca {

namespace {

namespace fs = std::filesystem;

constexpr Days crl_validity{366};
constexpr std::size_t most_acts = 10'000;

[[noreturn]] void fail_transcript(const std::string& what) {
    fail(ErrorCode::verification_failed, "root.transcript", what);
}

/// A member of an act; the transcript is signed, so a missing one is a defect and not an attack.
std::string text_of(const Json& act, const char* member) {
    const auto found = act.find(member);
    return found != act.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

/// The signed transcript is the root's memory: what was signed and revoked, and the numbers of its lists, are read from
/// it.
struct OfflineRoot::State final : x509::IssuanceStore {
    fs::path folder;
    x509::Arc arc;
    std::string organization;
    x509::PrivateKey key;
    const Clock& clock;
    Random& random;
    Json acts = Json::array();
    std::optional<x509::Certificate> certificate;
    std::optional<x509::Issuer> issuer;

    State(fs::path folder_path, x509::Arc oid_arc, std::string name, x509::PrivateKey root_key, const Clock& the_clock,
          Random& the_random)
        : folder(std::move(folder_path)),
          arc(std::move(oid_arc)),
          organization(std::move(name)),
          key(std::move(root_key)),
          clock(the_clock),
          random(the_random) {}

    void record(std::string_view act, Json details) {
        if (acts.size() >= most_acts) fail(ErrorCode::forbidden, "root.transcript_full", "the transcript is full");
        details["act"] = act;
        details["time"] = format_rfc3339(clock.now());
        details["software"] = UVPKI_VERSION;
        acts.push_back(std::move(details));
        save_transcript();
    }

    void record_intent(ByteView serial, ByteView tbs) override {
        for (const auto& act : acts)
            if (text_of(act, "act") == "intent" && text_of(act, "serial") == to_hex(serial))
                fail(ErrorCode::conflict, "x509.serial", "serial number " + to_hex(serial) + " is taken");
        record("intent", {{"serial", to_hex(serial)}, {"tbs_sha256", to_hex(sha256(tbs))}});
    }

    void record_issued(const x509::Certificate& issued, x509::Role role) override {
        const auto serial = issued.serial_hex();
        save_file(folder / (role == x509::Role::root ? "root.pem" : "issued/" + serial + ".pem"), issued.pem());
        record(role == x509::Role::root ? "root-created" : "certificate-signed",
               {{"fingerprint", to_hex(issued.fingerprint())},
                {"key_sha256", to_hex(issued.spki_sha256())},
                {"not_after", format_rfc3339(issued.not_after())},
                {"not_before", format_rfc3339(issued.not_before())},
                {"profile", x509::profile_of(role).name},
                {"serial", serial},
                {"subject", issued.subject_text()}});
    }

    const Json* find_signed(std::string_view member, const std::string& value) const {
        for (const auto& act : acts)
            if (text_of(act, "act") == "certificate-signed" && text_of(act, member.data()) == value) return &act;
        return nullptr;
    }

    std::vector<x509::RevokedEntry> revocations() const {
        std::vector<x509::RevokedEntry> entries;
        for (const auto& act : acts) {
            if (text_of(act, "act") != "certificate-revoked") continue;
            x509::RevokedEntry entry{.serial = parse_hex(text_of(act, "serial")),
                                     .revoked_at = parse_rfc3339(text_of(act, "time")),
                                     .reason = x509::parse_revocation_reason(text_of(act, "reason"))};
            if (act.contains("invalid_since")) entry.invalid_since = parse_rfc3339(text_of(act, "invalid_since"));
            entries.push_back(std::move(entry));
        }
        return entries;
    }

    std::int64_t last_crl_number() const {
        std::int64_t number = 0;
        for (const auto& act : acts)
            if (text_of(act, "act") == "crl-published") number = std::max(number, act.at("number").get<std::int64_t>());
        return number;
    }

    // ---- the transcript's files ----

    std::string transcript_text() const {
        return canonical_json({{"acts", acts}, {"arc", arc.text()}, {"organization", organization}, {"version", 1}}) +
               "\n";
    }

    /// Text and signature are two files; both are first written as one, so that an interruption leaves them a pair.
    void save_transcript() {
        const auto text = transcript_text();
        const auto signature = key.sign(as_bytes(text));
        save_file(folder / "transcript.pending",
                  canonical_json({{"signature", to_base64(signature)}, {"text", to_base64(as_bytes(text))}}));
        put_in_place(text, signature);
    }

    void put_in_place(std::string_view text, ByteView signature) const {
        save_file(folder / "transcript.json", text);
        save_file(folder / "transcript.sig", signature);
        fs::remove(folder / "transcript.pending");
    }

    bool is_signed(ByteView text, ByteView signature) const {
        return x509::is_valid_signature(key.public_key(), x509::SignatureAlgorithm::ecdsa_sha384, text, signature);
    }

    void finish_interrupted_save() const {
        const auto path = folder / "transcript.pending";
        if (!fs::exists(path)) return;
        try {
            const auto pending = parse_json(load_file(path));
            const auto text = parse_base64(pending.at("text").get<std::string>());
            const auto signature = parse_base64(pending.at("signature").get<std::string>());
            if (!is_signed(text, signature)) fail_transcript("transcript.pending is not signed by this root");
            put_in_place(as_text(text), signature);
        } catch (const Json::exception&) {
            fail_transcript("transcript.pending is malformed");
        }
    }

    void load_transcript() {
        finish_interrupted_save();
        const auto text = load_file(folder / "transcript.json");
        if (!is_signed(text, load_file(folder / "transcript.sig")))
            fail_transcript("transcript.json was changed: transcript.sig does not fit it");
        auto json = parse_json(text);
        acts = std::move(json.at("acts"));
        organization = json.at("organization").get<std::string>();
        arc = x509::Arc(json.at("arc").get<std::string>());
    }
};

OfflineRoot OfflineRoot::create(const fs::path& folder, std::string_view organization, const x509::Arc& arc,
                                const SecretBytes& password, const Clock& clock, Random& random,
                                const KeyProtection& protection) {
    if (fs::exists(folder) && !(fs::is_directory(folder) && fs::is_empty(folder)))
        fail(ErrorCode::conflict, "root.exists", folder.string() + " is not empty: a root needs a new folder");
    if (password.empty()) fail_input("root.password", "the root key needs a password");
    const x509::Name subject{.organization = std::string(organization),
                             .common_name = "Root CA " + format_rfc3339(clock.now()).substr(0, 4)};
    subject.encode();

    // Made beside its place and moved there whole, so that an interrupted run leaves no half a root.
    const auto target = fs::absolute(folder).lexically_normal();
    const auto place = target.filename().empty() ? target.parent_path() : target;
    make_folder(place.parent_path());
    const fs::path building = place.string() + ".making-" + to_hex(random.bytes(6));
    make_folder(building, FileMode::secret);
    make_folder(building / "issued");
    auto state = std::make_shared<State>(building, arc, std::string(organization),
                                         x509::PrivateKey::generate(x509::KeyType::ec_p384), clock, random);
    save_file(building / "root-key.pem", state->key.to_encrypted_pem(password, protection.iterations),
              FileMode::secret);
    save_file(building / "root-public.pem", to_pem("PUBLIC KEY", state->key.public_key().spki()));
    state->certificate = x509::issue_root(state->key, {.subject = subject}, arc, *state, clock, random);
    state->issuer.emplace(*state->certificate, state->key, arc);
    OfflineRoot root(state);
    root.publish_crl();
    std::error_code error;
    fs::rename(building, place, error);
    if (error) fail(ErrorCode::unavailable, "file.unwritable", folder.string() + " cannot be made: " + error.message());
    state->folder = place;
    return root;
}

OfflineRoot OfflineRoot::open(const fs::path& folder, const SecretBytes& password, const Clock& clock, Random& random) {
    if (!fs::exists(folder / "root-key.pem"))
        fail(ErrorCode::not_found, "root.missing", folder.string() + " holds no root (root-key.pem)");
    auto certificate = x509::Certificate::parse_pem(as_text(load_file(folder / "root.pem")));
    auto key = x509::PrivateKey::parse_encrypted_pem(as_text(load_file(folder / "root-key.pem")), password);
    if (!(key.public_key() == certificate.public_key()))
        fail(ErrorCode::verification_failed, "root.key", "root-key.pem does not fit root.pem");
    auto state = std::make_shared<State>(folder, x509::Arc(), "", std::move(key), clock, random);
    try {
        state->load_transcript();
    } catch (const Json::exception&) {
        fail_transcript("transcript.json is not a transcript");
    }
    const bool is_own = std::ranges::any_of(state->acts, [&](const Json& act) {
        return text_of(act, "act") == "root-created" &&
               text_of(act, "fingerprint") == to_hex(certificate.fingerprint());
    });
    if (!is_own) fail_transcript("transcript.json tells of another root than root.pem");
    state->issuer.emplace(certificate, state->key, state->arc);
    state->certificate = std::move(certificate);
    return OfflineRoot(std::move(state));
}

const x509::Certificate& OfflineRoot::certificate() const {
    return *state_->certificate;
}

x509::Certificate OfflineRoot::sign_issuing_ca(ByteView request, std::string_view common_name) {
    const auto parsed = x509::parse_request(request);
    if (parsed.public_key == state_->key.public_key())
        fail(ErrorCode::conflict, "root.key_known", "the request holds the root's own key");
    if (const auto* earlier = state_->find_signed("key_sha256", to_hex(parsed.public_key.spki_sha256())))
        fail(ErrorCode::conflict, "root.key_known",
             "the key is already certified as " + text_of(*earlier, "serial") + ": bring a new key");
    const x509::IssueOptions options{
        .subject = {.organization = state_->organization, .common_name = std::string(common_name)}};
    return state_->issuer->issue(x509::Role::issuing_ca, parsed, options, *state_, state_->clock, state_->random);
}

void OfflineRoot::revoke(ByteView serial, x509::RevocationReason reason, std::optional<Time> invalid_since) {
    const auto hex = to_hex(serial);
    if (state_->find_signed("serial", hex) == nullptr)
        fail(ErrorCode::not_found, "root.serial", "this root has signed no certificate with the serial number " + hex);
    for (const auto& entry : state_->revocations())
        if (to_hex(entry.serial) == hex)
            fail(ErrorCode::conflict, "revoke.again",
                 "certificate " + hex + " was revoked on " + format_rfc3339(entry.revoked_at));
    if (invalid_since && reason != x509::RevocationReason::ca_compromise &&
        reason != x509::RevocationReason::key_compromise)
        fail_input("revoke.date", "only a compromise has a date from which on signatures do not count");
    if (invalid_since && *invalid_since > state_->clock.now())
        fail_input("revoke.date", "the date of the compromise lies in the future: " + format_rfc3339(*invalid_since));
    Json details{{"reason", x509::revocation_reason_name(reason)}, {"serial", hex}};
    if (invalid_since) details["invalid_since"] = format_rfc3339(*invalid_since);
    state_->record("certificate-revoked", std::move(details));
    publish_crl();
}

x509::Crl OfflineRoot::publish_crl() {
    const auto& root = *state_->certificate;
    const auto now = state_->clock.now();
    auto crl = x509::make_crl(root, state_->key, state_->revocations(),
                              {.number = state_->last_crl_number() + 1,
                               .this_update = now,
                               .next_update = now + crl_validity,
                               .expired_certs_since = root.not_before()});
    // The number is spent before the list is out.
    state_->record(
        "crl-published",
        {{"entries", crl.entries().size()}, {"number", crl.number()}, {"sha256", to_hex(sha256(crl.der()))}});
    save_file(state_->folder / "root.crl.pem", crl.pem());
    return crl;
}

}  // namespace uvpki::ca
