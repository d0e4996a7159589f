// -machine and the options that are short for one of its keys. The keys of all -machine options form one set,
// in which the last value of each key counts, so values are judged at the end: a value that is overridden
// later does no harm.
#include <algorithm>
#include <iterator>

#include "draft.h"

namespace trapeze::cli {
namespace {

using machine::MachineConfig;

Result<void> set_type(Draft&, const KeyArgument& argument) {
    if (argument.value == "virt") return {};
    return fail("no such machine; 'virt' is the one there is");
}

Result<void> set_gic_version(Draft& draft, const KeyArgument& argument) {
    using machine::GicVersion;
    constexpr struct {
        std::string_view word;
        GicVersion version;
    } kVersions[] = {
        {"2", GicVersion::V2}, {"3", GicVersion::V3}, {"max", GicVersion::Max}, {"host", GicVersion::Max}};
    for (const auto& [word, version] : kVersions) {
        if (argument.value != word) continue;
        draft.config.irqchip.gic = version;
        return {};
    }
    if (argument.value == "4") return fail("a GICv4 is not supported yet by this version; gic-version=3 is");
    return fail("must be 2, 3, max or host");
}

Result<void> set_irqchip(Draft& draft, const KeyArgument& argument) {
    if (argument.value != "gic" && argument.value != "rvic") return fail("must be gic or rvic");
    draft.config.irqchip.rvic = argument.value == "rvic";
    return {};
}

Result<void> set_its(Draft& draft, const KeyArgument& argument) {
    draft.config.irqchip.its = TRY(parse_on_off_auto(argument.value));
    return {};
}

Result<void> set_sdei(Draft& draft, const KeyArgument& argument) {
    draft.config.irqchip.sdei = TRY(parse_on_off_auto(argument.value));
    return {};
}

Result<void> set_accel(Draft& draft, const KeyArgument& argument) {
    draft.machine_accels = TRY(parse_accel_names(argument.value));
    return {};
}

Result<void> set_kernel_irqchip(Draft& draft, const KeyArgument& argument) {
    if (argument.value == "split") return fail("split applies to x86 only; use on or off");
    draft.machine_kernel_irqchip =
        TRY(parse_bool(argument.value)) ? machine::OnOffAuto::On : machine::OnOffAuto::Off;
    return {};
}

template <std::string MachineConfig::*Member>
Result<void> set_file(Draft& draft, const KeyArgument& argument) {
    if (argument.value.empty()) return fail("a file name must not be empty");
    draft.config.*Member = argument.value;
    return {};
}

Result<void> set_append(Draft& draft, const KeyArgument& argument) {
    draft.config.append = argument.value;
    return {};
}

Result<void> set_memory_backend(Draft& draft, const KeyArgument& argument) {
    if (argument.value.empty()) return fail("an id must not be empty");
    draft.memory_backend = argument.value;
    return {};
}

Result<void> set_dtb_randomness(Draft& draft, const KeyArgument& argument) {
    draft.config.dtb_randomness = TRY(parse_bool(argument.value));
    return {};
}

Result<void> set_pvpanic(Draft& draft, const KeyArgument& argument) {
    draft.config.pvpanic = TRY(parse_bool(argument.value));
    return {};
}

Result<void> set_test_device(Draft& draft, const KeyArgument& argument) {
    draft.config.test_device = TRY(parse_bool(argument.value));
    return {};
}

// No firmware is loaded that could hand ACPI tables to the guest.
Result<void> accept_on_off_auto(Draft&, const KeyArgument& argument) {
    TRY(parse_on_off_auto(argument.value));
    return {};
}

Result<void> only_off_or_auto(Draft&, const KeyArgument& argument) {
    if (argument.value == "off" || argument.value == "auto") return {};
    if (argument.value == "its" || argument.value == "gicv2m") {
        return fail("{}", not_supported(argument.help));
    }
    return fail("must be off or auto");
}

Result<void> only_none(Draft&, const KeyArgument& argument) {
    if (argument.value == "none") return {};
    return fail("{}", not_supported(argument.help));
}

// For only_off and refuse_key, the help text names the feature that is missing.
constexpr KeyRow<Draft> kMachineKeys[] = {
    {"type", "virt", set_type, "machine type"},
    {"gic-version", "2|3|max|host", set_gic_version, "version of the GIC; max, host: the best there is"},
    {"irqchip", "gic|rvic", set_irqchip, "interrupt controller; rvic: paravirtual (docs/rvic.md)"},
    {"accel", "name[:name...]", set_accel, "accelerators to try in order, as -accel"},
    {"kernel-irqchip", "on|off", set_kernel_irqchip, "interrupt controller in the kernel"},
    {"kernel", "file", set_file<&MachineConfig::kernel>, "as -kernel"},
    {"initrd", "file", set_file<&MachineConfig::initrd>, "as -initrd"},
    {"append", "text", set_append, "as -append"},
    {"dtb", "file", set_file<&MachineConfig::dtb>, "as -dtb"},
    {"dumpdtb", "file", set_file<&MachineConfig::dump_dtb>, "write the device tree to a file and exit"},
    {"memory-backend", "id", set_memory_backend, "the -object memory-backend-* that is the RAM"},
    {"dtb-randomness", "on|off", set_dtb_randomness, "random seeds in the device tree"},
    {"dtb-kaslr-seed", "on|off", set_dtb_randomness, "same as dtb-randomness"},
    {"pvpanic", "on|off", set_pvpanic, "device through which the guest reports a panic"},
    {"x-test-device", "on|off", set_test_device, "device for tests of this program (docs/testing.md)"},
    {"acpi", "on|off|auto", accept_on_off_auto, "no effect"},
    {"highmem", "on|off", accept_bool, "no effect"},
    {"highmem-ecam", "on|off", accept_bool, "no effect"},
    {"highmem-mmio", "on|off", accept_bool, "no effect"},
    {"highmem-redists", "on|off", accept_bool, "no effect"},
    {"compact-highmem", "on|off", accept_bool, "no effect"},
    {"graphics", "on|off", accept_bool, "no effect"},
    {"dump-guest-core", "on|off", accept_bool, "no effect"},
    {"mem-merge", "on|off", accept_bool, "no effect"},
    {"suppress-vmdesc", "on|off", accept_bool, "no effect"},
    {"its", "on|off|auto", set_its, "interrupt translation service of a GICv3 in the kernel"},
    {"sdei", "on|off|auto", set_sdei, "events that interrupt the guest whatever it masks (docs/sdei.md)"},
    {"msi", "off|auto", only_off_or_auto, "message-signalled interrupts"},
    {"iommu", "none", only_none, "the IOMMU"},
    {"virtualization", "off", only_off, "EL2 in the guest"},
    {"secure", "off", only_off, "EL3 in the guest"},
    {"mte", "off", only_off, "memory tagging"},
    {"ras", "off", only_off, "RAS error injection"},
    {"usb", "off", only_off, "the USB controller"},
    {"cxl", "off", only_off, "CXL"},
    {"nvdimm", "off", only_off, "persistent memory"},
    {"hmat", "off", only_off, "ACPI"},
    {"memory-encryption", "(refused)", refuse_key, "memory encryption"},
    {"confidential-guest-support", "(refused)", refuse_key, "memory encryption"},
    {"firmware", "(refused)", refuse_key, "firmware images"},
    {"pflash0", "(refused)", refuse_key, "firmware images"},
    {"pflash1", "(refused)", refuse_key, "firmware images"},
};
constexpr KeyTable<Draft> kKeys = kMachineKeys;

std::string machines_help() {
    return "Machines:\n  virt                 ARM Virtual Machine (default), with the memory map of QEMU's "
           "virt\n";
}

std::string properties_help() {
    return "Properties of machine virt:\n" + describe_keys(kKeys);
}

void remember(Draft& draft, MachineKey key) {
    std::erase_if(draft.machine_keys,
                  [&](const MachineKey& earlier) { return earlier.item.key == key.item.key; });
    draft.machine_keys.push_back(std::move(key));
}

}  // namespace

Result<void> machine_option(Draft& draft, const OptionUse& use) {
    auto items = TRY(split_list(use, "type"));
    if (wants_help(items)) {
        const bool of_machine = value_of(items, "type") == "virt";
        print_and_exit(draft, of_machine ? properties_help() : machines_help());
        return {};
    }
    for (KeyValue& item : items) {
        std::ranges::replace(item.key, '_', '-');
        TRY(match_key(use.name, kKeys, item));
        remember(draft, {.item = std::move(item), .option = std::string(use.name)});
    }
    return {};
}

Result<void> machine_text_option(Draft& draft, const OptionUse& use) {
    remember(draft, {.item = {.key = std::string(use.name), .value = std::string(use.argument)},
                     .option = "machine"});
    return {};
}

Result<void> machine_file_option(Draft& draft, const OptionUse& use) {
    if (use.argument.empty()) return fail("a file name must not be empty");
    return machine_text_option(draft, use);
}

Result<void> finish_machine(Draft& draft) {
    for (const MachineKey& key : draft.machine_keys) {
        const KeyRow<Draft>* row = find_key(kKeys, key.item.key);
        TRY(apply_key(key.option, *row, key.item, draft));
    }
    const MachineConfig& config = draft.config;
    if (config.kernel.empty() && config.dump_dtb.empty()) {
        return fail("-kernel is missing: there is nothing to start");
    }
    return {};
}

}  // namespace trapeze::cli
