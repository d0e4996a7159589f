// Numbers of the virtio specification that transports, rings and devices share ("Virtual I/O Device (VIRTIO)
// Version 1.2", OASIS).
#pragma once

#include "trapeze/base/types.h"

namespace trapeze::virtio {

// 5 "Device Types".
enum class DeviceId : u32 {
    None = 0,
    Net = 1,
    Block = 2,
    Console = 3,
    Entropy = 4,
    Balloon = 5,
    P9 = 9,
    Vsock = 19
};

// 2.1 "Device Status Field".
namespace status {
inline constexpr u32 kAcknowledge = 1;
inline constexpr u32 kDriver = 2;
inline constexpr u32 kDriverOk = 4;
inline constexpr u32 kFeaturesOk = 8;
inline constexpr u32 kNeedsReset = 64;
inline constexpr u32 kFailed = 128;
}  // namespace status

// 6 "Reserved Feature Bits", as masks; those that the transport offers and the rings implement.
namespace feature {
inline constexpr u64 kAnyLayout = 1ull << 27;  // legacy interface only, implied otherwise
inline constexpr u64 kIndirectDesc = 1ull << 28;
inline constexpr u64 kEventIdx = 1ull << 29;
inline constexpr u64 kVersion1 = 1ull << 32;
inline constexpr u64 kRingPacked = 1ull << 34;
}  // namespace feature

// 2.6 "Split Virtqueues": the largest queue.
inline constexpr u16 kMostQueueSize = 1024;

}  // namespace trapeze::virtio
