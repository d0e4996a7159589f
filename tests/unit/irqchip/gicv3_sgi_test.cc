// Software generated interrupts: who receives them.
#include "gicv3_fixture.h"

namespace trapeze::irqchip::test {
namespace {

using namespace arch::reg;

class Gicv3Sgi : public ::testing::Test {
protected:
    Gicv3Sgi() {
        b.bring_up();
        for (unsigned v = 0; v < 40; ++v) {
            b.redist_write(v, kSgiFrame + 0x100, 0xffff);
            for (u32 i = 0; i < 16; ++i) b.set_priority(i, 0x80, v);
        }
    }
    // Who has the SGI pending; clears it everywhere.
    std::vector<unsigned> receivers(u32 intid) {
        std::vector<unsigned> result;
        for (unsigned v = 0; v < 40; ++v) {
            if (b.pending(intid, v)) result.push_back(v);
            b.clear_pending(intid, v);
        }
        return result;
    }
    using List = std::vector<unsigned>;

    Bench b{40, 32};  // Aff1 0 to 2
};

TEST_F(Gicv3Sgi, TargetList) {
    b.icc_write(5, ICC_SGI1R_EL1, u64{3} << 24 | u64{1} << 16 | 0x8005);
    EXPECT_TRUE(b.irq(16));
    EXPECT_EQ(receivers(3), (List{16, 18, 31}));
    b.icc_write(5, ICC_SGI1R_EL1, u64{3} << 24 | bit(5));
    EXPECT_EQ(receivers(3), (List{5})) << "oneself, too, if listed";
    b.icc_write(5, ICC_SGI1R_EL1, u64{2} << 16 | 0xffff);
    EXPECT_EQ(receivers(0), (List{32, 33, 34, 35, 36, 37, 38, 39}));
    b.icc_write(5, ICC_SGI1R_EL1, u64{1} << 48 | 0xffff);
    EXPECT_EQ(receivers(0), List{}) << "no such Aff3";
}

TEST_F(Gicv3Sgi, AllButSelf) {
    b.icc_write(7, ICC_SGI1R_EL1, bit(40) | u64{15} << 24);
    List expected;
    for (unsigned v = 0; v < 40; ++v) {
        if (v != 7) expected.push_back(v);
    }
    EXPECT_EQ(receivers(15), expected);
}

TEST_F(Gicv3Sgi, GroupOfTheTargetDecides) {
    b.set_group0(4, 1);
    b.icc_write(0, ICC_SGI0R_EL1, u64{4} << 24 | 0x6);
    EXPECT_EQ(receivers(4), (List{1}));
    b.icc_write(0, ICC_ASGI1R_EL1, u64{4} << 24 | 0x6);
    EXPECT_EQ(receivers(4), (List{1}));
    b.icc_write(0, ICC_SGI1R_EL1, u64{4} << 24 | 0x6);
    EXPECT_TRUE(b.fiq(1));
    EXPECT_TRUE(b.irq(2));
    EXPECT_EQ(receivers(4), (List{1, 2}));
}

TEST_F(Gicv3Sgi, RangeSelectorReachesAff0Above15) {
    Bench wide({0, 17, 255}, 32);
    wide.bring_up();
    wide.icc_write(0, ICC_SGI1R_EL1, u64{1} << 44 | 0x2);
    EXPECT_TRUE(wide.pending(0, 1));
    EXPECT_FALSE(wide.pending(0, 0));
    wide.icc_write(0, ICC_SGI1R_EL1, u64{15} << 44 | 0x8000);
    EXPECT_TRUE(wide.pending(0, 2));
}

TEST_F(Gicv3Sgi, SentAgainWhileActiveStaysPending) {
    b.icc_write(0, ICC_SGI1R_EL1, u64{2} << 24 | 2);
    EXPECT_EQ(b.iar1(1), 2u);
    b.icc_write(0, ICC_SGI1R_EL1, u64{2} << 24 | 2);
    b.icc_write(2, ICC_SGI1R_EL1, u64{2} << 24 | 2);  // there is one pending state, not one per sender
    EXPECT_TRUE(b.active(2, 1));
    EXPECT_TRUE(b.pending(2, 1));
    EXPECT_FALSE(b.irq(1));
    b.eoi1(2, 1);
    EXPECT_TRUE(b.irq(1));
    EXPECT_EQ(b.iar1(1), 2u);
    b.eoi1(2, 1);
    EXPECT_FALSE(b.irq(1));
}

TEST_F(Gicv3Sgi, FiveHundredAndTwelveVcpus) {
    Bench big(512, 32);
    big.bring_up();
    for (unsigned v = 0; v < 512; ++v) big.redist_write(v, kSgiFrame + 0x100, 0xffff);
    big.icc_write(0, ICC_SGI1R_EL1, u64{31} << 16 | 0x8000);
    EXPECT_TRUE(big.irq(511));
    big.icc_write(511, ICC_SGI1R_EL1, bit(40) | u64{1} << 24);
    for (unsigned v = 0; v < 511; ++v) ASSERT_TRUE(big.irq(v)) << v;
    EXPECT_EQ(big.iar1(511), 0u);
    EXPECT_FALSE(big.irq(511));
}

}  // namespace
}  // namespace trapeze::irqchip::test
