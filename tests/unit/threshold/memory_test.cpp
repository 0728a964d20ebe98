#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>
#include <sstream>

#include "tests/unit/threshold/assembly.h"

using namespace uvpki;
using namespace uvpki::threshold;
using testing::Assembly;

namespace {

/// SHA-256 of a counter: the same scalars in both processes of the test.
class RepeatableRandom final : public Random {
public:
    void fill(std::span<std::uint8_t> out) override {
        while (!out.empty()) {
            const auto block = sha256(as_bytes("threshold memory test " + std::to_string(counter_++)));
            const auto size = std::min(out.size(), block.size());
            std::copy_n(block.begin(), size, out.begin());
            out = out.subspan(size);
        }
    }

private:
    int counter_ = 0;
};

constexpr std::uint8_t mask = 0xA5;

/// How often the masked value stands unmasked in this process's writable memory, in either byte order.
int count_in_memory(const Bytes& masked) {
    const int memory = open("/proc/self/mem", O_RDONLY);
    REQUIRE(memory >= 0);
    std::ifstream maps("/proc/self/maps");
    std::string line;
    int found = 0;
    while (std::getline(maps, line)) {
        unsigned long from = 0, to = 0;
        char rights[5] = "";
        if (std::sscanf(line.c_str(), "%lx-%lx %4s", &from, &to, rights) != 3) continue;
        if (rights[0] != 'r' || rights[1] != 'w' || to - from > (64u << 20)) continue;
        Bytes content(to - from);
        if (pread(memory, content.data(), content.size(), static_cast<off_t>(from)) < 0) continue;
        const auto same = [](std::uint8_t a, std::uint8_t b) { return a == static_cast<std::uint8_t>(b ^ mask); };
        for (const bool reversed : {false, true}) {
            auto pattern = masked;
            if (reversed) std::ranges::reverse(pattern);
            const auto hit = std::search(content.begin(), content.end(), pattern.begin(), pattern.end(), same);
            found += hit != content.end() ? 1 : 0;
        }
        wipe(content);
    }
    close(memory);
    return found;
}

/// Runs `compute` in a child process, so that what it computes never stood in this one, and returns its result masked.
Bytes masked_from_child(const std::function<SecretBytes()>& compute) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const auto child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        auto bytes = to_bytes(compute().view());
        for (auto& byte : bytes) byte ^= mask;
        const bool sent = write(ends[1], bytes.data(), bytes.size()) == 32;
        _exit(sent ? 0 : 1);
    }
    close(ends[1]);
    Bytes result(32);
    const auto size = read(ends[0], result.data(), result.size());
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    REQUIRE(size == 32);
    REQUIRE(status == 0);
    return result;
}

}  // namespace

TEST_CASE("T25: no process holds the election key's scalar before closing, not even one that plays all trustees") {
    const auto drawn = [] {
        RepeatableRandom random;
        std::vector<Polynomial> polynomials;
        for (int trustee = 0; trustee < 3; ++trustee) polynomials.push_back(random_polynomial(2, random));
        return polynomials;
    };
    const auto joint = masked_from_child([&] {
        std::vector<SecretBytes> parts;
        for (const auto& polynomial : drawn()) parts.push_back(polynomial.coefficients[0].clone());
        return sum_of_scalars(parts);
    });
    const auto share_of_first = masked_from_child([&] {
        std::vector<SecretBytes> parts;
        for (const auto& polynomial : drawn()) parts.push_back(evaluate(polynomial, 1));
        return sum_of_scalars(parts);
    });

    Assembly a(2, 3);
    RepeatableRandom random;
    a.commit_all(&random);
    a.reveal_all();
    a.deal_all();
    a.answer_all();
    const auto transcript = conclude(*a.board);
    std::vector<ShareBackup> backups;
    for (int trustee = 1; trustee <= 3; ++trustee) backups.push_back(a.backup(transcript, trustee));
    CHECK(count_in_memory(joint) == 0);
    CHECK(count_in_memory(share_of_first) > 0);  // the search finds what is there

    // After closing the scalar is made, and the same search finds it.
    std::vector<IndexedScalar> shares;
    for (const int trustee : {1, 3})
        shares.push_back({trustee, backups[static_cast<std::size_t>(trustee - 1)].scalar.clone()});
    const auto scalar = interpolate(shares);
    CHECK(scalar_point(scalar) == transcript.joint_key());
    CHECK(count_in_memory(joint) > 0);
}
