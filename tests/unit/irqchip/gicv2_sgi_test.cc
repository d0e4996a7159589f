// Software generated interrupts: who receives them, and from whom.
#include "gicv2_fixture.h"

namespace trapeze::irqchip::gicv2_test {
namespace {

class Gicv2Sgi : public ::testing::Test {
protected:
    Gicv2Sgi() { b.bring_up(); }

    // The vCPUs with the SGI pending from the given one; clears it everywhere.
    u64 receivers(unsigned from, u32 intid) {
        u64 result = 0;
        for (unsigned v = 0; v < 4; ++v) {
            if (senders(intid, v) == bit(from)) result |= bit(v);
            EXPECT_EQ(b.pending(intid, v), senders(intid, v) != 0);
            b.dist_write(gicd::kCpendsgir + intid, 0xff, v, 1);
            EXPECT_EQ(senders(intid, v), 0u);
        }
        return result;
    }
    u64 senders(u32 intid, unsigned v) { return b.dist(gicd::kSpendsgir + intid, v, 1); }

    Bench b{4, 32};
};

TEST_F(Gicv2Sgi, TargetList) {
    b.send_sgi(2, 0b1010, 3);
    EXPECT_TRUE(b.irq(1));
    EXPECT_FALSE(b.irq(0) || b.irq(2));
    EXPECT_TRUE(b.irq(3));
    EXPECT_EQ(receivers(2, 3), 0b1010u);
    b.send_sgi(2, 0b0100, 15);
    EXPECT_EQ(receivers(2, 15), 0b0100u) << "oneself, too, if listed";
    b.send_sgi(2, 0xf0, 3);
    EXPECT_EQ(receivers(2, 3), 0u) << "no such vCPU";
    b.send_sgi(2, 0, 3);
    EXPECT_EQ(receivers(2, 3), 0u) << "an empty list is nobody";
}

TEST_F(Gicv2Sgi, OtherFilters) {
    b.dist_write(gicd::kSgir, u64{1} << 24 | 0xff'0000 | 7, 1);
    EXPECT_EQ(receivers(1, 7), 0b1101u) << "all others, whatever the list";
    b.dist_write(gicd::kSgir, u64{2} << 24 | 0xff'0000 | 7, 1);
    EXPECT_EQ(receivers(1, 7), 0b0010u) << "oneself";
    b.dist_write(gicd::kSgir, u64{3} << 24 | 0xff'0000 | 7, 1);
    EXPECT_EQ(receivers(1, 7), 0u) << "reserved";
    b.dist_write(gicd::kSgir, 0x8001'0007, 1);
    EXPECT_EQ(receivers(1, 7), 0b0001u) << "NSATT means nothing here";
}

TEST_F(Gicv2Sgi, AcknowledgeSaysWhoSentIt) {
    b.send_sgi(3, 0b0001, 5);
    EXPECT_EQ(b.cpu(gicc::kHppir), sgi_from(3, 5));
    EXPECT_EQ(b.iar(), sgi_from(3, 5));
    EXPECT_TRUE(b.active(5));
    EXPECT_FALSE(b.pending(5));
    EXPECT_EQ(b.gic.irq_state(bus::IntId{5}).active_from, 3u);
    b.eoi(sgi_from(3, 5));
    EXPECT_FALSE(b.active(5));
    EXPECT_EQ(b.iar(), kSpurious);
}

TEST_F(Gicv2Sgi, PendingForEachSender) {
    b.send_sgi(2, 0b0001, 4);
    b.send_sgi(1, 0b0001, 4);
    b.send_sgi(2, 0b0001, 4);  // is pending already
    EXPECT_EQ(senders(4, 0), 0b0110u);
    EXPECT_EQ(b.iar(), sgi_from(1, 4));
    EXPECT_EQ(senders(4, 0), 0b0100u);
    EXPECT_TRUE(b.pending(4) && b.active(4));
    EXPECT_FALSE(b.irq()) << "not while one is active";
    EXPECT_EQ(b.iar(), kSpurious);
    b.eoi(sgi_from(1, 4));
    EXPECT_TRUE(b.irq());
    EXPECT_EQ(b.iar(), sgi_from(2, 4));
    b.eoi(sgi_from(2, 4));
    EXPECT_FALSE(b.irq());
}

TEST_F(Gicv2Sgi, EveryTargetReceivesItsOwn) {
    b.send_sgi(0, 0b1110, 1);
    for (unsigned v = 1; v < 4; ++v) EXPECT_EQ(b.iar(v), sgi_from(0, 1)) << "the N-N model";
    b.eoi(sgi_from(0, 1), 2);
    EXPECT_TRUE(b.active(1, 1));
    EXPECT_FALSE(b.active(1, 2));
    EXPECT_TRUE(b.active(1, 3));
}

TEST_F(Gicv2Sgi, EndMustNameTheSender) {
    b.send_sgi(2, 0b0001, 4);
    EXPECT_EQ(b.iar(), sgi_from(2, 4));
    b.eoi(4);
    EXPECT_TRUE(b.active(4)) << "vCPU 0 did not send it";
    EXPECT_EQ(b.cpu(gicc::kRpr), 0xffu) << "but nothing is left running";
    b.cpu_write(gicc::kCtlr, kEnableGrp0 | kEoiMode);
    b.cpu_write(gicc::kDir, sgi_from(1, 4));
    EXPECT_TRUE(b.active(4));
    b.cpu_write(gicc::kDir, sgi_from(2, 4));
    EXPECT_FALSE(b.active(4));
}

TEST_F(Gicv2Sgi, MadeActiveBySoftwareHasNoSender) {
    b.set_active(6);
    EXPECT_EQ(b.gic.irq_state(bus::IntId{6}).active_from, std::nullopt);
    b.send_sgi(1, 0b0001, 6);
    EXPECT_FALSE(b.irq());
    b.cpu_write(gicc::kCtlr, kEnableGrp0 | kEoiMode);
    b.cpu_write(gicc::kDir, sgi_from(3, 6));
    EXPECT_TRUE(b.irq());
    EXPECT_EQ(b.iar(), sgi_from(1, 6));
    b.set_active(6);  // is active: its sender stays
    EXPECT_EQ(b.gic.irq_state(bus::IntId{6}).active_from, 1u);
    b.clear_active(6);
    EXPECT_FALSE(b.active(6));
}

TEST_F(Gicv2Sgi, SetAndClearPendingBySender) {
    b.dist_write(gicd::kSpendsgir + 8, 0x0000'0903);  // SGI 8 from 0 and 1, SGI 9 from 0 and 3
    EXPECT_EQ(b.dist(gicd::kSpendsgir + 8), 0x0903u);
    EXPECT_EQ(b.dist(gicd::kCpendsgir + 8), 0x0903u);
    EXPECT_EQ(b.dist(gicd::kSpendsgir + 8, 1), 0u) << "banked";
    EXPECT_EQ(b.dist(gicd::kIspendr), 0x0300u);
    b.dist_write(gicd::kSpendsgir + 10, 0xff, 0, 1);
    EXPECT_EQ(senders(10, 0), 0x0fu) << "vCPUs that exist";
    b.dist_write(gicd::kCpendsgir + 8, 0x000f'0901);
    EXPECT_EQ(b.dist(gicd::kSpendsgir + 8), 0x0002u);
    EXPECT_EQ(b.iar(), sgi_from(1, 8));
    b.eoi(sgi_from(1, 8));
    EXPECT_FALSE(b.irq());
}

TEST_F(Gicv2Sgi, PendingBanksShowButDoNotChangeThem) {
    b.set_pending(2);
    EXPECT_FALSE(b.pending(2));
    b.send_sgi(1, 0b0001, 2);
    b.clear_pending(2);
    EXPECT_TRUE(b.pending(2));
    EXPECT_EQ(b.dist(gicd::kIcpendr), 0x4u);
    EXPECT_EQ(b.iar(), sgi_from(1, 2));
}

TEST_F(Gicv2Sgi, SentWhileForwardingIsOff) {
    b.dist_write(gicd::kCtlr, 0);
    b.send_sgi(1, 0b0001, 2);
    EXPECT_FALSE(b.irq());
    EXPECT_TRUE(b.pending(2));
    b.dist_write(gicd::kCtlr, 1);
    EXPECT_TRUE(b.irq());
}

TEST_F(Gicv2Sgi, GroupOfTheReceiverDecides) {
    b.set_group1(4, 1);
    for (unsigned v = 0; v < 4; ++v) b.cpu_write(gicc::kCtlr, kEnableGrp0 | kEnableGrp1 | kFiqEn, v);
    b.send_sgi(0, 0b0110, 4);
    EXPECT_TRUE(b.irq(1) && !b.fiq(1));
    EXPECT_TRUE(b.fiq(2) && !b.irq(2));
}

}  // namespace
}  // namespace trapeze::irqchip::gicv2_test
