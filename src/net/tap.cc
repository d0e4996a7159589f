// -netdev tap.
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "frame_port.h"
#include "ports.h"
#include "tap_offloads.h"

namespace trapeze::net {
namespace {

struct OffloadFlag {
    u32 offload;
    unsigned tun;
};
constexpr OffloadFlag kOffloadFlags[] = {{bus::net_offload::kChecksum, TUN_F_CSUM},
                                         {bus::net_offload::kTso4, TUN_F_TSO4},
                                         {bus::net_offload::kTso6, TUN_F_TSO6},
                                         {bus::net_offload::kEcn, TUN_F_TSO_ECN}};

unsigned tun_flags(u32 offloads) {
    unsigned flags = 0;
    for (const OffloadFlag& entry : kOffloadFlags) {
        if ((offloads & entry.offload) != 0) flags |= entry.tun;
    }
    return flags;
}

Result<Fd> open_interface(const TapConfig& config, std::string& name) {
    Fd fd(::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
    if (!fd.valid()) return fail_errno(errno, "could not open /dev/net/tun");
    ifreq request{};
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    if (config.header) request.ifr_flags |= IFF_VNET_HDR;
    if (config.name.size() >= sizeof request.ifr_name)
        return fail("the interface name '{}' is longer than {} bytes", config.name,
                    sizeof request.ifr_name - 1);
    std::memcpy(request.ifr_name, config.name.data(), config.name.size());
    if (::ioctl(fd.get(), TUNSETIFF, &request) != 0)
        return fail_errno(errno, "could not set up the interface '{}'", config.name);
    name = request.ifr_name;
    return fd;
}

// An interface that somebody else has opened: whether its frames have a header in front.
Result<bool> has_header(int fd, std::string& name) {
    ifreq request{};
    if (::ioctl(fd, TUNGETIFF, &request) != 0)
        return fail_errno(errno, "descriptor {} is not a tap device", fd);
    if ((request.ifr_flags & IFF_TAP) == 0 || (request.ifr_flags & IFF_NO_PI) == 0)
        return fail("descriptor {} is not a tap device without packet information", fd);
    name = request.ifr_name;
    return (request.ifr_flags & IFF_VNET_HDR) != 0;
}

}  // namespace

bool set_tap_offloads(int fd, u32 offloads) {
    return ::ioctl(fd, TUNSETOFFLOAD, tun_flags(offloads)) == 0;
}

Result<std::unique_ptr<bus::NetPort>> open_tap(const TapConfig& config, EventLoop& loop) {
    std::string name;
    bool header = config.header;
    Fd fd;
    if (config.fd >= 0) {
        header = TRY(has_header(config.fd, name));
        fd.reset(config.fd);
        fcntl(config.fd, F_SETFL, fcntl(config.fd, F_GETFL) | O_NONBLOCK);
        fcntl(config.fd, F_SETFD, FD_CLOEXEC);
    } else {
        fd = TRY(open_interface(config, name));
    }
    u32 offloads = 0;
    if (header) {
        constexpr int kHeaderBytes = sizeof(bus::NetOffload);
        if (::ioctl(fd.get(), TUNSETVNETHDRSZ, &kHeaderBytes) != 0)
            return fail_errno(errno, "could not set the size of the headers of '{}'", name);
        constexpr int kLittleEndian = 1;
        (void)::ioctl(fd.get(), TUNSETVNETLE, &kLittleEndian);  // as all hosts that this runs on are
        using namespace bus::net_offload;
        for (const u32 possible : {kChecksum | kTso4 | kTso6 | kEcn, kChecksum | kTso4 | kTso6, kChecksum}) {
            if (offloads == 0 && set_tap_offloads(fd.get(), possible)) offloads = possible;
        }
        set_tap_offloads(fd.get(), 0);
    }
    if (config.send_buffer_bytes) {
        const int bytes = static_cast<int>(std::min<u64>(*config.send_buffer_bytes, 1u << 30));
        if (::ioctl(fd.get(), TUNSETSNDBUF, &bytes) != 0)
            return fail_errno(errno, "could not set the send buffer of '{}'", name);
    }
    return std::make_unique<FramePort>(loop, std::move(fd), FramePort::Format{header, offloads},
                                       fmt::format("type=tap,ifname={}", name));
}

}  // namespace trapeze::net
