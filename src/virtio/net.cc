#include "trapeze/virtio/net.h"

#include <algorithm>
#include <cstring>

#include "net_header.h"

namespace trapeze::virtio {
namespace {

using namespace net;

constexpr u16 kSizes[] = {kReceiveEntries, kTransmitEntries, kControlEntries};

constexpr std::size_t kMacOffset = 0;
constexpr std::size_t kStatusOffset = 6;
constexpr std::size_t kMtuOffset = 10;
constexpr std::size_t kConfigBytes = 12;

u64 packed(const MacAddress& mac) {
    u64 value = 0;
    std::memcpy(&value, mac.data(), mac.size());
    return value;
}

}  // namespace

Net::Net(std::unique_ptr<bus::NetPort> port, const Options& options)
    : port_(std::move(port)),
      features_(offered(options)),
      mtu_(options.mtu),
      own_mac_(options.mac),
      mac_(packed(options.mac)) {
    filter_.reset(false);
    port_->set_receiver(this);
}

Net::~Net() {
    port_->set_receiver(nullptr);
}

// With those that they need: 5.1.3.1 "Feature bit requirements".
u64 Net::offered(const Options& options) const {
    u64 features = kMac | kStatus | kMrgRxbuf | kCtrlVq | kCtrlRx | kCtrlVlan | kCtrlRxExtra | kCtrlMacAddr |
                   kCtrlGuestOffloads;
    features |= features_of(kHostOffloads, port_->send_offloads());
    features |= features_of(kGuestOffloads, port_->receive_offloads());
    if (options.mtu != 0) features |= kMtu;
    features &= ~options.without;
    if ((features & kCsum) == 0) features &= ~features_of(kHostOffloads, ~u32{0});
    if ((features & kGuestCsum) == 0)
        features &= ~(features_of(kGuestOffloads, ~u32{0}) | kCtrlGuestOffloads);
    if ((features & kCtrlVq) == 0)
        features &= ~(kCtrlRx | kCtrlVlan | kCtrlRxExtra | kCtrlMacAddr | kCtrlGuestOffloads);
    return features;
}

std::span<const u16> Net::queue_sizes() const {
    const std::span<const u16> all = kSizes;
    return (features_ & kCtrlVq) != 0 ? all : all.first(2);
}

MacAddress Net::mac() const {
    MacAddress mac;
    const u64 value = mac_.load(std::memory_order_relaxed);
    std::memcpy(mac.data(), &value, mac.size());
    return mac;
}

bool Net::link() const {
    return link_.load(std::memory_order_relaxed);
}

// 5.1.4 "Device configuration layout".
void Net::read_config(u32 offset, std::span<u8> to) {
    std::array<u8, kConfigBytes> config{};
    const MacAddress address = mac();
    std::ranges::copy(address, &config[kMacOffset]);
    config[kStatusOffset] = link() ? kLinkUp : 0;
    std::memcpy(&config[kMtuOffset], &mtu_, sizeof mtu_);
    copy_config(config, offset, to);
}

// 5.1.4.3 "Legacy Interface": drivers without VIRTIO_NET_F_CTRL_MAC_ADDR set the address so. Nothing else can
// be written.
void Net::write_config(u32 offset, std::span<const u8> from) {
    MacAddress address = mac();
    for (std::size_t i = 0; i < from.size() && offset + i < address.size(); ++i)
        address[offset + i] = from[i];
    mac_.store(packed(address), std::memory_order_relaxed);
}

// --- Life --------------------------------------------------------------------------------------------------

void Net::start(Session session) {
    session_ = std::move(session);
    filter_.reset(session_.has(kCtrlVlan));
    // Buffers are given long before they are needed: to hear of it matters only when there are none.
    if (Queue* queue = session_.queue(kReceive); queue != nullptr) queue->disarm();
    port_->accept_offloads(negotiated_receive_offloads());
    transmit();
    control();
}

void Net::notified(u16 queue) {
    switch (queue) {
        case kReceive:
            if (Queue* receive_queue = session_.queue(kReceive); waits_for_room_) {
                receive_queue->disarm();
                port_->receiver_ready();
            }
            break;
        case kTransmit: transmit(); break;
        case kControl: control(); break;
        default: break;
    }
}

void Net::stop(std::function<void()> stopped) {
    session_ = {};
    room_count_ = 0;
    room_bytes_ = 0;
    outgoing_waits_ = false;
    port_->accept_offloads(0);
    mac_.store(packed(own_mac_), std::memory_order_relaxed);
    // What waits is for the driver that has gone.
    if (waits_for_room_) port_->receiver_ready();
    waits_for_room_ = false;
    stopped();
}

void Net::set_link(bool up) {
    if (link_.exchange(up, std::memory_order_relaxed) == up) return;
    if (session_.host != nullptr) session_.host->config_changed();
    if (!up && waits_for_room_) port_->receiver_ready();  // lost
}

u32 Net::negotiated_receive_offloads() const {
    const u32 offloads = offloads_of(kGuestOffloads, session_.features);
    return (offloads & bus::net_offload::kChecksum) != 0 ? offloads : 0;
}

// 5.1.6.1 "Legacy Interface: Device Operation".
u32 Net::header_bytes() const {
    return session_.has(feature::kVersion1 | kMrgRxbuf) ? kHeaderBytes : kShortHeaderBytes;
}

}  // namespace trapeze::virtio
