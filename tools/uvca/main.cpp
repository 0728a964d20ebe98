// uvca: the election authority's officers at work: root, certificates, revocation, time stamps, elections.

#include "tools/uvca/options.h"
#include "uvpki/version.h"

namespace {

using namespace uvpki;
using namespace uvpki::uvca;

constexpr const char* reasons =
    "unspecified, key-compromise, ca-compromise, affiliation-changed, superseded, cessation-of-operation or "
    "privilege-withdrawn";

void add_root_commands(Options& options, RootArguments& root) {
    auto* group = options.group("root", "The offline root, on a machine that is never connected");
    const auto command = [&](const char* name, const char* what, const std::string& example,
                             ExitCode (*act)(const RootArguments&)) {
        auto* sub = options.command(group, name, what, "root " + std::string(name) + " --folder root" + example,
                                    [&root, act] { return act(root); });
        options.root(sub, root.common);
        return sub;
    };
    auto* sub =
        command("create", "Make the root key and certificate", " --organization 'Example Council'", create_root);
    sub->add_option("--organization", root.organization, "O= of every certificate")->required();
    sub->add_option("--arc", root.arc, "the authority's OID arc; default the documentation arc");

    sub = command("sign", "Sign the request of an issuing CA",
                  " --csr issuing.csr --cn 'Issuing CA 1' --out issuing.pem", sign_with_root);
    sub->add_option("--csr", root.csr, "the request")->required();
    sub->add_option("--cn", root.common_name, "the CA's name")->required();
    sub->add_option("--out", root.out, "the certificate (PEM)")->required();
    options.dry_run(sub, root.common);

    sub = command("revoke", "Revoke an issuing CA and publish the new list", " --reason ca-compromise issuing.pem",
                  revoke_with_root);
    sub->add_option("SERIAL", root.serial, "serial number in hex, or the certificate's file")->required();
    sub->add_option("--reason", root.reason, reasons)->required();
    sub->add_option("--invalid-since", root.invalid_since, "for a compromise: signatures do not count from then on");
    options.dry_run(sub, root.common);

    sub = command("crl", "Publish the next revocation list", " --out root.crl", publish_root_crl);
    sub->add_option("--out", root.out, "write it here too (PEM when the name ends in .pem, else DER)");

    command("transcript", "Check and show the signed record of all acts", "", show_root_transcript);
}

void add_authority_commands(Options& options, AuthorityArguments& authority) {
    const auto command = [&](const char* name, const char* what, const std::string& example,
                             ExitCode (*act)(const AuthorityArguments&)) {
        auto* sub = options.command(name, what, std::string(name) + " --folder authority" + example,
                                    [&authority, act] { return act(authority); });
        return sub;
    };
    auto* sub = command("init", "Make the authority's folder, keys and store",
                        " --organization 'Example Council' --out issuing.csr", init_authority);
    options.acting(sub, authority.common);
    sub->add_option("--organization", authority.organization, "O= of every certificate")->required();
    sub->add_option("--arc", authority.arc, "the authority's OID arc; default the documentation arc");
    sub->add_option("--out", authority.out, "the request for the root to sign")->required();

    sub = command("request", "Write the request for the root again", " --out issuing.csr", write_request);
    options.acting(sub, authority.common);
    sub->add_option("--out", authority.out, "the request for the root to sign")->required();

    sub = command("install", "Install what the root has signed", " --root root.pem --issuing issuing.pem",
                  install_authority);
    options.acting(sub, authority.common);
    sub->add_option("--root", authority.root, "the root's certificate")->required();
    sub->add_option("--issuing", authority.issuing, "the issuing CA's certificate")->required();

    sub = command("chain", "Write root and issuing CA for verifiers", " --out chain.pem", write_chain);
    options.reading(sub, authority.common);
    sub->add_option("--out", authority.out, "PEM file, root first")->required();

    sub = command("crl", "Show or publish the revocation list", " --publish --out issuing-ca.crl", write_crl);
    options.acting(sub, authority.common);
    sub->add_flag_callback(
        "--publish", [&authority] { authority.crl = AuthorityArguments::Crl::next; },
        "sign the next list; without it the latest one is shown");
    sub->add_option("--out", authority.out, "write it here (PEM when the name ends in .pem, else DER)");

    sub = command("timestamp", "Stamp a file (RFC 3161)", " --data list.txt --out list.tsr", make_timestamp);
    options.acting(sub, authority.common);
    sub->add_option("--data", authority.data, "the file");
    sub->add_option("--query", authority.query, "or a query made elsewhere (openssl ts -query)");
    sub->add_option("--out", authority.out, "the response")->required();

    auto* ocsp = options.group("ocsp", "Answers about the state of certificates (RFC 6960)");
    sub = options.command(ocsp, "respond", "Answer one request (openssl ocsp -reqout)",
                          "ocsp respond --folder authority --request question.der --out answer.der",
                          [&authority] { return answer_ocsp(authority); });
    options.acting(sub, authority.common);
    sub->add_option("--request", authority.request, "the request (DER)")->required();
    sub->add_option("--out", authority.out, "the response (DER)")->required();
    sub = options.command(ocsp, "certificate", "Write the responder's certificate, issued when none holds",
                          "ocsp certificate --folder authority --out ocsp.pem",
                          [&authority] { return write_ocsp_certificate(authority); });
    options.acting(sub, authority.common);
    sub->add_option("--out", authority.out, "PEM file")->required();

    auto* audit = options.group("audit", "The audit log");
    sub = options.command(audit, "check", "Check the whole log, its signatures, and that the inventory fits it",
                          "audit check --folder authority", [&authority] { return check_audit(authority); });
    options.reading(sub, authority.common);
}

void add_certificate_commands(Options& options, CertificateArguments& certificate) {
    auto* sub = options.command("issue", "Issue a certificate from a request",
                                "issue --folder authority --profile officer --csr anna.csr --cn 'Anna Officer' "
                                "--out anna.pem",
                                [&certificate] { return issue(certificate); });
    options.acting(sub, certificate.common);
    sub->add_option("--profile", certificate.profile, "officer, registrar, registrar-ca, ballot-ca, trustee, ...")
        ->required();
    sub->add_option("--csr", certificate.csr, "the request (PKCS#10, PEM or DER)")->required();
    sub->add_option("--cn", certificate.common_name, "CN= of the subject")->required();
    sub->add_option("--ou", certificate.organizational_unit, "OU= of the subject");
    sub->add_option("--dns", certificate.dns, "host name, for tls-server and tls-client");
    sub->add_option("--ip", certificate.ip, "address, for tls-server and tls-client");
    sub->add_option("--uri", certificate.uri, "URI as alternative name");
    sub->add_option("--not-before", certificate.not_before, "default now");
    sub->add_option("--not-after", certificate.not_after, "default what the profile says; needed for ballot-ca");
    sub->add_option("--out", certificate.out, "the certificate (PEM)")->required();

    sub = options.command("renew", "Renew a certificate with the same or a new key",
                          "renew --folder authority --csr anna-2.csr --out anna-2.pem anna.pem",
                          [&certificate] { return renew(certificate); });
    options.acting(sub, certificate.common);
    sub->add_option("SERIAL", certificate.serial, "serial number in hex, or the certificate's file")->required();
    sub->add_option("--csr", certificate.csr, "the request (PKCS#10, PEM or DER)")->required();
    sub->add_option("--out", certificate.out, "the certificate (PEM)")->required();

    sub = options.command("revoke", "Revoke a certificate and its renewals, and publish the list",
                          "revoke --folder authority --reason superseded anna.pem",
                          [&certificate] { return revoke(certificate); });
    options.acting(sub, certificate.common);
    sub->add_option("SERIAL", certificate.serial, "serial number in hex, or the certificate's file")->required();
    sub->add_option("--reason", certificate.reason, reasons)->required();
    sub->add_option("--invalid-since", certificate.invalid_since,
                    "for a compromise: signatures do not count from then on");
    options.dry_run(sub, certificate.common);
}

void add_filters(CLI::App* sub, InventoryArguments& inventory) {
    sub->add_option("--profile", inventory.profile, "only this profile");
    sub->add_option("--state", inventory.state, "good, revoked or expired");
    sub->add_option("--expires-before", inventory.expires_before, "only what ends before this time");
}

void add_inventory_commands(Options& options, InventoryArguments& inventory) {
    for (const std::string name : {"list", "search"}) {
        auto* sub = options.command(name.c_str(), name == "list" ? "List certificates" : "Find certificates by name",
                                    name + " --folder authority --profile officer" + (name == "list" ? "" : " anna"),
                                    [&inventory] { return search(inventory); });
        options.reading(sub, inventory.common);
        add_filters(sub, inventory);
        if (name == "search") sub->add_option("TEXT", inventory.text, "part of the subject")->required();
        sub->add_option("--limit", inventory.limit, "most entries shown")->capture_default_str();
        sub->add_option("--after", inventory.after, "go on after this serial number");
    }
    auto* sub = options.command("show", "Show one certificate", "show --folder authority anna.pem",
                                [&inventory] { return show(inventory); });
    options.reading(sub, inventory.common);
    sub->add_option("SERIAL", inventory.serial, "serial number in hex, or the certificate's file")->required();

    sub = options.command("export", "Write the whole inventory as CSV or JSON",
                          "export --folder authority --format csv --out certificates.csv",
                          [&inventory] { return export_inventory(inventory); });
    options.reading(sub, inventory.common);
    add_filters(sub, inventory);
    sub->add_option("--format", inventory.format, "csv or json")->capture_default_str();
    sub->add_option("--out", inventory.out, "file; else printed");
}

void add_key_commands(Options& options, KeyArguments& key, KeyRollArguments& roll) {
    auto* group = options.group("key", "Keys of one's own");
    auto* sub = options.command(group, "new", "Make a key and a request for its certificate",
                                "key new --out anna-key.pem --csr anna.csr", [&key] { return make_key(key); });
    sub->add_option("--type", key.type, "p256, p384 or rsa")->capture_default_str();
    sub->add_option("--out", key.out, "the key (encrypted PKCS#8 PEM)")->required();
    sub->add_option("--csr", key.csr, "the request; default the key's name and .csr");
    sub->add_option("--password-file", key.password_file, "file with the key's new password; else asked");
    options.json(sub, key.output);

    sub =
        options.command(group, "check", "Check many keys together: weak ones, shared ones, ones that factor each other",
                        "key check voters.pem more-keys.pem", [&roll] { return check_keys(roll); });
    options.reading(sub, roll.common);
    sub->add_option("FILE", roll.files,
                    "PEM files of certificates and public keys; else all good certificates of the authority");
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"The election authority: root, certificates, revocation, time stamps, elections.", "uvca"};
    app.set_version_flag("--version", "uvca " + std::string(uvpki::version));
    app.require_subcommand(1);
    app.footer(
        "The way through: root create, init, root sign, install, issue; then election create ... archive.\n"
        "The folder may stand in UVCA_FOLDER, the name of the password's file in UVCA_PASSWORD_FILE.\n"
        "Page: docs/authority.md\n\n" +
        exit_codes);
    Options options(app);
    RootArguments root;
    AuthorityArguments authority;
    CertificateArguments certificate;
    InventoryArguments inventory;
    KeyArguments key;
    KeyRollArguments key_roll;
    ElectionCommandLine elections;
    root.common = common_from_environment("UVCA_ROOT_FOLDER");
    for (auto* common : {&authority.common, &certificate.common, &inventory.common, &key_roll.common,
                         &elections.draft.common, &elections.election.common})
        *common = authority_from_environment();
    add_root_commands(options, root);
    add_authority_commands(options, authority);
    add_certificate_commands(options, certificate);
    add_inventory_commands(options, inventory);
    add_key_commands(options, key, key_roll);
    add_election_commands(options, elections);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& problem) {
        if (problem.get_exit_code() == 0) return app.exit(problem);
        return console::run_program("uvca", [&]() -> ExitCode { fail_input("usage", problem.what()); });
    }
    return console::run_program("uvca", options.body());
}
