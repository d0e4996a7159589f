#include "option_table.h"

#include "trapeze/base/version.h"

namespace trapeze::cli {
namespace {

using machine::MachineConfig;

template <bool MachineConfig::*Member>
Result<void> set_flag(Draft& draft, const OptionUse&) {
    draft.config.*Member = true;
    return {};
}

template <bool Draft::*Member>
Result<void> set_draft_flag(Draft& draft, const OptionUse&) {
    draft.*Member = true;
    return {};
}

Result<std::string> file_name(const OptionUse& use) {
    if (use.argument.empty()) return fail("a file name must not be empty");
    return std::string(use.argument);
}

Result<void> pidfile_option(Draft& draft, const OptionUse& use) {
    draft.config.pid_file = TRY(file_name(use));
    return {};
}

Result<void> log_file_option(Draft& draft, const OptionUse& use) {
    draft.diagnostics.log_file = TRY(file_name(use));
    return {};
}

// -nographic stands for "no display, console and monitor on stdio", which is what happens here anyway unless
// -serial, -monitor or -nodefaults say otherwise.
Result<void> nographic_option(Draft&, const OptionUse&) {
    return {};
}

Result<void> help_option(Draft& draft, const OptionUse&) {
    print_and_exit(draft, help_text());
    return {};
}

Result<void> version_option(Draft& draft, const OptionUse&) {
    print_and_exit(draft, version_line());
    return {};
}

Result<void> list_sysregs_option(Draft& draft, const OptionUse&) {
    draft.answer = SpecialAction::ListSysregs;
    return {};
}

constexpr OptionRow kOptions[] = {
    {"machine", Argument::List, machine_option, Group::Machine, "[type=]virt[,key=value...]",
     "machine type and its properties; accumulates (-machine virt,help lists them)"},
    {"M", Argument::List, machine_option, Group::Machine, "[type=]virt[,key=value...]", "same as -machine"},
    {"cpu", Argument::List, cpu_option, Group::Machine, "host|max[,key=value...]",
     "CPU model (-cpu help lists them)"},
    {"accel", Argument::List, accel_option, Group::Machine, "name[,key=value...]",
     "accelerator; repeat for a list to try in order (-accel help lists them)"},
    {"enable-kvm", Argument::None, set_draft_flag<&Draft::enable_kvm>, Group::Machine, "",
     "same as -accel kvm"},
    {"smp", Argument::List, smp_option, Group::Machine,
     "[cpus=]n[,maxcpus=n][,sockets=n][,clusters=n][,cores=n][,threads=n]",
     "number of vCPUs and their topology"},
    {"m", Argument::List, memory_option, Group::Machine, "[size=]megs", "guest RAM; suffixes K, M, G, T"},
    {"mem-path", Argument::Text, memory_path_option, Group::Machine, "path",
     "RAM is a file, or a nameless one in a directory such as a hugetlbfs"},
    {"mem-prealloc", Argument::None, set_draft_flag<&Draft::memory_prealloc>, Group::Machine, "",
     "allocate all of the RAM at the start"},
    {"name", Argument::List, name_option, Group::Machine, "[guest=]name[,process=name]",
     "name of the guest, and of the process"},
    {"nodefaults", Argument::None, set_draft_flag<&Draft::no_defaults>, Group::Machine, "",
     "no default devices: no console unless -serial gives one"},

    {"kernel", Argument::Text, machine_file_option, Group::Boot, "file", "Linux image to start"},
    {"initrd", Argument::Text, machine_file_option, Group::Boot, "file", "initial RAM disk"},
    {"append", Argument::Text, machine_text_option, Group::Boot, "text", "kernel command line"},
    {"dtb", Argument::Text, machine_file_option, Group::Boot, "file",
     "device tree to use instead of the generated one"},

    {"device", Argument::List, device_option, Group::Devices, "driver[,id=id][,key=value...]",
     "add a device (-device help lists them; -device driver,help their keys)"},
    {"drive", Argument::List, drive_option, Group::Devices,
     "file=image[,if=virtio|none][,id=id][,key=value...]",
     "disk image, with its device or for -device (-drive help lists the keys)"},
    {"blockdev", Argument::List, blockdev_option, Group::Devices,
     "driver=raw,node-name=id,file.driver=file,file.filename=image[,key=value...]",
     "disk image for -device (-blockdev help lists the keys)"},
    {"hda", Argument::Text, image_option, Group::Devices, "image",
     "same as -drive file=image,if=virtio,format=raw"},
    {"hdb", Argument::Text, image_option, Group::Devices, "image", "likewise"},
    {"hdc", Argument::Text, image_option, Group::Devices, "image", "likewise"},
    {"hdd", Argument::Text, image_option, Group::Devices, "image", "likewise"},
    {"snapshot", Argument::None, set_draft_flag<&Draft::snapshot>, Group::Devices, "",
     "leave all images alone: changes are dropped at the end"},
    {"object", Argument::List, object_option, Group::Devices, "type,id=id[,key=value...]",
     "a source of randomness, or memory (-object help lists the types)"},
    {"netdev", Argument::List, netdev_option, Group::Devices, "type,id=id[,key=value...]",
     "a network of the host for a device (-netdev help lists the types; -netdev type,help their keys)"},
    {"nic", Argument::List, nic_option, Group::Devices,
     "[type=]type|none[,model=name][,mac=addr][,key=value...]",
     "a network device and its network at once; none is no device, as without the option"},
    {"net", Argument::List, net_option, Group::Devices, "nic|type|none[,key=value...]",
     "the same in two options: -net nic,model=virtio,macaddr=addr -net user"},
    {"fsdev", Argument::List, fsdev_option, Group::Devices,
     "local,id=id,path=directory,security_model=model[,key=value...]",
     "a directory of the host for -device virtio-9p-device (-fsdev help lists the keys)"},
    {"virtfs", Argument::List, virtfs_option, Group::Devices,
     "local,path=directory,mount_tag=tag,security_model=model[,key=value...]",
     "the same with its device"},
    {"global", Argument::List, global_option, Group::Devices, "driver.key=value",
     "virtio-mmio.force-legacy=on: the interface of before virtio 1.0"},

    {"serial", Argument::Text, serial_option, Group::Console, "device",
     "serial port: stdio, pty, null, none, file:path, unix:path[,server=on][,wait=off], "
     "tcp:host:port[,...] or chardev:id; with mon: in front a monitor shares it"},
    {"chardev", Argument::List, chardev_option, Group::Console, "backend,id=id[,key=value...]",
     "character device: stdio, null, file, socket, pty and others (-chardev help lists them)"},
    {"monitor", Argument::Text, monitor_option, Group::Console, "device",
     "monitor for humans: none, or a device as for -serial"},
    {"qmp", Argument::Text, qmp_option, Group::Console, "device",
     "monitor for programs (QMP): none, or a device as for -serial"},
    {"qmp-pretty", Argument::Text, qmp_option, Group::Console, "device",
     "same as -qmp, with replies laid out for reading"},
    {"mon", Argument::List, mon_option, Group::Console,
     "[chardev=]id[,mode=readline|control][,pretty=on|off]", "monitor on a character device"},
    {"echr", Argument::Text, echr_option, Group::Console, "n",
     "escape character of the console, 1 to 31 (default 1, Ctrl-A)"},
    {"nographic", Argument::None, nographic_option, Group::Console, "",
     "serial port and monitor on stdio unless redirected"},
    {"display", Argument::Text, display_option, Group::Console, "none", "no graphical display"},

    {"no-reboot", Argument::None, set_flag<&MachineConfig::no_reboot>, Group::Run, "",
     "exit instead of rebooting"},
    {"no-shutdown", Argument::None, set_flag<&MachineConfig::no_shutdown>, Group::Run, "",
     "stop instead of exiting when the guest powers off"},
    {"action", Argument::List, action_option, Group::Run, "event=action[,...]",
     "what to do on events of the guest: panic, reboot, shutdown (-action help lists the actions)"},
    {"ci", Argument::List, ci_option, Group::Run,
     "[expect=regex][,fail=regex][,timeout=seconds][,log=file][,junit=file][,symbols=vmlinux]",
     "watch the console, end the guest, and tell how it went (-ci help; docs/ci.md)"},
    {"S", Argument::None, set_flag<&MachineConfig::start_paused>, Group::Run, "",
     "do not start the vCPUs until told to"},
    {"pidfile", Argument::Text, pidfile_option, Group::Run, "file", "write the process id to a file"},

    {"d", Argument::Text, log_option, Group::Diagnostics, "item[,...]",
     "log unimp, guest_errors, trace:pattern (-d help lists them)"},
    {"D", Argument::Text, log_file_option, Group::Diagnostics, "file",
     "write the log to a file instead of stderr"},
    {"trace", Argument::List, trace_option, Group::Diagnostics,
     "[enable=]pattern[,events=file][,file=file][,buffer=size][,stream=off]",
     "log events, or record them (-trace help lists them)"},
    {"stats", Argument::List, statistics_option, Group::Diagnostics, "[file=]file[,format=table|json]",
     "write what exits there were and what they cost"},

    {"gdb", Argument::Text, gdb_option, Group::Diagnostics, "device",
     "let a gdb attach: tcp:host:port, unix:path, stdio or none"},
    {"s", Argument::None, gdb_default_option, Group::Diagnostics, "", "same as -gdb tcp::1234"},

    {"h", Argument::None, help_option, Group::Information, "", "print this text and exit"},
    {"help", Argument::None, help_option, Group::Information, "", "same as -h"},
    {"?", Argument::None, help_option, Group::Information, "", "same as -h"},
    {"version", Argument::None, version_option, Group::Information, "", "print the version and exit"},
    {"list-sysregs", Argument::None, list_sysregs_option, Group::Information, "",
     "print the system registers that are emulated and exit"},

    {"vga", Argument::Text, only_none_option, Group::NoEffect, "none", "graphics cards"},
    {"vnc", Argument::Text, only_none_option, Group::NoEffect, "none", "remote displays"},
    {"parallel", Argument::Text, only_none_option, Group::NoEffect, "none", "parallel ports"},
    {"audio", Argument::Text, only_none_option, Group::NoEffect, "none", "audio devices"},
    {"sandbox", Argument::Text, only_none_option, Group::NoEffect, "off", "system call filters"},
    {"rtc", Argument::List, rtc_option, Group::NoEffect, "base=utc[,clock=host]",
     "the clock follows the host's UTC"},
    {"watchdog-action", Argument::Text, watchdog_action_option, Group::NoEffect, "action",
     "same as -action watchdog=action; there are no watchdog devices"},
    {"boot", Argument::Text, ignore_option, Group::NoEffect, "order",
     "there is nothing but -kernel to boot from"},
    {"L", Argument::Text, ignore_option, Group::NoEffect, "dir", "there are no data files"},
    {"usb", Argument::None, ignore_option, Group::NoEffect, "", "there are no USB devices"},
    {"no-user-config", Argument::None, ignore_option, Group::NoEffect, "",
     "there are no configuration files"},
};

struct Heading {
    Group group;
    std::string_view text;
};

constexpr Heading kHeadings[] = {
    {Group::Machine, "Machine"},
    {Group::Boot, "What to boot"},
    {Group::Devices, "Devices"},
    {Group::Console, "Console"},
    {Group::Run, "Running"},
    {Group::Diagnostics, "Diagnostics"},
    {Group::Information, "Information"},
    {Group::NoEffect, "Accepted from QEMU's command line, without effect"},
};

void append_option(std::string& text, const OptionRow& row) {
    const std::string head = row.argument == Argument::None
                                 ? fmt::format("-{}", row.name)
                                 : fmt::format("-{} {}", row.name, row.argument_help);
    constexpr std::size_t kColumn = 34;
    if (head.size() < kColumn) {
        text += fmt::format("  {:<34} {}\n", head, row.help);
    } else {
        text += fmt::format("  {}\n  {:<34} {}\n", head, "", row.help);
    }
}

}  // namespace

std::span<const OptionRow> options() {
    return kOptions;
}

const OptionRow* find_option(std::string_view name) {
    for (const auto rows : {options(), refused_options()}) {
        for (const OptionRow& row : rows) {
            if (row.name == name) return &row;
        }
    }
    return nullptr;
}

std::string option_hint(std::string_view name) {
    // --kernel=Image, as many other programs have it.
    if (const std::size_t equals = name.find('='); equals != std::string_view::npos) {
        const OptionRow* row = find_option(name.substr(0, equals));
        if (row != nullptr && row->argument != Argument::None) {
            return fmt::format(" (the value follows after a space: -{} {})", row->name,
                               show(name.substr(equals + 1)));
        }
    }
    std::vector<std::string_view> names;
    for (const OptionRow& row : options()) names.push_back(row.name);
    const std::string_view near = closest(name, names);
    return near.empty() ? " (-help lists all options)" : fmt::format(" (did you mean '-{}'?)", near);
}

std::string version_line() {
    return fmt::format("trapeze version {} (QEMU-compatible command line)\n", kVersion);
}

std::string help_text() {
    std::string text = version_line();
    text += "usage: trapeze [options]     an option may be written with one dash or two\n";
    for (const Heading& heading : kHeadings) {
        text += fmt::format("\n{}:\n", heading.text);
        for (const OptionRow& row : options()) {
            if (row.group == heading.group) append_option(text, row);
        }
    }
    text += "\nKeys on a console with -serial mon:stdio: Ctrl-A h lists them, Ctrl-A x exits.\n";
    return text;
}

}  // namespace trapeze::cli
