#include "registrar-service/invitation_code.h"

namespace uvpki::registrar {

namespace {

constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t code_size = 26;  // 130 bits hold 128
constexpr std::size_t group_size = 5;
constexpr std::size_t most_typed = 64;

}  // namespace

std::string make_invitation_code(Random& random) {
    const auto octets = random.bytes(16);
    std::string code;
    std::uint32_t bits = 0;
    int held = 0;
    std::size_t next = 0;
    for (std::size_t i = 0; i < code_size; ++i) {
        if (held < 5) {
            bits = (bits << 8) | (next < octets.size() ? octets[next] : 0u);
            ++next;
            held += 8;
        }
        held -= 5;
        if (i != 0 && i % group_size == 0 && code_size - i > 1) code += '-';
        code += alphabet[(bits >> held) & 0x1F];
    }
    return code;
}

std::optional<Sha256> hash_invitation_code(std::string_view code) {
    if (code.size() > most_typed) return std::nullopt;
    std::string plain;
    for (char c : code) {
        if (c == '-' || c == ' ') continue;
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        if (c == 'o') c = '0';
        if (c == 'i' || c == 'l') c = '1';
        if (alphabet.find(c) == std::string_view::npos) return std::nullopt;
        plain += c;
    }
    if (plain.size() != code_size) return std::nullopt;
    return sha256(as_bytes(plain));
}

}  // namespace uvpki::registrar
