#include "uvpki/election/package_files.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "uvpki/digest.h"
#include "uvpki/encoding.h"
#include "uvpki/error.h"
#include "uvpki/files.h"

namespace uvpki::election {

namespace {

constexpr int deepest_folder = 12;  // log/tile/entries/x001/x234/067.p is the deepest path with room to spare
constexpr std::size_t most_findings = 1000;

/// Matches a pattern in which "#" stands for a digit, "*" for one or more
/// characters of [a-z0-9-], and everything else for itself.
bool matches(std::string_view pattern, std::string_view text) {
    if (pattern.empty()) return text.empty();
    if (pattern.front() == '*') {
        for (std::size_t used = 0; used < text.size(); ++used) {
            const char c = text[used];
            if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) return false;
            if (matches(pattern.substr(1), text.substr(used + 1))) return true;
        }
        return false;
    }
    if (text.empty()) return false;
    const bool fits = pattern.front() == '#' ? text.front() >= '0' && text.front() <= '9' : pattern.front() == text.front();
    return fits && matches(pattern.substr(1), text.substr(1));
}

bool is_ballot_path(std::string_view path) {
    constexpr std::string_view prefix = "ballots/";
    if (!path.starts_with(prefix) || path.size() != prefix.size() + 2 + 1 + 64 + 4 || !path.ends_with(".p7m")) return false;
    const auto name = path.substr(prefix.size() + 3, 64);
    return path[prefix.size() + 2] == '/' && path.substr(prefix.size(), 2) == name.substr(0, 2) &&
           name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// log/tile/... : the tiles themselves are compared with what the tree gives, so their names need only be harmless.
bool is_tile_path(std::string_view path) {
    return path.starts_with("log/tile/") && path.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789/.") ==
                                                std::string_view::npos;
}

bool is_allowed(std::string_view path) {
    static constexpr std::array<std::string_view, 26> patterns = {
        "README.txt", "verify.sh", "root.pem", "chain.pem", "manifest.json", "manifest.json.p7s", "roll/roll.json",
        "roll/roll.json.p7s", "roll/commitments.txt", "claims/*.json", "claims/*.json.p7s", "claims/*.txt",
        "epochs/####.sha256", "epochs/####.tsr", "log/checkpoint", "crl/*.pem", "trustees/transcript.json",
        "trustees/ceremony/*.p7m", "trustees/rehearsal-*.csr", "trustees/checkpoint-*.p7m", "trustees/share-*.pem",
        "election-key.pem", "results/*.json", "results/results.json.p7s", "evidence/####.sha256", "evidence/####.tsr"};
    static constexpr std::array<std::string_view, 3> more = {"results/*.csv", "results/*.txt", "results/*.blt"};
    const auto fits = [&](std::string_view pattern) { return matches(pattern, path); };
    return is_ballot_path(path) || is_tile_path(path) || std::ranges::any_of(patterns, fits) ||
           std::ranges::any_of(more, fits);
}

/// A file name from outside as it may be shown: anything but plain characters as \xNN.
std::string shown(std::string_view name) {
    std::string text;
    for (const char c : name.substr(0, 200)) {
        if (c > 0x20 && c < 0x7F && c != '\\') {
            text += c;
        } else {
            text += "\\x" + to_hex(ByteView(reinterpret_cast<const std::uint8_t*>(&c), 1));
        }
    }
    return text;
}

}  // namespace

PackageFiles::PackageFiles(std::filesystem::path folder) : folder_(std::move(folder)) {
    std::error_code problem;
    if (!std::filesystem::is_directory(folder_, problem) ||
        !std::filesystem::is_regular_file(folder_ / "manifest.json", problem))
        fail_input("package.unreadable", folder_.string() + " is no election package: it has no manifest.json");
    walk(folder_, "", 0);
}

void PackageFiles::walk(const std::filesystem::path& folder, const std::string& prefix, int depth) {
    std::error_code problem;
    std::filesystem::directory_iterator entries(folder, problem);
    const auto add = [&](const std::string& path, std::string_view rule, std::string message) {
        if (findings_.size() < most_findings) findings_.push_back({shown(path), std::string(rule), std::move(message)});
    };
    if (problem) return add(prefix, "package.unreadable_file", "the folder cannot be read");
    bool empty = true;
    for (const auto& entry : entries) {
        empty = false;
        const auto path = prefix + entry.path().filename().string();
        const auto status = entry.symlink_status(problem);
        if (std::filesystem::is_symlink(status)) {
            add(path, "package.link", "a link has no place in a package");
        } else if (std::filesystem::is_directory(status)) {
            if (depth >= deepest_folder) add(path, "package.extra_file", "folders are nested too deeply");
            else walk(entry.path(), path + "/", depth + 1);
        } else if (!std::filesystem::is_regular_file(status)) {
            add(path, "package.special_file", "neither a file nor a folder");
        } else if (!is_allowed(path)) {
            add(path, "package.extra_file", "no such file belongs into a package");
        } else {
            paths_.insert(path);
        }
    }
    if (empty && depth > 0) add(prefix, "package.empty_folder", "an empty folder has no place in a package");
}

std::vector<std::string> PackageFiles::with_prefix(std::string_view prefix) const {
    std::vector<std::string> found;
    for (auto path = paths_.lower_bound(std::string(prefix)); path != paths_.end() && path->starts_with(prefix); ++path)
        found.push_back(*path);
    return found;
}

Bytes PackageFiles::load(const std::string& path) const {
    if (!has(path)) fail(ErrorCode::not_found, "package.missing_file", path + " is missing");
    return load_file(folder_ / path, 1u << 30);
}

std::string package_file_list(const std::filesystem::path& folder) {
    const PackageFiles files(folder);
    std::string list;
    for (const auto& path : files.paths())
        if (!path.starts_with("evidence/")) list += to_hex(sha256(files.load(path))) + "  " + path + "\n";
    return list;
}

}  // namespace uvpki::election
