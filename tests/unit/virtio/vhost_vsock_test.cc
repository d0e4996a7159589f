// What the host's kernel is told of a socket device, by a kernel that only takes notes. Expectations from
// VIRTIO 1.2, 5.10, and linux/vhost.h.
#include "trapeze/virtio/vhost_vsock.h"

#include <gmock/gmock.h>

#include "session_fixture.h"

namespace trapeze::virtio {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr u64 kCid = 42;
constexpr u64 kSeqpacket = 1 << 1;
constexpr u64 kLogAll = 1 << 26;  // vhost's own
constexpr u64 kOfKernel = feature::kVersion1 | feature::kIndirectDesc | feature::kEventIdx |
                          feature::kAnyLayout | kLogAll | kSeqpacket;

// Outlives the device, as the notes are read after it.
struct Notes {
    std::vector<std::string> calls;
    std::string fails;  // which call does
    u64 features = 0;
    std::vector<bus::Vhost::Region> regions;
    std::array<bus::Vhost::Ring, 2> rings{};
    bool running = false;
};

class FakeVhost final : public bus::Vhost {
public:
    explicit FakeVhost(Notes& notes) : notes_(notes) {}
    ~FakeVhost() override { EXPECT_FALSE(notes_.running); }

    u64 features() const override { return kOfKernel; }
    Result<> set_features(u64 features) override {
        EXPECT_EQ(features & ~kOfKernel, 0u) << "Linux answers EOPNOTSUPP";
        notes_.features = features;
        return note("features");
    }
    Result<> set_memory(std::span<const Region> regions) override {
        notes_.regions.assign(regions.begin(), regions.end());
        return note("memory");
    }
    Result<> set_ring(u32 n, const Ring& ring) override {
        EXPECT_FALSE(notes_.running) << "Linux answers EBUSY";
        notes_.rings.at(n) = ring;
        return note(fmt::format("ring {}", n));
    }
    Result<> start() override {
        TRY(note("start"));
        notes_.running = true;
        return {};
    }
    void stop() override {
        (void)note("stop");
        notes_.running = false;
    }

private:
    Result<> note(std::string call) {
        notes_.calls.push_back(call);
        if (call == notes_.fails) return fail("{} has failed", call);
        return {};
    }

    Notes& notes_;
};

u64 count_of(int event) {
    u64 count = 0;
    return ::read(event, &count, sizeof count) < 0 ? 0 : count;
}

void add_to(int event) {
    const u64 one = 1;
    ASSERT_EQ(::write(event, &one, sizeof one), 8);
}

class VhostVsockTest : public testing::Test {
protected:
    VhostVsockTest() {
        auto created = VhostVsock::create(*loop, memory.memory, std::make_unique<FakeVhost>(notes), kCid);
        EXPECT_TRUE(created);
        device = *std::move(created);
    }

    static constexpr u64 kFeatures = feature::kVersion1 | feature::kEventIdx;

    // Three queues that are as they should be.
    Session session() {
        Session made{.features = kFeatures, .queues = {}, .host = &host};
        for (const u16 size : device->queue_sizes()) {
            rings.push_back(std::make_unique<SplitDriverRing>(memory, size, kFeatures));
            made.queues.push_back(make_queue(memory.memory, rings.back()->addresses(), kFeatures));
        }
        return made;
    }
    void stop() {
        bool stopped = false;
        device->stop([&] {
            EXPECT_FALSE(notes.running) << "the guest's buffers are its own again";
            stopped = true;
        });
        EXPECT_TRUE(stopped);
    }
    // What is ready now has been handled.
    void turn() {
        loop->post([this] { loop->stop(); });
        loop->run();
    }
    // That the kernel was not started, and what is left of the session does no harm.
    void expect_idle() {
        EXPECT_FALSE(notes.running);
        for (u16 queue = 0; queue < 3; ++queue) device->notified(queue);
        turn();
        stop();
    }

