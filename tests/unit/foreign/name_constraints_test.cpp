// BoringSSL's name_constraints_unittest: single names and whole certificates' names against constraints.
#include "uvpki/x509/name_constraints.h"
#include "tests/support/vectors.h"
#include "uvpki/encoding.h"

using namespace uvpki;
using namespace uvpki::x509;

namespace {

constexpr std::string_view reason = "x509.path.name";
const Bytes no_name{0x30, 0x00};

std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> parts;
    std::istringstream stream(text + "/");
    for (std::string part; std::getline(stream, part, '/');) parts.push_back(part);
    return parts;
}

struct Suite {
    nlohmann::json files = test::load_json_vectors("boringssl/name_constraints.json");

    Bytes der(const std::string& file, const std::string& label) const {
        return parse_base64(files.at(file).at(label).get<std::string>());
    }

    /// `id` is constraints/kind/name; throws as a path check would.
    void judge(const std::string& id) const {
        const auto parts = split(id);
        const auto constraints_der = der(parts[0], "NAME CONSTRAINTS");
        const auto constraints = NameConstraints::parse(constraints_der, reason);
        if (parts[1] == "parse") return;
        const auto text = parts[2];
        std::size_t work = 0;
        const auto find = [&](ByteView subject, const std::vector<GeneralName>& names) {
            if (const auto bad = constraints.find_violation(subject, names, work))
                fail(ErrorCode::verification_failed, reason, *bad);
        };
        if (parts[1] == "dns") {
            find(no_name, {{GeneralName::Kind::dns, as_bytes(text)}});
        } else if (parts[1] == "ip") {
            const auto address = parse_hex(text);
            find(no_name, {{GeneralName::Kind::ip, address}});
        } else if (parts[1] == "name") {
            const auto name = der(text, "NAME");
            // A certificate's empty subject is not held against constraints, an empty directoryName is.
            find(no_name, {{GeneralName::Kind::directory, name}});
            find(name, {});
        } else {
            const auto names = der(text, "SUBJECT ALTERNATIVE NAME");
            find(no_name, parse_general_names(names, "subjectAltName", reason));
        }
    }
};

}  // namespace

TEST_CASE("BoringSSL's names are permitted and excluded as it says, or as name_constraints.txt explains") {
    const Suite suite;
    test::Verdicts verdicts("boringssl/name_constraints.txt");
    for (const auto& [id, row] : verdicts.rows())
        verdicts.check(id, row.theirs, test::verdict_of([&, &case_id = id] { suite.judge(case_id); }));
    verdicts.finish();
}
