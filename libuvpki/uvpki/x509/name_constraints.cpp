#include "uvpki/x509/name_constraints.h"

#include <algorithm>
#include <bit>

#include "uvpki/openssl/der.h"
#include "uvpki/x509/name.h"
#include "uvpki/x509/oids.h"

namespace uvpki::x509 {

namespace {

using Kind = GeneralName::Kind;

constexpr std::size_t max_subtrees = 2048;

bool is_contiguous_mask(ByteView mask) {
    // RFC 4632, section 5.1: a mask is a run of ones followed by zeros.
    bool ended = false;
    for (const auto octet : mask) {
        if (ended ? octet != 0 : octet != 0xFF && std::countl_one(octet) + std::countr_zero(octet) < 8) return false;
        ended = ended || octet != 0xFF;
    }
    return true;
}

void check_base(const GeneralName& base, const der::Reader& reader, std::string_view reason) {
    switch (base.kind) {
        case Kind::email:
        case Kind::dns:
        case Kind::uri:
            if (!std::ranges::all_of(base.value, [](std::uint8_t c) { return c > 0x20 && c < 0x7F; }))
                reader.refuse("nameConstraints has characters that names must not have");
            return;
        case Kind::ip:
            // RFC 5280: "For IPv4 addresses, the iPAddress field of GeneralName MUST contain eight (8) octets", for
            // IPv6 32: an address and its mask.
            if ((base.value.size() != 8 && base.value.size() != 32) ||
                !is_contiguous_mask(base.value.subspan(base.value.size() / 2)))
                reader.refuse("nameConstraints has an address range that is not an address and a prefix mask");
            return;
        case Kind::directory:
            parse_name(base.value, reason);
            return;
        case Kind::registered_id:
        case Kind::other:
            return;  // never compared, see find_violation
    }
}

std::vector<GeneralName> read_subtrees(der::Reader& constraints, unsigned tag, std::string_view reason) {
    if (!constraints.next_is(der::context_constructed(tag))) return {};
    auto reader = constraints.enter(der::context_constructed(tag), "subtrees");
    std::vector<GeneralName> result;
    while (!reader.empty()) {
        auto subtree = reader.sequence("subtree");
        const auto base = to_general_name(subtree.any(), subtree);
        check_base(base, subtree, reason);
        // "Within this profile, the minimum and maximum fields are not used with any name forms, thus, the minimum MUST
        // be zero, and maximum MUST be absent"; the default zero is not encoded in DER.
        subtree.finish("subtree");
        if (result.size() == max_subtrees) reader.refuse("nameConstraints has more than 2048 subtrees");
        result.push_back(base);
    }
    if (result.empty()) constraints.refuse("nameConstraints has an empty list of subtrees");
    return result;
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
bool same_text(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, lower, lower);
}
bool ends_with(std::string_view text, std::string_view end) {
    return text.size() >= end.size() && same_text(text.substr(text.size() - end.size()), end);
}

/// "(zero or more labels to the left-hand side)": a host within a domain; a leading dot asks for at least one label.
bool is_within_domain(std::string_view host, std::string_view domain) {
    if (domain.empty()) return true;
    if (host.ends_with('.')) host.remove_suffix(1);
    if (domain.ends_with('.')) domain.remove_suffix(1);
    if (domain.empty() || !ends_with(host, domain)) return false;
    return host.size() == domain.size() || domain.front() == '.' || host[host.size() - domain.size() - 1] == '.';
}

/// "*.example.com" may stand for a host of the domain "a.example.com".
bool wildcard_reaches(std::string_view host, std::string_view domain) {
    if (!host.starts_with("*.") || host.size() == 2 || !ends_with(domain, host.substr(1))) return false;
    const auto label = domain.substr(0, domain.size() - (host.size() - 1));
    return !label.empty() && label.find('.') == std::string_view::npos;
}

struct Mailbox {
    std::string_view local, domain;
};
/// Unquoted local part and host name; nothing else can be compared safely.
std::optional<Mailbox> find_mailbox(std::string_view address) {
    const auto at = address.find('@');
    if (at == std::string_view::npos || at == 0 || at + 1 == address.size()) return std::nullopt;
    if (address.find_first_of("\"\\[]()<>,;: ") != std::string_view::npos) return std::nullopt;
    if (address.find('@', at + 1) != std::string_view::npos) return std::nullopt;
    return Mailbox{address.substr(0, at), address.substr(at + 1)};
}

enum class Answer { no, yes, unknown };
Answer answer(bool matches) {
    return matches ? Answer::yes : Answer::no;
}

/// "A name constraint for Internet mail addresses MAY specify a particular mailbox, all addresses at a particular host,
/// or all mailboxes in a domain." Section 7.5: the host is compared without regard to case, the local part with.
Answer is_email_within(std::string_view name, std::string_view base, bool ignores_case) {
    const auto address = find_mailbox(name);
    if (!address || base.empty()) return Answer::unknown;
    if (base.find('@') != std::string_view::npos) {
        const auto mailbox = find_mailbox(base);
        if (!mailbox) return Answer::unknown;
        const bool same_local =
            ignores_case ? same_text(address->local, mailbox->local) : address->local == mailbox->local;
        return answer(same_local && same_text(address->domain, mailbox->domain));
    }
    if (base.find_first_of("\"\\[]()<>,;: ") != std::string_view::npos) return Answer::unknown;
    if (base.front() == '.') return answer(address->domain.size() > base.size() && ends_with(address->domain, base));
    return answer(same_text(address->domain, base));
}

/// The host of scheme://user@host:port/..., where it is a name.
std::optional<std::string_view> find_uri_host(std::string_view uri) {
    const auto start = uri.find("://");
    if (start == std::string_view::npos) return std::nullopt;
    auto host = uri.substr(start + 3);
    host = host.substr(0, host.find_first_of("/?#"));
    if (const auto at = host.rfind('@'); at != std::string_view::npos) host = host.substr(at + 1);
    if (host.starts_with('[')) return std::nullopt;
    host = host.substr(0, host.find(':'));
    if (host.ends_with('.')) host.remove_suffix(1);
    const auto last = host.substr(host.rfind('.') + 1);
    if (last.empty() || std::ranges::all_of(last, [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
    return host;
}

/// "The constraint MUST be specified as a fully qualified domain name and MAY specify a host or a domain."
Answer is_uri_within(std::string_view name, std::string_view base) {
    // "If a constraint is applied to the uniformResourceIdentifier name form and a subsequent certificate includes a
    // subjectAltName extension with a uniformResourceIdentifier that does not include an authority component with a
    // host name specified as a fully qualified domain name [...], then the application MUST reject the certificate."
    const auto host = find_uri_host(name);
    const bool is_host_name = base.find_first_of(":/?#@[]") == std::string_view::npos;
    if (!host || base.empty() || !is_host_name) return Answer::unknown;
    if (base.front() == '.') return answer(host->size() > base.size() && ends_with(*host, base));
    return answer(same_text(*host, base));
}

bool is_ip_within(ByteView address, ByteView range) {
    if (range.size() != 2 * address.size()) return false;
    for (std::size_t i = 0; i < address.size(); ++i)
        if (((address[i] ^ range[i]) & range[address.size() + i]) != 0) return false;
    return true;
}

enum class Side { permitted, excluded };

Answer is_within(const GeneralName& name, const GeneralName& base, Side side, NameConstraints::Source source) {
    const auto text = as_text(name.value), domain = as_text(base.value);
    switch (name.kind) {
        case Kind::dns:
            // ".example.com" is a constraint, no name of a host.
            if (text.starts_with('.') || text.find("..") != std::string_view::npos) return Answer::unknown;
            return answer(is_within_domain(text, domain) || (side == Side::excluded && wildcard_reaches(text, domain)));
        case Kind::email:
            // RFC 5280, appendix A.1: the attribute emailAddress is compared without regard to case; an exclusion does.
            return is_email_within(text, domain, side == Side::excluded && source == NameConstraints::Source::subject);
        case Kind::uri:
            return is_uri_within(text, domain);
        case Kind::ip:
            return answer(is_ip_within(name.value, base.value));
        case Kind::directory:
            return answer(is_within_name(name.value, base.value));
        case Kind::registered_id:
        case Kind::other:
            return Answer::unknown;
    }
    return Answer::unknown;
}

}  // namespace

NameConstraints NameConstraints::parse(ByteView der, std::string_view reason) {
    der::Reader outer(der, reason);
    auto reader = outer.sequence("nameConstraints");
    outer.finish("nameConstraints");
    NameConstraints result;
    result.permitted_ = read_subtrees(reader, 0, reason);
    result.excluded_ = read_subtrees(reader, 1, reason);
    reader.finish("nameConstraints");
    // "either the permittedSubtrees field or the excludedSubtrees MUST be present."
    if (result.permitted_.empty() && result.excluded_.empty()) outer.refuse("nameConstraints constrains nothing");
    return result;
}

bool NameConstraints::is_constrained(Kind kind) const {
    const auto is_kind = [kind](const GeneralName& base) { return base.kind == kind; };
    return std::ranges::any_of(permitted_, is_kind) || std::ranges::any_of(excluded_, is_kind);
}

bool NameConstraints::permits(const GeneralName& name, std::size_t& work, Source source) const {
    for (const auto& base : excluded_) {
        if (base.kind != name.kind) continue;
        ++work;
        if (is_within(name, base, Side::excluded, source) != Answer::no) return false;
    }
    bool is_restricted = false;
    for (const auto& base : permitted_) {
        if (base.kind != name.kind) continue;
        ++work;
        is_restricted = true;
        if (is_within(name, base, Side::permitted, source) == Answer::yes) return true;
    }
    return !is_restricted;
}

std::optional<std::string> NameConstraints::find_violation(ByteView subject, const std::vector<GeneralName>& alt_names,
                                                           std::size_t& work) const {
    for (const auto& name : alt_names)
        if (!permits(name, work, Source::alt_name)) return general_name_text(name);
    const auto attributes = parse_name(subject);
    if (attributes.empty()) return std::nullopt;
    if (!permits({Kind::directory, subject}, work, Source::subject)) return "the subject " + name_text(subject);
    if (!is_constrained(Kind::email)) return std::nullopt;
    // "the rfc822Name constraint MUST be applied to the attribute of type emailAddress in the subject distinguished
    // name": where there is no subjectAltName; here always.
    static const auto email = der::oid_from_text(oid::email_address);
    for (const auto& attribute : attributes) {
        if (!std::ranges::equal(attribute.oid, email)) continue;
        const auto tag = static_cast<der::Tag>(attribute.tag);
        const bool is_text =
            tag == der::Tag::ia5_string || tag == der::Tag::utf8_string || tag == der::Tag::printable_string;
        if (!is_text || !permits({Kind::email, attribute.value}, work, Source::subject))
            return "the subject's e-mail address";
    }
    return std::nullopt;
}

}  // namespace uvpki::x509
