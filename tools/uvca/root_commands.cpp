#include <filesystem>
#include <nlohmann/json.hpp>

#include "tools/console/trust_files.h"
#include "tools/uvca/context.h"
#include "uvpki/encoding.h"
#include "uvpki/files.h"
#include "uvpki/x509/request.h"

namespace uvpki::uvca {

namespace {

/// Clock, randomness and the open root; the clock outlives it.
struct RootSession {
    std::unique_ptr<Clock> clock;
    std::unique_ptr<SystemRandom> random;
    ca::OfflineRoot root;
};

void require_root_folder(const Common& common) {
    if (common.folder.empty())
        fail_input("usage", "the root's folder is not given: use --folder or the environment's UVCA_ROOT_FOLDER");
}

RootSession open_root(const Common& common) {
    require_root_folder(common);
    auto clock = console::make_clock(common.at);
    auto random = std::make_unique<SystemRandom>();
    const auto password = console::read_password(common.password_file, "the root key");
    auto root = ca::OfflineRoot::open(common.folder, password, *clock, *random);
    return {std::move(clock), std::move(random), std::move(root)};
}

std::string path_in(const Common& common, const char* name) {
    return (std::filesystem::path(common.folder) / name).string();
}

}  // namespace

ExitCode create_root(const RootArguments& arguments) {
    const auto& common = arguments.common;
    require_root_folder(common);
    const auto clock = console::make_clock(common.at);
    SystemRandom random;
    const auto arc = arc_from(arguments.arc);
    const auto password =
        console::read_password(common.password_file, "the new root key", console::PasswordUse::create);
    const auto root = ca::OfflineRoot::create(common.folder, arguments.organization, arc, password, *clock, random);
    const auto fingerprint = to_hex(root.certificate().fingerprint());
    report(common.output,
           "Made the root in " + common.folder + ".\nSubject      " +
               console::visible(root.certificate().subject_text()) + "\nValid until  " +
               format_rfc3339(root.certificate().not_after()) + "\nSHA-256      " + fingerprint +
               "\nWrite the fingerprint down and publish it on paper: verifiers compare with it.",
           certificate_json(root.certificate()));
    return ExitCode::good;
}

ExitCode sign_with_root(const RootArguments& arguments) {
    const auto& common = arguments.common;
    const auto request = load_request(arguments.csr);
    const auto parsed = console::naming_file(arguments.csr, [&] { return x509::parse_request(request); });
    require_new_file(arguments.out);
    auto session = open_root(common);
    if (is_rehearsal(common)) {
        report(common.output,
               "Would sign an issuing CA named '" + console::visible(arguments.common_name) + "'.\nKey SHA-256  " +
                   to_hex(parsed.public_key.spki_sha256()) + "\nNothing was changed.",
               {{"common_name", arguments.common_name},
                {"dry_run", true},
                {"key_sha256", to_hex(parsed.public_key.spki_sha256())}});
        return ExitCode::good;
    }
    const auto certificate = session.root.sign_issuing_ca(request, arguments.common_name);
    save_file(arguments.out, certificate.pem());
    report(common.output,
           "Signed " + console::visible(certificate.subject_text()) + " until " +
               format_rfc3339(certificate.not_after()) + ".\nWrote " + arguments.out,
           certificate_json(certificate));
    return ExitCode::good;
}

ExitCode revoke_with_root(const RootArguments& arguments) {
    const auto& common = arguments.common;
    const auto serial = serial_from(arguments.serial);
    const auto reason = x509::parse_revocation_reason(arguments.reason);
    const auto since = time_from(arguments.invalid_since);
    auto session = open_root(common);
    const auto hex = to_hex(serial);
    const Json json{{"dry_run", is_rehearsal(common)}, {"reason", arguments.reason}, {"serial", hex}};
    if (is_rehearsal(common)) {
        if (!std::filesystem::exists(path_in(common, "issued") + "/" + hex + ".pem"))
            fail(ErrorCode::not_found, "root.serial",
                 "this root has signed no certificate with the serial number " + hex);
        report(common.output, "Would revoke " + hex + " (" + arguments.reason + "). Nothing was changed.", json);
        return ExitCode::good;
    }
    session.root.revoke(serial, reason, since);
    report(common.output, "Revoked " + hex + ". The new list is " + path_in(common, "root.crl.pem"), json);
    return ExitCode::good;
}

ExitCode publish_root_crl(const RootArguments& arguments) {
    auto session = open_root(arguments.common);
    const auto crl = session.root.publish_crl();
    if (!arguments.out.empty()) save_crl(arguments.out, crl);
    report(arguments.common.output,
           "Published list " + std::to_string(crl.number()) + " with " + std::to_string(crl.entries().size()) +
               " entries, valid until " + format_rfc3339(crl.next_update()),
           {{"entries", crl.entries().size()},
            {"next_update", format_rfc3339(crl.next_update())},
            {"number", crl.number()}});
    return ExitCode::good;
}

ExitCode show_root_transcript(const RootArguments& arguments) {
    const auto& common = arguments.common;
    require_root_folder(common);
    // Anybody may look: the signature is checked with the root certificate alone.
    const auto root = console::load_certificate(path_in(common, "root.pem"));
    const auto text = load_file(path_in(common, "transcript.json"));
    const auto signature = load_file(path_in(common, "transcript.sig"));
    if (!x509::is_valid_signature(root.public_key(), x509::SignatureAlgorithm::ecdsa_sha384, text, signature))
        fail(ErrorCode::verification_failed, "root.transcript",
             "transcript.json was changed: transcript.sig does not fit it");
    const auto json = parse_json(text);
    if (common.output == Output::json) {
        print_json(json);
        return ExitCode::good;
    }
    std::vector<std::vector<std::string>> rows;
    for (const auto& act : json.at("acts")) {
        std::string what;
        for (const char* member : {"subject", "serial", "number", "reason", "fingerprint"})
            if (act.contains(member))
                what += (what.empty() ? "" : "  ") +
                        (act.at(member).is_string() ? act.at(member).get<std::string>() : act.at(member).dump());
        rows.push_back({act.at("time").get<std::string>(), act.at("act").get<std::string>(), console::visible(what)});
    }
    print(console::format_table({"time", "act", "what"}, rows) + "The root's signature over the transcript holds.\n");
    return ExitCode::good;
}

}  // namespace uvpki::uvca
