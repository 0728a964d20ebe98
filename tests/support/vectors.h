#pragma once
// Known answers from outside: reading the files, and the table of verdicts that stands beside them. Tests only.

#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>

#include "tests/support/reason.h"
#include "uvpki/bytes.h"
#include "uvpki/files.h"

namespace uvpki::test {

/// A file below tests/vectors; "x.gz" comes unpacked.
inline std::string load_vectors(const std::string& name) {
    const auto path = std::string(UVPKI_VECTORS "/") + name;
    if (!name.ends_with(".gz")) return to_text(load_file(path));
    std::FILE* pipe = popen(("gzip -dc '" + path + "'").c_str(), "r");
    if (pipe == nullptr) throw std::runtime_error("gzip cannot be started");
    std::string text;
    char buffer[65536];
    while (const auto size = std::fread(buffer, 1, sizeof buffer, pipe)) text.append(buffer, size);
    if (pclose(pipe) != 0) throw std::runtime_error("gzip cannot unpack " + path);
    return text;
}

inline nlohmann::json load_json_vectors(const std::string& name) {
    return nlohmann::json::parse(load_vectors(name));
}

/// "accepted", or the reason of the Error that the action throws.
template <typename Action>
std::string verdict_of(Action&& action) {
    const auto reason = reason_of(std::forward<Action>(action));
    return reason.empty() ? "accepted" : reason;
}

/// The table "case theirs ours why" beside foreign vectors. Every case is compared with its row, every row must have
/// its case, and where the verdicts differ the row says why, and only there.
class Verdicts {
public:
    struct Row {
        std::string theirs, ours, why;
    };

    explicit Verdicts(const std::string& name) : name_(name) {
        std::istringstream table(load_vectors(name));
        for (std::string line; std::getline(table, line);) {
            if (line.empty() || line[0] == '#') continue;
            std::istringstream fields(line);
            std::string id;
            Row row;
            fields >> id >> row.theirs >> row.ours >> std::ws;
            std::getline(fields, row.why);
            CHECK_MESSAGE(rows_.emplace(id, row).second, name << " lists " << id << " twice");
        }
    }

    /// `theirs` is "accepted" or "refused"; `ours` "accepted" or a reason.
    void check(const std::string& id, const std::string& theirs, const std::string& ours) {
        const auto row = rows_.find(id);
        const auto should_be = id + " " + theirs + " " + ours;
        CHECK_MESSAGE(seen_.insert(id).second, id << " was judged twice");
        if (row == rows_.end()) {
            CHECK_MESSAGE(false, name_ << " lacks the row: " << should_be);
            return;
        }
        CHECK_MESSAGE((row->second.theirs == theirs && row->second.ours == ours),
                      name_ << " should have the row: " << should_be);
        const bool differs = (theirs == "accepted") != (ours == "accepted");
        CHECK_MESSAGE(differs != row->second.why.empty(),
                      name_ << (differs ? " does not say why it differs: " : " explains what does not differ: ") << id);
        ++(differs ? differing_ : ours == "accepted" ? both_accept_ : both_refuse_);
    }

    /// After the last case; prints the figures.
    void finish() const {
        for (const auto& [id, row] : rows_)
            CHECK_MESSAGE(seen_.contains(id), name_ << " has a row without case: " << id);
        MESSAGE(name_ << ": " << seen_.size() << " cases, both accept " << both_accept_ << ", both refuse "
                      << both_refuse_ << ", explained differences " << differing_);
    }

    bool has_judged(const std::string& id) const { return seen_.contains(id); }

    /// For suites whose cases are the rows of the table.
    const std::map<std::string, Row>& rows() const { return rows_; }

private:
    std::string name_;
    std::map<std::string, Row> rows_;
    std::set<std::string> seen_;
    int both_accept_ = 0, both_refuse_ = 0, differing_ = 0;
};

}  // namespace uvpki::test
