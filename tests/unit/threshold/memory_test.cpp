#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/process_memory.h"
#include "tests/unit/threshold/assembly.h"

using namespace uvpki;
using namespace uvpki::threshold;
using testing::Assembly;
using testing::count_in_memory;
using testing::masked_from_child;

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
