// What monitors show of the machine.
#include <fmt/core.h>

#include "machine_impl.h"
#include "trapeze/machine/memory_map.h"

namespace trapeze::machine {
namespace {

// "enabled pending active level" and the like for one interrupt.
std::string describe_irq(std::string_view name, const irqchip::Gicv3IrqState& irq) {
    std::string text = fmt::format("  {:<8} group {} priority {:#04x} {}", name, irq.group, irq.priority,
                                   irq.edge ? "edge " : "level");
    if (irq.enabled) text += " enabled";
    if (irq.pending) text += " pending";
    if (irq.active) text += " active";
    if (irq.level) text += " high";
    if (irq.target) text += fmt::format(" -> cpu {}", *irq.target);
    return text + "\n";
}

bool worth_showing(const irqchip::Gicv3IrqState& irq) {
    return irq.enabled || irq.pending || irq.active || irq.level;
}

}  // namespace

void Machine::Impl::inspect(const std::function<void()>& look) {
    const bool running = run_.state() == RunState::Running;
    if (running) cpus_.pause();
    look();
    if (running) cpus_.resume();
}

// As QEMU's `info mtree`: one line per region, in order of address.
std::string Machine::Impl::memory_tree() const {
    std::vector<std::pair<mem::GpaRange, std::string>> rows;
    for (const auto& region : memory_.regions()) rows.emplace_back(region.range, "ram");
    for (const bus::MmioBus::Window& window : platform_->mmio().windows()) {
        std::string name(window.device->name());
        if (window.device_offset != 0) name += fmt::format(" @{:#x}", window.device_offset);
        rows.emplace_back(window.range, name);
    }
    std::ranges::sort(rows, {}, [](const auto& row) { return row.first.base; });
    std::string text = "address-space: memory\n";
    for (const auto& [range, name] : rows) {
        text += fmt::format("  {:016x}-{:016x} ({}): {}\n", range.base.value, range.end().value - 1,
                            name == "ram" ? "ram" : "i/o", name);
    }
    return text;
}

// Interrupts that are enabled, pending, active or signalled.
std::string Machine::Impl::interrupt_controller_state() const {
    const irqchip::Gicv3& gic = platform_->gic();
    std::string text = "GICv3\n";
    for (unsigned n = 0; n < config_.vcpus; ++n) {
        const irqchip::Gicv3CpuState cpu = gic.cpu_state(n);
        text += fmt::format("cpu {}:{} PMR {:#04x} RPR {:#04x} HPPIR {}{}{}\n", n,
                            cpu.asleep ? " asleep" : "", cpu.priority_mask, cpu.running_priority,
                            cpu.highest_pending, cpu.irq ? " IRQ" : "", cpu.fiq ? " FIQ" : "");
        for (unsigned id = 0; id < 32; ++id) {
            const auto irq = gic.irq_state(bus::IntId{id}, n);
            if (worth_showing(irq))
                text +=
                    describe_irq(id < 16 ? fmt::format("SGI {}", id) : fmt::format("PPI {}", id - 16), irq);
        }
    }
    text += "shared:\n";
    for (unsigned spi = 0; spi < irqchip::Gicv3Config{}.spi_count; ++spi) {
        const auto irq = gic.irq_state(bus::spi(spi));
        if (worth_showing(irq)) text += describe_irq(fmt::format("SPI {}", spi), irq);
    }
    return text;
}

}  // namespace trapeze::machine
