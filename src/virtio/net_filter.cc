#include "trapeze/virtio/net_filter.h"

#include <algorithm>

namespace trapeze::virtio {
namespace {

constexpr std::size_t kAddressBytes = std::tuple_size_v<MacAddress>;
constexpr std::size_t kTypeOffset = 12;
constexpr u16 kVlanType = 0x8100;

u16 big_endian(std::span<const u8> frame, std::size_t at) {
    return static_cast<u16>(frame[at] << 8 | frame[at + 1]);
}

}  // namespace

void NetFilter::Table::set(std::span<const u8> bytes) {
    addresses.clear();
    all = bytes.size() / kAddressBytes > kMostAddresses;
    if (all) return;
    for (std::size_t at = 0; at + kAddressBytes <= bytes.size(); at += kAddressBytes)
        std::ranges::copy(bytes.subspan(at, kAddressBytes), addresses.emplace_back().begin());
}

bool NetFilter::Table::contains(std::span<const u8, 6> address) const {
    return all || std::ranges::any_of(
                      addresses, [&](const MacAddress& known) { return std::ranges::equal(known, address); });
}

void NetFilter::reset(bool vlans) {
    modes_ = {};
    unicast_.set({});
    multicast_.set({});
    vlans_.reset();
    if (!vlans) vlans_.set();
}

bool NetFilter::accepts(std::span<const u8> frame, const MacAddress& own) const {
    if (modes_.promiscuous) return true;
    if (big_endian(frame, kTypeOffset) == kVlanType && frame.size() >= kTypeOffset + 4 &&
        !vlans_.test(big_endian(frame, kTypeOffset + 2) & 0xfff)) {
        return false;
    }
    const auto to = frame.first<kAddressBytes>();
    if ((to[0] & 1) != 0) {
        if (std::ranges::all_of(to, [](u8 byte) { return byte == 0xff; })) return !modes_.no_broadcast;
        if (modes_.no_multicast) return false;
        return modes_.all_multicast || multicast_.contains(to);
    }
    if (modes_.no_unicast) return false;
    return modes_.all_unicast || std::ranges::equal(to, own) || unicast_.contains(to);
}

}  // namespace trapeze::virtio
