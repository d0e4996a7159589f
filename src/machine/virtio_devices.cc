#include "virtio_devices.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "trapeze/chardev/relay.h"
#include "trapeze/net/open.h"
#include "trapeze/net/unix_streams.h"
#include "trapeze/p9/share.h"
#include "trapeze/storage/disk.h"
#include "trapeze/virtio/balloon.h"
#include "trapeze/virtio/block.h"
#include "trapeze/virtio/console.h"
#include "trapeze/virtio/net.h"
#include "trapeze/virtio/p9.h"
#include "trapeze/virtio/rng.h"
#include "trapeze/virtio/vhost_vsock.h"
#include "trapeze/virtio/vsock.h"
#include "vhost_vsock.h"

namespace trapeze::machine {
namespace {

constexpr u64 kNsPerMs = 1'000'000;

// Where -snapshot keeps what the guest writes.
std::string temporary_directory() {
    const char* directory = std::getenv("TMPDIR");
    if (directory != nullptr && *directory != 0) return directory;
    return ::access("/var/tmp", W_OK) == 0 ? "/var/tmp" : "/tmp";
}

Result<std::unique_ptr<bus::Disk>> open_drive(EventLoop& loop, const DriveConfig& config) {
    using storage::AsyncIo;
    using storage::ImageFormat;
    const storage::FileOptions options{
        .path = config.file,
        .format = config.format == DriveConfig::Format::Qcow2 ? ImageFormat::Qcow2
                  : config.format == DriveConfig::Format::Raw ? ImageFormat::Raw
                                                              : ImageFormat::Probe,
        .read_only = config.read_only || config.snapshot,
        .direct = config.direct,
        .ignore_flush = config.ignore_flush,
        .discard = config.discard,
        .lock = config.lock,
        .aio = config.aio == DriveConfig::Aio::IoUring   ? AsyncIo::IoUring
               : config.aio == DriveConfig::Aio::Threads ? AsyncIo::Threads
                                                         : AsyncIo::Auto,
    };
    auto disk = TRY(storage::open_image(loop, options));
    if (!config.snapshot || config.read_only) return disk;
    return storage::open_snapshot(loop, std::move(disk), temporary_directory());
}

struct Maker {
    EventLoop& loop;
    mem::GuestMemory& memory;
    std::span<const HostPort> host_ports;

    Result<std::unique_ptr<virtio::Device>> operator()(const BlockConfig& config) const {
        auto disk = TRY(open_drive(loop, config.drive));
        const virtio::Block::Options options{.serial = config.serial,
                                             .queues = config.queues,
                                             .queue_size = config.queue_size,
                                             .logical_block = config.logical_block,
                                             .physical_block = config.physical_block,
                                             .discard = config.discard,
                                             .write_zeroes = config.write_zeroes,
                                             .write_back = config.drive.write_back,
                                             .config_write_back = config.config_write_back};
        if (disk->properties().bytes % config.logical_block != 0) {
            return fail("{}: its size is not a multiple of the device's blocks of {} bytes",
                        config.drive.file, config.logical_block);
        }
        return std::make_unique<virtio::Block>(std::move(disk), options);
    }

    Result<std::unique_ptr<virtio::Device>> operator()(const RngConfig& config) const {
        Fd source;
        if (!config.file.empty()) {
            source.reset(::open(config.file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
            if (!source.valid()) return fail_errno(errno, "could not open {}", config.file);
        }
        const virtio::Rng::Limit limit{.bytes = config.max_bytes, .period_ns = config.period_ms * kNsPerMs};
        return std::make_unique<virtio::Rng>(loop, std::move(source), limit);
    }

    Result<std::unique_ptr<virtio::Device>> operator()(const NetConfig& config) const {
        const std::string what =
            config.host_id.empty() ? "network" : fmt::format("netdev {}", config.host_id);
        auto port = TRY(with_context(net::open(config.host, loop), what));
        const virtio::Net::Options options{.mac = config.mac, .mtu = config.mtu, .without = config.without};
        return std::make_unique<virtio::Net>(std::move(port), options);
    }

    Result<std::unique_ptr<virtio::Device>> operator()(const ConsoleConfig& config) const {
        std::vector<virtio::Console::PortOptions> ports;
        for (const ConsolePortConfig& port : config.ports) {
            const HostPort& host = host_ports[port.device];
            ports.push_back({.number = port.number,
                             .name = port.name,
                             .console = port.console,
                             .peers = host.peers && !port.console,
                             .host = std::make_unique<chardev::Relay>(*host.port, loop)});
        }
        return std::make_unique<virtio::Console>(std::move(ports), config.max_ports);
    }

    Result<std::unique_ptr<virtio::Device>> operator()(const P9Config& config) const {
        auto share = TRY(p9::open_share(loop, config.share));
        return std::make_unique<virtio::P9>(std::move(share), config.mount_tag);
    }

    Result<std::unique_ptr<virtio::Device>> operator()(const BalloonConfig& config) const {
        const virtio::Balloon::Options options{.deflate_on_oom = config.deflate_on_oom,
                                               .free_page_reporting = config.free_page_reporting};
        return std::make_unique<virtio::Balloon>(memory, options);
    }

    Result<std::unique_ptr<virtio::Device>> operator()(const VsockConfig& config) const {
        auto host = TRY(net::open_unix_streams(config.path, loop));
        return std::make_unique<virtio::Vsock>(std::move(host), config.guest_cid);
    }

    Result<std::unique_ptr<virtio::Device>> operator()(const VhostVsockConfig& config) const {
        auto kernel = TRY(with_context(open_vhost_vsock(config), "vhost-vsock-device"));
        return virtio::VhostVsock::create(loop, memory, std::move(kernel), config.guest_cid);
    }
};

}  // namespace

Result<std::unique_ptr<virtio::Device>> make_virtio_device(const VirtioConfig& config, EventLoop& loop,
                                                           mem::GuestMemory& memory,
                                                           std::span<const HostPort> ports) {
    return std::visit(Maker{loop, memory, ports}, config.device);
}

}  // namespace trapeze::machine
