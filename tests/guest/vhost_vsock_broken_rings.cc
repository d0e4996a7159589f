// with: -device vhost-vsock-device,guest-cid=77
// only: trapeze
//
// The host's kernel serves the rings of this device, and a driver that breaks the rules has broken it: it
// shows DEVICE_NEEDS_RESET, and works after a reset. (VIRTIO 1.2, 2.1.2, 2.7, 5.10.)
#include "cpu.h"
#include "virtio.h"

using namespace guest;
using namespace guest::virtio;

namespace {

constexpr u64 kDevice = slot(31);  // the highest

constexpr u32 kSize = 4;
// A packet without payload, 5.10.6; to nobody, so that it is read and dropped.
constexpr u32 kPacketBytes = 44;
enum : u32 { kReceive, kTransmit };

struct Queue : SplitQueue<kSize> {
    alignas(16) u8 buffer[kPacketBytes];
    alignas(16) Descriptor indirect[2];
};

Queue queues[2];
Queue& transmit = queues[kTransmit];

void begin() {
    write32(kDevice + STATUS, 0);
    for (u64 i = 0; i < sizeof queues; ++i) reinterpret_cast<volatile u8*>(queues)[i] = 0;
    virtio::begin(kDevice, kVersion1 | kIndirectDesc);
    for (u32 n = kReceive; n <= kTransmit; ++n) {
        write32(kDevice + QUEUE_SEL, n);
        place_queue(kDevice, kSize, address_of(queues[n].table), address_of(&queues[n].available),
                    address_of(&queues[n].used));
    }
    transmit.table[0] = {address_of(transmit.buffer), kPacketBytes, 0, 0};
}

void go() {
    for (u32 n = kReceive; n <= kTransmit; ++n) {
        write32(kDevice + QUEUE_SEL, n);
        write32(kDevice + QUEUE_READY, 1);
    }
    write32(kDevice + STATUS, kDriverOk);
}

void offer(u16 head = 0, u16 requests = 1) {
    volatile auto& available = transmit.available;
    available.ring[available.idx % kSize] = head;
    barrier();
    available.idx = static_cast<u16>(available.idx + requests);
    barrier();
    write32(kDevice + QUEUE_NOTIFY, kTransmit);
}

// A packet is taken, with an interrupt.
bool works() {
    volatile Queue& queue = transmit;
    offer();
    for (u64 i = 0; i < 10'000'000 && queue.used.idx != queue.available.idx; ++i) barrier();
    if (queue.used.idx != queue.available.idx) return false;
    for (u64 i = 0; i < 1'000'000; ++i) {
        if ((read32(kDevice + INTERRUPT_STATUS) & 1) != 0) return true;
    }
    return false;
}

// Until the kernel has noticed, on a thread of its own.
bool needs_reset() {
    for (u64 i = 0; i < 1'000'000; ++i) {
        if ((read32(kDevice + STATUS) & kNeedsReset) != 0) return true;
    }
    return false;
}

constexpr u64 kNowhere = 0x10;
struct Fault {
    u32 queue;
    void (*before)();  // with that queue selected, and before it is ready
    void (*after)();   // when the device runs
    u16 head = 0;
    u16 requests = 1;
};
constexpr Fault kFaults[] = {
    // Rings that the kernel never gets.
    {kTransmit, [] { write_address(kDevice, QUEUE_DESC, kNowhere); }, nullptr},
    {kTransmit, [] { write_address(kDevice, QUEUE_DRIVER, kNowhere); }, nullptr},
    {kTransmit, [] { write_address(kDevice, QUEUE_DEVICE, ~u64{0} - 3); }, nullptr},
    {kReceive, [] { write_address(kDevice, QUEUE_DESC, kNowhere); }, nullptr},
    {kReceive, [] { write_address(kDevice, QUEUE_DEVICE, kUart); }, nullptr},
    {kTransmit, [] { write_address(kDevice, QUEUE_DESC, address_of(transmit.table) + 1); }, nullptr},
    {kTransmit, [] { write32(kDevice + QUEUE_NUM, 3); }, nullptr},
    {kReceive, [] { write32(kDevice + QUEUE_NUM, ~0u); }, nullptr},
    // Requests that it refuses.
    {kTransmit, nullptr, [] { transmit.table[0].address = kNowhere; }},
    {kTransmit, nullptr, [] { transmit.table[0].address = kUart; }},
    {kTransmit, nullptr, [] { transmit.table[0].address = ~u64{0} - 8; }},
    {kTransmit, nullptr, [] { transmit.table[0].flags = WRITE; }},
    {kTransmit, nullptr, [] { transmit.table[0].flags = NEXT; }},
    {kTransmit, nullptr,
     [] {
         transmit.table[0].flags = NEXT;
         transmit.table[0].next = 0xffff;
     }},
    {kTransmit, nullptr, nullptr, 0x1234},
    {kTransmit, nullptr, nullptr, 0, 5},
    {kTransmit, nullptr,
     [] {
         transmit.table[0] = {kNowhere, 16, INDIRECT, 0};
     }},
    {kTransmit, nullptr,
     [] {
         transmit.table[0] = {address_of(transmit.indirect), 24, INDIRECT, 0};
     }},
    {kTransmit, nullptr,
     [] {
         transmit.indirect[0] = {address_of(transmit.indirect), 32, INDIRECT, 0};
         transmit.table[0] = {address_of(transmit.indirect), 32, INDIRECT, 0};
     }},
};

}  // namespace

TEST(vhost_vsock_broken_rings) {
    EXPECT_EQ(read32(kDevice + DEVICE_ID), 19);
    EXPECT_EQ(device_features(kDevice) & kRingPacked, 0);
    EXPECT_EQ(read32(kDevice + CONFIG), 77);
    begin();
    go();
    EXPECT(works());
    u64 number = 0;
    for (const Fault& fault : kFaults) {
        begin();
        write32(kDevice + QUEUE_SEL, fault.queue);
        if (fault.before != nullptr) fault.before();
        go();
        if (fault.after != nullptr) fault.after();
        offer(fault.head, fault.requests);
        EXPECT_EQ_AT(number, needs_reset(), true);
        EXPECT_EQ_AT(number, read32(kDevice + INTERRUPT_STATUS) & 2, 2);
        begin();
        EXPECT_EQ_AT(number, read32(kDevice + STATUS), kFeaturesOk);
        EXPECT_EQ_AT(number, read32(kDevice + INTERRUPT_STATUS), 0);
        go();
        EXPECT_EQ_AT(number, works(), true);
        ++number;
    }
    // A reset in the midst of a flood of packets.
    for (u32 i = 0; i < 50; ++i) {
        begin();
        go();
        for (u32 n = 0; n < i; ++n) offer();
    }
    begin();
    go();
    EXPECT(works());
}
