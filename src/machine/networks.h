// The network devices as monitors see them. What they are asked to do, they do on their own threads; the
// caller waits.
#pragma once

#include "trapeze/debug/network_control.h"
#include "trapeze/machine/config.h"
#include "trapeze/virtio/net.h"
#include "virtio_slots.h"

namespace trapeze::machine {

class Networks final : public debug::NetworkControl {
public:
    Networks(const MachineConfig& config, const VirtioSlots& slots);

    bool empty() const { return members_.empty(); }

    std::string describe() override;
    std::string describe_connections() override;
    Result<> set_link(const std::string& name, bool up) override;
    Result<> add_host_forward(const std::string& netdev, const std::string& rule) override;
    Result<> remove_host_forward(const std::string& netdev, const std::string& rule) override;

private:
    struct Member {
        std::string id;       // of the device; may be empty
        std::string host_id;  // of the network; may be empty
        LoopThread& thread;
        virtio::Net& device;
        bool user = false;  // the network is of the type user
    };
    Result<Member*> with_forwards(const std::string& netdev);

    std::vector<Member> members_;
};

}  // namespace trapeze::machine
