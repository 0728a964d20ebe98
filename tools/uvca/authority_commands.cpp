#include <nlohmann/json.hpp>

#include "tools/console/trust_files.h"
#include "tools/uvca/context.h"
#include "uvpki/encoding.h"
#include "uvpki/files.h"
#include "uvpki/timestamp/authority.h"
#include "uvpki/timestamp/verify.h"

namespace uvpki::uvca {

namespace {

constexpr std::size_t largest_query = 4096;
constexpr std::size_t largest_data = std::size_t{1} << 30;

}  // namespace

ExitCode init_authority(const AuthorityArguments& arguments) {
    const auto& common = arguments.common;
    if (common.folder.empty())
        fail_input("usage", "the folder is not given: use --folder or the environment's UVCA_FOLDER");
    require_new_file(arguments.out);
    const auto clock = console::make_clock(common.at);
    SystemRandom random;
    const auto arc = arc_from(arguments.arc);
    const auto password =
        console::read_password(common.password_file, "the new authority's keys", console::PasswordUse::create);
    const auto authority = ca::Authority::create(common.folder, arguments.organization, arc, password, *clock, random);
    save_file(arguments.out, to_pem("CERTIFICATE REQUEST", authority.issuing_request()));
    report(common.output,
           "Made the authority in " + common.folder + ".\nHave the root sign " + arguments.out +
               " (uvca root sign), then install the answer (uvca install).",
           {{"folder", common.folder}, {"organization", authority.organization()}, {"request", arguments.out}});
    return ExitCode::good;
}

ExitCode write_request(const AuthorityArguments& arguments) {
    const auto session = open_authority(arguments.common);
    save_file(arguments.out, to_pem("CERTIFICATE REQUEST", session.authority.issuing_request()));
    report(arguments.common.output, "Wrote " + arguments.out, {{"request", arguments.out}});
    return ExitCode::good;
}

ExitCode install_authority(const AuthorityArguments& arguments) {
    const auto root = console::load_certificate(arguments.root);
    const auto issuing = console::load_certificate(arguments.issuing);
    auto session = open_authority(arguments.common);
    session.authority.install(root, issuing);
    const auto& tsa = session.authority.tsa();
    report(arguments.common.output,
           "Installed. Root SHA-256 " + to_hex(root.fingerprint()) + "\nIssuing CA valid until " +
               format_rfc3339(issuing.not_after()) + ", time stamps until " + format_rfc3339(tsa.not_after()),
           {{"issuing", certificate_json(issuing)}, {"root", certificate_json(root)}, {"tsa", certificate_json(tsa)}});
    return ExitCode::good;
}

ExitCode write_chain(const AuthorityArguments& arguments) {
    const auto session = open_for_reading(arguments.common);
    save_file(arguments.out, session.authority.root().pem() + session.authority.issuing().pem());
    report(arguments.common.output,
           "Wrote " + arguments.out + ". Root SHA-256 " + to_hex(session.authority.root().fingerprint()),
           {{"chain", arguments.out}, {"root", to_hex(session.authority.root().fingerprint())}});
    return ExitCode::good;
}

ExitCode write_crl(const AuthorityArguments& arguments) {
    const bool next = arguments.crl == AuthorityArguments::Crl::next;
    auto session = next ? open_authority(arguments.common) : open_for_reading(arguments.common);
    const auto crl = next ? session.authority.publish_crl() : session.authority.latest_crl();
    if (!arguments.out.empty()) save_crl(arguments.out, crl);
    std::vector<std::vector<std::string>> rows;
    auto entries = Json::array();
    for (const auto& entry : crl.entries()) {
        rows.push_back({to_hex(entry.serial), format_rfc3339(entry.revoked_at),
                        std::string(x509::revocation_reason_name(entry.reason))});
        entries.push_back({{"reason", x509::revocation_reason_name(entry.reason)},
                           {"revoked_at", format_rfc3339(entry.revoked_at)},
                           {"serial", to_hex(entry.serial)}});
    }
    report(arguments.common.output,
           "List " + std::to_string(crl.number()) + " of " + format_rfc3339(crl.this_update()) + ", valid until " +
               format_rfc3339(crl.next_update()) +
               (rows.empty() ? "\nNothing is revoked."
                             : "\n" + console::format_table({"serial", "revoked at", "reason"}, rows)),
           {{"entries", std::move(entries)},
            {"next_update", format_rfc3339(crl.next_update())},
            {"number", crl.number()},
            {"this_update", format_rfc3339(crl.this_update())}});
    return ExitCode::good;
}

ExitCode make_timestamp(const AuthorityArguments& arguments) {
    if (arguments.data.empty() == arguments.query.empty()) fail_input("usage", "give either --data or --query");
    const auto request = arguments.query.empty()
                             ? timestamp::make_request(sha256(load_file(arguments.data, largest_data)))
                             : load_file(arguments.query, largest_query);
    auto session = open_authority(arguments.common);
    const auto response = session.authority.timestamp(request);
    const auto token = timestamp::parse_response(response, timestamp::TokenForm::lenient);
    save_file(arguments.out, response);
    report(arguments.common.output, "Stamped at " + format_rfc3339(token.time) + ". Wrote " + arguments.out,
           {{"out", arguments.out}, {"serial", to_hex(token.serial)}, {"time", format_rfc3339(token.time)}});
    return ExitCode::good;
}

ExitCode check_audit(const AuthorityArguments& arguments) {
    const auto session = open_for_reading(arguments.common);
    const auto findings = session.authority.check_audit();
    report(arguments.common.output,
           findings.empty() ? "The audit log is whole, its checkpoints are signed and it fits the inventory."
                            : findings_text(findings, "BAD"),
           {{"findings", findings_json(findings)}, {"good", findings.empty()}});
    return findings.empty() ? ExitCode::good : ExitCode::found_bad;
}

}  // namespace uvpki::uvca
