// The command line while it is being read. Options that later ones may override or complete are kept as
// written and judged in finish().
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "key_value.h"
#include "trapeze/cli/command_line.h"
#include "trapeze/mem/ram_config.h"
#include "trapeze/net/config.h"
#include "trapeze/p9/config.h"

namespace trapeze::cli {

// One occurrence of an option: its name as the user spelt it, without dashes, and its argument.
struct OptionUse {
    std::string_view name;
    std::string_view argument;
    std::string_view help;  // the row's help text: for a refused option, the feature it belongs to
};

// -machine accumulates: for each key the last value counts.
struct MachineKey {
    KeyValue item;
    std::string option;  // "machine", or "M"
};

// One entry of the try-list as asked for, or one name in "-machine accel=a:b".
struct AccelRequest {
    enum class Kind : u8 { TrapHarder, Kvm, Fallback };
    Kind kind = Kind::Fallback;
    std::string text;  // the option as written, for messages
    bool trap_harder = false;
    bool trap_at = false;
    machine::OnOffAuto kernel_irqchip = machine::OnOffAuto::Auto;
};

// -smp in the making; 0: not given.
struct SmpRequest {
    std::string argument;  // the last one, for messages
    u64 cpus = 0;
    u64 max_cpus = 0;
    u64 sockets = 0;
    u64 clusters = 0;
    u64 cores = 0;
    u64 threads = 0;
};

// What -serial, -monitor or -mon attaches to: a character device of its own, or one named by chardev:ID.
struct CharRequest {
    std::string text;  // the option as written, for messages
    machine::CharConfig config = {};
    std::string chardev = {};  // an id; empty: `config`
    bool absent = false;       // -serial none: not even a device that is connected to nothing
    bool control = false;      // monitors: QMP
    bool pretty = false;
};

// -device, judged when all options are known.
struct DeviceRequest {
    std::string text;  // the argument as written, for messages
    std::vector<KeyValue> items;
};

// -object: a source of randomness, or memory.
struct ObjectRequest {
    std::string text;  // the argument as written, for messages
    std::string type = {};
    std::string id = {};
    std::string rng_file = {};  // rng-*; empty: the host's kernel
    mem::RamConfig ram = {};    // memory-backend-*
    u64 ram_bytes = 0;          // of which; 0: not given
};

// -drive, -blockdev and -hda: an image, and perhaps the device that has it.
struct DriveRequest {
    std::string text;  // the option as written, for messages
    std::string id = {};
    bool device = false;  // if=virtio: with a device of its own
    std::string serial = {};
    machine::DriveConfig config = {};
    bool used = false;  // by a device; not more than one can
};

// -netdev, or a network of -nic or -net.
struct NetdevRequest {
    std::string id = {};  // may be empty if there is no -netdev
    net::Config config = {};
    bool used = false;
};

// -fsdev, or a -virtfs, which has a device of its own.
struct FsdevRequest {
    std::string text;  // the option as written, for messages
    std::string id = {};
    std::string mount_tag = {};  // -virtfs
    p9::ShareConfig share = {};
    bool model_given = false;
    bool mode_given = false;
};

// A device of -nic or -net nic.
struct NicRequest {
    std::string id = {};
    virtio::MacAddress mac = {};  // zeros: not given
    std::string netdev = {};      // -net nic,netdev=; an id
    std::size_t own_network = 0;  // -nic: an index into Draft::netdevs
};

struct Draft {
    machine::MachineConfig config;
    Diagnostics diagnostics;
    std::vector<std::string> warnings;
    // Set by help, -version and the like: ends parsing.
    std::optional<ParsedCommandLine> answer;

    std::vector<MachineKey> machine_keys;
    std::vector<AccelRequest> accels;          // -accel, in order
    std::vector<AccelRequest> machine_accels;  // -machine accel=
    machine::OnOffAuto machine_kernel_irqchip = machine::OnOffAuto::Auto;
    bool enable_kvm = false;
    SmpRequest smp;
    std::string memory_size;     // -m, as written; empty: not given
    std::string memory_backend;  // -machine memory-backend=: an id
    std::string memory_path;     // -mem-path
    bool memory_prealloc = false;

    std::vector<machine::CharConfig> chardevs;
    std::vector<CharRequest> serials;
    std::vector<CharRequest> monitors;    // streams a monitor was asked for on
    std::vector<std::string> port_texts;  // of MachineConfig::port_devices: the -device, for messages
    bool no_defaults = false;
    bool no_monitor = false;  // -monitor none

    std::vector<DeviceRequest> devices;
    std::vector<ObjectRequest> objects;
    std::vector<DriveRequest> drives;
    bool snapshot = false;  // -snapshot
    std::vector<FsdevRequest> fsdevs;
    std::vector<NetdevRequest> netdevs;
    std::vector<NicRequest> nics;           // -nic
    std::vector<NicRequest> net_nics;       // -net nic
    std::vector<std::size_t> net_networks;  // other -net: indices into netdevs

