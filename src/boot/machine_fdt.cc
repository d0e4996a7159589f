#include "trapeze/boot/machine_fdt.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "seeds.h"
#include "trapeze/base/bits.h"
#include "trapeze/base/fd.h"
#include "trapeze/boot/fdt_builder.h"

namespace trapeze::boot {
namespace {

constexpr u32 cell(bus::Phandle phandle) {
    return static_cast<u32>(phandle);
}

// DDI0487 "MPIDR_EL1": Aff3 and Aff2, Aff1, Aff0.
constexpr u64 affinity(u64 mpidr) {
    return mpidr & (mask(39, 32) | mask(23, 0));
}

// Linux "bindings/arm/cpus.yaml": "reg" has the affinity, in two cells when any vCPU has an Aff3.
void write_cpus(bus::FdtWriter& fdt, std::span<const u64> mpidrs) {
    const bool wide = std::any_of(mpidrs.begin(), mpidrs.end(), [](u64 m) { return affinity(m) >> 32 != 0; });
    fdt.begin_node("cpus");
    fdt.property_u32("#address-cells", wide ? 2 : 1);
    fdt.property_u32("#size-cells", 0);
    for (const u64 mpidr : mpidrs) {
        const u64 reg = affinity(mpidr);
        fdt.begin_node(fmt::format("cpu@{:x}", reg));
        fdt.property_string("device_type", "cpu");
        fdt.property_string("compatible", "arm,armv8");
        if (wide) {
            fdt.property_u64("reg", reg);
        } else {
            fdt.property_u32("reg", static_cast<u32>(reg));
        }
        fdt.property_string("enable-method", "psci");
        fdt.end_node();
    }
    fdt.end_node();
}

// Linux "bindings/arm/psci.yaml". The function ids are for users of the 0.1 binding; DEN0022 "Function IDs".
void write_psci(bus::FdtWriter& fdt, PsciConduit conduit) {
    fdt.begin_node("psci");
    fdt.property_strings("compatible", {"arm,psci-1.0", "arm,psci-0.2", "arm,psci"});
    fdt.property_string("method", conduit == PsciConduit::Hvc ? "hvc" : "smc");
    fdt.property_u32("cpu_suspend", 0xc4000001);
    fdt.property_u32("cpu_off", 0x84000002);
    fdt.property_u32("cpu_on", 0xc4000003);
    fdt.end_node();
}

// Linux "bindings/timer/arm,arch_timer.yaml": secure, non-secure, virtual, hypervisor.
void write_timer(bus::FdtWriter& fdt) {
    constexpr bus::IntId kTimers[] = {bus::ppi(13), bus::ppi(14), bus::ppi(11), bus::ppi(10)};
    fdt.begin_node("timer");
    fdt.property_strings("compatible", {"arm,armv8-timer", "arm,armv7-timer"});
    fdt.property_private_interrupts(kTimers);
    fdt.property_empty("always-on");
    fdt.end_node();
}

// Linux "bindings/arm/pmu.yaml".
void write_pmu(bus::FdtWriter& fdt) {
    constexpr bus::IntId kOverflow[] = {bus::ppi(7)};
    fdt.begin_node("pmu");
    fdt.property_string("compatible", "arm,armv8-pmuv3");
    fdt.property_private_interrupts(kOverflow);
    fdt.end_node();
}

void write_memory(bus::FdtWriter& fdt, mem::GpaRange ram) {
    fdt.begin_node(fmt::format("memory@{:x}", ram.base.value));
    fdt.property_string("device_type", "memory");
    fdt.property_reg(ram.base.value, ram.size);
    fdt.end_node();
}

// Clock of the PrimeCell peripherals. Linux "bindings/clock/fixed-clock.yaml".
void write_clock(bus::FdtWriter& fdt) {
    fdt.begin_node("apb-pclk");
    fdt.property_string("compatible", "fixed-clock");
    fdt.property_u32("#clock-cells", 0);
    fdt.property_u32("clock-frequency", 24'000'000);
    fdt.property_string("clock-output-names", "clk24mhz");
    fdt.property_u32("phandle", cell(bus::Phandle::Apb24MhzClock));
    fdt.end_node();
}

Result<> write_chosen(bus::FdtWriter& fdt, const MachineFdt& machine) {
    fdt.begin_node("chosen");
    if (!machine.bootargs.empty()) fdt.property_string("bootargs", machine.bootargs);
    if (!machine.stdout_path.empty()) fdt.property_string("stdout-path", machine.stdout_path);
    if (machine.initrd) {
        fdt.property_u64("linux,initrd-start", machine.initrd->base.value);
        fdt.property_u64("linux,initrd-end", machine.initrd->end().value);
    }
    if (machine.randomness) {
        const Seeds seeds = TRY(random_seeds());
        fdt.property_u64("kaslr-seed", seeds.kaslr);
        fdt.property_bytes("rng-seed", seeds.rng);
    }
    fdt.end_node();
    return {};
}

Result<> write_all(const Fd& fd, std::span<const u8> bytes) {
    while (!bytes.empty()) {
        const ssize_t put = write(fd.get(), bytes.data(), bytes.size());
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return fail_errno(errno, "could not write the file");
        bytes = bytes.subspan(static_cast<size_t>(put));
    }
    return {};
}

}  // namespace

Result<std::vector<u8>> build_machine_fdt(const MachineFdt& machine) {
    FdtBuilder fdt;
    fdt.set_interrupts(machine.interrupts);
    fdt.begin_node("");
    fdt.property_string("compatible", "linux,dummy-virt");
    fdt.property_string("model", "linux,dummy-virt");
    fdt.property_u32("#address-cells", 2);
    fdt.property_u32("#size-cells", 2);
    fdt.property_u32("interrupt-parent", cell(machine.interrupts.parent()));
    fdt.property_empty("dma-coherent");
    TRY(write_chosen(fdt, machine));
    if (!machine.stdout_path.empty()) {
        fdt.begin_node("aliases");
        fdt.property_string("serial0", machine.stdout_path);
        for (std::size_t n = 0; n < machine.further_serials.size(); ++n)
            fdt.property_string(fmt::format("serial{}", n + 1), machine.further_serials[n]);
        fdt.end_node();
    }
    write_memory(fdt, machine.ram);
    write_cpus(fdt, machine.mpidrs);
    write_psci(fdt, machine.psci);
    write_timer(fdt);
    if (machine.has_pmu) write_pmu(fdt);
    write_clock(fdt);
    for (const auto& describe : machine.devices) describe(fdt);
    fdt.end_node();
    return fdt.finish();
}

Result<> dump_fdt(std::span<const u8> dtb, const std::string& path) {
    const auto failed = [&](Error error) {
        return std::unexpected(
            std::move(error).context(fmt::format("could not dump the device tree to '{}'", path)));
    };
    const Fd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (!fd.valid()) return failed(Error::from_errno("could not create the file", errno));
    auto written = write_all(fd, dtb);
    if (written) return {};
    struct stat status {};
    if (fstat(fd.get(), &status) == 0 && S_ISREG(status.st_mode)) (void)unlink(path.c_str());
    return failed(std::move(written).error());
}

}  // namespace trapeze::boot
