// 5.1.3 "Feature bits" of the network device.
#pragma once

#include "trapeze/base/types.h"

namespace trapeze::virtio::net {

inline constexpr u64 kCsum = 1ull << 0;
inline constexpr u64 kGuestCsum = 1ull << 1;
inline constexpr u64 kCtrlGuestOffloads = 1ull << 2;
inline constexpr u64 kMtu = 1ull << 3;
inline constexpr u64 kMac = 1ull << 5;
inline constexpr u64 kGuestTso4 = 1ull << 7;
inline constexpr u64 kGuestTso6 = 1ull << 8;
inline constexpr u64 kGuestEcn = 1ull << 9;
inline constexpr u64 kHostTso4 = 1ull << 11;
inline constexpr u64 kHostTso6 = 1ull << 12;
inline constexpr u64 kHostEcn = 1ull << 13;
inline constexpr u64 kMrgRxbuf = 1ull << 15;
inline constexpr u64 kStatus = 1ull << 16;
inline constexpr u64 kCtrlVq = 1ull << 17;
inline constexpr u64 kCtrlRx = 1ull << 18;
inline constexpr u64 kCtrlVlan = 1ull << 19;
inline constexpr u64 kCtrlRxExtra = 1ull << 20;
inline constexpr u64 kCtrlMacAddr = 1ull << 23;

}  // namespace trapeze::virtio::net
