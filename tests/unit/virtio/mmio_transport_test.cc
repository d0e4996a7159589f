// Expectations from VIRTIO 1.2, 4.2 "Virtio Over MMIO" and 3.1.1 "Driver Requirements: Device
// Initialization".
#include "trapeze/virtio/mmio_transport.h"

#include <atomic>
#include <thread>

#include "driver_rings.h"

namespace trapeze::virtio {
namespace {

enum : u64 {
    MAGIC = 0x000,
    VERSION = 0x004,
    DEVICE_ID = 0x008,
    VENDOR_ID = 0x00c,
    DEVICE_FEATURES = 0x010,
    DEVICE_FEATURES_SEL = 0x014,
    DRIVER_FEATURES = 0x020,
    DRIVER_FEATURES_SEL = 0x024,
    GUEST_PAGE_SIZE = 0x028,
    QUEUE_SEL = 0x030,
    QUEUE_NUM_MAX = 0x034,
    QUEUE_NUM = 0x038,
    QUEUE_ALIGN = 0x03c,
    QUEUE_PFN = 0x040,
    QUEUE_READY = 0x044,
    QUEUE_NOTIFY = 0x050,
    INTERRUPT_STATUS = 0x060,
    INTERRUPT_ACK = 0x064,
    STATUS = 0x070,
    QUEUE_DESC_LOW = 0x080,
    QUEUE_DRIVER_LOW = 0x090,
    QUEUE_DEVICE_LOW = 0x0a0,
    SHM_LEN_LOW = 0x0b0,
    CONFIG_GENERATION = 0x0fc,
    CONFIG = 0x100,
};
constexpr u64 kDeviceFeature = 1 << 3;

class LineSink final : public bus::IrqSink {
public:
    void set_level(bus::IntId id, bool level) override {
        EXPECT_EQ(id, bus::spi(16));
        high = level;
    }
    void pulse(bus::IntId) override { ADD_FAILURE(); }
    void set_private_level(bus::VcpuIndex, bus::IntId, bool) override { ADD_FAILURE(); }
    std::atomic<bool> high{false};
};

// Answers each request at once with as many bytes as it has; keeps `stopped` back if told to.
class EchoDevice final : public Device {
public:
    DeviceId id() const override { return DeviceId::Entropy; }
    std::string_view name() const override { return "echo"; }
    u64 features() const override { return kDeviceFeature; }
    std::span<const u16> queue_sizes() const override {
        static constexpr u16 kSizes[] = {8, 4};
        return kSizes;
    }
    void read_config(u32 offset, std::span<u8> to) override {
        for (std::size_t i = 0; i < to.size(); ++i) to[i] = static_cast<u8>(offset + i);
    }
    void write_config(u32 offset, std::span<const u8> from) override {
        written.store(u64{offset} << 32 | from[0]);
    }
    void start(Session of_driver) override {
        session = std::move(of_driver);
        features_seen = session.features;
        ++starts;
        notified(0);
    }
    void notified(u16 queue) override {
        ++notifications;
        Queue* q = session.queue(queue);
        if (q == nullptr) return;
        Chain chain;
        while (q->pop(chain)) q->push(chain, static_cast<u32>(chain.writable_bytes));
        (void)q->rearm();
        complete(session, queue);
    }
    void stop(std::function<void()> stopped) override {
        session = {};
        if (!hold) return stopped();
        held = std::move(stopped);
        holding = true;
    }

    Session session;
    std::function<void()> held;
    std::atomic<u64> written{0}, features_seen{0};
    std::atomic<int> starts{0}, notifications{0};
    std::atomic<bool> hold{false}, holding{false};
};

class TransportTest : public testing::Test {
protected:
    void make(MmioTransport::Interface interface) {
        transport_.reset();
        auto created = MmioTransport::create(device_, *thread_, memory_.memory,
                                             bus::IrqLine(sink_, bus::spi(16)), interface);
        ASSERT_TRUE(created);
        transport_ = std::move(*created);
    }
    void SetUp() override { make(MmioTransport::Interface::Modern); }

    u32 rd(u64 offset) { return static_cast<u32>(transport_->mmio_read({offset, 4, 0})); }
    void wr(u64 offset, u32 value) { transport_->mmio_write({offset, 4, 0}, value); }
    // What has been handed to the device's thread is done.
    void settle() {
        thread_->run_and_wait([] {});
        thread_->run_and_wait([] {});
    }
    u64 device_features() {
        wr(DEVICE_FEATURES_SEL, 1);
        const u64 high = rd(DEVICE_FEATURES);
        wr(DEVICE_FEATURES_SEL, 0);
        return high << 32 | rd(DEVICE_FEATURES);
    }
    void write_features(u64 features) {
        wr(DRIVER_FEATURES_SEL, 0);
        wr(DRIVER_FEATURES, static_cast<u32>(features));
        wr(DRIVER_FEATURES_SEL, 1);
        wr(DRIVER_FEATURES, static_cast<u32>(features >> 32));
    }
    void write_address(u64 low, mem::Gpa address) {
        wr(low, static_cast<u32>(address.value));
        wr(low + 4, static_cast<u32>(address.value >> 32));
    }
    void set_up_queue(u32 n, const QueueAddresses& addresses) {
        wr(QUEUE_SEL, n);
        EXPECT_EQ(rd(QUEUE_READY), 0u);
        EXPECT_GE(rd(QUEUE_NUM_MAX), addresses.size);
        wr(QUEUE_NUM, addresses.size);
        write_address(QUEUE_DESC_LOW, addresses.descriptors);
        write_address(QUEUE_DRIVER_LOW, addresses.driver);
        write_address(QUEUE_DEVICE_LOW, addresses.device);
        wr(QUEUE_READY, 1);
        EXPECT_EQ(rd(QUEUE_READY), 1u);
    }
    // As a driver does it, with one queue.
    void initialise(u64 features = feature::kVersion1) {
        wr(STATUS, 0);
        wr(STATUS, 1);
        wr(STATUS, 3);
        write_features(features);
        wr(STATUS, 11);
        ASSERT_EQ(rd(STATUS), 11u);
        ring_ = make_driver_ring(memory_, 8, features);
        set_up_queue(0, ring_->addresses());
        wr(STATUS, 15);
        settle();
    }
    void add_and_notify() {
        ring_->add({{memory_.allocate(64), 64, true}});
        wr(QUEUE_NOTIFY, 0);
        settle();
    }

    TestMemory memory_;
    LineSink sink_;
    EchoDevice device_;
    std::unique_ptr<LoopThread> thread_ = *LoopThread::create("test");
    std::unique_ptr<MmioTransport> transport_;
    std::unique_ptr<DriverRing> ring_;
};

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
