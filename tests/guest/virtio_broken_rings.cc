// with: -device virtio-rng-device -device virtio-rng-device
// only: trapeze
//
// A driver that breaks the rules of a split queue breaks its own device: it shows DEVICE_NEEDS_RESET, or
// takes no notice, and works after a reset. Another device goes on meanwhile. (VIRTIO 1.2, 2.1.2, 2.7, 4.2.
// QEMU ends for some of this.)
#include "cpu.h"
#include "virtio.h"

using namespace guest;
using namespace guest::virtio;

namespace {

// The first device is in the highest slot.
constexpr u64 kVictim = slot(31), kWitness = slot(30);

constexpr u32 kSize = 4;
constexpr u32 kBytes = 32;

struct Queue : SplitQueue<kSize> {
    alignas(16) u8 buffer[kBytes];
    alignas(16) Descriptor indirect[2];
};

Queue victim_queue, witness_queue;

void begin(u64 device, Queue& queue) {
    write32(device + STATUS, 0);
    for (u64 i = 0; i < sizeof queue; ++i) reinterpret_cast<volatile u8*>(&queue)[i] = 0;
    virtio::begin(device, kVersion1 | kIndirectDesc);
    write32(device + QUEUE_SEL, 0);
    place_queue(device, kSize, address_of(queue.table), address_of(&queue.available),
                address_of(&queue.used));
    queue.table[0] = {address_of(queue.buffer), kBytes, WRITE, 0};
}

void go(u64 device) {
    write32(device + QUEUE_READY, 1);
    write32(device + STATUS, kDriverOk);
}

void offer(u64 device, Queue& queue, u16 head = 0, u16 requests = 1) {
    volatile auto& available = queue.available;
    available.ring[available.idx % kSize] = head;
    barrier();
    available.idx = static_cast<u16>(available.idx + requests);
    barrier();
    write32(device + QUEUE_NOTIFY, 0);
}

bool answered(Queue& queue) {
    return static_cast<volatile Queue&>(queue).used.idx == static_cast<volatile Queue&>(queue).available.idx;
}

// Random bytes arrive.
bool works(u64 device, Queue& queue) {
    const u16 before = queue.used.idx;
    for (u8& byte : queue.buffer) static_cast<volatile u8&>(byte) = 0;
    offer(device, queue);
    for (u64 i = 0; i < 10'000'000 && !answered(queue); ++i) barrier();
    if (queue.used.idx != static_cast<u16>(before + 1)) return false;
    u32 set = 0;
    for (const u8 byte : queue.buffer) set += byte != 0 ? 1u : 0u;
    return set > 0 && queue.used.ring[before % kSize].length >= 1;
}

// Until the device has noticed, which it does on a thread of its own.
bool needs_reset(u64 device) {
    for (u64 i = 0; i < 1'000'000; ++i) {
        if ((read32(device + STATUS) & kNeedsReset) != 0) return true;
    }
    return false;
}

// What a driver must not do, each done to a device that is ready but for DRIVER_OK.
constexpr u64 kNowhere = 0x10;
struct Fault {
    const char* name;
    void (*before)(Queue&);  // before the queue is ready
    void (*after)(Queue&);   // when the device runs
    u16 head = 0;
    u16 requests = 1;
};
constexpr Fault kFaults[] = {
    {"a descriptor table nowhere", [](Queue&) { write_address(kVictim, QUEUE_DESC, kNowhere); }, nullptr},
    {"an available ring nowhere", [](Queue&) { write_address(kVictim, QUEUE_DRIVER, kNowhere); }, nullptr},
    {"a used ring nowhere", [](Queue&) { write_address(kVictim, QUEUE_DEVICE, ~u64{0} - 3); }, nullptr},
    {"a misaligned table", [](Queue& q) { write_address(kVictim, QUEUE_DESC, address_of(q.table) + 1); },
     nullptr},
    {"a size that is no power of two", [](Queue&) { write32(kVictim + QUEUE_NUM, 3); }, nullptr},
    {"a size beyond all", [](Queue&) { write32(kVictim + QUEUE_NUM, ~0u); }, nullptr},
    {"a buffer nowhere", nullptr, [](Queue& q) { q.table[0].address = kNowhere; }},
    {"a buffer in a device", nullptr, [](Queue& q) { q.table[0].address = kUart; }},
    {"a buffer that wraps", nullptr, [](Queue& q) { q.table[0].address = ~u64{0} - 8; }},
    {"a buffer beyond RAM", nullptr, [](Queue& q) { q.table[0].length = ~0u; }},
    {"a request to read from", nullptr, [](Queue& q) { q.table[0].flags = 0; }},
    {"a descriptor that follows itself", nullptr, [](Queue& q) { q.table[0].flags = WRITE | NEXT; }},
    {"a next one outside the table", nullptr,
     [](Queue& q) {
         q.table[0].flags = WRITE | NEXT;
         q.table[0].next = 0xffff;
     }},
    {"readable after writable", nullptr,
     [](Queue& q) {
         q.table[0].flags = WRITE | NEXT;
         q.table[0].next = 1;
         q.table[1] = {address_of(q.buffer), 1, 0, 0};
     }},
    {"a head outside the table", nullptr, nullptr, 0x1234},
    {"more requests than entries", nullptr, nullptr, 0, 5},
    {"an indirect table nowhere", nullptr,
     [](Queue& q) {
         q.table[0] = {kNowhere, 16, INDIRECT, 0};
     }},
    {"half an indirect table", nullptr,
     [](Queue& q) {
         q.table[0] = {address_of(q.indirect), 24, INDIRECT, 0};
     }},
    {"an empty indirect table", nullptr,
     [](Queue& q) {
         q.table[0] = {address_of(q.indirect), 0, INDIRECT, 0};
     }},
    {"an indirect table with a next one", nullptr,
     [](Queue& q) {
         q.table[0] = {address_of(q.indirect), 32, INDIRECT | NEXT, 1};
     }},
    {"an indirect table in an indirect table", nullptr,
     [](Queue& q) {
         q.indirect[0] = {address_of(q.indirect), 32, INDIRECT, 0};
         q.table[0] = {address_of(q.indirect), 32, INDIRECT, 0};
     }},
    {"a loop in an indirect table", nullptr,
     [](Queue& q) {
         q.indirect[0] = {address_of(q.buffer), 1, WRITE | NEXT, 1};
         q.indirect[1] = {address_of(q.buffer), 1, WRITE | NEXT, 0};
         q.table[0] = {address_of(q.indirect), 32, INDIRECT, 0};
     }},
};

}  // namespace

