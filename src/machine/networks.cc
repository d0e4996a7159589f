#include "networks.h"

namespace trapeze::machine {

Networks::Networks(const MachineConfig& config, const VirtioSlots& slots) {
    for (std::size_t i = 0; i < config.virtio.size(); ++i) {
        const auto* net = std::get_if<NetConfig>(&config.virtio[i].device);
        if (net == nullptr) continue;
        const VirtioDevice& device = slots.devices()[i];
        members_.push_back({.id = device.id,
                            .host_id = net->host_id,
                            .thread = *device.thread,
                            .device = static_cast<virtio::Net&>(*device.device),
                            .user = std::holds_alternative<net::UserConfig>(net->host)});
    }
}

// As QEMU's "info network": a device, and below it what it is connected to.
std::string Networks::describe() {
    std::string text;
    for (std::size_t n = 0; n < members_.size(); ++n) {
        Member& member = members_[n];
        const std::string name = member.id.empty() ? fmt::format("virtio-net-device.{}", n) : member.id;
        member.thread.run_and_wait([&] {
            const virtio::MacAddress mac = member.device.mac();
            text += fmt::format(
                "{}: index=0,type=nic,model=virtio-net-device,"
                "macaddr={:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}{}\n",
                name, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5],
                member.device.link() ? "" : ",link=off");
            text += fmt::format(" \\ {}: index=0,{}\n", member.host_id.empty() ? "#net" : member.host_id,
                                member.device.port().describe());
        });
    }
    return text;
}

std::string Networks::describe_connections() {
    std::string text;
    for (Member& member : members_) {
        if (!member.user) continue;
        member.thread.run_and_wait(
            [&] { text += fmt::format("Network {}:\n{}", member.host_id, member.device.port().details()); });
    }
    return text;
}

Result<> Networks::set_link(const std::string& name, bool up) {
    for (Member& member : members_) {
        if (name.empty() || (member.id != name && member.host_id != name)) continue;
        member.thread.run_and_wait([&] { member.device.set_link(up); });
        return {};
    }
    return fail("Device '{}' not found", name);
}

Result<Networks::Member*> Networks::with_forwards(const std::string& netdev) {
    Member* found = nullptr;
    for (Member& member : members_) {
        if (!member.user || (!netdev.empty() && member.host_id != netdev)) continue;
        if (found != nullptr) return fail("there are several networks of the type user: say which");
        found = &member;
    }
    if (found == nullptr)
        return fail("there is no network {}of the type user", netdev.empty() ? "" : netdev + " ");
    return found;
}

Result<> Networks::add_host_forward(const std::string& netdev, const std::string& rule) {
    Member* member = TRY(with_forwards(netdev));
    Result<> result;
    member->thread.run_and_wait([&] { result = member->device.port().add_host_forward(rule); });
    return result;
}

Result<> Networks::remove_host_forward(const std::string& netdev, const std::string& rule) {
    Member* member = TRY(with_forwards(netdev));
    Result<> result;
    member->thread.run_and_wait([&] { result = member->device.port().remove_host_forward(rule); });
    return result;
}

}  // namespace trapeze::machine
