#include <algorithm>

#include "tests/ca/uvca_program.h"
#include "uvpki/encoding.h"
#include "uvpki/service/sqlite_database.h"

using namespace uvpki;
using namespace uvpki::ca;
using namespace uvpki::ca::test;

TEST_CASE("an authority is founded with the program alone, and openssl accepts what it makes") {
    TempFolder folder;
    const Program program(folder.path());
    const std::string at = " --at 2026-01-01T00:00:00Z";
    const std::string root = " --folder root --password-file ca.pw" + at;
    check_good(program.uvca("root create --organization 'Example Council'" + root));
    check_good(program.uvca("init --organization 'Example Council' --out issuing.csr" + at));
    check_refused(program.uvca("list" + at + " --folder nowhere"), "authority.missing");
    check_refused(program.uvca("issue --profile officer --csr issuing.csr --cn X --out x.pem" + at),
                  "authority.not_installed");
    const std::string sign = "root sign --csr issuing.csr --cn 'Issuing CA 1' --out issuing.pem" + root;
    check_good(program.uvca(sign + " --dry-run"));
    CHECK(!std::filesystem::exists(folder / "issuing.pem"));
    check_good(program.uvca(sign));
    check_refused(program.uvca("install --root issuing.pem --issuing issuing.pem" + at), "x509.path.anchor");
    check_good(program.uvca("install --root root/root.pem --issuing issuing.pem" + at));
    check_refused(program.uvca("install --root root/root.pem --issuing issuing.pem" + at), "authority.installed");
    check_good(program.uvca("chain --out chain.pem" + at));
    check_good(program.uvca("key new --out anna-key.pem --csr anna.csr --password-file ca.pw"));
    check_good(program.uvca("issue --profile officer --csr anna.csr --cn 'Anna Officer' --out anna.pem" + at));
    check_good(program.uvca("crl --out issuing-ca.pem" + at));
    save_file(folder / "list.txt", "a list\n");
    check_good(program.uvca("timestamp --data list.txt --out list.tsr" + at));

    const auto time = std::to_string(unix_seconds(parse_rfc3339("2026-01-01T00:01:00Z")));
    const auto officer_policy = x509::Arc().policy(static_cast<int>(x509::Role::officer));
    const std::string verify = "openssl verify -attime " + time + " -no-CApath -no-CAstore -CAfile chain.pem ";
    CHECK(program.shell(verify + "-policy " + officer_policy + " -explicit_policy anna.pem").exit_code == 0);
    CHECK(program.shell(verify + "-policy 1.2.3.4 -explicit_policy anna.pem").exit_code != 0);
    CHECK(program.shell("openssl crl -in issuing-ca.pem -CAfile chain.pem -noout").errors.find("verify OK") !=
          std::string::npos);
    CHECK(program.shell("openssl ts -verify -data list.txt -in list.tsr -CAfile chain.pem -attime " + time).exit_code ==
          0);
    CHECK(program.shell("openssl ts -query -data list.txt -sha384 -cert -out list.tsq").exit_code == 0);
    check_good(program.uvca("timestamp --query list.tsq --out list2.tsr" + at));
    CHECK(program.shell("openssl ts -verify -queryfile list.tsq -in list2.tsr -CAfile chain.pem -attime " + time)
              .exit_code == 0);
    CHECK(program.shell("openssl pkey -in anna-key.pem -passin file:ca.pw -noout").exit_code == 0);
    CHECK(program
              .shell("openssl dgst -sha384 -verify root/root-public.pem -signature root/transcript.sig "
                     "root/transcript.json")
              .exit_code == 0);
    check_good(program.uvca("root transcript --folder root"));
    check_good(program.uvca("audit check" + at));
    check_good(program.uvca("root revoke --reason cessation-of-operation --dry-run issuing.pem" + root));
    check_good(program.uvca("root revoke --reason cessation-of-operation issuing.pem" + root));
    CHECK(program.shell("openssl crl -in root/root.crl.pem -noout -text").output.find("Cessation Of Operation") !=
          std::string::npos);
    save_file(folder / "root" / "transcript.json", to_text(load_file(folder / "root" / "transcript.json")) + " ");
    check_refused(program.uvca("root transcript --folder root"), "root.transcript", 1);
    check_refused(program.uvca("root crl" + root), "root.transcript", 1);
}

