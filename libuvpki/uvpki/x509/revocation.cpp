#include "uvpki/x509/revocation.h"

#include <algorithm>
#include <array>

#include "uvpki/encoding.h"
#include "uvpki/error.h"
#include "uvpki/openssl/der.h"
#include "uvpki/x509/name.h"
#include "uvpki/x509/oids.h"
#include "uvpki/x509/profile.h"

namespace uvpki::x509 {
namespace {

using Criticality = Extension::Criticality;

constexpr std::size_t max_crl_size = 64u << 20;
constexpr std::string_view malformed = "x509.crl.malformed";

struct ReasonName {
    RevocationReason reason;
    std::string_view name;
};
constexpr std::array<ReasonName, 7> reason_names{{
    {RevocationReason::unspecified, "unspecified"},
    {RevocationReason::key_compromise, "key-compromise"},
    {RevocationReason::ca_compromise, "ca-compromise"},
    {RevocationReason::affiliation_changed, "affiliation-changed"},
    {RevocationReason::superseded, "superseded"},
    {RevocationReason::cessation_of_operation, "cessation-of-operation"},
    {RevocationReason::privilege_withdrawn, "privilege-withdrawn"},
}};

bool is_compromise(RevocationReason reason) {
    return reason == RevocationReason::key_compromise || reason == RevocationReason::ca_compromise;
}

bool has_smaller_serial(const RevokedEntry& a, const RevokedEntry& b) {
    // Positive DER integers: the shorter one is the smaller one.
    if (a.serial.size() != b.serial.size()) return a.serial.size() < b.serial.size();
    return a.serial < b.serial;
}

Extension non_critical(std::string_view oid, Bytes value) {
    return {std::string(oid), Criticality::non_critical, std::move(value)};
}

Bytes encode_entry(const RevokedEntry& entry) {
    std::vector<Extension> extensions;
    // RFC 5280, section 5.3.1: "the reason code CRL entry extension SHOULD be absent instead of using the unspecified
    // (0) reasonCode value."
    if (entry.reason != RevocationReason::unspecified) {
        const std::array<std::uint8_t, 1> code{static_cast<std::uint8_t>(entry.reason)};
        extensions.push_back(non_critical(oid::reason_code, der::encode(der::Tag::enumerated, ByteView(code))));
    }
    if (entry.invalid_since)
        extensions.push_back(non_critical(oid::invalidity_date, der::generalized_time(*entry.invalid_since)));
    const auto all = extensions.empty() ? Bytes{} : encode_extensions(extensions);
    return der::sequence({der::encode(der::Tag::integer, entry.serial), der::time(entry.revoked_at), all});
}

void require_serial(ByteView serial, std::string_view reason) {
    const bool is_minimal = serial.size() == 1 || (serial.size() > 1 && (serial[0] != 0 || serial[1] >= 0x80));
    if (!is_minimal || serial.size() > 20 || serial[0] >= 0x80)
        fail_input(reason, "a revoked serial number is not a positive INTEGER of at most 20 octets");
}

void require_distinct(const std::vector<RevokedEntry>& sorted, std::string_view reason) {
    const auto twin = std::ranges::adjacent_find(sorted, {}, &RevokedEntry::serial);
    if (twin != sorted.end()) fail_input(reason, "the serial number " + to_hex(twin->serial) + " is on the list twice");
}

RevocationReason read_reason(ByteView value) {
    const auto code = der::parse_single(value, der::Tag::enumerated, "reasonCode", malformed).content;
    for (const auto& entry : reason_names)
        if (code.size() == 1 && code[0] == static_cast<std::uint8_t>(entry.reason)) return entry.reason;
    // Among them certificateHold and removeFromCRL, which would make a revocation depend on later lists.
    fail_input("x509.crl.reason", "the list has a reason code that this project does not issue");
}

Time read_time(ByteView value, std::string_view what) {
    der::Reader reader(value, malformed);
    if (!reader.next_is(der::Tag::generalized_time)) reader.refuse(std::string(what) + " is not a GeneralizedTime");
    const auto time = reader.time(what);
    reader.finish(what);
    return time;
}

RevokedEntry read_entry(der::Reader entry, bool is_version_1) {
    RevokedEntry result;
    result.serial = to_bytes(entry.integer("revoked serial number"));
    require_serial(result.serial, malformed);
    result.revoked_at = entry.time("revocationDate");
    if (!entry.empty()) {
        // RFC 5280, section 5.3: the entry extensions are "defined for X.509 v2 CRLs".
        if (is_version_1) entry.refuse("an entry of a version 1 list has extensions");
        for (const auto& extension : parse_extensions(entry.any().encoding, malformed)) {
            if (extension.oid == oid::reason_code)
                result.reason = read_reason(extension.value);
            else if (extension.oid == oid::invalidity_date)
                result.invalid_since = read_time(extension.value, "invalidityDate");
            else if (extension.criticality == Criticality::critical)
                // RFC 5280, section 5.3: an application that meets a critical entry extension it cannot process "MUST
                // NOT use that CRL to determine the status of any certificates".
                fail_input("x509.crl.extension", "an entry has the unknown critical extension " + extension.oid);
        }
    }
    entry.finish("revoked certificate");
    return result;
}

Bytes read_authority_key(ByteView value) {
    der::Reader outer(value, malformed);
    auto reader = outer.sequence("authorityKeyIdentifier");
    outer.finish("authorityKeyIdentifier");
    const auto identifier = reader.element(der::context(0), "keyIdentifier").content;
    reader.finish("authorityKeyIdentifier");
    return to_bytes(identifier);
}

std::int64_t read_number(ByteView value) {
    der::Reader reader(value, malformed);
    const auto number = reader.small_integer("cRLNumber");
    reader.finish("cRLNumber");
    return number;
}

}  // namespace

RevocationReason parse_revocation_reason(std::string_view name) {
    std::string names;
    for (const auto& entry : reason_names) {
        if (entry.name == name) return entry.reason;
        names += (names.empty() ? "" : ", ") + std::string(entry.name);
    }
    fail_input("x509.revocation.reason", "unknown revocation reason; the reasons are " + names);
}

std::string_view revocation_reason_name(RevocationReason reason) {
    for (const auto& entry : reason_names)
        if (entry.reason == reason) return entry.name;
    fail_input("x509.revocation.reason", "there is no revocation reason of this number");
}

Time RevokedEntry::effective() const {
    if (invalid_since && is_compromise(reason)) return std::min(*invalid_since, revoked_at);
    return revoked_at;
}

struct Crl::Parsed {
    Bytes der;
    ByteView tbs, issuer, signature;  ///< borrowed from der
    SignatureAlgorithm algorithm{};
    Time this_update{}, next_update{};
    std::int64_t number = -1;
    std::optional<Time> expired_certs_since;
    Bytes authority_key_identifier;
    std::vector<RevokedEntry> entries;  ///< sorted by serial

