// Frames in pieces made whole.
#pragma once

#include <vector>

#include "trapeze/bus/net_port.h"

namespace trapeze::net {

// Copies all parts, one after the other, to the end of `to`.
void append(const bus::NetFrame& frame, std::vector<u8>& to);

// Does what the sender has left to do about the checksum: the sum, as RFC 1071 has it, of everything from
// csum_start on, of which the field itself, with the sum of the pseudo header, is a part. False: there is no
// such field in the frame.
bool complete_checksum(const bus::NetOffload& offload, std::span<u8> frame);

}  // namespace trapeze::net
