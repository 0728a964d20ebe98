#pragma once
// Name constraints (RFC 5280, section 4.2.1.10): below which names a CA may certify. Private: the path checks use it.

#include <optional>
#include <string>
#include <vector>

#include "uvpki/x509/certificate.h"
#include "uvpki/x509/general_name.h"

namespace uvpki::x509 {

class NameConstraints {
public:
    /// Strict; the result borrows from the DER. Throws invalid_input with this reason: no subtree, a minimum or
    /// maximum, a network mask with gaps, characters that are not IA5.
    static NameConstraints parse(ByteView der, std::string_view reason);

    /// The first of the names that is not permitted, as text; nullopt when all are. A name of a kind that is
    /// constrained but cannot be compared (otherName, registeredID, quoted mailboxes, URIs without a host) is not
    /// permitted. `work` is raised by the number of comparisons.
    std::optional<std::string> find_violation(ByteView subject, const std::vector<GeneralName>& alt_names,
                                              std::size_t& work) const;

    enum class Source { alt_name, subject };

private:
    bool is_constrained(GeneralName::Kind kind) const;
    bool permits(const GeneralName& name, std::size_t& work, Source source) const;
    std::vector<GeneralName> permitted_, excluded_;
};

}  // namespace uvpki::x509
