// Indirect permissions and overlays (DDI0487 "Stage 1 Indirect permissions", "Stage 1 Permission overlays";
// "PIR_EL1", "POR_EL1").
#include "walk_fixture.h"

namespace trapeze::mem {
namespace {

// PIIndex in a descriptor: bits 54, 53, 51, 6.
constexpr u64 pi_index(u64 n) {
    return (n >> 3 & 1) << 54 | (n >> 2 & 1) << 53 | (n >> 1 & 1) << 51 | (n & 1) << 6;
}
constexpr u64 po_index(u64 n) {
    return n << 60;
}
// Bit 7, nDirty, is AP[2] in the other format.
constexpr u64 kNDirty = kAp2;

class WalkIndirect : public WalkTest {
protected:
    void SetUp() override {
        map_page(kPa | kPage | kAf);
        regs.TCR2_EL1 = kTcr2Pie;
    }

    std::string rights(bool pan = false) {
        std::string text;
        for (const bool privileged : {true, false}) {
            if (!privileged) text += '/';
            for (const auto& [kind, letter] :
                 {std::pair{AccessKind::Read, 'r'}, {AccessKind::Write, 'w'}, {AccessKind::Fetch, 'x'}})
                text += walk(kVa, {.kind = kind, .privileged = privileged, .pan = pan}) ? letter : '-';
        }
        return text;
    }
    // Fields of PIR_EL1 and PIRE0_EL1, alone in their registers.
    std::string rights_of(u64 pir, u64 pire0, bool pan = false) {
        regs.PIR_EL1 = pir;
        regs.PIRE0_EL1 = pire0;
        return rights(pan);
    }
};

TEST_F(WalkIndirect, EveryEncoding) {
    const char* const expected[16] = {"---", "r--", "--x", "r-x", "---", "rw-", "rw-", "rwx",
                                      "r--", "r--", "r-x", "---", "rw-", "---", "rwx", "---"};
    for (u64 n = 0; n < 16; ++n) {
        EXPECT_EQ(rights_of(n, 0), std::string(expected[n]) + "/---") << n;
        EXPECT_EQ(rights_of(0, n), "---/" + std::string(expected[n])) << n;
    }
}

TEST_F(WalkIndirect, TheDescriptorsIndexSelectsTheField) {
    for (u64 n = 0; n < 16; ++n) {
        put(kLeafAt, kPa | kPage | kAf | pi_index(n));
        EXPECT_EQ(rights_of(0x5ull << (4 * n), 0), "rw-/---") << n;
        EXPECT_EQ(rights_of(0, 0x3ull << (4 * n)), "---/r-x") << n;
        EXPECT_EQ(rights_of(~(0xfull << (4 * n)), 0), "---/---") << n;
    }
}

TEST_F(WalkIndirect, ExecutableAtEl1AndWritableAtEl0IsNeither) {
    EXPECT_EQ(rights_of(0b0011, 0b0101), "---/---");
    EXPECT_EQ(rights_of(0b1010, 0b1100), "---/---");
    EXPECT_EQ(rights_of(0b0001, 0b0101), "r--/rw-");
    EXPECT_EQ(rights_of(0b0011, 0b0011), "r-x/r-x");
    EXPECT_EQ(rights_of(0b1001, 0b0101), "---/---") << "nor a control stack of EL1";
    EXPECT_EQ(rights_of(0b0011, 0b1001), "---/---") << "nor one of EL0";
}

TEST_F(WalkIndirect, WxnOfTheRegisterHasNoEffectButTheEncodingHas) {
    regs.SCTLR_EL1 |= kSctlrWxn;
    EXPECT_EQ(rights_of(0b0111, 0), "rwx/---");
    EXPECT_EQ(rights_of(0b0110, 0), "rw-/---");
}

TEST_F(WalkIndirect, PanDeniesWhatEl0CanUseInAnyWay) {
    EXPECT_EQ(rights_of(0b0101, 0b0001, true), "---/r--");
    EXPECT_EQ(rights_of(0b0101, 0b0010, true), "---/--x") << "without SCTLR_EL1.EPAN";
    EXPECT_EQ(rights_of(0b0101, 0, true), "rw-/---");
    EXPECT_EQ(rights_of(0b0111, 0b0001, true), "--x/r--");
    EXPECT_EQ(rights_of(0b0101, 0b0001), "rw-/r--");
}

TEST_F(WalkIndirect, HierarchicalControlIsOff) {
    put(0x1008, 0x2000 | kTable | kApTable0 | kApTable1 | kPxnTable | kUxnTable);
    EXPECT_EQ(rights_of(0b0111, 0b0011), "rwx/r-x");
}

TEST_F(WalkIndirect, NDirtyPagesCanOnlyBeWrittenWithHd) {
    put(kLeafAt, kPa | kPage | kAf | kNDirty);
    EXPECT_EQ(rights_of(0b0101, 0), "r--/---");
    Fault expected = permission(3);
    expected.dirty_bit = true;
    EXPECT_EQ(fault(kVa, kWrite), expected);
    regs.TCR_EL1 |= kHa;
    EXPECT_EQ(fault(kVa, kWrite), expected);
    regs.TCR_EL1 |= kHd;
    EXPECT_EQ(rights_of(0b0101, 0), "rw-/---");
    // The permission itself comes first.
    regs.TCR_EL1 = t0sz(16) | kIps48;
    regs.PIR_EL1 = 0b0001;
    EXPECT_EQ(fault(kVa, kWrite), permission(3));
}

TEST_F(WalkIndirect, NeedsTheFeatures) {
    regs.PIR_EL1 = regs.PIRE0_EL1 = 0;
    EXPECT_EQ(rights(), "---/---");
    features.s1pie = false;
    EXPECT_EQ(rights(), "rwx/--x");
    features.s1pie = true;
    features.tcr2 = false;
    EXPECT_EQ(rights(), "rwx/--x");
}

class WalkOverlay : public WalkIndirect {
protected:
    void SetUp() override {
        WalkIndirect::SetUp();
        regs.TCR2_EL1 = kTcr2Poe | kTcr2E0poe;
        put(kLeafAt, kPa | kPage | kAf | kAp1 | kUxn);  // rw-/rw-, directly
    }
    std::string overlaid(u64 por, u64 por_el0) {
        regs.POR_EL1 = por;
        regs.POR_EL0 = por_el0;
        return rights();
    }
    Fault denied() {
        Fault f = permission(3);
        f.overlay = true;
        return f;
    }
};

TEST_F(WalkOverlay, EveryEncoding) {
    const char* const expected[16] = {"---", "r--", "---", "r--", "-w-", "rw-", "-w-", "rw-"};
    for (u64 n = 0; n < 16; ++n) {
        const std::string rights = n < 8 ? expected[n] : "---";
        EXPECT_EQ(overlaid(n, 7), rights + "/rw-") << n;
        EXPECT_EQ(overlaid(7, n), "rw-/" + rights) << n;
    }
}

TEST_F(WalkOverlay, TheDescriptorsIndexSelectsTheField) {
    for (u64 n = 0; n < 8; ++n) {
        put(kLeafAt, kPa | kPage | kAf | kAp1 | kUxn | po_index(n));
        EXPECT_EQ(overlaid(0x5ull << (4 * n), 0x1ull << (4 * n)), "rw-/r--") << n;
    }
}

TEST_F(WalkOverlay, EachPrivilegeHasItsSwitch) {
    regs.TCR2_EL1 = kTcr2Poe;
    EXPECT_EQ(overlaid(0, 0), "---/rw-");
    regs.TCR2_EL1 = kTcr2E0poe;
    EXPECT_EQ(overlaid(0, 0), "rw-/---");
    features.s1poe = false;
    EXPECT_EQ(overlaid(0, 0), "rw-/rw-");
}

TEST_F(WalkOverlay, TheFaultTellsThatTheOverlayDenied) {
    overlaid(1, 1);
    EXPECT_EQ(fault(kVa, kWrite), denied());
    EXPECT_EQ(fault(kVa, kEl0Write), denied());
    EXPECT_EQ(fault(kVa, kFetch), denied());
    overlaid(7, 7);
    EXPECT_EQ(fault(kVa, kFetch), permission(3)) << "the base permissions deny this one";
}

TEST_F(WalkOverlay, IndirectEncodingsFrom8AreNotOverlaid) {
    regs.TCR2_EL1 = kTcr2Pie | kTcr2Poe | kTcr2E0poe;
    regs.PIR_EL1 = 0b1100;
    regs.PIRE0_EL1 = 0b1000;
    put(kLeafAt, kPa | kPage | kAf);
    EXPECT_EQ(overlaid(0, 0), "rw-/r--");
    regs.PIR_EL1 = 0b0101;
    EXPECT_EQ(overlaid(0, 0), "---/r--");
}

TEST_F(WalkOverlay, WxnTakesWritingWhenTheOverlayGrantsExecution) {
    regs.SCTLR_EL1 |= kSctlrWxn;
    put(kLeafAt, kPa | kPage | kAf);  // rwx at EL1
    EXPECT_EQ(overlaid(7, 7), "r-x/--x");
    EXPECT_EQ(fault(kVa, kWrite), denied());
    EXPECT_EQ(overlaid(5, 7), "rw-/--x");
    regs.TCR2_EL1 = kTcr2Pie | kTcr2Poe;
    regs.PIR_EL1 = 0b0110;
    EXPECT_EQ(overlaid(7, 0), "r-x/---");
    EXPECT_EQ(overlaid(5, 0), "rw-/---");
}

TEST_F(WalkOverlay, PanAndWxnTogether) {
    // Who denies a write that PAN, WXN and the overlay all have a say in: with direct permissions WXN is
    // about writing that PAN has left; with indirect ones it is a property of the encoding.
    regs.SCTLR_EL1 |= kSctlrWxn | kSctlrEpan;
    put(kLeafAt, kPa | kPage | kAf);  // rwx at EL1, executable at EL0
    overlaid(7, 7);
    EXPECT_EQ(fault(kVa, kWrite), denied());
    EXPECT_EQ(fault(kVa, kWritePan), permission(3));
    regs.TCR2_EL1 = kTcr2Pie | kTcr2Poe;
    regs.PIR_EL1 = 0b0110;
    regs.PIRE0_EL1 = 0b0001;
    EXPECT_EQ(fault(kVa, kWritePan), denied());
    EXPECT_EQ(fault(kVa, kReadPan), permission(3));
}

TEST_F(WalkOverlay, HierarchicalControlIsOff) {
    put(0x1008, 0x2000 | kTable | kApTable0 | kApTable1);
    EXPECT_EQ(overlaid(7, 7), "rw-/rw-");
    regs.TCR2_EL1 = kTcr2E0poe;
    EXPECT_EQ(overlaid(7, 7), "rw-/rw-");
    regs.TCR2_EL1 = 0;
    EXPECT_EQ(overlaid(7, 7), "r-x/---") << "not writable at EL0, so executable at EL1";
}

}  // namespace
}  // namespace trapeze::mem
