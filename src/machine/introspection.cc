// Views of the machine that need no accelerator: its device tree and its system registers.
#include "machine_impl.h"
#include "trapeze/boot/machine_fdt.h"
#include "trapeze/chardev/backend.h"

namespace trapeze::machine {
namespace {

struct NoLines final : bus::CpuLineSink {
    void set_cpu_lines(bus::VcpuIndex, bool, bool) override {}
};

}  // namespace

Result<> dump_device_tree(const MachineConfig& config) {
    NoLines lines;
    const auto loop = TRY(EventLoop::create());
    const auto serial = chardev::open_null();
    Platform platform(config.vcpus, lines, *serial, *loop);
    if (config.pvpanic) platform.add_pvpanic([](devices::PvpanicEvent) {});
    const auto blob = TRY(boot::build_machine_fdt(
        Machine::Impl::fdt_inputs(config, platform, config.cpu.pmu != OnOffAuto::Off)));
    return boot::dump_fdt(blob, config.dump_dtb);
}

std::string list_sysregs() {
    NoLines lines;
    irqchip::Gicv3 gic({.mpidrs = {0}}, lines);
    const trap::IdRegisters ids([](arch::SysReg) { return std::nullopt; }, {});
    const trap::CacheSizes caches{};
    trap::PerVcpuSysRegs registers(ids, caches);
    trap::SysRegSpace space;
    trap::add_cpu_sysregs(space, registers);
    gic.add_sysregs(space, 0);
    return trap::sysregs_markdown(space);
}

}  // namespace trapeze::machine
