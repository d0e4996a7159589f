// What becomes of a start where /dev/vhost-vsock is not, or not for us. What the kernel does with the rings
// is for tests/linux/checks/vsock.sh.
#include "vhost_vsock.h"

#include <fcntl.h>
#include <gmock/gmock.h>

namespace trapeze::machine {
namespace {

std::string error(const VhostVsockConfig& config, const char* path = "/nonexistent/vhost-vsock") {
    const auto opened = open_vhost_vsock(config, path);
    return opened ? "" : opened.error().message();
}

TEST(VhostVsockDevice, HostsWithoutIt) {
    EXPECT_EQ(
        error({.guest_cid = 3}),
        "this host has no /nonexistent/vhost-vsock; virtio-vsock-device with uds-path= does without, with "
        "unix sockets");
}

TEST(VhostVsockDevice, WhatIsSomethingElse) {
    EXPECT_EQ(error({.guest_cid = 3}, "/dev/null"),
              "/dev/null is not /dev/vhost-vsock: Inappropriate ioctl for device");
    const int fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    EXPECT_EQ(error({.guest_cid = 3, .fd = fd}),
              fmt::format("vhostfd={} is not /dev/vhost-vsock: Inappropriate ioctl for device", fd));
    EXPECT_EQ(error({.guest_cid = 3, .fd = fd}), fmt::format("vhostfd={}: Bad file descriptor", fd))
        << "it was closed";
}

}  // namespace
}  // namespace trapeze::machine
