// Numbers of 5.1.6 "Device Operation" of the network device.
#pragma once

#include "trapeze/bus/net_port.h"
#include "trapeze/virtio/net_features.h"

namespace trapeze::virtio::net {

// A feature and the bit of bus::net_offload that stands for it.
struct OffloadBit {
    u64 feature;
    u32 offload;
};
inline constexpr OffloadBit kGuestOffloads[] = {{kGuestCsum, bus::net_offload::kChecksum},
                                                {kGuestTso4, bus::net_offload::kTso4},
                                                {kGuestTso6, bus::net_offload::kTso6},
                                                {kGuestEcn, bus::net_offload::kEcn}};
inline constexpr OffloadBit kHostOffloads[] = {{kCsum, bus::net_offload::kChecksum},
                                               {kHostTso4, bus::net_offload::kTso4},
                                               {kHostTso6, bus::net_offload::kTso6},
                                               {kHostEcn, bus::net_offload::kEcn}};

// The offloads that `features` stand for.
template <std::size_t N>
constexpr u32 offloads_of(const OffloadBit (&bits)[N], u64 features) {
    u32 offloads = 0;
    for (const OffloadBit& bit : bits) {
        if ((features & bit.feature) != 0) offloads |= bit.offload;
    }
    return offloads;
}
template <std::size_t N>
constexpr u64 features_of(const OffloadBit (&bits)[N], u32 offloads) {
    u64 features = 0;
    for (const OffloadBit& bit : bits) {
        if ((offloads & bit.offload) != 0) features |= bit.feature;
    }
    return features;
}

inline constexpr u16 kLinkUp = 1;  // VIRTIO_NET_S_LINK_UP

// struct virtio_net_hdr: that of the legacy interface ends before num_buffers unless buffers are merged.
inline constexpr u32 kShortHeaderBytes = sizeof(bus::NetOffload);
inline constexpr u32 kHeaderBytes = kShortHeaderBytes + 2;

inline constexpr u16 kReceiveEntries = 256;  // as QEMU: drivers fill the queue with buffers
inline constexpr u16 kTransmitEntries = 256;
inline constexpr u16 kControlEntries = 64;

}  // namespace trapeze::virtio::net
