// What monitors show of the machine.
#include <fmt/core.h>

#include "machine_impl.h"

namespace trapeze::machine {

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

std::string Machine::Impl::interrupt_controller_state() const {
    const irqchip::Controller& irqchip = platform_->irqchip().controller();
    std::string text = fmt::format("{}\n", irqchip.name());
    for (unsigned n = 0; n < config_.vcpus; ++n) {
        const irqchip::CpuView cpu = irqchip.cpu_view(n);
        text +=
            fmt::format("cpu {}: {}{}{}\n", n, cpu.details, cpu.irq ? ", IRQ" : "", cpu.fiq ? ", FIQ" : "");
        for (const irqchip::IrqView& irq : cpu.irqs) text += "  " + irqchip::describe(irq) + "\n";
    }
    text += "shared:\n";
    for (const irqchip::IrqView& irq : irqchip.shared_view()) text += "  " + irqchip::describe(irq) + "\n";
    return text;
}

namespace {

constexpr const char* kNoSdei = "this machine has no SDEI: start with -machine virt,sdei=on";

}  // namespace

Result<> Machine::Impl::inject_nmi() {
    if (!sdei_) return fail("{}", kNoSdei);
    return sdei_->inject_nmi();
}

Result<std::string> Machine::Impl::inject_sdei_event(u32 event, std::optional<std::size_t> cpu,
                                                     std::size_t usual) {
    if (!sdei_) return fail("{}", kNoSdei);
    if (cpu && *cpu >= cpus_.size()) return fail("there is no vCPU {}", *cpu);
    if (cpu && firmware::Sdei::is_shared(event))
        return fail("event {:#x} is shared: it goes to the vCPU that the guest has chosen", event);
    return sdei_->inject(event, static_cast<bus::VcpuIndex>(cpu.value_or(usual)));
}

Result<std::string> Machine::Impl::sdei_state() const {
    if (!sdei_) return fail("{}", kNoSdei);
    return sdei_->describe_state();
}

Result<std::string> Machine::Impl::read_ring(const std::string& device, u64 most) {
    chardev::RingBuffer* ring = TRY(console_->ring(device));
    return ring->read(most);
}

Result<> Machine::Impl::write_ring(const std::string& device, std::string_view bytes) {
    chardev::RingBuffer* ring = TRY(console_->ring(device));
    ring->send({reinterpret_cast<const u8*>(bytes.data()), bytes.size()});
    return {};
}

}  // namespace trapeze::machine
