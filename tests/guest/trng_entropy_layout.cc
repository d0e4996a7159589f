// kvm deviates: kernel-irqchip
// only: trapeze
#include "smccc.h"

using namespace guest;

namespace {

constexpr s32 kInvalid = -2;
constexpr s32 kNoEntropy = -3;

smccc::Result random_bits(u64 id, u64 bits) {
    smccc::Result result;
    // NO_ENTROPY is a legal, temporary answer (DEN0098 TRNG_RND).
    for (int i = 0; i < 100; ++i) {
        result = smccc::hvc(id, bits);
        if (smccc::result32(result.x[0]) != kNoEntropy) break;
    }
    return result;
}

}  // namespace

// KVM's own TRNG accepts a request for no bits.
TEST(trng_entropy_layout) {
    const u64 version = smccc::hvc(smccc::kTrngVersion).x[0];
    EXPECT(version >= 0x10000 && version < 0x80000000);
    EXPECT(smccc::result32(smccc::hvc(smccc::kTrngFeatures, smccc::kTrngRnd64).x[0]) >= 0);
    EXPECT(smccc::result32(smccc::hvc(smccc::kTrngFeatures, smccc::kTrngRnd32).x[0]) >= 0);
    EXPECT_EQ(smccc::result32(smccc::hvc(smccc::kTrngFeatures, 0x8400005f).x[0]), -1);
    const smccc::Result uuid = smccc::hvc(smccc::kTrngGetUuid);
    EXPECT(smccc::result32(uuid.x[0]) != -1);
    EXPECT((uuid.x[0] | uuid.x[1] | uuid.x[2] | uuid.x[3]) != 0);
    EXPECT_EQ((uuid.x[0] | uuid.x[1] | uuid.x[2] | uuid.x[3]) >> 32, 0);

    // The bits fill X3 from bit 0 upwards, then X2, then X1; what was not asked for is zero.
    u64 ored[4] = {};
    for (int i = 0; i < 64; ++i) {
        const smccc::Result r = random_bits(smccc::kTrngRnd64, 192);
        EXPECT_EQ(r.x[0], 0);
        for (int j = 1; j < 4; ++j) ored[j] |= r.x[j];
    }
    EXPECT_EQ(ored[1] & ored[2] & ored[3], ~u64{0});
    for (u64 bits = 1; bits <= 192; bits += 7) {
        const smccc::Result r = random_bits(smccc::kTrngRnd64, bits);
        EXPECT_EQ_AT(bits, r.x[0], 0);
        for (u64 j = 0; j < 3; ++j) {
            const u64 low = j * 64;
            const u64 count = bits <= low ? 0 : bits - low >= 64 ? 64 : bits - low;
            if (count < 64) EXPECT_EQ_AT(bits, r.x[3 - j] >> count, 0);
        }
    }
    for (u64 bits = 1; bits <= 96; bits += 5) {
        const smccc::Result r = random_bits(smccc::kTrngRnd32, bits);
        EXPECT_EQ_AT(bits, smccc::result32(r.x[0]), 0);
        for (u64 j = 0; j < 3; ++j) {
            const u64 low = j * 32;
            const u64 count = bits <= low ? 0 : bits - low >= 32 ? 32 : bits - low;
            EXPECT_EQ_AT(bits, r.x[3 - j] >> count, 0);
        }
    }
    EXPECT_EQ(smccc::result32(smccc::hvc(smccc::kTrngRnd64, 0).x[0]), kInvalid);
    EXPECT_EQ(smccc::result32(smccc::hvc(smccc::kTrngRnd64, 193).x[0]), kInvalid);
    EXPECT_EQ(smccc::result32(smccc::hvc(smccc::kTrngRnd32, 97).x[0]), kInvalid);
}
