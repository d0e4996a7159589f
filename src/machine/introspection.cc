// Views of the machine that need no accelerator: its device tree and its system registers.
#include "kernel_irqchip.h"
#include "machine_impl.h"
#include "trapeze/boot/machine_fdt.h"
#include "trapeze/chardev/backend.h"
#include "trapeze/irqchip/gicv3.h"
#include "trapeze/machine/memory_map.h"

namespace trapeze::machine {
namespace {

struct NoLines final : bus::CpuLineSink {
    void set_cpu_lines(bus::VcpuIndex, bool, bool) override {}
};

// As on a host that has everything.
Result<IrqchipChoice> described_irqchip(const MachineConfig& config) {
    constexpr accel::IrqchipSupport kTrapHarder{.forwards_gicv3_registers = true, .forwards_calls = true};
    constexpr accel::IrqchipSupport kKvm{.forwards_calls = true, .gicv2 = true, .gicv3 = true, .its = true};
    const AccelConfig& accel = config.accels.front();
    return choose_irqchip(config.irqchip, accel, accel.kind == AccelKind::TrapHarder ? kTrapHarder : kKvm,
                          config.vcpus);
}

Result<std::unique_ptr<Irqchip>> make_described(const IrqchipChoice& choice, const MachineConfig& config,
                                                bus::CpuLineSink& lines) {
    if (is_in_kernel(choice.kind)) return make_kernel_irqchip(choice, config.vcpus, nullptr);
    return make_irqchip(choice.kind, config.vcpus, {map::kRam, config.ram_bytes}, lines);
}

}  // namespace

Result<> dump_device_tree(const MachineConfig& config) {
    NoLines lines;
    const IrqchipChoice choice = TRY(described_irqchip(config));
    const auto irqchip = TRY(make_described(choice, config, lines));
    const auto loop = TRY(EventLoop::create());
    const auto serial = chardev::open_null();
    Platform platform(*irqchip, irqchip->controller(), *serial, *loop);
    if (config.pvpanic) platform.add_pvpanic([](devices::PvpanicEvent) {});
    const auto blob = TRY(boot::build_machine_fdt(
        Machine::Impl::fdt_inputs(config, platform, config.cpu.pmu != OnOffAuto::Off, choice.sdei)));
    return boot::dump_fdt(blob, config.dump_dtb);
}

std::string list_sysregs() {
    NoLines lines;
    irqchip::Gicv3 gic({.mpidrs = {0}}, lines);
    const trap::IdRegisters ids([](arch::SysReg) { return std::nullopt; }, {});
    const trap::CacheSizes caches{};
    const mem::GuestMemory memory;
    trap::PerVcpuSysRegs registers(ids, caches, memory);
    trap::SysRegSpace space;
    trap::add_cpu_sysregs(space, registers);
    gic.add_sysregs(space, 0);
    return trap::sysregs_markdown(space);
}

}  // namespace trapeze::machine
