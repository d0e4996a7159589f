// The same as walk_hostile_test.cc for every regime, both stages and AT: whatever the guest writes into its
// registers and tables, a walk ends, reads only whole descriptors inside the physical address space, and
// what it reports is consistent.
#include <random>

#include "trapeze/mem/address_translate.h"
#include "walk_el2_fixture.h"

namespace trapeze::mem {
namespace {

class WalkHostileRegimes : public El2Test {
protected:
    std::mt19937_64 random{20250301};

    bool flip() { return (random() & 1) != 0; }
    u64 word() {
        switch (random() % 4) {
            case 0: return random() & random() & random();
            case 1: return random() | random() | random();
            case 2: return random() & 0xffff'ffff;
            default: return random();
        }
    }

    MmuFeatures any_features() {
        MmuFeatures f = el2_features();
        constexpr unsigned kSizes[] = {32, 36, 40, 42, 44, 48, 52};
        f.pa_bits = kSizes[random() % 7];
        for (bool* flag :
             {&f.gran4k,       &f.gran16k,   &f.gran64k,    &f.lpa2_4k,    &f.lpa2_16k,   &f.lva,
              &f.mixed_endian, &f.haf,       &f.hdbs,       &f.hpds,       &f.pan,        &f.pan2,
              &f.pan3,         &f.e0pd,      &f.ttst,       &f.tcr2,       &f.s1pie,      &f.s1poe,
              &f.aie,          &f.pauth,     &f.mte2,       &f.mte_perm,   &f.mtx,        &f.xs,
              &f.ats1a,        &f.vhe,       &f.e2h0,       &f.hcx,        &f.nv,         &f.fwb,
              &f.xnx,          &f.s2_gran4k, &f.s2_gran16k, &f.s2_gran64k, &f.s2_lpa2_4k, &f.s2_lpa2_16k})
            *flag = flip();
        f.el2 = random() % 8 != 0;
        return f;
    }

    MmuRegisters any_registers() {
        MmuRegisters r;
        for (u64* reg :
             {&r.el10.SCTLR_EL1, &r.el10.TCR_EL1,  &r.el10.TTBR0_EL1, &r.el10.TTBR1_EL1, &r.el10.MAIR_EL1,
              &r.el10.MAIR2_EL1, &r.el10.TCR2_EL1, &r.el10.PIR_EL1,   &r.el10.PIRE0_EL1, &r.el10.POR_EL1,
              &r.el10.POR_EL0,   &r.el2.HCR_EL2,   &r.el2.HCRX_EL2,   &r.el2.SCTLR_EL2,  &r.el2.TCR_EL2,
              &r.el2.TTBR0_EL2,  &r.el2.TTBR1_EL2, &r.el2.MAIR_EL2,   &r.el2.MAIR2_EL2,  &r.el2.TCR2_EL2,
              &r.el2.PIR_EL2,    &r.el2.PIRE0_EL2, &r.el2.POR_EL2,    &r.el2.VTCR_EL2,   &r.el2.VTTBR_EL2})
            *reg = word();
        // Values that work, often enough to get through.
        if (random() % 4 != 0) {
            r.el10.SCTLR_EL1 |= kSctlrM;
            r.el2.SCTLR_EL2 |= kSctlrM;
            r.el10.TCR_EL1 = sane_tcr(r.el10.TCR_EL1, kIps48);
            r.el2.TCR_EL2 = sane_tcr(r.el2.TCR_EL2, kPs48);
        }
        if (random() % 4 != 0) r.el2.HCR_EL2 &= ~(kHcrTge | kHcrDc | kHcrPtw);
        if (flip()) r.el2.VTCR_EL2 = sane_vtcr();
        return r;
    }
    u64 sane_tcr(u64 tcr, u64 ps) {
        tcr = deposit(deposit(tcr, 5, 0, 16 + random() % 24), 21, 16, 16 + random() % 24);
        return (tcr & ~(kEpd0 | kEpd1)) | ps;
    }
    u64 sane_vtcr() {
        constexpr u64 kPairs[] = {t0sz(25) | sl0(1),
                                  t0sz(24) | sl0(1),
                                  t0sz(32) | sl0(1),
                                  t0sz(34) | sl0(0),
                                  t0sz(28) | kTg0_16K | sl0(1),
                                  t0sz(24) | kTg0_64K | sl0(1)};
        return kPairs[random() % std::size(kPairs)] | kPs48 | (random() & (kEl2Ha | kEl2Hd));
    }

    u64 any_va() {
        const u64 va = word();
        if (random() % 4 == 0) return va;
        return flip() ? va & low_mask(static_cast<unsigned>(20 + random() % 33))
                      : va | ~low_mask(static_cast<unsigned>(20 + random() % 33));
    }
    // Tables and pages low enough that stage 2 may have them.
    u64 any_descriptor() {
        u64 d = word();
        if (random() % 8 != 0) d |= 1;
        if (random() % 4 != 0) d &= ~(mask(49, 34) | mask(9, 8));
        if (random() % 4 != 0) d |= kAf;
        if (random() % 4 != 0) d |= kS2Read | kS2Write;
        return d;
    }

    // Counts its calls in `count`, and checks each.
    DescriptorReader hostile_reader(const MmuFeatures& f, int& count) {
        return [this, &f, &count](Gpa address) -> std::optional<u64> {
            EXPECT_EQ(address.value % 8, 0u);
            EXPECT_EQ(address.value >> f.pa_bits, 0u);
            ++count;
            if (random() % 64 == 0) return std::nullopt;
            return any_descriptor();
        };
    }

