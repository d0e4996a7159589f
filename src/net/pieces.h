// Frames in pieces for one system call.
#pragma once

#include <sys/uio.h>

#include <vector>

#include "trapeze/bus/net_port.h"

namespace trapeze::net {

// The pieces for one writev(): something in front, then the parts of the frame. Reused, so that it allocates
// only once.
class Pieces {
public:
    std::span<const iovec> gather(std::span<const u8> front, const bus::NetFrame& frame);

private:
    std::vector<iovec> pieces_;
    std::vector<u8> whole_;
};

}  // namespace trapeze::net
