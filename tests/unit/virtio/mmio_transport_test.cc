// Expectations from VIRTIO 1.2, 4.2 "Virtio Over MMIO" and 3.1.1 "Driver Requirements: Device
// Initialization".
#include "transport_fixture.h"

namespace trapeze::virtio {
namespace {

TEST_F(TransportTest, Identification) {
    EXPECT_EQ(rd(MAGIC), 0x74726976u);
    EXPECT_EQ(rd(VERSION), 2u);
    EXPECT_EQ(rd(DEVICE_ID), 4u);
    EXPECT_EQ(rd(SHM_LEN_LOW), ~u32{0});
    EXPECT_EQ(device_features(), kDeviceFeature | feature::kIndirectDesc | feature::kEventIdx |
                                     feature::kVersion1 | feature::kRingPacked);
    wr(DEVICE_FEATURES_SEL, 2);
    EXPECT_EQ(rd(DEVICE_FEATURES), 0u);
}

TEST_F(TransportTest, QueuesHaveTheirSizes) {
    for (const auto& [queue, size] : {std::pair{0u, 8u}, {1u, 4u}, {2u, 0u}, {~0u, 0u}}) {
        wr(QUEUE_SEL, queue);
        EXPECT_EQ(rd(QUEUE_NUM_MAX), size);
    }
}

TEST_F(TransportTest, ADriverGetsItsAnswers) {
    for (const u64 format : {u64{0}, feature::kRingPacked, feature::kEventIdx | feature::kIndirectDesc}) {
        initialise(feature::kVersion1 | kDeviceFeature | format);
        EXPECT_EQ(device_.features_seen, feature::kVersion1 | kDeviceFeature | format);
        ring_->ask_for_interrupt(1);
        EXPECT_FALSE(sink_.high);
        add_and_notify();
        EXPECT_EQ(ring_->used()->length, 64u);
        EXPECT_EQ(rd(INTERRUPT_STATUS), 1u);
        EXPECT_TRUE(sink_.high);
        wr(INTERRUPT_ACK, 1);
        EXPECT_EQ(rd(INTERRUPT_STATUS), 0u);
        EXPECT_FALSE(sink_.high);
    }
}

TEST_F(TransportTest, DoorbellsAreNotifications) {
    initialise();
    ring_->add({{memory_.allocate(16), 16, true}});
    const u64 one = 1;
    ASSERT_EQ(::write(transport_->doorbells().at(0), &one, sizeof one), 8);
    settle();
    EXPECT_TRUE(ring_->used());
}

TEST_F(TransportTest, WhatCameBeforeDriverOkIsServed) {
    wr(STATUS, 1 | 2);
    write_features(feature::kVersion1);
    wr(STATUS, 11);
    ring_ = make_driver_ring(memory_, 8, feature::kVersion1);
    set_up_queue(0, ring_->addresses());
    ring_->add({{memory_.allocate(16), 16, true}});
    wr(QUEUE_NOTIFY, 0);
    settle();
    EXPECT_FALSE(ring_->used()) << "2.1.2: not before DRIVER_OK";
    wr(STATUS, 15);
    settle();
    EXPECT_TRUE(ring_->used());
}

TEST_F(TransportTest, RingFeaturesAreThoseOfTheDevice) {
    constexpr u64 kAll =
        feature::kVersion1 | feature::kIndirectDesc | feature::kEventIdx | feature::kRingPacked;
    EXPECT_EQ(device_features(), kDeviceFeature | kAll);
    device_.rings = feature::kVersion1 | feature::kIndirectDesc | u64{1};
    EXPECT_EQ(device_features(), kDeviceFeature | feature::kVersion1 | feature::kIndirectDesc);
    wr(STATUS, 3);
    write_features(feature::kVersion1 | feature::kEventIdx);
    wr(STATUS, 11);
    EXPECT_EQ(rd(STATUS), 3u);
    initialise(feature::kVersion1 | feature::kIndirectDesc);
    EXPECT_EQ(device_.features_seen, feature::kVersion1 | feature::kIndirectDesc);
}

TEST_F(TransportTest, FeaturesThatAreNotOfferedAreNotAccepted) {
    for (const u64 features :
         {feature::kVersion1 | u64{1}, u64{0}, kDeviceFeature, feature::kVersion1 | u64{1} << 63}) {
        wr(STATUS, 0);
        wr(STATUS, 3);
        write_features(features);
        wr(STATUS, 11);
        EXPECT_EQ(rd(STATUS), 3u) << std::hex << features;
        wr(STATUS, 7);
        EXPECT_EQ(rd(STATUS), 3u) << "no DRIVER_OK without FEATURES_OK";
    }
    settle();
    EXPECT_EQ(device_.starts, 0);
}

TEST_F(TransportTest, ResetForgetsEverything) {
    initialise();
    add_and_notify();
    wr(STATUS, 0);
    EXPECT_EQ(rd(STATUS), 0u);
    EXPECT_EQ(rd(INTERRUPT_STATUS), 0u);
    EXPECT_FALSE(sink_.high);
    wr(QUEUE_SEL, 0);
    EXPECT_EQ(rd(QUEUE_READY), 0u);
    const int before = device_.notifications;
    wr(QUEUE_NOTIFY, 0);
    settle();
    EXPECT_EQ(device_.notifications, before);
    initialise();
    add_and_notify();
    EXPECT_TRUE(ring_->used());
}

// The write returns when the device has let go, and others who look meanwhile wait too.
TEST_F(TransportTest, ResetWaitsForTheDevice) {
    initialise();
    device_.hold = true;
    std::atomic<int> returned{0};
    std::thread resetter([&] {
        wr(STATUS, 0);
        ++returned;
    });
    while (!device_.holding) std::this_thread::yield();
    std::thread reader([&] {
        EXPECT_EQ(rd(STATUS), 0u);
        ++returned;
    });
    EXPECT_EQ(transport_->mmio_read({CONFIG, 1, 0}), 0u) << "the configuration space is not involved";
    EXPECT_EQ(returned, 0);
    thread_->run_and_wait([&] { device_.held(); });
    resetter.join();
    reader.join();
    device_.hold = false;
}

TEST_F(TransportTest, ABrokenQueueNeedsAReset) {
    initialise();
    ring_->add({{0, 16}});
    wr(QUEUE_NOTIFY, 0);
    settle();
    EXPECT_EQ(rd(STATUS), 15u | 64);
    EXPECT_EQ(rd(INTERRUPT_STATUS), 2u) << "a configuration change notification";
    EXPECT_TRUE(sink_.high);
    initialise();
    EXPECT_EQ(rd(STATUS), 15u);
    add_and_notify();
    EXPECT_TRUE(ring_->used());
}

TEST_F(TransportTest, RingsThatCannotBeNeedAReset) {
    wr(STATUS, 3);
    write_features(feature::kVersion1);
    wr(STATUS, 11);
    set_up_queue(0, {.size = 8, .descriptors = mem::Gpa{0x10}, .driver = mem::Gpa{0}, .device = mem::Gpa{0}});
    wr(STATUS, 15);
    settle();
    EXPECT_EQ(rd(STATUS), 15u | 64);
}

TEST_F(TransportTest, QueuesInUseStayAsTheyAre) {
    initialise();
    wr(QUEUE_SEL, 0);
    wr(QUEUE_NUM, 4);
    wr(QUEUE_DESC_LOW, 0);
    wr(QUEUE_READY, 0);
    EXPECT_EQ(rd(QUEUE_READY), 1u);
    add_and_notify();
    EXPECT_TRUE(ring_->used());
}

TEST_F(TransportTest, ConfigurationHasAnyWidth) {
    EXPECT_EQ(transport_->mmio_read({CONFIG + 5, 1, 0}), 0x05u);
    EXPECT_EQ(transport_->mmio_read({CONFIG + 2, 2, 0}), 0x0302u);
    EXPECT_EQ(transport_->mmio_read({CONFIG + 4, 4, 0}), 0x07060504u);
    EXPECT_EQ(transport_->mmio_read({CONFIG + 8, 8, 0}), 0x0f0e0d0c0b0a0908u);
    transport_->mmio_write({CONFIG + 32, 1, 0}, 9);
    EXPECT_EQ(device_.written, u64{32} << 32 | 9);
}

TEST_F(TransportTest, ConfigurationChangesAreAnnouncedToADriver) {
    const u32 generation = rd(CONFIG_GENERATION);
    initialise();
    thread_->run_and_wait([&] { device_.session.host->config_changed(); });
    EXPECT_NE(rd(CONFIG_GENERATION), generation);
    EXPECT_EQ(rd(INTERRUPT_STATUS), 2u);
}

// Every offset and width, read and written with several values: nothing of it may matter beyond the device.
TEST_F(TransportTest, AnyAccessIsSurvived) {
    for (const auto interface : {MmioTransport::Interface::Modern, MmioTransport::Interface::Legacy}) {
        make(interface);
        for (const u64 value : {u64{0}, u64{1}, u64{7}, u64{15}, ~u64{0}}) {
            for (u64 offset = 0; offset < MmioTransport::kSize; ++offset) {
                for (const unsigned size : {1u, 2u, 4u, 8u}) {
                    (void)transport_->mmio_read({offset, size, 0});
                    transport_->mmio_write({offset, size, 0},
                                           size == 8 ? value : value & ((1ull << 8 * size) - 1));
                }
            }
        }
        settle();
        wr(STATUS, 0);
        EXPECT_EQ(rd(STATUS), 0u);
    }
}

TEST(EmptySlotTest, HasNoDevice) {
    EmptySlot slot(MmioTransport::Interface::Modern);
    EXPECT_EQ(slot.mmio_read({MAGIC, 4, 0}), 0x74726976u);
    EXPECT_EQ(slot.mmio_read({VERSION, 4, 0}), 2u);
    EXPECT_EQ(slot.mmio_read({DEVICE_ID, 4, 0}), 0u);
    EXPECT_EQ(slot.mmio_read({CONFIG, 4, 0}), 0u);
    EXPECT_EQ(EmptySlot(MmioTransport::Interface::Legacy).mmio_read({VERSION, 4, 0}), 1u);
}

}  // namespace
}  // namespace trapeze::virtio
