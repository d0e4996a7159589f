// What monitors may ask of the machine's networks. Loop thread only.
#pragma once

#include <string>

#include "trapeze/base/result.h"

namespace trapeze::debug {

class NetworkControl {
public:
    virtual ~NetworkControl() = default;

    // Devices and their networks, and the connections of those that are inside the program, as whole lines.
    // Empty: there is nothing of the kind.
    virtual std::string describe() = 0;
    virtual std::string describe_connections() = 0;
    // Plugs a cable in or pulls it out; `name` is the id of the network or of the device. Errors here and
    // below are QEMU's, where clients look at them.
    virtual Result<> set_link(const std::string& name, bool up) = 0;
    // Ports of the host that lead to the guest. `netdev` may be empty if there is only one that has them.
    virtual Result<> add_host_forward(const std::string& netdev, const std::string& rule) = 0;
    virtual Result<> remove_host_forward(const std::string& netdev, const std::string& rule) = 0;
};

}  // namespace trapeze::debug
