#include "tools/uvtrustee/trustee_files.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tools/console/trust_files.h"
#include "uvpki/error.h"
#include "uvpki/files.h"
#include "uvpki/password_seal.h"

namespace uvpki::trustee {

namespace {

constexpr std::size_t message_limit = 1 << 20;
constexpr std::size_t secret_file_limit = 4 << 20;
constexpr std::size_t max_messages = 6 * threshold::max_trustees;

std::vector<std::filesystem::path> message_files(const std::string& folder) {
    std::vector<std::filesystem::path> files;
    std::error_code problem;
    for (const auto& entry : std::filesystem::directory_iterator(folder, problem))
        if (entry.path().extension() == ".p7m") files.push_back(entry.path());
    if (problem) fail(ErrorCode::not_found, "board.missing", "the board " + folder + " is not a readable folder");
    if (files.size() > max_messages) fail_input("board.too_large", "the board " + folder + " holds too many messages");
    std::ranges::sort(files);
    return files;
}

// Layout of a state file, before it is encrypted: size (4 octets, big-endian) and content of the ceremony's state, then
// for each message its step (1 octet), size and content. Binary, so that no text format leaves copies of a secret
// behind.

void put(SecretBytes& out, std::size_t& at, ByteView bytes) {
    const auto size = static_cast<std::uint32_t>(bytes.size());
    for (int shift = 24; shift >= 0; shift -= 8) out.writable()[at++] = static_cast<std::uint8_t>(size >> shift);
    std::ranges::copy(bytes, out.writable().begin() + static_cast<std::ptrdiff_t>(at));
    at += bytes.size();
}

[[noreturn]] void refuse_state() {
    fail_input("threshold.state", "this is not the state of a trustee");
}

ByteView take(ByteView& rest, std::size_t size) {
    if (rest.size() < size) refuse_state();
    const auto part = rest.first(size);
    rest = rest.subspan(size);
    return part;
}

ByteView take_sized(ByteView& rest) {
    std::size_t size = 0;
    for (const auto byte : take(rest, 4)) size = size << 8 | byte;
    return take(rest, size);
}

}  // namespace

std::string message_file_name(Step step, int trustee) {
    return "0" + std::to_string(static_cast<int>(step) + 1) + "-" + std::string(threshold::step_name(step)) + "-" +
           std::to_string(trustee) + ".p7m";
}

std::vector<Bytes> load_messages(const std::string& folder) {
    std::vector<Bytes> messages;
    for (const auto& file : message_files(folder)) messages.push_back(load_file(file, message_limit));
    return messages;
}

threshold::Board load_board(const threshold::Plan& plan, const x509::TrustStore& trust, const std::string& folder) {
    threshold::Board board(plan, trust);
    for (const auto& file : message_files(folder)) {
        const auto message = load_file(file, message_limit);
        console::naming_file(file.filename().string(), [&] { board.add(message); });
    }
    return board;
}

threshold::VerifiedTranscript load_transcript(const std::string& file, const std::string& board_folder,
                                              const x509::TrustStore& trust) {
    const auto json = load_file(file, secret_file_limit);
    const auto messages = load_messages(board_folder);
    return console::naming_file(file, [&] { return threshold::verify_transcript(json, messages, trust); });
}

StateFile::StateFile(std::string path, SecretBytes password, Random& random)
    : path_(std::move(path)), password_(std::move(password)), random_(random) {}

bool StateFile::exists() const {
    return std::filesystem::exists(path_);
}

KeptState StateFile::load() const {
    const auto sealed = load_file(path_, secret_file_limit);
    return console::naming_file(path_, [&] {
        const auto opened = open_with_password(sealed, password_);
        auto rest = opened.view();
        KeptState state{threshold::parse_state(SecretBytes(take_sized(rest))), {}};
        while (!rest.empty()) {
            const auto step = take(rest, 1)[0];
            if (step > static_cast<std::uint8_t>(Step::confirm)) refuse_state();
            state.messages[static_cast<Step>(step)] = to_bytes(take_sized(rest));
        }
        return state;
    });
}

void StateFile::save(const KeptState& state) const {
    const auto secret = threshold::encode_state(state.secret);
    std::size_t size = 4 + secret.size();
    for (const auto& [step, message] : state.messages) size += 5 + message.size();
    SecretBytes plain(size);
    std::size_t at = 0;
    put(plain, at, secret.view());
    for (const auto& [step, message] : state.messages) {
        plain.writable()[at++] = static_cast<std::uint8_t>(step);
        put(plain, at, message);
    }
    save_file(path_, seal_with_password(plain, password_, random_), FileMode::secret);
}

void StateFile::destroy() const {
    // The content is encrypted; overwriting it in place as well costs nothing and helps where storage does so too.
    const std::string zeros(std::filesystem::file_size(path_), '\0');
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file << zeros << std::flush;
    if (!file || !std::filesystem::remove(path_))
        fail(ErrorCode::unavailable, "file.unwritable", path_ + " cannot be destroyed: do it by hand");
}

void save_backup(const std::string& path, const threshold::ShareBackup& backup, const SecretBytes& password,
                 Random& random) {
    save_file(path, seal_with_password(threshold::encode_backup(backup), password, random), FileMode::secret);
}

threshold::ShareBackup load_backup(const std::string& path, const SecretBytes& password) {
    const auto sealed = load_file(path, secret_file_limit);
    return console::naming_file(path, [&] { return threshold::parse_backup(open_with_password(sealed, password)); });
}

}  // namespace uvpki::trustee
