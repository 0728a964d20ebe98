#pragma once
// The files of an election package as they lie on the disk: which may be there, which must, and what does not belong.
// Reads names and contents only; judges no signature. Private to the election folder; immutable after construction.

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "uvpki/election/package.h"

namespace uvpki::election {

class PackageFiles {
public:
    /// Throws invalid_input "package.unreadable" when the folder is none or holds no manifest.json.
    explicit PackageFiles(std::filesystem::path folder);

    /// Links, special files, odd names, empty folders, unknown files, unreadable ones: a finding each.
    const std::vector<PackageFinding>& findings() const { return findings_; }
    /// Relative paths of all regular files with an allowed name, sorted by bytes.
    const std::set<std::string>& paths() const { return paths_; }
    bool has(const std::string& path) const { return paths_.contains(path); }
    std::vector<std::string> with_prefix(std::string_view prefix) const;
    /// Throws not_found "package.missing_file" (naming it) or as load_file.
    Bytes load(const std::string& path) const;
    std::string load_text(const std::string& path) const { return to_text(load(path)); }

private:
    void walk(const std::filesystem::path& folder, const std::string& prefix, int depth);

    std::filesystem::path folder_;
    std::set<std::string> paths_;
    std::vector<PackageFinding> findings_;
};

}  // namespace uvpki::election