TEST_CASE("bad requests of every kind are refused with one line, and nothing is issued") {
    Office office;
    const Program program(office.folder.path());
    const auto good = request_for(new_key());
    const auto file = [&](const std::string& name, ByteView content) { save_file(office.folder / name, content); };
    file("truncated.csr", ByteView(good).first(good.size() / 2));
    file("longer.csr", concat({good, Bytes{0}}));
    file("huge.csr", Bytes(1 << 20, 0x30));
    file("random.csr", office.random.bytes(500));
    file("empty.csr", {});
    const auto ber = concat({Bytes{0x30, 0x80}, ByteView(good).subspan(4), Bytes{0, 0}});
    file("ber.csr", ber);
    file("certificate.csr", as_bytes(office.authority.issuing().pem()));
    auto unsigned_request = good;
    unsigned_request.back() ^= 1;
    file("unsigned.csr", unsigned_request);
    const auto before = program.uvca("export --format json", office.clock).output;
    const auto issue = [&](const std::string& name) {
        return program.uvca("issue --profile officer --cn X --out x.pem --csr " + name, office.clock);
    };
    check_refused(issue("truncated.csr"), "x509.request.malformed");
    check_refused(issue("longer.csr"), "x509.request.malformed");
    check_refused(issue("huge.csr"), "file.too_large");
    check_refused(issue("random.csr"), "x509.request.malformed");
    check_refused(issue("empty.csr"), "x509.request.malformed");
    check_refused(issue("ber.csr"), "x509.request.malformed");
    check_refused(issue("certificate.csr"), "encoding.pem");
    check_refused(issue("unsigned.csr"), "x509.request.possession", 1);
    check_refused(issue("missing.csr"), "file.missing");
    check_refused(issue("."), "file.unreadable");
    file("good.csr", good);
    const auto with = [&](const std::string& options) {
        return program.uvca("issue --csr good.csr " + options, office.clock);
    };
    check_refused(with("--profile nonsense --cn X --out x.pem"), "x509.profile");
    check_refused(with("--profile voter --cn X --out x.pem"), "x509.issue.role");
    check_refused(with("--profile officer --cn '' --out x.pem"), "x509.name");
    check_refused(with("--profile officer --cn X --not-after tomorrow --out x.pem"), "time.format");
    check_refused(with("--profile officer --cn X --out x.pem --password-file wrong.pw"), "x509.key.password", 2);
    check_refused(with("--profile officer --cn X --out x.pem --folder elsewhere"), "authority.missing");
    check_refused(with("--profile officer --cn X"), "usage");
    check_refused(with("--profile officer --cn X --out good.csr"), "file.exists");
    CHECK(!std::filesystem::exists(office.folder / "x.pem"));
    CHECK(program.uvca("export --format json", office.clock).output == before);
    check_good(with("--profile officer --cn X --out x.pem"));
}

TEST_CASE("certificates are renewed, found, exported and revoked; a dry run changes nothing") {
    Office office;
    const Program program(office.folder.path());
    const auto run = [&](const std::string& arguments) { return program.uvca(arguments, office.clock); };
    for (const std::string name : {"anna", "bela", "anna-2"})
        check_good(program.uvca("key new --password-file ca.pw --out " + name + "-key.pem --csr " + name + ".csr"));
    check_refused(program.uvca("key new --password-file ca.pw --out anna-key.pem"), "file.exists");
    check_refused(program.uvca("key new --password-file ca.pw --type dsa --out x-key.pem"), "usage");
    const auto anna = run("issue --profile officer --csr anna.csr --cn 'Anna' --out anna.pem --json").json();
    check_good(run("issue --profile registrar --csr bela.csr --cn '=Bela' --out bela.pem"));
    const auto renewed = run("renew anna.pem --csr anna-2.csr --out anna-2.pem --json").json();
    CHECK(renewed.at("subject") == anna.at("subject"));

    CHECK(run("search --json anna").json().size() == 2);
    CHECK(run("list --json --profile registrar").json().size() == 1);
    CHECK(run("show --json anna-2.pem").json().at("renews") == anna.at("serial"));
    check_refused(run("show 4141"), "authority.serial");
    check_refused(run("show nowhere.pem"), "usage");
    check_refused(run("list --state asleep"), "usage");
    const auto csv = run("export").output;
    CHECK(std::count(csv.begin(), csv.end(), '\n') == 5);  // header, TSA, three certificates

    const auto dry = run("revoke --reason privilege-withdrawn --dry-run --json anna.pem").json();
    CHECK(dry.at("revoked").size() == 2);
    CHECK(run("list --json --state revoked").json().empty());
    CHECK(run("crl --json").json().at("number") == 1);
    check_refused(run("revoke --reason boredom anna.pem"), "x509.revocation.reason");
    check_refused(run("revoke --reason superseded --password-file wrong.pw anna.pem"), "x509.key.password", 2);
    check_good(run("revoke --reason privilege-withdrawn anna.pem"));
    check_refused(run("revoke --reason privilege-withdrawn anna.pem"), "revoke.again");
    CHECK(run("list --json --state revoked").json().size() == 2);
    CHECK(run("crl --json").json().at("entries").size() == 2);
    check_refused(run("renew anna-2.pem --csr anna-2.csr --out anna-3.pem"), "renew.revoked");
    check_good(run("crl --publish --out list.crl"));
    save_file(office.folder / "chain.pem", office.root.certificate().pem() + office.authority.issuing().pem());
    CHECK(program.shell("openssl crl -inform DER -in list.crl -CAfile chain.pem -noout").errors.find("verify OK") !=
          std::string::npos);
    check_good(run("audit check"));
}

