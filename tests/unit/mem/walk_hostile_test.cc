// Whatever the guest writes into its registers and tables: a walk ends after five reads at most, reads only
// whole descriptors inside the physical address space, and what it reports is consistent.
#include <random>

#include "walk_fixture.h"

namespace trapeze::mem {
namespace {

class WalkHostile : public WalkTest {
protected:
    std::mt19937_64 random{20240817};

    // Mostly dense in ones and zeroes at the interesting places.
    u64 word() {
        switch (random() % 4) {
            case 0: return random() & random() & random();
            case 1: return random() | random() | random();
            case 2: return random() & 0xffff'ffff;
            default: return random();
        }
    }
    bool flip() { return (random() & 1) != 0; }

    MmuFeatures any_features() {
        MmuFeatures f;
        constexpr unsigned kSizes[] = {32, 36, 40, 42, 44, 48, 52};
        f.pa_bits = kSizes[random() % 7];
        for (bool* flag :
             {&f.gran4k, &f.gran16k, &f.gran64k, &f.lpa2_4k, &f.lpa2_16k, &f.lva,  &f.mixed_endian,
              &f.haf,    &f.hdbs,    &f.hpds,    &f.pan,     &f.pan3,     &f.e0pd, &f.ttst,
              &f.tcr2,   &f.s1pie,   &f.s1poe,   &f.aie,     &f.pauth,    &f.mtx})
            *flag = flip();
        return f;
    }
    El10Registers any_registers() {
        El10Registers r;
        for (u64* reg : {&r.SCTLR_EL1, &r.TCR_EL1, &r.TTBR0_EL1, &r.TTBR1_EL1, &r.MAIR_EL1, &r.MAIR2_EL1,
                         &r.TCR2_EL1, &r.PIR_EL1, &r.PIRE0_EL1, &r.POR_EL1, &r.POR_EL0})
            *reg = word();
        if (random() % 8 != 0) r.SCTLR_EL1 |= kSctlrM;
        // Sizes that work, often enough to get through.
        if (flip())
            r.TCR_EL1 = deposit(deposit(r.TCR_EL1, 5, 0, 16 + random() % 24), 21, 16, 16 + random() % 24);
        if (flip()) r.TCR_EL1 &= ~(kEpd0 | kEpd1);
        if (flip()) r.TCR_EL1 = deposit(r.TCR_EL1, 34, 32, 5 + random() % 3);
        return r;
    }
    u64 any_va(const El10Registers& r) {
        const u64 va = word();
        const u64 tsz = flip() ? extract(r.TCR_EL1, 5, 0) : 16;
        if (random() % 4 == 0) return va;
        return flip() ? va & low_mask(static_cast<unsigned>(64 - tsz))
                      : va | ~low_mask(static_cast<unsigned>(64 - tsz));
    }
    u64 any_descriptor() {
        u64 d = word();
        if (random() % 8 != 0) d |= 1;
        if (random() % 4 != 0) d &= ~(mask(49, 40) | mask(9, 8));
        if (random() % 4 != 0) d |= kAf;
        return d;
    }
};

TEST_F(WalkHostile, RandomRegistersAndTables) {
    int translated = 0;
    int faults[5] = {};
    for (int i = 0; i < 300'000; ++i) {
        const MmuFeatures f = any_features();
        const El10Registers r = any_registers();
        const Gva va{any_va(r)};
        const Access access{static_cast<AccessKind>(random() % 4), flip(), flip()};
        int count = 0;
        const WalkResult result = walk_stage1(r, f, access, va, [&](Gpa address) -> std::optional<u64> {
            EXPECT_EQ(address.value % 8, 0u);
            EXPECT_EQ(address.value >> f.pa_bits, 0u);
            ++count;
            if (random() % 64 == 0) return std::nullopt;
            return any_descriptor();
        });
        ASSERT_LE(count, 5);
        if (result) {
            ++translated;
            ASSERT_EQ(result->pa.value >> f.pa_bits, 0u);
            ASSERT_TRUE(is_power_of_two(result->size));
            ASSERT_EQ((result->pa.value ^ va.value) & (result->size - 1) & low_mask(f.pa_bits), 0u);
            ASSERT_EQ(result->flat, count == 0);
        } else {
            ++faults[static_cast<int>(result.error().kind)];
            ASSERT_GE(result.error().level, -1);
            ASSERT_LE(result.error().level, 3);
            ASSERT_FALSE(result.error().stage2 || result.error().on_walk);
        }
        ASSERT_EQ(encode_par(result) & 1, result ? 0u : 1u);
    }
    // The generator reaches everything.
    EXPECT_GT(translated, 5'000);
    for (const int n : faults) EXPECT_GT(n, 300);
}

TEST_F(WalkHostile, ATableThatPointsToItself) {
    for (const u64 granule : {kTg0_4K, kTg0_16K, kTg0_64K}) {
        regs.TCR_EL1 = t0sz(16) | granule | kIps48;
        regs.TTBR0_EL1 = 0x10'0000;
        int count = 0;
        const WalkResult result =
            walk_stage1(regs, features, kRead, Gva{0}, [&](Gpa address) -> std::optional<u64> {
                EXPECT_EQ(address.value, 0x10'0000u);
                ++count;
                return 0x10'0000 | kTable | kAf;
            });
        ASSERT_TRUE(result);
        EXPECT_EQ(result->pa.value, 0x10'0000u);  // the table's last use is as a page
        EXPECT_EQ(count, granule == kTg0_64K ? 3 : 4);
    }
}

// A debugger sees whatever any access would.
TEST_F(WalkHostile, DebugAgreesWithAccesses) {
    int compared = 0;
    for (int i = 0; i < 100'000; ++i) {
        const MmuFeatures f = any_features();
        const El10Registers r = any_registers();
        const Gva va{any_va(r)};
        const u64 seed = random();
        const auto tables = [seed](Gpa address) -> std::optional<u64> {
            std::mt19937_64 local(seed ^ address.value);
            return (local() & ~mask(49, 40) & ~mask(9, 8)) | 1 | kAf;
        };
        const WalkResult access = walk_stage1(r, f, {.kind = AccessKind::Read, .pan = flip()}, va, tables);
        const WalkResult seen = translate_for_debug(r, f, va, tables);
        if (access) {
            ++compared;
            ASSERT_TRUE(seen);
            ASSERT_EQ(seen->pa, access->pa);
            ASSERT_EQ(seen->size, access->size);
        } else if (!seen) {
            ASSERT_EQ(seen.error(), access.error());
        } else {
            const FaultKind kind = access.error().kind;
            ASSERT_TRUE(kind == FaultKind::Permission || kind == FaultKind::AccessFlag);
        }
    }
    EXPECT_GT(compared, 3000);
}

}  // namespace
}  // namespace trapeze::mem
