// -netdev dgram: a frame in each datagram.
#include "frame_port.h"
#include "ports.h"

namespace trapeze::net {

Result<std::unique_ptr<bus::NetPort>> open_datagram(const DatagramConfig& config, EventLoop& loop) {
    Fd fd = TRY(datagram_socket(config.local, config.remote));
    std::string text = "type=dgram";
    if (config.local.fd < 0)
        text += fmt::format(",local={},remote={}", config.local.text(), config.remote.text());
    return std::make_unique<FramePort>(loop, std::move(fd), FramePort::Format{}, std::move(text));
}

}  // namespace trapeze::net
