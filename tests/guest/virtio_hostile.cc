// smp: 2
// timeout: 120
// append: hostile.seconds=5
// with: -drive if=none,id=d,format=raw,file=@/disk -device virtio-blk-device,drive=d
// with: -netdev user,id=n,restrict=on -device virtio-net-device,netdev=n
// with: -device virtio-serial-device -chardev null,id=c,mux=on
// with: -device virtconsole,chardev=c -device virtserialport,chardev=c,name=port
// with: -fsdev local,id=f,path=@/share,security_model=none
// with: -device virtio-9p-device,fsdev=f,mount_tag=tag
// with: -device virtio-balloon-device,free-page-reporting=on
// with: -device virtio-vsock-device,guest-cid=3,uds-path=@/vsock
// with: -device virtio-rng-device -device virtio-rng-device
// only: trapeze
// irqchip: gicv3
//
// A driver that spoils every field of the rings of every device, one after the other and then, for
// hostile.seconds, all at once and while another CPU writes into all that the device reads. It breaks only
// the device that it does this to, which works after a reset; the others go on. hostile.seed=N chooses
// another sequence. (VIRTIO 1.2, 2.1.2, 2.7, 2.8.)
#include "cpu.h"
#include "fdt.h"
#include "timer.h"
#include "virtio.h"

using namespace guest;
using namespace guest::virtio;

