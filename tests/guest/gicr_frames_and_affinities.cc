// kvm deviates: kernel-irqchip
// smp: 4
// irqchip: gicv3
#include "gicv3.h"

using namespace guest;

// One pair of frames for each CPU, in a row, the last one marked.
// KVM's GICR_WAKER is RAZ/WI: its redistributors are never asleep.
TEST(gicr_frames_and_affinities) {
    for (unsigned i = 0; i < 4; ++i) {
        const u64 frame = gicv3::kRedist + i * gicv3::kRedistStride;
        const u64 typer = read64(frame + gicv3::kRedistTyper);
        EXPECT_EQ_AT(i, typer >> 32, mpidr_of(i));
        EXPECT_EQ_AT(i, field(typer, 23, 8), i);      // Processor_Number
        EXPECT_EQ_AT(i, field(typer, 4, 4), i == 3);  // Last
        EXPECT_EQ_AT(i, read32(frame + gicv3::kRedistTyper + 4), mpidr_of(i));
        EXPECT_EQ_AT(i, field(read32(frame + gicv3::kPidr2), 7, 4), 3);
        // Asleep after reset; wakes when told.
        EXPECT_EQ_AT(i, read32(frame + gicv3::kRedistWaker) & 6, 6);
        write32(frame + gicv3::kRedistWaker, 0);
        EXPECT(wait_until([=] { return (read32(frame + gicv3::kRedistWaker) & 6) == 0; }));
        const u64 sgi = frame + gicv3::kSgiFrame;
        // SGIs are edge-triggered, always.
        write32(sgi + gicv3::kIcfgr, 0);
        EXPECT_EQ_AT(i, read32(sgi + gicv3::kIcfgr), 0xaaaaaaaa);
        // Banks are each CPU's own.
        write32(sgi + gicv3::kIsenabler, 1u << i);
        EXPECT_EQ_AT(i, read32(sgi + gicv3::kIsenabler) & 0xffff, 1u << i);
    }
    for (unsigned i = 0; i < 4; ++i) {
        const u64 sgi = gicv3::kRedist + i * gicv3::kRedistStride + gicv3::kSgiFrame;
        EXPECT_EQ_AT(i, read32(sgi + gicv3::kIsenabler) & 0xffff, 1u << i);
    }
    EXPECT_EQ(READ_SYSREG(MPIDR_EL1) & 0xff00ffffff, mpidr_of(0));
    EXPECT_EQ(field(READ_SYSREG(MPIDR_EL1), 31, 31), 1);
}