TEST_CASE("an audit log that was tampered with is reported with exit code 1") {
    Office office;
    const Program program(office.folder.path());
    office.certify(x509::Role::officer, "Officer 1");
    check_good(program.uvca("audit check", office.clock));
    const auto database = service::open_sqlite(office.folder / "authority" / "store.sqlite");
    database->transaction([](service::Transaction& transaction) {
        transaction.execute_script(
            "DROP TRIGGER audit_no_update; UPDATE audit SET actor = 'nobody' WHERE sequence = 2;");
    });
    const auto answer = program.uvca("audit check", office.clock);
    CHECK(answer.exit_code == 1);
    CHECK(answer.output.find("audit.row") != std::string::npos);
    CHECK(program.uvca("audit check --json", office.clock).json().at("good") == false);
}

TEST_CASE("every command explains itself with an example") {
    TempFolder folder;
    const Program program(folder.path());
    for (const std::string command : {"",
                                      "root create",
                                      "root sign",
                                      "root revoke",
                                      "root crl",
                                      "root transcript",
                                      "init",
                                      "request",
                                      "install",
                                      "chain",
                                      "issue",
                                      "renew",
                                      "revoke",
                                      "crl",
                                      "list",
                                      "search",
                                      "show",
                                      "export",
                                      "key new",
                                      "audit check",
                                      "timestamp",
                                      "election create",
                                      "election contest",
                                      "election candidate",
                                      "election style",
                                      "election schedule",
                                      "election roll",
                                      "election token-keys",
                                      "election ballot-service",
                                      "election ceremony",
                                      "election freeze",
                                      "election activate",
                                      "election close",
                                      "election results",
                                      "election certify",
                                      "election archive",
                                      "election list",
                                      "election show"}) {
        CAPTURE(command);
        const auto answer = program.uvca(command + " --help");
        CHECK(answer.exit_code == 0);
        CHECK(answer.output.find("Exit codes: 0 good, 1 checked and found bad, 2 bad use") != std::string::npos);
        if (!command.empty()) CHECK(answer.output.find("Example:\n  uvca " + command) != std::string::npos);
    }
    check_refused(program.uvca("nonsense"), "usage");
    check_refused(program.uvca("list --nonsense"), "usage");
}

TEST_CASE("uvca key check finds keys that two holders share, in bundles and in the inventory") {
    Office office;
    const Program program(office.folder.path());
    const auto one = office.certify(x509::Role::officer, "Officer 1");
    const auto two = office.certify(x509::Role::officer, "Officer 2");
    const auto good = program.uvca("key check --json", office.clock);
    check_good(good);
    CHECK(good.json().at("good") == true);
    CHECK(good.json().at("keys") == 3);  // with the time-stamp authority
    save_file(office.folder / "all.pem", one.certificate.pem() + two.certificate.pem());
    check_good(program.uvca("key check all.pem", office.clock));
    save_file(office.folder / "more.pem", to_pem("PUBLIC KEY", one.key.public_key().spki()));
    const auto bad = program.uvca("key check --json all.pem more.pem", office.clock);
    CHECK(bad.exit_code == 1);
    REQUIRE(bad.json().at("findings").size() == 1);
    CHECK(bad.json().at("findings").at(0).at("rule") == "key.duplicate");
    CHECK(bad.json().at("findings").at(0).at("holders") == Json{"O=Test, CN=Officer 1", "more.pem key 1"});
    const auto table = program.uvca("key check all.pem more.pem", office.clock);
    CHECK(table.exit_code == 1);
    CHECK(table.output.find("key.duplicate") != std::string::npos);
    CHECK(table.output.find("3 keys, 1 findings.") != std::string::npos);
    check_refused(program.uvca("key check ca.pw", office.clock), "encoding.pem");
    check_refused(program.uvca("key check nowhere.pem", office.clock), "file.missing");
}
