#include "trapeze/irqchip/controller.h"

#include <fmt/core.h>

namespace trapeze::irqchip {

std::string intid_name(u32 intid) {
    const auto name = [intid]() -> std::string {
        if (intid < to_number(bus::ppi(0))) return fmt::format("SGI {}", intid);
        if (intid >= to_number(bus::spi(0))) return fmt::format("SPI {}", intid - to_number(bus::spi(0)));
        switch (intid) {
            case 23: return "PMU";
            case 27: return "virtual timer";
            case 30: return "physical timer";
            default: return fmt::format("PPI {}", intid - to_number(bus::ppi(0)));
        }
    };
    return fmt::format("INTID {} ({})", intid, name());
}

std::string describe(const IrqView& irq) {
    std::string text = irq.name + ":";
    if (irq.pending) text += " pending";
    if (irq.active) text += " active";
    if (irq.pending || irq.active) text += ',';
    text += irq.enabled ? " enabled" : " not enabled";
    if (irq.high) text += ", high";
    if (!irq.details.empty()) text += ", " + irq.details;
    return text;
}

}  // namespace trapeze::irqchip