namespace {

constexpr u32 kSize = 8;
constexpr u32 kQueues = 8;
constexpr u32 kBytes = 64;

// What a device does when all is well: a request for the queue that has an answer.
struct Kind {
    u32 id;
    u16 queue;
    u32 readable, writable;  // bytes
    u8 request[48];
    u64 features = 0;       // that it needs
    bool at_random = true;  // no: it does to memory what random bytes say
};
// clang-format off
constexpr Kind kKinds[] = {
    {1, 1, 40, 0, {}},                                // net: an empty header and a frame
    {2, 0, 16, 21, {8}},                              // block: the name of the disk
    {3, 3, 8, 0, {0, 0, 0, 0, 0, 0, 1, 0}, 1 << 1},   // console: the driver is ready
    {4, 0, 0, 16, {}},                                // entropy
    {5, 0, 8, 0, {}, 0, false},                       // balloon: pages that are not RAM
    {9, 0, 21, 64,                                    // 9p: version
     {21, 0, 0, 0, 100, 0xff, 0xff, 0, 32, 0, 0, 8, 0, '9', 'P', '2', '0', '0', '0', '.', 'L'}},
    {19, 1, 44, 0,                                    // socket: a connection from port 1 to port 2
     {3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0}},
};
// clang-format on

struct Device {
    u64 base;
    const Kind* kind;
    u32 queues;
};
Device devices[32];
u32 device_count = 0;

// All that devices are told of. It is far from this program, which what they write must not hit: no length
// reaches from here to the end of RAM and is valid, and no other address in RAM is given.
struct Playground {
    struct Rings {
        SplitQueue<kSize> split;
        PackedQueue<kSize> packed;
        alignas(16) Descriptor indirect[kSize];
        alignas(16) u8 buffers[kSize][kBytes];
    } queues[kQueues];
};
Playground& area = *reinterpret_cast<Playground*>(kScratch);
SplitQueue<kSize> witness;
alignas(16) u8 witness_buffer[kBytes];

u64 state = 0;
u32 stop_scribbling = 0;
u64 cases = 0, resets_needed = 0;

void clear(void* object, u64 bytes) {
    for (u64 i = 0; i < bytes; ++i) static_cast<volatile u8*>(object)[i] = 0;
}

u64 number(u64 limit, u64& from = state) {
    return (random(from) >> 16) % limit;
}

// --- A request as it should be, and whether it is answered
// ---------------------------------------------------

u32 count_queues(u64 base) {
    u32 count = 0;
    for (; count < kQueues; ++count) {
        write32(base + QUEUE_SEL, count);
        if (read32(base + QUEUE_NUM_MAX) == 0) break;
    }
    return count;
}

void begin_split(const Device& device, SplitQueue<kSize>& queue) {
    begin(device.base, kVersion1 | device.kind->features);
    clear(&queue, sizeof queue);
    // All queues have to be there before the device is used.
    write32(device.base + QUEUE_SEL, device.kind->queue);
    place_queue(device.base, kSize, address_of(queue.table), address_of(&queue.available),
                address_of(&queue.used));
    write32(device.base + QUEUE_READY, 1);
    write32(device.base + STATUS, kDriverOk);
}

bool answers(const Device& device, SplitQueue<kSize>& queue, u8* buffer) {
    const Kind& kind = *device.kind;
    for (u32 i = 0; i < kind.readable; ++i) buffer[i] = i < sizeof kind.request ? kind.request[i] : 0;
    // The two parts may overlap: what was to be read has been when the answer is written.
    u16 head = 0;
    if (kind.readable != 0)
        queue.table[0] = {address_of(buffer), kind.readable, static_cast<u16>(kind.writable != 0 ? NEXT : 0),
                          1};
    if (kind.writable != 0)
        queue.table[kind.readable != 0 ? 1 : 0] = {address_of(buffer), kind.writable, WRITE, 0};
    volatile auto& available = queue.available;
    available.ring[available.idx % kSize] = head;
    barrier();
    available.idx = static_cast<u16>(available.idx + 1);
    barrier();
    write32(device.base + QUEUE_NOTIFY, kind.queue);
    for (u64 i = 0; i < 20'000'000; ++i) {
        barrier();
        if (static_cast<volatile SplitQueue<kSize>&>(queue).used.idx == available.idx) return true;
    }
    return false;
}

const Device& witness_device() {
    return devices[device_count];
}

void expect_others_work() {
    EXPECT(answers(witness_device(), witness, witness_buffer));
    EXPECT_EQ(read32(witness_device().base + STATUS), kDriverOk);
}

void expect_works_after_reset(const Device& device) {
    begin_split(device, area.queues[0].split);
    EXPECT_EQ_AT(device.kind->id, read32(device.base + STATUS), kDriverOk);
    EXPECT_EQ_AT(device.kind->id, answers(device, area.queues[0].split, area.queues[0].buffers[0]), true);
    write32(device.base + STATUS, 0);
}

// --- Requests as they should not be
// --------------------------------------------------------------------------

u64 random_address(u64& from = state) {
    switch (number(12, from)) {
        case 0: return 0;
        case 1: return random(from) | u64{1} << 63;
        case 2: return ~u64{0} - number(64, from);
        case 3: return kUart;
        case 4: return slot(31) + number(0x200, from);
        case 5: return kRam - number(64, from);
        case 6: return kRam + (u64{128} << 20) - number(64, from);  // the end of RAM
        default: return address_of(&area) + number(sizeof area, from);
    }
}
u32 random_length(u64& from = state) {
    switch (number(6, from)) {
        case 0: return 0;
        case 1: return static_cast<u32>(random(from)) | 1u << 31;
        case 2: return ~0u - static_cast<u32>(number(16, from));
        case 3: return static_cast<u32>(number(1 << 20, from));
        default: return static_cast<u32>(number(kBytes + 1, from));
    }
}
u16 random_index(u64& from = state) {
    return static_cast<u16>(number(3, from) == 0 ? random(from) : number(kSize + 1, from));
}
u16 random_flags(u64& from = state) {
    return static_cast<u16>(number(4, from) == 0 ? random(from) : number(8, from));
}

// A queue full of requests of the right form with something for the device in them.
void fill(const Device& device, Playground::Rings& rings, bool packed) {
    clear(&rings, sizeof rings);
    for (u32 i = 0; i < kSize; ++i) {
        for (u32 byte = 0; byte < sizeof device.kind->request; ++byte) {
            rings.buffers[i][byte] = device.kind->request[byte];
        }
        // Other requests of the device's, as its first bytes say which.
        if (number(2) == 0)
            rings.buffers[i][number(sizeof device.kind->request)] =
                static_cast<u8>(number(2) == 0 ? number(16) : random(state));
        const bool writable = i % 2 == 1;
        const u64 address = address_of(rings.buffers[i]);
        const u16 chain = static_cast<u16>(writable ? WRITE : NEXT);
        rings.split.table[i] = {address, kBytes, chain, static_cast<u16>(i + 1)};
        rings.indirect[i] = rings.split.table[i];
        rings.packed.ring[i] = {address, kBytes, static_cast<u16>(i), static_cast<u16>(chain | AVAIL)};
        rings.split.available.ring[i] = static_cast<u16>(i & ~1u);
    }
    rings.split.available.idx = packed ? 0 : kSize / 2;
}

void place(const Device& device, u32 queue, Playground::Rings& rings, bool packed) {
    write32(device.base + QUEUE_SEL, queue);
    if (packed) {
        place_queue(device.base, kSize, address_of(rings.packed.ring), address_of(&rings.packed.driver),
                    address_of(&rings.packed.device));
    } else {
        place_queue(device.base, kSize, address_of(rings.split.table), address_of(&rings.split.available),
                    address_of(&rings.split.used));
    }
}

// A device with all its queues, full of requests.
void prepare(const Device& device, u64 features) {
    const bool packed = (features & kRingPacked) != 0;
    begin(device.base, features);
    for (u32 queue = 0; queue < device.queues; ++queue) {
        fill(device, area.queues[queue], packed);
        place(device, queue, area.queues[queue], packed);
    }
}

void start(const Device& device) {
    for (u32 queue = 0; queue < device.queues; ++queue) {
        write32(device.base + QUEUE_SEL, queue);
        write32(device.base + QUEUE_READY, 1);
    }
    barrier();
    write32(device.base + STATUS, kDriverOk);
    for (u32 queue = 0; queue < device.queues; ++queue) write32(device.base + QUEUE_NOTIFY, queue);
}

void count_case(const Device& device) {
    ++cases;
    if ((read32(device.base + STATUS) & kNeedsReset) != 0) ++resets_needed;
}

// Each field of a queue, to be given each of these values.
constexpr u64 kValues[] = {0, 1, 0x7fff, 0xffff'ffff, 0x4000'0000, 0xffff'ffff'ffff'fff0};
struct Field {
    const char* name;
    void (*set)(const Device&, Playground::Rings&, u64 value);
};
constexpr Field kSplitFields[] = {
    {"descriptor.addr", [](const Device&, Playground::Rings& q, u64 v) { q.split.table[0].address = v; }},
    {"descriptor.len",
     [](const Device&, Playground::Rings& q, u64 v) { q.split.table[0].length = static_cast<u32>(v); }},
    {"descriptor.flags",
     [](const Device&, Playground::Rings& q, u64 v) { q.split.table[0].flags = static_cast<u16>(v); }},
    {"descriptor.next",
     [](const Device&, Playground::Rings& q, u64 v) { q.split.table[0].next = static_cast<u16>(v); }},
    {"writable.addr", [](const Device&, Playground::Rings& q, u64 v) { q.split.table[1].address = v; }},
    {"writable.len",
     [](const Device&, Playground::Rings& q, u64 v) { q.split.table[1].length = static_cast<u32>(v); }},
    {"writable.flags",
     [](const Device&, Playground::Rings& q, u64 v) { q.split.table[1].flags = static_cast<u16>(v); }},
    {"indirect.addr",
     [](const Device&, Playground::Rings& q, u64 v) {
         q.split.table[0] = {v, sizeof q.indirect, INDIRECT, 0};
     }},
    {"indirect.len",
     [](const Device&, Playground::Rings& q, u64 v) {
         q.split.table[0] = {address_of(q.indirect), static_cast<u32>(v), INDIRECT, 0};
     }},
    {"indirect.flags",
     [](const Device&, Playground::Rings& q, u64 v) {
         q.split.table[0] = {address_of(q.indirect), sizeof q.indirect, INDIRECT, 0};
         q.indirect[0].flags = static_cast<u16>(v);
     }},
    {"indirect.next",
     [](const Device&, Playground::Rings& q, u64 v) {
         q.split.table[0] = {address_of(q.indirect), sizeof q.indirect, INDIRECT, 0};
         q.indirect[0].next = static_cast<u16>(v);
     }},
    {"avail.flags",
     [](const Device&, Playground::Rings& q, u64 v) { q.split.available.flags = static_cast<u16>(v); }},
    {"avail.idx",
     [](const Device&, Playground::Rings& q, u64 v) { q.split.available.idx = static_cast<u16>(v); }},
    {"avail.ring",
     [](const Device&, Playground::Rings& q, u64 v) { q.split.available.ring[0] = static_cast<u16>(v); }},
    {"used_event",
     [](const Device&, Playground::Rings& q, u64 v) { q.split.available.used_event = static_cast<u16>(v); }},
    {"used.flags",
     [](const Device&, Playground::Rings& q, u64 v) { q.split.used.flags = static_cast<u16>(v); }},
    {"used.idx", [](const Device&, Playground::Rings& q, u64 v) { q.split.used.idx = static_cast<u16>(v); }},
    {"avail_event",
     [](const Device&, Playground::Rings& q, u64 v) { q.split.used.avail_event = static_cast<u16>(v); }},
};
constexpr Field kPackedFields[] = {
    {"packed.addr", [](const Device&, Playground::Rings& q, u64 v) { q.packed.ring[0].address = v; }},
    {"packed.len",
     [](const Device&, Playground::Rings& q, u64 v) { q.packed.ring[0].length = static_cast<u32>(v); }},
    {"packed.id",
     [](const Device&, Playground::Rings& q, u64 v) { q.packed.ring[1].id = static_cast<u16>(v); }},
    {"packed.flags",
     [](const Device&, Playground::Rings& q, u64 v) { q.packed.ring[0].flags = static_cast<u16>(v); }},
    {"packed.last",
     [](const Device&, Playground::Rings& q, u64 v) { q.packed.ring[7].flags = static_cast<u16>(v); }},
    {"packed.indirect",
     [](const Device&, Playground::Rings& q, u64 v) {
         q.packed.ring[0] = {address_of(q.indirect), static_cast<u32>(v), 0, INDIRECT | AVAIL};
     }},
    {"driver.position",
     [](const Device&, Playground::Rings& q, u64 v) { q.packed.driver.position = static_cast<u16>(v); }},
    {"driver.flags",
     [](const Device&, Playground::Rings& q, u64 v) { q.packed.driver.flags = static_cast<u16>(v); }},
    {"device.flags",
     [](const Device&, Playground::Rings& q, u64 v) { q.packed.device.flags = static_cast<u16>(v); }},
};
// Of both: they are registers.
constexpr Field kRegisters[] = {
    {"QueueNum",
     [](const Device& d, Playground::Rings&, u64 v) { write32(d.base + QUEUE_NUM, static_cast<u32>(v)); }},
    {"QueueDesc", [](const Device& d, Playground::Rings&, u64 v) { write_address(d.base, QUEUE_DESC, v); }},
    {"QueueDriver",
     [](const Device& d, Playground::Rings&, u64 v) { write_address(d.base, QUEUE_DRIVER, v); }},
    {"QueueDevice",
     [](const Device& d, Playground::Rings&, u64 v) { write_address(d.base, QUEUE_DEVICE, v); }},
};

void spoil_field(const Device& device, u64 features, const Field& field) {
    for (const u64 value : kValues) {
        prepare(device, features);
        // The last queue selected is not the one that is to be spoilt.
        for (u32 queue = 0; queue < device.queues; ++queue) {
            write32(device.base + QUEUE_SEL, queue);
            field.set(device, area.queues[queue], value);
        }
        start(device);
        count_case(device);
    }
}

void spoil_each_field(const Device& device) {
    const u64 features = device_features(device.base);
    const u64 split = features & ~kRingPacked;
    for (const Field& field : kSplitFields) spoil_field(device, split, field);
    for (const Field& field : kRegisters) spoil_field(device, split, field);
    expect_others_work();
    if ((features & kRingPacked) != 0) {
        for (const Field& field : kPackedFields) spoil_field(device, features, field);
        for (const Field& field : kRegisters) spoil_field(device, features, field);
    }
    expect_others_work();
    expect_works_after_reset(device);
}

// --- Everything at once
// --------------------------------------------------------------------------------------

void spoil_at_random(const Device& device) {
    const u64 features = (device_features(device.base) & (random(state) | random(state) | 0xff)) | kVersion1;
    prepare(device, features);
    for (u32 n = 0; n < device.queues; ++n) {
        Playground::Rings& rings = area.queues[n];
        for (u64 i = number(4); i > 0; --i) {
            const u64 at = number(kSize);
            const u16 flags = random_flags();
            rings.split.table[at] = {random_address(), random_length(), flags, random_index()};
            rings.indirect[number(kSize)] = rings.split.table[at];
            rings.packed.ring[at] = {random_address(), random_length(), random_index(),
                                     static_cast<u16>(flags ^ AVAIL)};
        }
        if (number(4) == 0) rings.split.available.ring[number(kSize)] = random_index();
        if (number(4) == 0) rings.split.available.idx = random_index();
        if (number(16) == 0) {
            write32(device.base + QUEUE_SEL, n);
            place_queue(device.base, random_index(), random_address(), random_address(), random_address());
        }
    }
    start(device);
    for (u64 i = number(24); i > 0; --i) {
        Playground::Rings& rings = area.queues[number(device.queues)];
        switch (number(8)) {
            case 0: write32(device.base + CONFIG + number(0x40) * 4, static_cast<u32>(random(state))); break;
            case 1: read32(device.base + number(0x80) * 4); break;
            case 2:
                write32(device.base + number(0x40) * 4,
                        static_cast<u32>(number(2) == 0 ? number(9) : random(state)));
                break;
            case 3: write32(device.base + INTERRUPT_ACK, 3); break;
            default:
                rings.split.available.idx = static_cast<u16>(rings.split.available.idx + number(kSize + 2));
                barrier();
                write32(device.base + QUEUE_NOTIFY, static_cast<u32>(number(kQueues)));
        }
    }
    count_case(device);
}

// On another CPU: what the device has checked is not what it finds a moment later.
void scribble(u64 seed) {
    u64 own = seed * 0x9e3779b97f4a7c15 + 1;
    while (static_cast<volatile u32&>(stop_scribbling) == 0) {
        volatile Playground::Rings& rings = area.queues[number(kQueues, own)];
        const u64 at = number(kSize, own);
        switch (number(12, own)) {
            case 0: rings.split.table[at].address = random_address(own); break;
            case 1: rings.split.table[at].length = random_length(own); break;
            case 2: rings.split.table[at].flags = random_flags(own); break;
            case 3: rings.split.table[at].next = random_index(own); break;
            case 4: rings.split.available.ring[at] = random_index(own); break;
            case 5: rings.split.available.idx = random_index(own); break;
            case 6: rings.indirect[at].address = random_address(own); break;
            case 7: rings.indirect[at].length = random_length(own); break;
            case 8: rings.packed.ring[at].address = random_address(own); break;
            case 9: rings.packed.ring[at].length = random_length(own); break;
            case 10: rings.packed.ring[at].flags = static_cast<u16>(random_flags(own) ^ AVAIL); break;
            default: rings.buffers[at][number(kBytes, own)] = static_cast<u8>(number(256, own));
        }
    }
}

}  // namespace

TEST(virtio_hostile) {
    // The two entropy devices are in the last slots that are taken: one is the witness.
    for (unsigned n = 32; n-- > 0;) {
        const u32 id = read32(slot(n) + DEVICE_ID);
        if (id == 0) break;
        for (const Kind& kind : kKinds) {
            if (kind.id == id) devices[device_count++] = {slot(n), &kind, count_queues(slot(n))};
        }
        EXPECT_EQ_AT(id, devices[device_count - 1].base, slot(n));
    }
    EXPECT_EQ(device_count, 8);
    --device_count;
    const u64 seconds = fdt::argument("hostile.seconds=", 5);
    const u64 seed = fdt::argument("hostile.seed=", 1);
    state = seed * 0x9e3779b97f4a7c15;

    begin_split(witness_device(), witness);
    for (u32 n = 0; n < device_count; ++n) {
        expect_works_after_reset(devices[n]);
        spoil_each_field(devices[n]);
    }
    note("fields spoilt", cases);
    note("devices that needed a reset", resets_needed);
    // Many more do when they get to it.
    EXPECT(resets_needed > 0);

    start_cpu(1, scribble, seed);
    const u64 deadline = counter() + seconds * 1000 * ticks_per_ms();
    while (counter() < deadline) {
        const Device& device = devices[number(device_count)];
        if (device.kind->at_random) spoil_at_random(device);
        if (number(32) == 0) expect_others_work();
    }
    static_cast<volatile u32&>(stop_scribbling) = 1;
    wait_cpu_off(1);
    expect_others_work();
    for (u32 n = 0; n < device_count; ++n) expect_works_after_reset(devices[n]);
    note("cases", cases);
    note("devices that needed a reset", resets_needed);
}
