#pragma once
// For tests that prove what a process does not hold: a search of its own writable memory for a secret that was computed
// in a child, and came from there masked.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>
#include <string>

#include "uvpki/secret.h"

namespace uvpki::testing {

inline constexpr std::uint8_t mask = 0xA5;

/// How often the masked value stands unmasked in this process's writable memory, in either byte order.
inline int count_in_memory(const Bytes& masked) {
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
inline Bytes masked_from_child(const std::function<SecretBytes()>& compute) {
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

}  // namespace uvpki::testing
