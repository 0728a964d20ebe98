#include "tests/registrar/office.h"

using namespace uvpki;
using namespace uvpki::testing;
using registrar::ImportMode;
using registrar::ImportVerdict;

namespace {

bool stores(const Office& office, std::string_view needle) {
    for (const auto* name : {"store.sqlite", "store.sqlite-wal"}) {
        if (!std::filesystem::exists(office.folder / name)) continue;
        if (to_text(load_file(office.folder / name)).find(needle) != std::string::npos) return true;
    }
    return false;
}

}  // namespace

TEST_CASE("voters are imported with a verdict per line, and importing again changes nothing") {
    Office office;
    const auto trial = office.registrar->import_voters(small_roll, ImportMode::dry_run, "office");
    CHECK(trial.added == 5);
    CHECK(office.count("voter") == 0);

    const auto first = office.import();
    CHECK(first.added == 5);
    CHECK(first.refused == 0);
    REQUIRE(first.verdicts.size() == 5);
    CHECK(first.verdicts[0].line == 2);
    CHECK(first.verdicts[0].voter == "A-1");
    CHECK(first.verdicts[0].kind == ImportVerdict::Kind::added);

    const auto again = office.import();
    CHECK(again.unchanged == 5);
    CHECK(again.added == 0);
    CHECK(office.count("voter") == 5);
}

TEST_CASE("the columns may stand in any order and without e-mail, with quotes and a byte order mark") {
    Office office;
    CHECK(office.import("\xEF\xBB\xBFname,style,voter_id\r\n\"Smith, Ann\",north,B-1\r\n").added == 1);
    const auto found = office.registrar->search("B-1", 5);
    REQUIRE(found.size() == 1);
    CHECK(found[0].name == "Smith, Ann");
    CHECK(found[0].email.empty());
    CHECK(found[0].style == "north");
    CHECK(found[0].certificate_serial.empty());
}

TEST_CASE("a file that is no roll is refused with its line, and nothing is stored") {
    Office office;
    const auto refusal = [&](std::string_view csv) -> std::pair<std::string, std::string> {
        try {
            office.import(csv);
        } catch (const Error& error) {
            return {error.reason(), error.message()};
        }
        return {};
    };
    CHECK(refusal("").first == "roll.csv.header");
    const auto missing = refusal("voter_id,name\nA-1,Ada\n");
    CHECK(missing.first == "roll.csv.header");
    CHECK(missing.second.find("line 1") != std::string::npos);
    CHECK(missing.second.find("style") != std::string::npos);
    CHECK(refusal("voter_id,name,style,name\n").first == "roll.csv.header");
    CHECK(refusal("voter_id,name,style,shoe\n").first == "roll.csv.header");
    const auto latin = refusal("voter_id,name,style\nA-1,Ada,north\nA-2,M\xFCller,north\n");
    CHECK(latin.first == "csv.encoding");
    CHECK(latin.second.find("line 3") != std::string::npos);
    CHECK(refusal("voter_id,name,style\nA-1,\"Ada,north\n").first == "csv.quote");
    CHECK(refusal("voter_id,name,style\nA-1," + std::string(5000, 'x') + ",north\n").first == "csv.too_large");
    CHECK(refusal(std::string((256u << 20) + 1, 'x')).first == "roll.csv.too_large");
    CHECK(office.count("voter") == 0);
}

TEST_CASE("T40: a bad line is refused by its rule and keeps the whole file out") {
    Office office;
    struct Bad {
        const char* line;
        const char* rule;
    };
    for (const auto& [line, rule] : {
             Bad{",Ada,north,", "roll.csv.voter_id"},
             Bad{"A-2,,north,", "roll.csv.name"},
             Bad{"A-2,Ada\x07,north,", "roll.csv.name"},
             Bad{"A-2,Ada\xE2\x80\xAE"
                 "adE,north,",
                 "roll.csv.name"},  // right-to-left override
             Bad{"A-2,A\xE2\x80\x8B"
                 "da,north,",
                 "roll.csv.name"},  // zero-width space
             Bad{"A-2,\"Ada\nEve\",north,", "roll.csv.name"},
             Bad{"A-2, Ada,north,", "roll.csv.name"},
             Bad{"A-2,Ada,North,", "roll.csv.style"},
             Bad{"A-2,Ada,,", "roll.csv.style"},
             Bad{"A-2,Ada,north/1,", "roll.csv.style"},
             Bad{"A-2,Ada,north,ada", "roll.csv.email"},
             Bad{"A-2,Ada,north,a@b@c", "roll.csv.email"},
             Bad{"A-2,Ada,north,\"a@b.example,c@d.example\"", "roll.csv.email"},
             Bad{"A-2,Ada,north", "roll.csv.fields"},
             Bad{"A-2,Ada,north,,", "roll.csv.fields"},
             Bad{"A-1,Somebody Else,north,", "roll.csv.duplicate"},
             Bad{"a-1,Somebody Else,north,", "roll.csv.duplicate"},
         }) {
        CAPTURE(line);
        const auto report = office.import(std::string("voter_id,name,style,email\nA-1,Good,north,\n") + line + "\n");
        REQUIRE(report.verdicts.size() == 2);
        CHECK(report.refused == 1);
        CHECK(report.verdicts[1].line == 3);
        CHECK(report.verdicts[1].kind == ImportVerdict::Kind::refused);
        CHECK(report.verdicts[1].reason.starts_with(std::string(rule) + ":"));
        CHECK(office.count("voter") == 0);
    }
    // Too long by one byte, and just not too long.
    const auto with_name = [](std::size_t size) {
        return "voter_id,name,style\nA-1," + std::string(size, 'x') + ",north\n";
    };
    CHECK(office.import(with_name(201)).refused == 1);
    CHECK(office.import(with_name(200)).added == 1);
}

