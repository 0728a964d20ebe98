// The entry that libFuzzer calls, compiled once per target: UVPKI_FUZZ_TARGET names it.

#include <cstddef>
#include <cstdint>

#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    uvpki::fuzz::UVPKI_FUZZ_TARGET({data, size});
    return 0;
}
