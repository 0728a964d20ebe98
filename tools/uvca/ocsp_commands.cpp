#include <nlohmann/json.hpp>

#include "tools/uvca/context.h"
#include "uvpki/encoding.h"
#include "uvpki/files.h"

namespace uvpki::uvca {

namespace {

Json answer_json(const x509::OcspAnswer& answer) {
    Json json{{"serial", to_hex(answer.id.serial)}, {"status", x509::ocsp_status_name(answer.status)}};
    if (answer.status == x509::OcspStatus::revoked) {
        json["reason"] = x509::revocation_reason_name(answer.reason);
        json["revoked_at"] = format_rfc3339(answer.revoked_at);
    }
    return json;
}

}  // namespace

ExitCode answer_ocsp(const AuthorityArguments& arguments) {
    const auto request = load_file(arguments.request, x509::max_ocsp_request_size);
    auto session = open_authority(arguments.common);
    const auto response = session.authority.answer_ocsp(request);
    save_file(arguments.out, response);
    // Reading it again gives the error that was answered, if it was one.
    const auto parsed = x509::parse_ocsp_response(response);
    auto answers = Json::array();
    std::vector<std::vector<std::string>> rows;
    for (const auto& answer : parsed.answers) {
        answers.push_back(answer_json(answer));
        rows.push_back({to_hex(answer.id.serial), std::string(x509::ocsp_status_name(answer.status))});
    }
    report(
        arguments.common.output,
        console::format_table({"serial", "status"}, rows) + "Answered at " + format_rfc3339(parsed.produced_at) +
            ". Wrote " + arguments.out,
        {{"answers", std::move(answers)}, {"out", arguments.out}, {"produced_at", format_rfc3339(parsed.produced_at)}});
    return ExitCode::good;
}

ExitCode write_ocsp_certificate(const AuthorityArguments& arguments) {
    auto session = open_authority(arguments.common);
    const auto certificate = session.authority.ocsp_certificate();
    save_file(arguments.out, certificate.pem());
    report(arguments.common.output,
           "Wrote " + arguments.out + ". Valid until " + format_rfc3339(certificate.not_after()),
           certificate_json(certificate));
    return ExitCode::good;
}

}  // namespace uvpki::uvca
