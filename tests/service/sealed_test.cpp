#include "uvpki/service/sealed.h"

#include <sys/stat.h>

#include "temp_store.h"
#include "uvpki/files.h"

using namespace uvpki;
using namespace uvpki::service;
using namespace uvpki::service::test;

namespace {

SystemRandom random_;

std::string open_reason(const SealingKey& key, ByteView sealed, std::string_view place) {
    return reason_of([&] { open_sealed(key, sealed, place); });
}

}  // namespace

TEST_CASE("a sealed value opens with its key and place, whatever its length") {
    const auto key = SealingKey::generate(random_);
    for (const std::size_t size : {0, 1, 15, 16, 17, 5000}) {
        const Bytes plaintext = random_.bytes(size);
        const Bytes sealed = seal(key, plaintext, "voter/1/name", random_);
        CHECK(sealed.size() == size + 29);
        CHECK(sealed[0] == 1);
        CHECK(equal(open_sealed(key, sealed, "voter/1/name").view(), plaintext));
    }
}

TEST_CASE("the same value sealed twice looks different") {
    const auto key = SealingKey::generate(random_);
    CHECK(seal(key, as_bytes("name"), "p", random_) != seal(key, as_bytes("name"), "p", random_));
}

TEST_CASE("every flipped bit, every cut and every other place or key is refused") {
    const auto key = SealingKey::generate(random_);
    const Bytes sealed = seal(key, as_bytes("Ada"), "voter/1/name", random_);
    for (std::size_t i = 0; i < sealed.size() * 8; ++i) {
        Bytes flipped = sealed;
        flipped[i / 8] ^= static_cast<std::uint8_t>(1u << (i % 8));
        CHECK(open_reason(key, flipped, "voter/1/name") == "sealed.tampered");
    }
    for (std::size_t size = 0; size < sealed.size(); ++size)
        CHECK(open_reason(key, ByteView(sealed).first(size), "voter/1/name") == "sealed.tampered");
    CHECK(open_reason(key, concat({sealed, Bytes{0}}), "voter/1/name") == "sealed.tampered");
    CHECK(open_reason(key, sealed, "voter/2/name") == "sealed.tampered");
    CHECK(open_reason(key, sealed, "voter/1/email") == "sealed.tampered");
    CHECK(open_reason(SealingKey::generate(random_), sealed, "voter/1/name") == "sealed.tampered");
    CHECK(open_reason(key, sealed, "voter/1/name") == "");
}

TEST_CASE("without the row's wrapped key the master key opens nothing of the row") {
    const auto master = SealingKey::generate(random_);
    const auto row_key = SealingKey::generate(random_);
    const Bytes wrapped = wrap_key(master, row_key, "voter/1/key", random_);
    const Bytes sealed = seal(row_key, as_bytes("Ada"), "voter/1/name", random_);
    const auto unwrapped = unwrap_key(master, wrapped, "voter/1/key");
    CHECK(as_text(open_sealed(unwrapped, sealed, "voter/1/name").view()) == "Ada");
    CHECK(open_reason(master, sealed, "voter/1/name") == "sealed.tampered");
    CHECK(reason_of([&] { unwrap_key(master, wrapped, "voter/2/key"); }) == "sealed.tampered");
    CHECK(reason_of([&] { unwrap_key(master, sealed, "voter/1/name"); }) == "sealed.tampered");
}

TEST_CASE("a sealed value that is no key does not unwrap") {
    const auto master = SealingKey::generate(random_);
    const Bytes sealed = seal(master, as_bytes("short"), "voter/1/key", random_);
    CHECK(reason_of([&] { unwrap_key(master, sealed, "voter/1/key"); }) == "sealed.tampered");
}

TEST_CASE("a blind index is equal for equal values of one field under one key alone") {
    const auto key = SealingKey::generate(random_);
    CHECK(blind_index(key, "email", "ada@example.org") == blind_index(key, "email", "ada@example.org"));
    CHECK(blind_index(key, "email", "ada@example.org") != blind_index(key, "email", "eve@example.org"));
    CHECK(blind_index(key, "email", "x") != blind_index(key, "name", "x"));
    CHECK(blind_index(key, "ab", "c") != blind_index(key, "a", "bc"));
    CHECK(blind_index(key, "email", "x") != blind_index(SealingKey::generate(random_), "email", "x"));
}

TEST_CASE("a key file is made once, private, and gives the same key again") {
    TempFolder folder;
    const auto path = folder / "seal.key";
    CHECK(reason_of([&] { load_key_file(path); }) == "file.missing");
    const auto made = load_or_create_key_file(path, random_);
    struct stat info {};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
    CHECK(info.st_size == 32);
    CHECK(load_or_create_key_file(path, random_).identifier() == made.identifier());
    CHECK(load_key_file(path).identifier() == made.identifier());
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
    CHECK(SealingKey::generate(random_).identifier() != made.identifier());
}

TEST_CASE("processes that make the key file at the same time end with one key") {
    TempFolder folder;
    const auto path = folder / "seal.key";
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    std::vector<pid_t> children;
    for (int i = 0; i < 6; ++i)
        children.push_back(start_child([&] {
            SystemRandom random;
            const auto identifier = load_or_create_key_file(path, random).identifier();
            return ::write(ends[1], identifier.data(), identifier.size()) == 32 ? 0 : 1;
        }));
    for (const pid_t child : children) CHECK(wait_for(child) == 0);
    const auto expected = load_key_file(path).identifier();
    for (int i = 0; i < 6; ++i) {
        Sha256 identifier{};
        REQUIRE(::read(ends[0], identifier.data(), identifier.size()) == 32);
        CHECK(identifier == expected);
    }
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_CASE("a key file that others may read, or of the wrong size, is refused") {
    TempFolder folder;
    save_file(folder / "open.key", ByteView(Bytes(32, 1)), FileMode::shared);
    CHECK(reason_of([&] { load_or_create_key_file(folder / "open.key", random_); }) == "sealed.key_file");
    save_file(folder / "short.key", ByteView(Bytes(31, 1)), FileMode::secret);
    CHECK(reason_of([&] { load_key_file(folder / "short.key"); }) == "sealed.key_file");
    save_file(folder / "good.key", ByteView(Bytes(32, 1)), FileMode::secret);
    CHECK(reason_of([&] { load_key_file(folder / "good.key"); }) == "");
    CHECK(reason_of([&] { load_or_create_key_file(folder.path() / "missing" / "x.key", random_); }) ==
          "file.unwritable");
    CHECK(reason_of([] { SealingKey(SecretBytes(31)); }) == "sealed.key");
}
