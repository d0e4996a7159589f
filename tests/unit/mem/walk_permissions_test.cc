// Who may do what with a page: direct permissions, hierarchical control, PAN, WXN, dirty state (DDI0487
// "Memory access control").
#include "walk_fixture.h"

namespace trapeze::mem {
namespace {

class WalkPermissions : public WalkTest {
protected:
    // "rwx/rwx": EL1 and EL0, '-' for what is denied. The permissions that a walk reports must be those that
    // it enforces.
    std::string rights(bool pan = false) {
        std::string text;
        for (const bool privileged : {true, false}) {
            if (!privileged) text += '/';
            for (const auto& [kind, letter] :
                 {std::pair{AccessKind::Read, 'r'}, {AccessKind::Write, 'w'}, {AccessKind::Fetch, 'x'}}) {
                const WalkResult result = walk(kVa, {.kind = kind, .privileged = privileged, .pan = pan});
                if (!result) {
                    EXPECT_EQ(fault_of(result), permission(3));
                }
                text += result ? letter : '-';
            }
        }
        const WalkResult any = walk(kVa, {.kind = AccessKind::Any, .pan = pan});
        EXPECT_TRUE(any);
        if (any) {
            EXPECT_EQ(describe(any->permissions), text);
        }
        return text;
    }
    std::string rights_of(u64 attributes, bool pan = false) {
        put(kLeafAt, kPa | kPage | kAf | attributes);
        return rights(pan);
    }
    static std::string describe(const Permissions& p) {
        const auto one = [](const AccessRights& r) {
            return std::string{r.read ? 'r' : '-', r.write ? 'w' : '-', r.execute ? 'x' : '-'};
        };
        return one(p.privileged) + "/" + one(p.unprivileged);
    }

