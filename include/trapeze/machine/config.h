// What the command line asks for, checked for form but not yet against the host or the files.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "trapeze/base/types.h"
#include "trapeze/ci/options.h"
#include "trapeze/machine/device_config.h"
#include "trapeze/mem/ram_config.h"

namespace trapeze::machine {

enum class OnOffAuto : u8 { Auto, On, Off };

enum class AccelKind : u8 { TrapHarder, Kvm };

// One entry of the -accel try-list.
struct AccelConfig {
    AccelKind kind = AccelKind::TrapHarder;
    // Kvm: whether the kernel emulates the interrupt controller. Never On for TrapHarder.
    OnOffAuto kernel_irqchip = OnOffAuto::Auto;
    bool trap_at = false;  // TrapHarder: AT instructions, too
};

// -machine gic-version=.
enum class GicVersion : u8 {
    Auto,
    V2,
    V3,
    Max,  // also "host"
};

// The interrupt controllers that a machine can have: emulated here, or by KVM.
enum class IrqchipKind : u8 { Gicv3, Gicv2, Rvic, KernelGicv3, KernelGicv2 };

struct IrqchipConfig {
    GicVersion gic = GicVersion::Auto;
    bool rvic = false;  // -machine irqchip=rvic: no GIC at all
    OnOffAuto its = OnOffAuto::Auto;
    // -machine sdei=: auto is on, unless KVM has the interrupt controller and, with it, all firmware.
    OnOffAuto sdei = OnOffAuto::Auto;
};

// Host end of a character device (-chardev, or the short forms of -serial).
struct CharConfig {
    enum class Kind : u8 { Stdio, Null, File, Socket, Pty, Ringbuf, Testdev };
    Kind kind = Kind::Null;
    std::string id;
    std::string path;     // File; Socket in the file system
    bool append = false;  // File
    bool mux = false;  // several may use it, if it has an id; escape keys (Ctrl-A by default) are taken out
    bool monitor = false;  // with mux: a monitor shares the stream (Ctrl-A c)
    bool signals = true;   // Stdio: Ctrl-C raises SIGINT here instead of going to the guest
    // Socket without a path: an address ("" is every one, or this host's) and a port, or a connected
    // descriptor.
    std::string host = {};
    u16 port = 0;
    int fd = -1;
    bool server = false;
    bool wait = false;            // Socket, server: start only when the first peer is there
    u64 reconnect_ms = 0;         // Socket, no server: try again after this time; 0: never
    std::string input_path = {};  // File: where the guest's input comes from; may be empty
    u64 ring_bytes = 64 << 10;    // Ringbuf
};

// A monitor with a stream of its own.
struct MonitorConfig {
    CharConfig device;
    bool control = false;  // QMP; otherwise for humans
    bool pretty = false;   // QMP: replies over several lines
};

struct CpuConfig {
    std::string model = "host";
    OnOffAuto pmu = OnOffAuto::Auto;
    OnOffAuto sve = OnOffAuto::Auto;
    OnOffAuto pauth = OnOffAuto::Auto;
};

// -smp. The product of the levels is the number of possible vCPUs, at least MachineConfig::vcpus.
struct CpuTopology {
    unsigned sockets = 1;
    unsigned clusters = 1;
    unsigned cores = 1;
    unsigned threads = 1;
};

// What happens when the guest reports a panic (-action panic=).
enum class PanicAction : u8 {
    Shutdown,     // as when it powers off
    ExitFailure,  // the same, with exit status 1
    Pause,
    None,
};

// The recorder of trace events: -trace with file= or buffer=.
struct TraceConfig {
    bool record = false;
    std::string file;               // empty: in memory only
    bool stream = true;             // false: the file gets what the buffers hold at the end
    u64 buffer_bytes = 1ull << 20;  // for each vCPU
};

// -stats.
struct StatisticsConfig {
    std::string file;  // empty: off
    bool json = false;
};

inline constexpr unsigned kMaxVcpus = 512;

struct MachineConfig {
    std::string name = "trapeze";  // -name
    std::string process_name;      // -name process=; empty: leave the process's name alone
    std::vector<AccelConfig> accels;
    IrqchipConfig irqchip;
    CpuConfig cpu;
    unsigned vcpus = 1;  // 1 to kMaxVcpus
    CpuTopology topology;
    u64 ram_bytes = 128ull << 20;  // multiple of 4 KiB, at most 255 GiB
    mem::RamConfig ram;
    std::string kernel, initrd, append, dtb;
    std::string dump_dtb;        // -machine dumpdtb=FILE: write and exit
    bool dtb_randomness = true;  // rng-seed and kaslr-seed in /chosen
    bool no_reboot = false;
    bool no_shutdown = false;
    PanicAction panic_action = PanicAction::Shutdown;
    bool pvpanic = true;                   // -machine pvpanic=
    bool test_device = false;              // -machine x-test-device=
    std::optional<ci::Options> ci;         // -ci
    bool start_paused = false;             // -S
    CharConfig serial;                     // serial0
    std::optional<CharConfig> serial1;     // the machine has it only then
    std::vector<CharConfig> port_devices;  // host ends of the ports of virtio consoles: see ConsolePortConfig
    std::vector<VirtioConfig> virtio;      // in the order of the command line; at most map::kVirtioSlots
    std::optional<bool> virtio_legacy;     // the interface of before version 1.0; see VirtioSlots
    std::vector<MonitorConfig> monitors;
    CharConfig gdb;           // -gdb: Stdio, a Socket that is a server, or Null
    unsigned mux_escape = 1;  // -echr: control character (1 to 31), Ctrl-A
    std::string pid_file;
    TraceConfig trace;
    StatisticsConfig statistics;
};

}  // namespace trapeze::machine
