// A transport with a device that answers at once, as a driver sees it.
#pragma once

#include <atomic>
#include <thread>

#include "driver_rings.h"
#include "trapeze/virtio/mmio_transport.h"

namespace trapeze::virtio {

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
inline constexpr u64 kDeviceFeature = 1 << 3;

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
    u64 ring_features() const override { return rings; }
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
    std::atomic<u64> rings{~u64{0}}, written{0}, features_seen{0};
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

}  // namespace trapeze::virtio