    Parsed(Bytes bytes, CrlForm form) : der(std::move(bytes)), form_(form) {
        der::Reader outer(der, malformed);
        auto list = outer.sequence("certificate list");
        outer.finish("certificate list");
        const auto signed_part = list.element(der::Tag::sequence, "TBSCertList");
        tbs = signed_part.encoding;
        const auto outer_algorithm = list.element(der::Tag::sequence, "signature algorithm").encoding;
        signature = list.octet_aligned_bits("signature");
        list.finish("certificate list");
        read_signed_part(der::Reader(signed_part.content, malformed), outer_algorithm);
    }
    Parsed(const Parsed&) = delete;
    Parsed& operator=(const Parsed&) = delete;

private:
    void read_signed_part(der::Reader reader, ByteView outer_algorithm) {
        const bool is_version_1 = form_ == CrlForm::lenient && !reader.next_is(der::Tag::integer);
        if (!is_version_1 && reader.small_integer("version") != 1) reader.refuse("the list is not a version 2 CRL");
        const auto inner_algorithm = reader.element(der::Tag::sequence, "signature algorithm").encoding;
        // RFC 5280, section 5.1.1.2: "This field MUST contain the same algorithm identifier as the signature field".
        if (!std::ranges::equal(inner_algorithm, outer_algorithm))
            reader.refuse("the two signature algorithms of the list differ");
        algorithm = parse_algorithm(outer_algorithm);
        issuer = reader.element(der::Tag::sequence, "issuer").encoding;
        parse_name(issuer, malformed);
        this_update = reader.time("thisUpdate");
        // RFC 5280, section 5.1.2.5: "Conforming CRL issuers MUST include the nextUpdate field in all CRLs."
        const bool has_end = reader.next_is(der::Tag::utc_time) || reader.next_is(der::Tag::generalized_time);
        next_update = form_ == CrlForm::lenient && !has_end ? no_expiry : reader.time("nextUpdate");
        if (next_update < this_update) reader.refuse("nextUpdate is before thisUpdate");
        if (reader.next_is(der::Tag::sequence)) {
            auto revoked = reader.sequence("revoked certificates");
            // "When there are no revoked certificates, the revoked certificates list MUST be absent."
            if (revoked.empty()) reader.refuse("the list of revoked certificates is empty instead of absent");
            while (!revoked.empty()) {
                auto entry = revoked.sequence("revoked certificate");
                entries.push_back(read_entry(entry, is_version_1));
            }
        }
        if (form_ == CrlForm::strict || (!is_version_1 && !reader.empty())) {
            auto tagged = reader.enter(der::context_constructed(0), "CRL extensions");
            read_extensions(parse_extensions(tagged.any().encoding, malformed));
            tagged.finish("CRL extensions");
        }
        reader.finish("TBSCertList");
        std::ranges::sort(entries, has_smaller_serial);
        require_distinct(entries, malformed);
    }

