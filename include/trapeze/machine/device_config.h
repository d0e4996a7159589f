// Devices that the command line adds.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "trapeze/base/types.h"
#include "trapeze/net/config.h"
#include "trapeze/p9/config.h"
#include "trapeze/virtio/net_filter.h"

namespace trapeze::machine {

// virtio-rng.
struct RngConfig {
    std::string file;         // where the randomness comes from; empty: the host's kernel
    u64 max_bytes = ~u64{0};  // the guest gets that many
    u32 period_ms = 1 << 16;  // in this time
};

// A disk image; -drive or -blockdev.
struct DriveConfig {
    enum class Aio : u8 { Auto, IoUring, Threads };
    enum class Format : u8 { Probe, Raw, Qcow2 };
    std::string file;
    Format format = Format::Probe;
    bool read_only = false;
    bool snapshot = false;  // changes are dropped at the end
    bool direct = false;    // around the host's page cache
    bool ignore_flush = false;
    bool write_back = true;  // what the device begins with
    bool discard = false;    // the guest's Discard gives space back
    bool lock = true;
    Aio aio = Aio::Auto;
};

// virtio-blk.
struct BlockConfig {
    DriveConfig drive;
    std::string serial;
    u16 queues = 1;
    u16 queue_size = 256;
    u32 logical_block = 512;
    u32 physical_block = 512;
    bool discard = true;
    bool write_zeroes = true;
    bool config_write_back = true;
};

// virtio-net.
struct NetConfig {
    std::string host_id = {};  // of -netdev; may be empty
    net::Config host = {};
    virtio::MacAddress mac{};
    u16 mtu = 0;      // offered to the guest; 0: not
    u64 without = 0;  // virtio features that are not offered
};

// A port of virtio-serial: virtconsole or virtserialport.
struct ConsolePortConfig {
    std::string id = {};  // of -device; may be empty
    std::string name = {};
    u32 number = 0;
    bool console = false;
    std::size_t device = 0;  // index into MachineConfig::port_devices
};

// virtio-serial.
struct ConsoleConfig {
    u32 max_ports = 31;
    std::vector<ConsolePortConfig> ports = {};
};

// virtio-9p.
struct P9Config {
    std::string host_id = {};  // of -fsdev; may be empty
    p9::ShareConfig share = {};
    std::string mount_tag = {};
};

// virtio-balloon. There is at most one.
struct BalloonConfig {
    bool deflate_on_oom = false;
    bool free_page_reporting = false;
};

// virtio-vsock.
struct VsockConfig {
    u32 guest_cid = 0;
    std::string path = {};  // of the socket on the host
};

// vhost-vsock: the same by the host's kernel.
struct VhostVsockConfig {
    u32 guest_cid = 0;
    int fd = -1;  // of /dev/vhost-vsock, inherited; -1: none, it is to be opened
};

struct VirtioConfig {
    std::string id;                // of -device; may be empty
    std::optional<unsigned> slot;  // of the 32; otherwise the highest that is free, as QEMU does
    std::variant<RngConfig, BlockConfig, NetConfig, P9Config, ConsoleConfig, BalloonConfig, VsockConfig,
                 VhostVsockConfig>
        device;
};

}  // namespace trapeze::machine