    void SetUp() override { map_page(kPa | kPage | kAf); }
};

TEST_F(WalkPermissions, Ap) {
    EXPECT_EQ(rights_of(0), "rwx/--x");
    EXPECT_EQ(rights_of(kAp1), "rw-/rwx") << "what EL0 can write is never executable at EL1";
    EXPECT_EQ(rights_of(kAp2), "r-x/--x");
    EXPECT_EQ(rights_of(kAp1 | kAp2), "r-x/r-x");
}

TEST_F(WalkPermissions, ExecuteNever) {
    EXPECT_EQ(rights_of(kPxn), "rw-/--x");
    EXPECT_EQ(rights_of(kUxn), "rwx/---");
    EXPECT_EQ(rights_of(kPxn | kUxn | kAp1), "rw-/rw-");
    EXPECT_EQ(rights_of(kUxn | kAp1 | kAp2), "r-x/r--");
}

TEST_F(WalkPermissions, HierarchicalControlAccumulates) {
    put(0x1008, 0x2000 | kTable | kApTable0);
    EXPECT_EQ(rights_of(kAp1), "rwx/--x") << "not writable at EL0 any more";
    EXPECT_EQ(rights_of(kAp1 | kAp2), "r-x/--x");
    put(0x1008, 0x2000 | kTable | kApTable1);
    EXPECT_EQ(rights_of(kAp1), "r-x/r-x");
    EXPECT_EQ(rights_of(0), "r-x/--x");
    put(0x2010, 0x3000 | kTable | kApTable0);
    EXPECT_EQ(rights_of(kAp1), "r-x/--x");
    put(0x1008, 0x2000 | kTable | kPxnTable);
    put(0x2010, 0x3000 | kTable);
    EXPECT_EQ(rights_of(0), "rw-/--x");
    put(0x3018, 0x4000 | kTable | kUxnTable);
    EXPECT_EQ(rights_of(0), "rw-/---");
}

TEST_F(WalkPermissions, HpdSwitchesHierarchicalControlOff) {
    put(0x1008, 0x2000 | kTable | kApTable0 | kApTable1 | kPxnTable | kUxnTable);
    EXPECT_EQ(rights_of(kAp1), "r--/---");
    regs.TCR_EL1 |= kHpd1;
    EXPECT_EQ(rights_of(kAp1), "r--/---");
    regs.TCR_EL1 |= kHpd0;
    EXPECT_EQ(rights_of(kAp1), "rw-/rwx");
    features.hpds = false;  // HPD0 is RES0
    EXPECT_EQ(rights_of(kAp1), "r--/---");
}

TEST_F(WalkPermissions, Wxn) {
    regs.SCTLR_EL1 |= kSctlrWxn;
    EXPECT_EQ(rights_of(0), "rw-/--x");
    EXPECT_EQ(rights_of(kAp1), "rw-/rw-");
    EXPECT_EQ(rights_of(kAp2), "r-x/--x");
    EXPECT_EQ(rights_of(kAp1 | kAp2), "r-x/r-x");
}

TEST_F(WalkPermissions, PanDeniesWhatEl0CanAccess) {
    EXPECT_EQ(rights_of(kAp1, true), "---/rwx");
    EXPECT_EQ(rights_of(kAp1 | kAp2, true), "--x/r-x") << "fetches are not data accesses";
    EXPECT_EQ(rights_of(0, true), "rwx/--x");
    EXPECT_EQ(rights_of(kAp2, true), "r-x/--x");
    features.pan = features.pan3 = false;
    EXPECT_EQ(rights_of(kAp1, true), "rw-/rwx");
}

TEST_F(WalkPermissions, PanLooksAtTheFinalPermissionsOfEl0) {
    put(0x1008, 0x2000 | kTable | kApTable0);
    EXPECT_EQ(rights_of(kAp1, true), "rwx/--x");
}

TEST_F(WalkPermissions, EpanAddsExecutablePages) {
    regs.SCTLR_EL1 |= kSctlrEpan;
    EXPECT_EQ(rights_of(0, true), "--x/--x");
    EXPECT_EQ(rights_of(kUxn, true), "rwx/---");
    EXPECT_EQ(rights_of(0, false), "rwx/--x");
    features.pan3 = false;  // EPAN is RES0
    EXPECT_EQ(rights_of(0, true), "rwx/--x");
}

TEST_F(WalkPermissions, WritableCleanIsWritableWithHd) {
    EXPECT_EQ(rights_of(kAp2 | kDbm), "r-x/--x");
    regs.TCR_EL1 |= kHa | kHd;
    EXPECT_EQ(rights_of(kAp2 | kDbm), "rwx/--x");
    EXPECT_EQ(rights_of(kAp1 | kAp2 | kDbm), "rw-/rwx");
    EXPECT_EQ(rights_of(kAp2), "r-x/--x");
    put(0x1008, 0x2000 | kTable | kApTable1);
    EXPECT_EQ(rights_of(kAp2 | kDbm), "r-x/--x") << "tables still forbid it";
    put(0x1008, 0x2000 | kTable);
    regs.TCR_EL1 &= ~kHa;  // HD without HA has no effect
    EXPECT_EQ(rights_of(kAp2 | kDbm), "r-x/--x");
    regs.TCR_EL1 |= kHa;
    features.hdbs = false;  // HD is RES0
    EXPECT_EQ(rights_of(kAp2 | kDbm), "r-x/--x");
}

TEST_F(WalkPermissions, ABlocksFaultHasItsLevel) {
    put(0x2010, kBlock | kAf | kAp2);
    EXPECT_EQ(fault(kVa, kWrite), permission(1));
    EXPECT_EQ(fault(kVa, kEl0Read), permission(1));
}

TEST_F(WalkPermissions, DebuggersSeeEverything) {
    regs.SCTLR_EL1 |= kSctlrWxn | kSctlrEpan;
    for (const u64 attributes : {u64{0}, kAp1, kAp2, kAp1 | kAp2, kPxn | kUxn}) {
        put(kLeafAt, kPa | kPage | attributes);
        const WalkResult result = debug(kVa | 5);
        ASSERT_TRUE(result);
        EXPECT_EQ(result->pa.value, kPa | 5);
    }
}

}  // namespace
}  // namespace trapeze::mem
