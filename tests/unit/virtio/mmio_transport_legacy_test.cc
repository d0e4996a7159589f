// Expectations from VIRTIO 1.2, 4.2.4 "Legacy interface".
#include "transport_fixture.h"

namespace trapeze::virtio {
namespace {

TEST_F(TransportTest, LegacyDriversWork) {
    make(MmioTransport::Interface::Legacy);
    EXPECT_EQ(rd(VERSION), 1u);
    EXPECT_EQ(device_features(),
              kDeviceFeature | feature::kIndirectDesc | feature::kEventIdx | feature::kAnyLayout);
    wr(GUEST_PAGE_SIZE, 4096);
    wr(STATUS, 0);
    wr(STATUS, 3);
    wr(DRIVER_FEATURES_SEL, 0);
    wr(DRIVER_FEATURES, 0);
    wr(QUEUE_SEL, 0);
    EXPECT_EQ(rd(QUEUE_NUM_MAX), 8u);
    wr(QUEUE_NUM, 8);
    wr(QUEUE_ALIGN, 4096);
    const u64 base = memory_.allocate(8192, 4096);
    wr(QUEUE_PFN, static_cast<u32>(base / 4096));
    EXPECT_EQ(rd(QUEUE_PFN), base / 4096);
    SplitDriverRing ring(memory_, 8, 0);
    ring.place({.size = 8,
                .descriptors = mem::Gpa{base},
                .driver = mem::Gpa{base + 128},
                .device = mem::Gpa{base + 4096}});
    wr(STATUS, 7);
    settle();
    ring.ask_for_interrupt(1);
    ring.add({{memory_.allocate(32), 32, true}});
    wr(QUEUE_NOTIFY, 0);
    settle();
    EXPECT_EQ(ring.used()->length, 32u);
    EXPECT_EQ(rd(INTERRUPT_STATUS), 1u);
    wr(STATUS, 0);
    EXPECT_EQ(rd(QUEUE_PFN), 0u);
}

// As kvm-unit-tests do, which write neither features nor the status.
TEST_F(TransportTest, LegacyDriversMayUseQueuesBeforeTheySaySo) {
    make(MmioTransport::Interface::Legacy);
    wr(QUEUE_NOTIFY, 0);
    settle();
    wr(GUEST_PAGE_SIZE, 4096);
    wr(QUEUE_SEL, 0);
    wr(QUEUE_NUM, 8);
    wr(QUEUE_ALIGN, 4096);
    const u64 base = memory_.allocate(8192, 4096);
    wr(QUEUE_PFN, static_cast<u32>(base / 4096));
    SplitDriverRing ring(memory_, 8, 0);
    ring.place({.size = 8,
                .descriptors = mem::Gpa{base},
                .driver = mem::Gpa{base + 128},
                .device = mem::Gpa{base + 4096}});
    ring.add({{memory_.allocate(32), 32, true}});
    wr(QUEUE_NOTIFY, 0);
    settle();
    settle();
    EXPECT_EQ(ring.used()->length, 32u);
    wr(STATUS, 7);
    ring.add({{memory_.allocate(16), 16, true}});
    wr(QUEUE_NOTIFY, 0);
    settle();
    EXPECT_EQ(ring.used()->length, 16u);
}

}  // namespace
}  // namespace trapeze::virtio