TEST(virtio_broken_rings) {
    EXPECT_EQ(read32(kVictim + DEVICE_ID), 4);
    EXPECT_EQ(read32(kWitness + DEVICE_ID), 4);
    begin(kWitness, witness_queue);
    go(kWitness);
    EXPECT(works(kWitness, witness_queue));
    u64 number = 0;
    for (const Fault& fault : kFaults) {
        begin(kVictim, victim_queue);
        if (fault.before != nullptr) fault.before(victim_queue);
        go(kVictim);
        if (fault.after != nullptr) fault.after(victim_queue);
        offer(kVictim, victim_queue, fault.head, fault.requests);
        EXPECT_EQ_AT(number, needs_reset(kVictim), true);
        EXPECT_EQ_AT(number, read32(kVictim + INTERRUPT_STATUS) & 2, 2);
        EXPECT_EQ_AT(number, works(kWitness, witness_queue), true);
        begin(kVictim, victim_queue);
        EXPECT_EQ_AT(number, read32(kVictim + STATUS), kFeaturesOk);
        EXPECT_EQ_AT(number, read32(kVictim + INTERRUPT_STATUS), 0);
        go(kVictim);
        EXPECT_EQ_AT(number, works(kVictim, victim_queue), true);
        ++number;
    }
    // A reset in the midst of a flood of requests.
    for (u32 i = 0; i < 50; ++i) {
        begin(kVictim, victim_queue);
        go(kVictim);
        for (u32 n = 0; n < i; ++n) offer(kVictim, victim_queue);
    }
    begin(kVictim, victim_queue);
    go(kVictim);
    EXPECT(works(kVictim, victim_queue));
    EXPECT(works(kWitness, witness_queue));
}
