// Which frames the driver wants: 5.1.6.5.1 "Packet Receive Filtering", 5.1.6.5.2 "Setting MAC Address
// Filtering", 5.1.6.5.3 "VLAN Filtering".
#pragma once

#include <array>
#include <bitset>
#include <span>
#include <vector>

#include "trapeze/base/types.h"

namespace trapeze::virtio {

using MacAddress = std::array<u8, 6>;

class NetFilter {
public:
    // What a class of addresses is subject to. Members are commands of VIRTIO_NET_CTRL_RX.
    struct Modes {
        bool promiscuous = true;  // until the driver says otherwise
        bool all_multicast = false;
        bool all_unicast = false;
        bool no_multicast = false;
        bool no_unicast = false;
        bool no_broadcast = false;
    };
    // More are treated as "all of them", which 5.1.6.5.2.1 allows.
    static constexpr std::size_t kMostAddresses = 64;
    static constexpr u16 kVlans = 4096;

    // `vlans`: the driver lists those that it wants; otherwise it gets all.
    void reset(bool vlans);
    Modes& modes() { return modes_; }
    // Concatenated addresses.
    void set_unicast(std::span<const u8> addresses) { unicast_.set(addresses); }
    void set_multicast(std::span<const u8> addresses) { multicast_.set(addresses); }
    // `vlan` is below kVlans.
    void set_vlan(u16 vlan, bool wanted) { vlans_.set(vlan, wanted); }

    // `frame` has at least the 14 bytes of an Ethernet header.
    bool accepts(std::span<const u8> frame, const MacAddress& own) const;

private:
    struct Table {
        std::vector<MacAddress> addresses;
        bool all = false;
        void set(std::span<const u8> bytes);
        bool contains(std::span<const u8, 6> address) const;
    };

    Modes modes_;
    Table unicast_;
    Table multicast_;
    std::bitset<kVlans> vlans_;
};

}  // namespace trapeze::virtio
