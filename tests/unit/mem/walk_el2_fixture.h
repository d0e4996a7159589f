// A guest with EL2: its regimes, and stage 2 under EL1&0.
#pragma once

#include "walk_fixture.h"

namespace trapeze::mem {

inline constexpr u64 kHcrVm = 1, kHcrPtw = 1 << 2, kHcrDc = 1 << 12, kHcrTge = 1 << 27, kHcrCd = bit(32),
                     kHcrId = bit(33), kHcrE2h = bit(34), kHcrNv = bit(42), kHcrNv1 = bit(43),
                     kHcrFwb = bit(46), kHcrDct = bit(57);
inline constexpr u64 kHcrxTcr2En = 1 << 14;

// TCR_EL2 without E2H, and VTCR_EL2, which has PS, HA, HD and DS in the same places.
inline constexpr u64 kPs32 = 0, kPs36 = 1 << 16, kPs40 = 2 << 16, kPs44 = 4 << 16, kPs48 = 5 << 16,
                     kPs52 = 6 << 16;
inline constexpr u64 kEl2Tbi = 1 << 20, kEl2Ha = 1 << 21, kEl2Hd = 1 << 22, kEl2Hpd = 1 << 24,
                     kEl2Tbid = 1 << 29, kEl2Ds = bit(32), kEl2Mtx = bit(33);
constexpr u64 sl0(u64 n) {
    return n << 6;
}
inline constexpr u64 kSl2 = bit(33);

// Descriptors of stage 2.
inline constexpr u64 kS2Read = 1 << 6, kS2Write = 1 << 7, kFnxs = 1 << 11, kXn0 = bit(53), kXn1 = bit(54);
constexpr u64 mem_attr(u64 n) {
    return n << 2;
}
inline constexpr u64 kS2Normal = kAf | kS2Read | kS2Write | mem_attr(0b1111) | kInner;

inline MmuFeatures el2_features() {
    MmuFeatures f = all_features();
    f.pan2 = f.ats1a = f.el2 = f.vhe = f.hcx = f.nv = f.fwb = f.xnx = f.s2_lpa2_4k = f.s2_lpa2_16k = true;
    return f;
}

inline constexpr AccessRights kNone{};

// "rwx/rwx", privileged before unprivileged.
inline std::string rights_text(const Permissions& p) {
    const auto text = [](const AccessRights& r) {
        return std::string{r.read ? 'r' : '-', r.write ? 'w' : '-', r.execute ? 'x' : '-'};
    };
    return text(p.privileged) + "/" + text(p.unprivileged);
}

// Registers of all regimes; map_page() maps kVa in `regs` and so for El10, map() for any.
class El2Test : public WalkTest {
protected:
    El2Test() {
        features = el2_features();
        el2.HCRX_EL2 = kHcrxTcr2En;
        el2.SCTLR_EL2 = kSctlrM | kSctlrC | kSctlrI;
        el2.TCR_EL2 = t0sz(16) | kTg0_4K | kPs48;
        el2.MAIR_EL2 = kMair;
    }

    // EL2&0.
    void set_e2h() {
        el2.HCR_EL2 |= kHcrE2h;
        el2.TCR_EL2 = t0sz(16) | t1sz(16) | kTg0_4K | kTg1_4K | kIps48;
    }

    void map(u64 leaf) {
        map_page(leaf);
        el2.TTBR0_EL2 = regs.TTBR0_EL1;
    }

    MmuRegisters all() const { return {.el10 = regs, .el2 = el2}; }

    WalkResult walk_in(Regime regime, u64 va, Access access = {}, Stages stages = Stages::Both) {
        reads.clear();
        return mem::walk(all(), features, regime, stages, access, Gva{va}, reader());
    }
    Fault fault_in(Regime regime, u64 va, Access access = {}, Stages stages = Stages::Both) {
        return fault_of(walk_in(regime, va, access, stages));
    }
    u64 pa_in(Regime regime, u64 va, Access access = {}, Stages stages = Stages::Both) {
        const WalkResult result = walk_in(regime, va, access, stages);
        EXPECT_TRUE(result.has_value()) << testing::PrintToString(result.error());
        return result ? result->pa.value : ~u64{0};
    }
    std::string rights_in(Regime regime, u64 va, bool pan = false) {
        const WalkResult result = walk_in(regime, va, {.kind = AccessKind::Any, .pan = pan});
        EXPECT_TRUE(result.has_value()) << testing::PrintToString(result.error());
        return result ? rights_text(result->permissions) : "";
    }

    El2Registers el2;
};

// Stage 2 with one table of 1GB blocks for 512GB: the first GB, where stage 1 has its tables, is mapped to
// itself; the third, where kPa is, by set_output().
class Stage2Test : public El2Test {
protected:
    static constexpr u64 kStage2Table = 0x10'0000;
    static constexpr u64 kOutputAt = kStage2Table + 2 * 8;
    static constexpr u64 kOutput = 0xc0'0000'0000;
    static constexpr u64 kOutputPa = kOutput | (kPa & low_mask(30));

    Stage2Test() {
        el2.HCR_EL2 = kHcrVm;
        el2.VTCR_EL2 = t0sz(25) | sl0(1) | kTg0_4K | kPs48;
        el2.VTTBR_EL2 = kStage2Table;
        set_tables(kS2Normal);
        set_output(kS2Normal);
        map(kPa | kPage | kAf | kInner);
    }

    void set_tables(u64 attributes) { put(kStage2Table, kBlock | attributes); }
    void set_output(u64 attributes) { put(kOutputAt, kOutput | kBlock | attributes); }

    static Fault at_stage2(Fault fault, u64 ipa) {
        fault.stage2 = true;
        fault.ipa = Gpa{ipa};
        return fault;
    }
    static Fault on_walk(Fault fault, u64 ipa) {
        fault = at_stage2(fault, ipa);
        fault.on_walk = true;
        return fault;
    }
};

}  // namespace trapeze::mem
