#include "vhost_vsock.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#define VIRTIO_RING_NO_LEGACY  // the rest of linux/virtio_ring.h is no C++
#include <linux/vhost.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <vector>

#include "trapeze/base/fd.h"

namespace trapeze::machine {
namespace {

u64 address(const void* host) {
    return reinterpret_cast<u64>(host);
}

// linux/vhost.h. What the kernel forbids while a device runs, it refuses with EBUSY.
class VhostVsock final : public bus::Vhost {
public:
    VhostVsock(Fd fd, u64 features) : fd_(std::move(fd)), features_(features) {}

    u64 features() const override { return features_; }
    Result<> set_features(u64 features) override {
        return call(VHOST_SET_FEATURES, &features, "VHOST_SET_FEATURES");
    }
    Result<> set_memory(std::span<const Region> regions) override;
    Result<> set_ring(u32 n, const Ring& ring) override;
    Result<> start() override {
        int on = 1;
        return call(VHOST_VSOCK_SET_RUNNING, &on, "VHOST_VSOCK_SET_RUNNING");
    }
    void stop() override;

private:
    Result<> call(unsigned long request, void* argument, const char* name) {
        if (::ioctl(fd_.get(), request, argument) == 0) return {};
        return fail_errno(errno, "{}", name);
    }

    Fd fd_;
    const u64 features_;
};

Result<> VhostVsock::set_memory(std::span<const Region> regions) {
    // The table is a header with the entries behind it.
    std::vector<u64> bytes(
        (sizeof(vhost_memory) + regions.size_bytes() / sizeof(Region) * sizeof(vhost_memory_region)) /
        sizeof(u64));
    auto* table = reinterpret_cast<vhost_memory*>(bytes.data());
    table->nregions = static_cast<u32>(regions.size());
    for (std::size_t i = 0; i < regions.size(); ++i) {
        table->regions[i] = {.guest_phys_addr = regions[i].guest,
                             .memory_size = regions[i].bytes,
                             .userspace_addr = address(regions[i].host),
                             .flags_padding = 0};
    }
    return call(VHOST_SET_MEM_TABLE, table, "VHOST_SET_MEM_TABLE");
}

Result<> VhostVsock::set_ring(u32 n, const Ring& ring) {
    vhost_vring_state entries{.index = n, .num = ring.entries};
    TRY(call(VHOST_SET_VRING_NUM, &entries, "VHOST_SET_VRING_NUM"));
    vhost_vring_state first{.index = n, .num = 0};
    TRY(call(VHOST_SET_VRING_BASE, &first, "VHOST_SET_VRING_BASE"));
    vhost_vring_addr addresses{};
    addresses.index = n;
    addresses.desc_user_addr = address(ring.descriptors);
    addresses.avail_user_addr = address(ring.available);
    addresses.used_user_addr = address(ring.used);
    TRY(call(VHOST_SET_VRING_ADDR, &addresses, "VHOST_SET_VRING_ADDR"));
    vhost_vring_file event{.index = n, .fd = ring.error};
    TRY(call(VHOST_SET_VRING_ERR, &event, "VHOST_SET_VRING_ERR"));
    event.fd = ring.call;
    TRY(call(VHOST_SET_VRING_CALL, &event, "VHOST_SET_VRING_CALL"));
    event.fd = ring.kick;
    return call(VHOST_SET_VRING_KICK, &event, "VHOST_SET_VRING_KICK");
}

// The kernel lets go of each ring between two requests of it. It cannot fail for an owner; but if it did, the
// guest's memory would stay in use, so the end of the descriptor is what ends it then.
void VhostVsock::stop() {
    int off = 0;
    if (!call(VHOST_VSOCK_SET_RUNNING, &off, "VHOST_VSOCK_SET_RUNNING")) fd_.reset();
}

constexpr char kWithoutIt[] = "virtio-vsock-device with uds-path= does without, with unix sockets";

Result<Fd> open_device(const VhostVsockConfig& config, const char* path) {
    if (config.fd >= 0) {
        if (::fcntl(config.fd, F_SETFD, FD_CLOEXEC) != 0) return fail_errno(errno, "vhostfd={}", config.fd);
        return Fd(config.fd);
    }
    Fd fd(::open(path, O_RDWR | O_CLOEXEC));
    if (fd.valid()) return fd;
    // Without the module there may be a node of it nevertheless, by which it is loaded.
    if (errno == ENOENT || errno == ENODEV || errno == ENXIO)
        return fail("this host has no {}; {}", path, kWithoutIt);
    return fail_errno(errno, "could not open {} ({})", path, kWithoutIt);
}

}  // namespace

Result<std::unique_ptr<bus::Vhost>> open_vhost_vsock(const VhostVsockConfig& config, const char* path) {
    Fd fd = TRY(open_device(config, path));
    if (::ioctl(fd.get(), VHOST_SET_OWNER) != 0) {
        if (errno == EBUSY) return fail("vhostfd={}: it has an owner already", config.fd);
        return fail_errno(errno, "{} is not /dev/vhost-vsock",
                          config.fd >= 0 ? fmt::format("vhostfd={}", config.fd) : path);
    }
    u64 features = 0;
    if (::ioctl(fd.get(), VHOST_GET_FEATURES, &features) != 0) return fail_errno(errno, "VHOST_GET_FEATURES");
    const u64 cid = config.guest_cid;
    if (::ioctl(fd.get(), VHOST_VSOCK_SET_GUEST_CID, &cid) != 0) {
        if (errno == EADDRINUSE)
            return fail("guest-cid={}: another guest of this host has this address", config.guest_cid);
        return fail_errno(errno, "guest-cid={}", config.guest_cid);
    }
    return std::make_unique<VhostVsock>(std::move(fd), features);
}

}  // namespace trapeze::machine