TEST_CASE("a voter on the roll is not changed by an import") {
    Office office;
    office.import();
    const auto report = office.import("voter_id,name,style\nA-9,New,north\na-3,Ada Example,north\n");
    CHECK(report.refused == 1);
    CHECK(report.verdicts[1].reason.starts_with("roll.csv.changed:"));
    CHECK(office.count("voter") == 5);
    CHECK(office.registrar->search("A-3", 1).at(0).style == "south");
}

TEST_CASE("voters are found by entry, number, e-mail, and part of the name") {
    Office office;
    office.import();
    auto& registrar = *office.registrar;
    const auto ada = registrar.search("A-3", 10);
    REQUIRE(ada.size() == 1);
    CHECK(registrar.search(ada[0].entry, 10).at(0).voter_id == "A-3");
    CHECK(registrar.search("ADA@example.org", 10).at(0).voter_id == "A-3");
    CHECK(registrar.search("example", 10).size() == 2);
    CHECK(registrar.search("example", 1).size() == 1);
    CHECK(registrar.search("öztürk", 10).empty());  // only ASCII letters are folded
    CHECK(registrar.search("Öztürk", 10).size() == 1);
    CHECK(registrar.search("", 100).size() == 5);
    CHECK(registrar.search("nobody", 10).empty());
    CHECK(reason_of([&] { registrar.search("", 0); }) == "voter.limit");
    CHECK(reason_of([&] { registrar.search("", 10'001); }) == "voter.limit");
}

TEST_CASE("the store shows no name, no number and no e-mail, neither do its log files") {
    Office office;
    office.import();
    office.invite();
    CHECK(stores(office, "north"));  // the scan does find what is there
    for (const auto* secret : {"Zacharias", "Quillfeather", "quillfeather.example", "A-1", "Öztürk"}) {
        CAPTURE(secret);
        CHECK_FALSE(stores(office, secret));
    }
}

TEST_CASE("removing a voter erases the data key, revokes the certificate and frees the number") {
    Office office;
    office.import();
    const auto voter = enrol(*office.registrar, office.invite().at("A-1"));
    const auto entry = office.entry_of("A-1");
    office.registrar->remove(entry, "office");
    CHECK(office.registrar->search(entry, 10).empty());
    CHECK(office.registrar->search("A-1", 10).empty());
    CHECK(office.registrar->publish_crl().find(voter.certificate.serial()) != nullptr);
    const auto row = office.store()->read([&](service::Transaction& t) {
        return t
            .query("SELECT wrapped_key, sealed_person, voter_id_index, email_index FROM voter WHERE entry = $1",
                   {service::text(entry)})
            .at(0);
    });
    for (int column = 0; column < 4; ++column) CHECK(row.is_null(column));

    CHECK(reason_of([&] { office.registrar->remove(entry, "office"); }) == "");
    CHECK(reason_of([&] { office.registrar->remove("00000000-0000-4000-8000-000000000000", "office"); }) ==
          "voter.unknown");
    CHECK(office.import().added == 1);
    CHECK(office.entry_of("A-1") != entry);
    CHECK(office.registrar->check_audit().empty());
}

TEST_CASE("an act without a proper actor is refused and changes nothing") {
    Office office;
    CHECK(reason_of([&] { office.registrar->import_voters(small_roll, ImportMode::apply, ""); }) == "audit.record");
    CHECK(office.count("voter") == 0);
}
