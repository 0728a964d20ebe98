#include "uvpki/x509/general_name.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "uvpki/x509/name.h"

namespace uvpki::x509 {

namespace {

constexpr std::size_t max_names = 256;

/// The characters of an IA5String name, none of which may hide or fake a part of it (a NUL in a host name,
/// CVE-2009-2408).
bool is_plain_text(ByteView octets) {
    return !octets.empty() && std::ranges::all_of(octets, [](std::uint8_t c) { return c > 0x20 && c < 0x7F; });
}

void check_form(const GeneralName& name, const der::Reader& reader, std::string_view reason) {
    switch (name.kind) {
        case GeneralName::Kind::email:
        case GeneralName::Kind::dns:
        case GeneralName::Kind::uri:
            if (!is_plain_text(name.value))
                reader.refuse("an alternative name is empty or has characters that names must not have");
            return;
        case GeneralName::Kind::ip:
            if (name.value.size() != 4 && name.value.size() != 16)
                reader.refuse("an iPAddress has neither 4 nor 16 octets");
            return;
        case GeneralName::Kind::directory:
            parse_name(name.value, reason);
            return;
        case GeneralName::Kind::registered_id:
            der::oid_to_text(name.value);
            return;
        case GeneralName::Kind::other:
            der::Reader(name.value, reason).oid("otherName type");
            return;
    }
}

std::string ip_text(ByteView octets) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(octets.size() == 4 ? AF_INET : AF_INET6, octets.data(), text.data(), text.size());
    return text.data();
}

}  // namespace

GeneralName to_general_name(const der::Element& element, const der::Reader& reader) {
    using Kind = GeneralName::Kind;
    static constexpr std::array<std::pair<der::Tag, Kind>, 7> kinds{{
        {der::context_constructed(0), Kind::other},
        {der::context(1), Kind::email},
        {der::context(2), Kind::dns},
        {der::context_constructed(4), Kind::directory},
        {der::context(6), Kind::uri},
        {der::context(7), Kind::ip},
        {der::context(8), Kind::registered_id},
    }};
    for (const auto& [tag, kind] : kinds)
        if (tag == element.tag) return {kind, element.content};
    reader.refuse("a GeneralName is of a kind that is not read");
}

std::vector<GeneralName> parse_general_names(ByteView der, std::string_view what, std::string_view reason) {
    der::Reader outer(der, reason);
    auto reader = outer.sequence(what);
    outer.finish(what);
    std::vector<GeneralName> result;
    while (!reader.empty()) {
        const auto name = to_general_name(reader.any(), reader);
        check_form(name, reader, reason);
        if (result.size() == max_names) reader.refuse(std::string(what) + " has more than 256 entries");
        result.push_back(name);
    }
    if (result.empty()) outer.refuse(std::string(what) + " is empty");
    return result;
}

std::string general_name_text(const GeneralName& name) {
    switch (name.kind) {
        case GeneralName::Kind::email:
            return "email:" + to_text(name.value);
        case GeneralName::Kind::dns:
            return "DNS:" + to_text(name.value);
        case GeneralName::Kind::uri:
            return "URI:" + to_text(name.value);
        case GeneralName::Kind::ip:
            return "IP:" + ip_text(name.value);
        case GeneralName::Kind::directory:
            return "dirName:" + name_text(name.value);
        case GeneralName::Kind::registered_id:
            return "RID:" + der::oid_to_text(name.value);
        case GeneralName::Kind::other:
            return "otherName:" + der::oid_to_text(der::Reader(name.value).oid("otherName type"));
    }
    return {};
}

}  // namespace uvpki::x509
