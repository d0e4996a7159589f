// What the fuzz targets of virtio devices share: RAM with rings in it, of which the input says everything.
#pragma once

#include <memory>
#include <span>

#include "fuzz_input.h"
#include "trapeze/virtio/device.h"

namespace trapeze::virtio {

inline constexpr mem::GpaRange kFuzzRam{mem::Gpa{0x4000'0000}, 1 << 16};
inline constexpr u16 kFuzzQueueSize = 8;

struct FuzzHost final : DeviceHost {
    void queue_used() override {}
    void notify_again(u16) override {}
    void config_changed() override {}
    void needs_reset(std::string_view) override {}
};

// Any of the features that the device offers, as a transport sees to, and queues of kFuzzQueueSize at the
// beginning of RAM.
inline Session fuzz_session(const Device& device, mem::GuestMemory& memory, DeviceHost& host,
                            FuzzInput& input, unsigned queues) {
    const u8 choice = input.take<u8>();
    const u64 features =
        (input.take<u32>() & 0x00ff'ffff & device.features()) | ((choice & 1) != 0 ? feature::kVersion1 : 0) |
        ((choice & 2) != 0 ? feature::kRingPacked : 0) | ((choice & 4) != 0 ? feature::kIndirectDesc : 0) |
        ((choice & 8) != 0 ? feature::kEventIdx : 0);
    Session session{.features = features, .queues = {}, .host = &host};
    for (u64 queue = 0; queue < queues; ++queue) {
        const u64 base = kFuzzRam.base.value + queue * 0x1000;
        session.queues.push_back(make_queue(memory,
                                            {.size = kFuzzQueueSize,
                                             .descriptors = mem::Gpa{base},
                                             .driver = mem::Gpa{base + 0x400},
                                             .device = mem::Gpa{base + 0x800}},
                                            features));
    }
    return session;
}

// For devices that wait for nobody when they stop.
inline void stop_at_once(Device& device) {
    bool stopped = false;
    device.stop([&] { stopped = true; });
    require(stopped);
}

// `count` bytes of input anywhere in the rings, or in the first buffers.
inline void fuzz_write(mem::GuestMemory& memory, FuzzInput& input, std::size_t count) {
    const u64 at = input.take<u16>() % 0x4000;
    (void)memory.write(mem::Gpa{kFuzzRam.base.value + at}, input.take(count));
}

}  // namespace trapeze::virtio
