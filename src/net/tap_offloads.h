// What the kernel may leave undone in the frames that it hands out.
#pragma once

#include "trapeze/base/types.h"

namespace trapeze::net {

// `offloads`: bits of bus::net_offload. False: the kernel does not know them, or `fd` is no tap device.
bool set_tap_offloads(int fd, u32 offloads);

}  // namespace trapeze::net
