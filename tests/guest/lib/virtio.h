// A driver's view of virtio-mmio and of split and packed rings (VIRTIO 1.2, 2.7, 2.8, 4.2), for tests that
// break the rules: nothing here checks anything.
#pragma once

#include "guest.h"

namespace guest::virtio {

// Slot n has a device if DEVICE_ID is not 0.
constexpr u64 slot(unsigned n) {
    return 0x0a00'0000 + n * 0x200;
}

enum : u64 {
    DEVICE_ID = 0x008,
    DEVICE_FEATURES = 0x010,
    DEVICE_FEATURES_SEL = 0x014,
    DRIVER_FEATURES = 0x020,
    DRIVER_FEATURES_SEL = 0x024,
    QUEUE_SEL = 0x030,
    QUEUE_NUM_MAX = 0x034,
    QUEUE_NUM = 0x038,
    QUEUE_READY = 0x044,
    QUEUE_NOTIFY = 0x050,
    INTERRUPT_STATUS = 0x060,
    INTERRUPT_ACK = 0x064,
    STATUS = 0x070,
    QUEUE_DESC = 0x080,
    QUEUE_DRIVER = 0x090,
    QUEUE_DEVICE = 0x0a0,
    CONFIG = 0x100,
};
enum : u32 { kFeaturesOk = 11, kDriverOk = 15, kNeedsReset = 64 };
enum : u64 {
    kIndirectDesc = u64{1} << 28,
    kEventIdx = u64{1} << 29,
    kVersion1 = u64{1} << 32,
    kRingPacked = u64{1} << 34,
};
enum : u16 { NEXT = 1, WRITE = 2, INDIRECT = 4, AVAIL = 1 << 7, USED = 1 << 15 };

struct Descriptor {
    u64 address;
    u32 length;
    u16 flags, next;
};
struct PackedDescriptor {
    u64 address;
    u32 length;
    u16 id, flags;
};

inline u64 address_of(const volatile void* object) {
    return reinterpret_cast<u64>(object);
}
inline void barrier() {
    asm volatile("dmb sy" ::: "memory");
}
inline void write_address(u64 device, u64 reg, u64 address) {
    write32(device + reg, static_cast<u32>(address));
    write32(device + reg + 4, static_cast<u32>(address >> 32));
}
inline u64 device_features(u64 device) {
    write32(device + DEVICE_FEATURES_SEL, 1);
    const u64 high = read32(device + DEVICE_FEATURES);
    write32(device + DEVICE_FEATURES_SEL, 0);
    return high << 32 | read32(device + DEVICE_FEATURES);
}
// Resets the device and agrees with it on features.
inline void begin(u64 device, u64 features) {
    write32(device + STATUS, 0);
    write32(device + STATUS, 3);
    write32(device + DRIVER_FEATURES_SEL, 0);
    write32(device + DRIVER_FEATURES, static_cast<u32>(features));
    write32(device + DRIVER_FEATURES_SEL, 1);
    write32(device + DRIVER_FEATURES, static_cast<u32>(features >> 32));
    write32(device + STATUS, kFeaturesOk);
}
// Says where the selected queue is.
inline void place_queue(u64 device, u32 size, u64 table, u64 driver, u64 device_area) {
    write32(device + QUEUE_NUM, size);
    write_address(device, QUEUE_DESC, table);
    write_address(device, QUEUE_DRIVER, driver);
    write_address(device, QUEUE_DEVICE, device_area);
}

template <u32 Size>
struct SplitQueue {
    alignas(16) Descriptor table[Size];
    struct {
        u16 flags, idx, ring[Size], used_event;
    } available;
    alignas(4) struct {
        u16 flags, idx;
        struct {
            u32 id, length;
        } ring[Size];
        u16 avail_event;
    } used;
};

template <u32 Size>
struct PackedQueue {
    alignas(16) PackedDescriptor ring[Size];
    struct {
        u16 position, flags;
    } driver, device;  // event suppression
};

}  // namespace guest::virtio