    std::vector<std::string> trace_patterns;  // of -trace
};

// Splits the argument of a list option; errors name the option.
Result<std::vector<KeyValue>> split_list(const OptionUse& use, std::string_view implied_key);

void print_and_exit(Draft& draft, std::string text);

// The option handlers, by file. Errors of handlers of list options are complete; to those of other options
// the caller adds "-option value: ".

// machine_option.cc
Result<void> machine_option(Draft&, const OptionUse&);
// -kernel, -initrd, -append, -dtb: short for the -machine key of the same name.
Result<void> machine_file_option(Draft&, const OptionUse&);
Result<void> machine_text_option(Draft&, const OptionUse&);
Result<void> finish_machine(Draft&);

// accel_option.cc
Result<void> accel_option(Draft&, const OptionUse&);
Result<std::vector<AccelRequest>> parse_accel_names(std::string_view colon_list);
Result<void> finish_accels(Draft&);

// cpu_option.cc
Result<void> cpu_option(Draft&, const OptionUse&);

// smp_option.cc
Result<void> smp_option(Draft&, const OptionUse&);
Result<void> finish_smp(Draft&);

// memory_options.cc
Result<void> memory_option(Draft&, const OptionUse&);
Result<void> memory_path_option(Draft&, const OptionUse&);
// The memory back ends of -object: their own properties, what holds before these are set, and what they must
// add up to.
std::vector<KeyRow<ObjectRequest>> memory_backend_keys(std::string_view type);
void begin_memory_backend(ObjectRequest&);
Result<void> check_memory_backend(const ObjectRequest&);
Result<void> finish_memory(Draft&);

// console_device.cc
// The short form of a character device, as -serial takes it.
Result<CharRequest> parse_device(const OptionUse&);
// "character device 'x' is not supported" for what QEMU has and we lack; empty for any other word.
std::string missing_device(std::string_view name);
// Keys that -chardev socket and the short forms share, and what they must add up to.
Result<void> set_host(machine::CharConfig&, const KeyArgument&);
Result<void> set_port(machine::CharConfig&, const KeyArgument&);
Result<void> set_reconnect(machine::CharConfig&, const KeyArgument&);
Result<void> set_reconnect_ms(machine::CharConfig&, const KeyArgument&);
Result<void> check_socket(const machine::CharConfig&);
// console_options.cc
// stdio, on its own or shared with a monitor.
machine::CharConfig stdio_device(bool with_monitor);
Result<void> serial_option(Draft&, const OptionUse&);
Result<void> chardev_option(Draft&, const OptionUse&);
Result<void> monitor_option(Draft&, const OptionUse&);
Result<void> mon_option(Draft&, const OptionUse&);
// -qmp and -qmp-pretty
Result<void> qmp_option(Draft&, const OptionUse&);
Result<void> echr_option(Draft&, const OptionUse&);
// console_wiring.cc: which streams the serial ports get, and who shares them. After the devices.
Result<void> finish_console(Draft&);

// ci_option.cc
Result<void> ci_option(Draft&, const OptionUse&);
Result<void> finish_ci(Draft&);

// action_option.cc
Result<void> action_option(Draft&, const OptionUse&);
Result<void> watchdog_action_option(Draft&, const OptionUse&);

// gdb_options.cc
Result<void> gdb_option(Draft&, const OptionUse&);
Result<void> gdb_default_option(Draft&, const OptionUse&);
Result<void> finish_gdb(Draft&);

// log_options.cc
Result<void> log_option(Draft&, const OptionUse&);
// Adds one to `patterns`, or answers a request for help.
Result<void> add_trace_pattern(Draft&, std::string_view pattern, std::vector<std::string>& patterns);
std::string trace_events_help();

// trace_options.cc
Result<void> trace_option(Draft&, const OptionUse&);
Result<void> statistics_option(Draft&, const OptionUse&);
Result<void> finish_trace(Draft&);

// device_options.cc
Result<void> device_option(Draft&, const OptionUse&);
Result<void> global_option(Draft&, const OptionUse&);
Result<void> finish_devices(Draft&);
// object_options.cc
Result<void> object_option(Draft&, const OptionUse&);

// drive_options.cc
Result<void> drive_option(Draft&, const OptionUse&);
Result<void> blockdev_option(Draft&, const OptionUse&);
// -hda to -hdd
Result<void> image_option(Draft&, const OptionUse&);
// device_block.cc: devices for the drives that come with one.
void add_drive_devices(Draft&);

// fsdev_options.cc
Result<void> fsdev_option(Draft&, const OptionUse&);
Result<void> virtfs_option(Draft&, const OptionUse&);
Result<void> check_mount_tag(std::string_view tag);
// device_p9.cc: devices for the shares that come with one.
void add_share_devices(Draft&);

// netdev_options.cc
Result<void> netdev_option(Draft&, const OptionUse&);
// nic_options.cc
Result<void> nic_option(Draft&, const OptionUse&);
Result<void> net_option(Draft&, const OptionUse&);
// Before and after the devices of -device.
Result<void> finish_nics(Draft&);
void warn_of_unused_netdevs(Draft&);
// device_net.cc
Result<void> finish_macs(Draft&);

// small_options.cc
Result<void> name_option(Draft&, const OptionUse&);
Result<void> rtc_option(Draft&, const OptionUse&);
Result<void> display_option(Draft&, const OptionUse&);
// For options of which only the values "none" and off-like ones make sense here.
Result<void> only_none_option(Draft&, const OptionUse&);
Result<void> ignore_option(Draft&, const OptionUse&);
Result<void> refuse_option(Draft&, const OptionUse&);

}  // namespace trapeze::cli
