// QEMU options that are known, so that their refusal can say what is missing.
#include <array>

#include "option_table.h"

namespace trapeze::cli {
namespace {

struct RefusedRow {
    std::string_view name;
    Argument argument;
    std::string_view feature;
};

constexpr Argument kNone = Argument::None;
constexpr Argument kText = Argument::Text;

constexpr std::string_view kRemovable = "removable disks";
constexpr std::string_view kFirmware = "firmware images";
constexpr std::string_view kMigration = "migration";
constexpr std::string_view kPrivileges = "changes of privileges";
constexpr std::string_view kTcg = "emulation";

constexpr RefusedRow kRefused[] = {
    {"cdrom", kText, kRemovable},
    {"fda", kText, kRemovable},
    {"fdb", kText, kRemovable},
    {"sd", kText, kRemovable},
    {"mtdblock", kText, kRemovable},
    {"bios", kText, kFirmware},
    {"pflash", kText, kFirmware},
    {"numa", kText, "NUMA nodes"},
    {"overcommit", kText, "memory locking"},
    {"incoming", kText, kMigration},
    {"loadvm", kText, kMigration},
    {"only-migratable", kNone, kMigration},
    {"preconfig", kNone, "preconfiguration"},
    {"daemonize", kNone, "running in the background"},
    {"runas", kText, kPrivileges},
    {"chroot", kText, kPrivileges},
    {"run-with", kText, kPrivileges},
    {"add-fd", kText, "passing of descriptors"},
    {"set", kText, "device properties"},
    {"readconfig", kText, "configuration files"},
    {"fw_cfg", kText, "the fw_cfg device"},
    {"smbios", kText, "SMBIOS"},
    {"acpitable", kText, "ACPI"},
    {"uuid", kText, "SMBIOS"},
    {"tpmdev", kText, "TPM devices"},
    {"usbdevice", kText, "USB devices"},
    {"watchdog", kText, "watchdog devices"},
    {"audiodev", kText, "audio devices"},
    {"spice", kText, "remote displays"},
    {"full-screen", kNone, "graphical displays"},
    {"k", kText, "keyboard layouts"},
    {"semihosting", kNone, "semihosting"},
    {"semihosting-config", kText, "semihosting"},
    {"icount", kText, kTcg},
    {"singlestep", kNone, kTcg},
    {"one-insn-per-tb", kNone, kTcg},
    {"plugin", kText, kTcg},
    {"dfilter", kText, kTcg},
    {"seed", kText, kTcg},
    {"msg", kText, "message formats"},
    {"compat", kText, "compatibility policies"},
    {"debugcon", kText, "debug consoles"},
};

constexpr auto kRows = [] {
    std::array<OptionRow, std::size(kRefused)> rows{};
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const RefusedRow& row = kRefused[i];
        rows[i] = {row.name, row.argument, refuse_option, Group::Refused, "", row.feature};
    }
    return rows;
}();

}  // namespace

std::span<const OptionRow> refused_options() {
    return kRows;
}

}  // namespace trapeze::cli
