#include "tools/uvca/context.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tools/console/trust_files.h"
#include "uvpki/encoding.h"
#include "uvpki/files.h"

namespace uvpki::uvca {

namespace {

constexpr std::size_t largest_request_file = 64 * 1024;

void require_folder(const Common& common) {
    if (common.folder.empty())
        fail_input("usage", "the folder is not given: use --folder or the environment's UVCA_FOLDER");
}

}  // namespace

Session open_authority(const Common& common) {
    require_folder(common);
    auto clock = console::make_clock(common.at);
    auto random = std::make_unique<SystemRandom>();
    const auto password = console::read_password(common.password_file, "the authority's keys");
    auto authority = ca::Authority::open(common.folder, password, *clock, *random);
    return {std::move(clock), std::move(random), std::move(authority)};
}

Session open_for_reading(const Common& common) {
    require_folder(common);
    auto clock = console::make_clock(common.at);
    auto random = std::make_unique<SystemRandom>();
    auto authority = ca::Authority::open_for_reading(common.folder, *clock, *random);
    return {std::move(clock), std::move(random), std::move(authority)};
}

x509::Arc arc_from(const std::string& text) {
    return text.empty() ? x509::Arc() : x509::Arc(text);
}

bool is_rehearsal(const Common& common) {
    return common.mode == Mode::rehearse;
}

Bytes load_request(const std::string& path) {
    const auto content = load_file(path, largest_request_file);
    return console::naming_file(path, [&] {
        if (as_text(content).find("-----BEGIN") == std::string_view::npos) return content;
        return parse_single_pem(as_text(content), "CERTIFICATE REQUEST");
    });
}

Bytes serial_from(const std::string& text) {
    const bool is_hex = !text.empty() && text.size() % 2 == 0 && text.size() <= 40 &&
                        text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
    if (is_hex) return parse_hex(text);
    if (!std::filesystem::exists(text))
        fail_input("usage", "'" + text + "' is neither a serial number in hex nor a certificate's file");
    return to_bytes(console::load_certificate(text).serial());
}

std::optional<Time> time_from(const std::string& text) {
    if (text.empty()) return std::nullopt;
    return parse_rfc3339(text);
}

void print(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
}

void print_json(const Json& value) {
    print(canonical_json(value) + "\n");
}

void report(Output output, const std::string& text, const Json& json) {
    if (output == Output::json)
        print_json(json);
    else
        print(text + "\n");
}

void require_new_file(const std::string& path) {
    if (std::filesystem::exists(path)) fail(ErrorCode::conflict, "file.exists", path + " exists already");
}

void save_crl(const std::string& path, const x509::Crl& crl) {
    if (path.ends_with(".pem"))
        save_file(path, crl.pem());
    else
        save_file(path, crl.der());
}

std::string state_name(ca::CertificateState state) {
    switch (state) {
        case ca::CertificateState::good:
            return "good";
        case ca::CertificateState::revoked:
            return "revoked";
        case ca::CertificateState::expired:
            return "expired";
    }
    fail(ErrorCode::internal, "uvca.state", "no such state of a certificate");
}

Json certificate_json(const x509::Certificate& certificate) {
    return {{"fingerprint", to_hex(certificate.fingerprint())},
            {"not_after", format_rfc3339(certificate.not_after())},
            {"not_before", format_rfc3339(certificate.not_before())},
            {"serial", certificate.serial_hex()},
            {"subject", certificate.subject_text()}};
}

Json entry_json(const ca::InventoryEntry& entry) {
    auto json = certificate_json(entry.certificate);
    json["profile"] = x509::profile_of(entry.role).name;
    json["state"] = state_name(entry.state);
    if (!entry.renews.empty()) json["renews"] = entry.renews;
    if (entry.revocation) {
        json["revoked_at"] = format_rfc3339(entry.revocation->revoked_at);
        json["reason"] = x509::revocation_reason_name(entry.revocation->reason);
        if (entry.revocation->invalid_since) json["invalid_since"] = format_rfc3339(*entry.revocation->invalid_since);
    }
    return json;
}

Json findings_json(const std::vector<Finding>& findings) {
    auto list = Json::array();
    for (const auto& finding : findings) list.push_back({{"message", finding.message}, {"rule", finding.rule}});
    return list;
}

std::string findings_text(const std::vector<Finding>& findings, std::string_view word) {
    std::string text;
    for (const auto& finding : findings)
        text += std::string(word) + "  " + console::visible(finding.message) + " (" + finding.rule + ")\n";
    return text;
}

}  // namespace uvpki::uvca
