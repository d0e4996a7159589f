// Commands of the driver: 5.1.6.5 "Control Virtqueue".
#include <algorithm>
#include <cstring>

#include "net_header.h"
#include "trapeze/base/log.h"
#include "trapeze/virtio/net.h"

namespace trapeze::virtio {
namespace {

using namespace net;

// Classes, and the commands of each.
constexpr u8 kRx = 0;
constexpr u8 kRxPromisc = 0, kRxAllmulti = 1, kRxAlluni = 2, kRxNomulti = 3, kRxNouni = 4, kRxNobcast = 5;
constexpr u8 kMacClass = 1;
constexpr u8 kMacTableSet = 0, kMacAddrSet = 1;
constexpr u8 kVlan = 2;
constexpr u8 kVlanAdd = 0, kVlanDel = 1;
constexpr u8 kGuestOffloadsClass = 5;
constexpr u8 kGuestOffloadsSet = 0;

constexpr u8 kOk = 0;
constexpr u8 kErr = 1;

// Two tables with more than a thousand addresses.
constexpr u64 kMostCommandBytes = 8192;

// "le32 entries; u8 macs[entries][6]" at the beginning of `data`, which then begins after it. False: it is
// cut short.
bool take_table(std::span<const u8>& data, std::span<const u8>& table) {
    u32 entries = 0;
    if (data.size() < sizeof entries) return false;
    std::memcpy(&entries, data.data(), sizeof entries);
    data = data.subspan(sizeof entries);
    const u64 bytes = u64{entries} * 6;
    if (data.size() < bytes) return false;
    table = data.first(bytes);
    data = data.subspan(bytes);
    return true;
}

}  // namespace

void Net::control() {
    Queue* queue = session_.queue(kControl);
    if (queue == nullptr || queue->broken()) return;
    for (unsigned commands = 0;; ++commands) {
        if (commands == kBatch) {
            session_.host->notify_again(kControl);
            break;
        }
        if (!queue->pop(request_)) {
            if (queue->rearm()) continue;
            break;
        }
        if (request_.readable_bytes < 2 || request_.writable_bytes < 1) {
            queue->set_broken("a command has no place for its kind or its result");
            break;
        }
        command_.clear();
        const bool fits = request_.readable_bytes <= kMostCommandBytes;
        for (const std::span<const u8> part : request_.readable) {
            if (fits) command_.insert(command_.end(), part.begin(), part.end());
        }
        request_.writable.front().front() = fits && perform(command_) ? kOk : kErr;
        queue->push(request_, 1);
    }
    complete(session_, kControl);
}

bool Net::perform(std::span<const u8> command) {
    const std::span<const u8> data = command.subspan(2);
    switch (command[0]) {
        case kRx: return session_.has(kCtrlRx) && control_receive(command[1], data);
        case kMacClass: return control_mac(command[1], data);
        case kVlan: return session_.has(kCtrlVlan) && control_vlan(command[1], data);
        case kGuestOffloadsClass:
            return session_.has(kCtrlGuestOffloads) && control_offloads(command[1], data);
        default: return false;
    }
}

bool Net::control_receive(u8 command, std::span<const u8> data) {
    if (data.size() != 1 || (command >= kRxAlluni && !session_.has(kCtrlRxExtra))) return false;
    const bool on = data[0] != 0;
    NetFilter::Modes& modes = filter_.modes();
    switch (command) {
        case kRxPromisc: modes.promiscuous = on; return true;
        case kRxAllmulti: modes.all_multicast = on; return true;
        case kRxAlluni: modes.all_unicast = on; return true;
        case kRxNomulti: modes.no_multicast = on; return true;
        case kRxNouni: modes.no_unicast = on; return true;
        case kRxNobcast: modes.no_broadcast = on; return true;
        default: return false;
    }
}

bool Net::control_mac(u8 command, std::span<const u8> data) {
    if (command == kMacTableSet && session_.has(kCtrlRx)) {
        std::span<const u8> unicast;
        std::span<const u8> multicast;
        if (!take_table(data, unicast) || !take_table(data, multicast) || !data.empty()) return false;
        filter_.set_unicast(unicast);
        filter_.set_multicast(multicast);
        return true;
    }
    if (command == kMacAddrSet && session_.has(kCtrlMacAddr) && data.size() == 6) {
        u64 address = 0;
        std::memcpy(&address, data.data(), data.size());
        mac_.store(address, std::memory_order_relaxed);
        return true;
    }
    return false;
}

bool Net::control_vlan(u8 command, std::span<const u8> data) {
    u16 vlan = 0;
    if (data.size() != sizeof vlan || (command != kVlanAdd && command != kVlanDel)) return false;
    std::memcpy(&vlan, data.data(), sizeof vlan);
    if (vlan >= NetFilter::kVlans) return false;
    filter_.set_vlan(vlan, command == kVlanAdd);
    return true;
}

// 5.1.6.5.6.1: bits of the features that were negotiated.
bool Net::control_offloads(u8 command, std::span<const u8> data) {
    u64 wanted = 0;
    if (command != kGuestOffloadsSet || data.size() != sizeof wanted) return false;
    std::memcpy(&wanted, data.data(), sizeof wanted);
    const u64 possible = features_of(kGuestOffloads, ~u32{0}) & session_.features;
    if ((wanted & ~possible) != 0) return false;
    const u32 offloads = offloads_of(kGuestOffloads, wanted);
    port_->accept_offloads((offloads & bus::net_offload::kChecksum) != 0 ? offloads : 0);
    return true;
}

}  // namespace trapeze::virtio
