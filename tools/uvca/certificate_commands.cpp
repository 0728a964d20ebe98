#include <nlohmann/json.hpp>

#include "tools/uvca/context.h"
#include "uvpki/encoding.h"
#include "uvpki/files.h"

namespace uvpki::uvca {

namespace {

ExitCode report_issued(const CertificateArguments& arguments, const x509::Certificate& certificate) {
    save_file(arguments.out, certificate.pem());
    report(arguments.common.output,
           "Issued " + console::visible(certificate.subject_text()) + "\nSerial       " + certificate.serial_hex() +
               "\nValid until  " + format_rfc3339(certificate.not_after()) + "\nWrote " + arguments.out,
           certificate_json(certificate));
    return ExitCode::good;
}

std::vector<std::string> alt_names(const CertificateArguments& arguments) {
    std::vector<std::string> names;
    for (const auto& name : arguments.dns) names.push_back("DNS:" + name);
    for (const auto& address : arguments.ip) names.push_back("IP:" + address);
    for (const auto& uri : arguments.uri) names.push_back("URI:" + uri);
    return names;
}

}  // namespace

ExitCode issue(const CertificateArguments& arguments) {
    ca::IssueRequest request;
    request.role = x509::find_profile(arguments.profile).role;
    request.request = load_request(arguments.csr);
    request.common_name = arguments.common_name;
    request.organizational_unit = arguments.organizational_unit;
    request.alt_names = alt_names(arguments);
    request.not_before = time_from(arguments.not_before);
    request.not_after = time_from(arguments.not_after);
    require_new_file(arguments.out);
    auto session = open_authority(arguments.common);
    return report_issued(arguments, session.authority.issue(request, arguments.common.actor));
}

ExitCode renew(const CertificateArguments& arguments) {
    const auto serial = serial_from(arguments.serial);
    const auto request = load_request(arguments.csr);
    require_new_file(arguments.out);
    auto session = open_authority(arguments.common);
    return report_issued(arguments, session.authority.renew(serial, request, arguments.common.actor));
}

ExitCode revoke(const CertificateArguments& arguments) {
    const auto& common = arguments.common;
    const auto serial = serial_from(arguments.serial);
    const auto reason = x509::parse_revocation_reason(arguments.reason);
    const auto since = time_from(arguments.invalid_since);
    auto session = is_rehearsal(common) ? open_for_reading(common) : open_authority(common);
    std::vector<std::vector<std::string>> rows;
    auto serials = Json::array();
    for (const auto& entry : session.authority.lineage(serial)) {
        if (entry.state == ca::CertificateState::revoked) continue;
        rows.push_back({entry.certificate.serial_hex(), console::visible(entry.certificate.subject_text())});
        serials.push_back(entry.certificate.serial_hex());
    }
    Json json{{"dry_run", is_rehearsal(common)}, {"reason", arguments.reason}, {"revoked", std::move(serials)}};
    const auto table = console::format_table({"serial", "subject"}, rows);
    if (is_rehearsal(common)) {
        report(common.output, "Would revoke, with all renewals:\n" + table + "Nothing was changed.", json);
        return ExitCode::good;
    }
    session.authority.revoke(serial, reason, since, common.actor);
    json["crl"] = session.authority.latest_crl().number();
    report(common.output,
           "Revoked (" + arguments.reason + "):\n" + table + "List " +
               std::to_string(session.authority.latest_crl().number()) + " is published: uvca crl --out FILE",
           json);
    return ExitCode::good;
}

}  // namespace uvpki::uvca