    TestMemory memory;
    FakeHost host;
    Notes notes;
    std::unique_ptr<EventLoop> loop = *EventLoop::create();
    std::unique_ptr<VhostVsock> device;
    std::vector<std::unique_ptr<SplitDriverRing>> rings;
};

TEST_F(VhostVsockTest, IsASocketDevice) {
    EXPECT_EQ(static_cast<u32>(device->id()), 19u);
    EXPECT_EQ(device->queue_sizes().size(), 3u);
    u64 cid = 0;
    device->read_config(0, {reinterpret_cast<u8*>(&cid), sizeof cid});
    EXPECT_EQ(cid, kCid);
    device->read_config(~u32{0}, {reinterpret_cast<u8*>(&cid), sizeof cid});
}

TEST_F(VhostVsockTest, OffersWhatTheKernelHas) {
    EXPECT_EQ(device->features(), kSeqpacket) << "and nothing of vhost's own";
    EXPECT_EQ(device->ring_features() & feature::kRingPacked, 0u);
    EXPECT_NE(device->ring_features() & feature::kVersion1, 0u);
}

TEST_F(VhostVsockTest, TheKernelGetsMemoryThenRings) {
    device->start(session());
    EXPECT_THAT(notes.calls, ElementsAre("features", "memory", "ring 0", "ring 1", "start"));
    EXPECT_EQ(notes.features, kFeatures);
    ASSERT_EQ(notes.regions.size(), 1u);
    EXPECT_EQ(notes.regions[0].guest, kTestRam.base.value);
    EXPECT_EQ(notes.regions[0].bytes, kTestRam.size);
    u8* ram = static_cast<u8*>(notes.regions[0].host);
    for (std::size_t n = 0; n < 2; ++n) {
        const QueueAddresses& at = rings[n]->addresses();
        EXPECT_EQ(notes.rings[n].entries, at.size);
        EXPECT_EQ(notes.rings[n].descriptors, ram + (at.descriptors - kTestRam.base));
        EXPECT_EQ(notes.rings[n].available, ram + (at.driver - kTestRam.base));
        EXPECT_EQ(notes.rings[n].used, ram + (at.device - kTestRam.base));
        EXPECT_EQ(count_of(notes.rings[n].kick), 1u) << "for what was there before";
    }
    stop();
    EXPECT_EQ(notes.calls.back(), "stop");
    EXPECT_EQ(notes.calls.size(), 6u);
}

TEST_F(VhostVsockTest, NotificationsAreKicks) {
    device->start(session());
    for (const auto& ring : notes.rings) (void)count_of(ring.kick);
    device->notified(1);
    EXPECT_EQ(count_of(notes.rings[0].kick), 0u);
    EXPECT_EQ(count_of(notes.rings[1].kick), 1u);
    device->notified(2);  // of events: there are none
    device->notified(0);
    EXPECT_EQ(count_of(notes.rings[0].kick), 1u);
    EXPECT_EQ(count_of(notes.rings[1].kick), 0u);
    stop();
}

TEST_F(VhostVsockTest, CallsAreInterrupts) {
    device->start(session());
    turn();
    EXPECT_EQ(host.interrupts, 0);
    add_to(notes.rings[0].call);
    turn();
    EXPECT_EQ(host.interrupts, 1);
    turn();
    EXPECT_EQ(host.interrupts, 1);
    add_to(notes.rings[1].call);
    add_to(notes.rings[1].call);
    turn();
    EXPECT_EQ(host.interrupts, 2) << "those that come together are one";
    stop();
}

TEST_F(VhostVsockTest, AnErrorBreaksTheDevice) {
    device->start(session());
    const auto of_kernel = notes.rings;
    add_to(of_kernel[1].error);
    add_to(of_kernel[0].call);
    turn();
    EXPECT_FALSE(notes.running);
    EXPECT_THAT(host.broken, testing::HasSubstr("broken ring"));
    host.interrupts = 0;
    add_to(of_kernel[0].call);
    for (const auto& ring : of_kernel) (void)count_of(ring.kick);
    device->notified(0);
    turn();
    EXPECT_EQ(host.interrupts, 0);
    EXPECT_EQ(count_of(of_kernel[0].kick), 0u);
    stop();
    // A reset makes it as new; what the kernel signalled before does not count.
    add_to(of_kernel[1].error);
    host.broken.clear();
    device->start(session());
    EXPECT_TRUE(notes.running);
    turn();
    EXPECT_EQ(host.broken, "");
    EXPECT_EQ(host.interrupts, 0);
    stop();
}

TEST_F(VhostVsockTest, ManySessions) {
    for (int i = 0; i < 5; ++i) {
        device->start(session());
        EXPECT_TRUE(notes.running);
        stop();
    }
    EXPECT_EQ(notes.calls.size(), 5u * 6);
    stop();
    EXPECT_EQ(notes.calls.size(), 5u * 6) << "it is stopped already";
    EXPECT_EQ(host.broken, "");
    device->start(session());
    device.reset();
    EXPECT_FALSE(notes.running);
}

TEST_F(VhostVsockTest, RingsThatAreNowhereStayHere) {
    const std::vector<void (*)(QueueAddresses&)> changes = {
        [](QueueAddresses& at) { at.descriptors.value = 0; },
        [](QueueAddresses& at) { at.driver.value = kTestRam.end().value; },
        [](QueueAddresses& at) { at.device.value = kTestRam.end().value - 64; },
        [](QueueAddresses& at) { at.device.value = ~u64{3}; },
        [](QueueAddresses& at) { at.descriptors.value += 8; },
        [](QueueAddresses& at) { at.driver.value += 1; },
        [](QueueAddresses& at) { at.size = 100; },
        [](QueueAddresses& at) { at.size = 0x8000; },
    };
    for (std::size_t n = 0; n < 2; ++n) {
        for (const auto change : changes) {
            Session hostile = session();
            QueueAddresses at = rings[rings.size() - 3 + n]->addresses();
            change(at);
            hostile.queues[n] = make_queue(memory.memory, at, kFeatures);
            ASSERT_TRUE(hostile.queues[n]->broken());
            device->start(std::move(hostile));
            expect_idle();
        }
    }
    EXPECT_THAT(notes.calls, IsEmpty());
}

TEST_F(VhostVsockTest, BothDirectionsOrNone) {
    for (std::size_t n = 0; n < 2; ++n) {
        Session half = session();
        half.queues[n] = nullptr;
        device->start(std::move(half));
        expect_idle();
    }
    EXPECT_THAT(notes.calls, IsEmpty());
    Session no_events = session();
    no_events.queues[2] = nullptr;
    device->start(std::move(no_events));
    EXPECT_TRUE(notes.running);
    stop();
}

TEST_F(VhostVsockTest, AKernelThatRefuses) {
    for (const char* call : {"features", "memory", "ring 0", "ring 1", "start"}) {
        notes.fails = call;
        host.broken.clear();
        device->start(session());
        EXPECT_THAT(host.broken, testing::HasSubstr("does not take its queues")) << call;
        expect_idle();
    }
    notes.fails.clear();
    device->start(session());
    EXPECT_TRUE(notes.running);
    stop();
}

}  // namespace
}  // namespace trapeze::virtio
