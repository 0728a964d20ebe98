#pragma once
// Reads the members of one JSON object of a signed document: every member must be there, be of its type and within its
// limits, and no other member may be there. Private to the election folder; one thread.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "uvpki/clock.h"
#include "uvpki/digest.h"
#include "uvpki/json.h"

namespace uvpki::election {

/// Canonical JSON, whose errors become invalid_input `reason`; `what` names the document.
Json read_canonical(ByteView text, std::string_view what, std::string_view reason, std::size_t size_limit);

class ObjectReader {
public:
    /// `where` is what messages call the object ("manifest.contests[2]"). Every method throws invalid_input `reason`.
    /// The JSON value must outlive the reader.
    ObjectReader(const Json& value, std::string where, std::string reason);

    std::string text(const std::string& name, std::size_t most_bytes);
    std::int64_t integer(const std::string& name, std::int64_t least, std::int64_t most);
    /// "version" with this value.
    void version(std::int64_t expected);
    /// Lower-case hex of 32 octets.
    Sha256 digest(const std::string& name);
    /// Lower-case hex.
    Bytes hex(const std::string& name, std::size_t most_octets);
    Bytes base64(const std::string& name, std::size_t most_octets);
    Time time(const std::string& name);
    const Json& array(const std::string& name, std::size_t most);
    /// An array of texts.
    std::vector<std::string> texts(const std::string& name, std::size_t most, std::size_t most_bytes);
    /// An object whose members are all non-negative integers.
    std::map<std::string, std::int64_t> counts(const std::string& name, std::size_t most);
    ObjectReader object(const std::string& name);
    /// The member as it is; whoever takes it must check it.
    const Json& any(const std::string& name);
    /// Refuses members that were not read.
    void finish() const;

    std::string path(const std::string& name) const { return where_ + "." + name; }
    [[noreturn]] void refuse(const std::string& name, std::string_view rule) const;
    const std::string& reason() const { return reason_; }

private:
    const Json& value_;
    std::string where_;
    std::string reason_;
    std::vector<std::string> seen_;
};

/// [a-z0-9-], at least `least` and at most `most` characters.
bool is_identifier(std::string_view text, std::size_t least, std::size_t most);

}  // namespace uvpki::election
