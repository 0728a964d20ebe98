#pragma once
// The real uvca program in a temporary folder: runs command lines as an officer would type them.

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/ca/office.h"
#include "uvpki/json.h"

namespace uvpki::ca::test {

struct Answer {
    int exit_code = -1;
    std::string output;
    std::string errors;
    Json json() const { return parse_json(as_bytes(output)); }
};

/// `office` gives the folder; its clock is handed to the program.
class Program {
public:
    explicit Program(const std::filesystem::path& folder) : folder_(folder) {
        save_file(folder / "ca.pw", "correct horse\n", FileMode::secret);
        save_file(folder / "wrong.pw", "battery staple\n", FileMode::secret);
    }

    Answer shell(const std::string& command) const {
        const auto result = run_command(folder_, "{ " + command + "\n} >.out 2>.err");
        return {result.exit_code, to_text(load_file(folder_ / ".out")), to_text(load_file(folder_ / ".err"))};
    }
    /// With folder, password and time of an authority in "authority".
    Answer uvca(const std::string& arguments, const Clock& clock) const {
        return uvca(arguments + " --at " + format_rfc3339(clock.now()));
    }
    Answer uvca(const std::string& arguments) const {
        return shell("UVCA_FOLDER=authority UVCA_PASSWORD_FILE=ca.pw " UVPKI_BIN "/uvca " + arguments);
    }

private:
    std::filesystem::path folder_;
};

/// One clear line on stderr, with the reason, and nothing on stdout.
inline void check_refused(const Answer& answer, const std::string& reason, int exit_code = 2) {
    CAPTURE(answer.errors);
    CAPTURE(answer.output);
    CHECK(answer.exit_code == exit_code);
    CHECK(answer.output.empty());
    CHECK(answer.errors.starts_with("uvca: "));
    CHECK(std::count(answer.errors.begin(), answer.errors.end(), '\n') == 1);
    CHECK(answer.errors.find("(" + reason) != std::string::npos);
}

inline void check_good(const Answer& answer) {
    CAPTURE(answer.errors);
    CAPTURE(answer.output);
    CHECK(answer.exit_code == 0);
    CHECK(answer.errors.empty());
}

}  // namespace uvpki::ca::test
