// /dev/vhost-vsock, by which the host's kernel is the device of a guest's AF_VSOCK.
#pragma once

#include <memory>

#include "trapeze/base/result.h"
#include "trapeze/bus/vhost.h"
#include "trapeze/machine/device_config.h"

namespace trapeze::machine {

// Takes the descriptor of `config`, or opens `path`; makes this process the owner, and the guest's address
// known on the host. Errors say what there is where /dev/vhost-vsock is not.
Result<std::unique_ptr<bus::Vhost>> open_vhost_vsock(const VhostVsockConfig& config,
                                                     const char* path = "/dev/vhost-vsock");

}  // namespace trapeze::machine