    void read_extensions(const std::vector<Extension>& extensions) {
        for (const auto& extension : extensions) {
            if (extension.oid == oid::crl_number)
                number = read_number(extension.value);
            else if (extension.oid == oid::authority_key_identifier)
                authority_key_identifier = read_authority_key(extension.value);
            else if (extension.oid == oid::expired_certs_on_crl)
                expired_certs_since = read_time(extension.value, "expiredCertsOnCRL");
            else if (extension.criticality == Criticality::critical)
                // RFC 5280, section 5.2: with a critical extension unknown to it an application "MUST NOT use that CRL
                // to determine the status of certificates". Delta and partial lists are among these.
                fail_input("x509.crl.extension", "the list has the unknown critical extension " + extension.oid);
        }
        // RFC 5280, section 5.2: "Conforming CRL issuers are REQUIRED to include the authority key identifier and the
        // CRL number extensions in all CRLs issued."
        if (form_ == CrlForm::strict && (number < 0 || authority_key_identifier.empty()))
            fail_input(malformed, "the list has no cRLNumber or no authority key identifier");
    }

    const CrlForm form_;
};

Crl Crl::parse(ByteView der, CrlForm form) {
    if (der.size() > max_crl_size) fail_input("x509.crl.too_large", "the CRL is larger than 64 MiB");
    return Crl(std::make_shared<const Parsed>(to_bytes(der), form));
}

Crl Crl::parse_pem(std::string_view pem) {
    return parse(parse_single_pem(pem, "X509 CRL"));
}

ByteView Crl::der() const {
    return parsed_->der;
}
std::string Crl::pem() const {
    return to_pem("X509 CRL", parsed_->der);
}
ByteView Crl::issuer() const {
    return parsed_->issuer;
}
std::int64_t Crl::number() const {
    return parsed_->number;
}
Time Crl::this_update() const {
    return parsed_->this_update;
}
Time Crl::next_update() const {
    return parsed_->next_update;
}
std::optional<Time> Crl::expired_certs_since() const {
    return parsed_->expired_certs_since;
}
const std::vector<RevokedEntry>& Crl::entries() const {
    return parsed_->entries;
}

const RevokedEntry* Crl::find(ByteView serial) const {
    const RevokedEntry wanted{.serial = to_bytes(serial)};
    const auto found = std::ranges::lower_bound(parsed_->entries, wanted, has_smaller_serial);
    if (found == parsed_->entries.end() || found->serial != wanted.serial) return nullptr;
    return &*found;
}

bool Crl::is_signed_by(const Certificate& ca) const {
    const auto& identifier = parsed_->authority_key_identifier;
    return std::ranges::equal(parsed_->issuer, ca.subject()) &&
           (identifier.empty() || std::ranges::equal(identifier, ca.subject_key_identifier())) &&
           ca.basic_constraints().role == BasicConstraints::Role::ca && ca.has_key_usage(KeyUsage::crl_sign) &&
           is_valid_signature(ca.public_key(), parsed_->algorithm, parsed_->tbs, parsed_->signature);
}

namespace {

Crl sign_crl(const Certificate& ca, const PrivateKey& key, const std::vector<RevokedEntry>& entries,
             const CrlOptions& options) {
    constexpr std::string_view reason = "x509.crl.options";
    if (!(ca.public_key() == key.public_key()))
        fail_input(reason, "the private key does not belong to the CA certificate " + ca.subject_text());
    if (!ca.has_key_usage(KeyUsage::crl_sign)) fail_input(reason, ca.subject_text() + " may not sign CRLs");
    if (options.number < 0) fail_input(reason, "the CRL number is negative");
    if (options.next_update <= options.this_update) fail_input(reason, "nextUpdate must be later than thisUpdate");
    if (options.this_update > ca.not_after())
        fail(ErrorCode::forbidden, "x509.issuer.expired",
             "the CA certificate expired on " + format_rfc3339(ca.not_after()));

    auto sorted = entries;
    std::ranges::sort(sorted, has_smaller_serial);
    require_distinct(sorted, reason);
    Bytes revoked;
    for (const auto& entry : sorted) {
        require_serial(entry.serial, reason);
        if (entry.revoked_at > options.this_update)
            fail_input(reason, "the serial number " + to_hex(entry.serial) + " would be revoked after thisUpdate");
        const auto encoded = encode_entry(entry);
        revoked.insert(revoked.end(), encoded.begin(), encoded.end());
    }
    std::vector<Extension> extensions{
        non_critical(oid::authority_key_identifier,
                     der::sequence({der::encode(der::context(0), ca.subject_key_identifier())})),
        non_critical(oid::crl_number, der::integer(options.number))};
    if (options.expired_certs_since)
        extensions.push_back(
            non_critical(oid::expired_certs_on_crl, der::generalized_time(*options.expired_certs_since)));
    const auto tbs = der::sequence({der::integer(1), encode_algorithm(key.algorithm()), ca.subject(),
                                    der::time(options.this_update), der::time(options.next_update),
                                    revoked.empty() ? Bytes{} : der::encode(der::Tag::sequence, revoked),
                                    der::encode(der::context_constructed(0), encode_extensions(extensions))});
    auto crl = Crl::parse(der::sequence({tbs, encode_algorithm(key.algorithm()), der::bit_string(key.sign(tbs))}));
    if (!crl.is_signed_by(ca)) fail(ErrorCode::internal, "x509.crl.compare", "the new CRL does not verify with its CA");
    return crl;
}

}  // namespace

Crl make_crl(const Certificate& ca, const PrivateKey& key, const std::vector<RevokedEntry>& entries,
             const CrlOptions& options) {
    if (options.next_update >= no_expiry)
        fail_input("x509.crl.options", "a list without end is for the finished Ballot CA alone");
    return sign_crl(ca, key, entries, options);
}

Crl make_final_crl(const Certificate& ca, const PrivateKey& key, const std::vector<RevokedEntry>& entries,
                   const Arc& arc, const FinalCrlOptions& options) {
    constexpr std::string_view reason = "x509.crl.final";
    if (claimed_ca_role(ca, arc) != Role::ballot_ca)
        fail(ErrorCode::forbidden, reason, "only a Ballot CA has a last list: " + ca.subject_text() + " is none");
    if (options.this_update <= options.last_not_after)
        fail(ErrorCode::forbidden, reason,
             ca.subject_text() + " is not finished: its last certificate is valid until " +
                 format_rfc3339(options.last_not_after));
    return sign_crl(ca, key, entries,
                    {.number = options.number,
                     .this_update = options.this_update,
                     .next_update = no_expiry,
                     .expired_certs_since = ca.not_before()});
}

}  // namespace uvpki::x509