    static void check(const WalkResult& result, const MmuFeatures& f, int count) {
        ASSERT_LE(count, kMostReads);
        ASSERT_EQ(encode_par(result) & 0x801, result ? 0x800u : 0x801u);
        if (result) {
            ASSERT_EQ(result->pa.value >> f.pa_bits, 0u);
            ASSERT_TRUE(is_power_of_two(result->size));
            ASSERT_EQ(result->flat, count == 0);
            const u8 attr = result->attributes.attr;
            ASSERT_TRUE(((attr & 0xf0) != 0 && attr != 0x44) ||
                        result->attributes.shareability == Shareability::OuterShareable);
            return;
        }
        const Fault& fault = result.error();
        ASSERT_GE(fault.level, -1);
        ASSERT_LE(fault.level, 3);
        ASSERT_TRUE(fault.stage2 || !fault.on_walk);
        ASSERT_TRUE(fault.stage2 || fault.ipa == Gpa{});
        ASSERT_TRUE(f.el2 || !fault.stage2);
        ASSERT_TRUE(fault.kind == FaultKind::Permission || !(fault.overlay || fault.dirty_bit));
    }
};

TEST_F(WalkHostileRegimes, RandomRegistersAndTables) {
    int translated = 0, faults[5] = {}, stage2 = 0, on_walk = 0, most = 0;
    for (int i = 0; i < 300'000 && !HasFatalFailure(); ++i) {
        const MmuFeatures f = any_features();
        const MmuRegisters r = any_registers();
        const auto regime = static_cast<Regime>(random() % 3);
        const auto stages = static_cast<Stages>(random() % 2);
        const Access access{static_cast<AccessKind>(random() % 4), flip(), flip()};
        int count = 0;
        const WalkResult result =
            mem::walk(r, f, regime, stages, access, Gva{any_va()}, hostile_reader(f, count));
        check(result, f, count);
        most = std::max(most, count);
        if (result) {
            ++translated;
            continue;
        }
        ++faults[static_cast<int>(result.error().kind)];
        stage2 += result.error().stage2 ? 1 : 0;
        on_walk += result.error().on_walk ? 1 : 0;
    }
    // The generator reaches everything.
    EXPECT_GT(translated, 5'000);
    for (const int n : faults) EXPECT_GT(n, 300);
    EXPECT_GT(on_walk, 1'000);
    EXPECT_GT(stage2, on_walk + 1'000);
    EXPECT_GT(most, 12);
}

TEST_F(WalkHostileRegimes, EveryAtOperation) {
    int undefined = 0;
    for (int i = 0; i < 100'000 && !HasFatalFailure(); ++i) {
        const MmuFeatures f = any_features();
        const MmuRegisters r = any_registers();
        const auto operation = static_cast<AtOperation>(random() % at_operations().size());
        const bool pan = flip();
        const Gva va{any_va()};
        int count = 0;
        const std::mt19937_64 state = random;
        const WalkResult result = walk_at(operation, r, f, pan, va, hostile_reader(f, count));
        check(result, f, count);
        random = state;
        const auto par = address_translate(operation, r, f, pan, va, hostile_reader(f, count));
        ASSERT_EQ(par.has_value(), at_implemented(operation, f));
        undefined += par ? 0 : 1;
        ASSERT_EQ(par.value_or(encode_par(result)), encode_par(result));
    }
    EXPECT_GT(undefined, 1'000);
}

TEST_F(WalkHostileRegimes, Stage2Alone) {
    int translated = 0;
    for (int i = 0; i < 100'000 && !HasFatalFailure(); ++i) {
        const MmuFeatures f = any_features();
        const El2Registers r = any_registers().el2;
        const Gpa ipa{any_va() & low_mask(static_cast<unsigned>(20 + random() % 33))};
        int count = 0;
        const Access access{static_cast<AccessKind>(random() % 4), flip(), flip()};
        const WalkResult result = walk_stage2(r, f, access, ipa, hostile_reader(f, count));
        check(result, f, count);
        ASSERT_LE(count, kMostLevels);
        if (!result) continue;
        ++translated;
        ASSERT_EQ((result->pa.value ^ ipa.value) & (result->size - 1) & low_mask(f.pa_bits), 0u);
    }
    EXPECT_GT(translated, 5'000);
}

// A debugger sees whatever any access would.
TEST_F(WalkHostileRegimes, DebugAgreesWithAccesses) {
    int compared = 0;
    for (int i = 0; i < 100'000 && !HasFatalFailure(); ++i) {
        const MmuFeatures f = any_features();
        const MmuRegisters r = any_registers();
        const Gva va{any_va()};
        const auto regime = static_cast<Regime>(random() % 3);
        const u64 seed = random();
        const auto tables = [seed](Gpa address) -> std::optional<u64> {
            std::mt19937_64 local(seed ^ address.value);
            return (local() & ~mask(49, 34) & ~mask(9, 8)) | 1 | kAf | kS2Read;
        };
        const Access access{.kind = AccessKind::Read, .privileged = true, .pan = flip()};
        const WalkResult result = mem::walk(r, f, regime, Stages::Both, access, va, tables);
        const WalkResult seen = translate_for_debug(r, f, regime, va, tables);
        if (result) {
            ++compared;
            ASSERT_TRUE(seen);
            ASSERT_EQ(seen->pa, result->pa);
            ASSERT_EQ(seen->size, result->size);
        } else if (!seen && seen.error() == result.error()) {
            continue;
        } else {
            // Past what denied the access there may be another fault.
            const FaultKind kind = result.error().kind;
            ASSERT_TRUE(kind == FaultKind::Permission || kind == FaultKind::AccessFlag);
        }
    }
    EXPECT_GT(compared, 2'000);
}

}  // namespace
}  // namespace trapeze::mem
