#include "trapeze/bus/fdt_writer.h"

#include <vector>

namespace trapeze::bus {
namespace {

// First cell of Linux' "bindings/interrupt-controller/arm,gic.yaml".
constexpr u32 kGicSpi = 0;
constexpr u32 kGicPpi = 1;

}  // namespace

void FdtWriter::property_interrupt(IntId shared) {
    const u32 number = to_number(shared) - to_number(spi(0));
    if (interrupts_.binding == FdtInterrupts::Binding::Rvic) return property_u32("interrupts", number);
    const u32 cells[] = {kGicSpi, number, kFdtIrqLevelHigh};
    property_cells("interrupts", cells);
}

void FdtWriter::property_private_interrupts(std::span<const IntId> ids) {
    std::vector<u32> cells;
    const bool gic = interrupts_.binding == FdtInterrupts::Binding::Gic;
    for (const IntId id : ids) {
        if (gic) {
            cells.insert(cells.end(), {kGicPpi, to_number(id) - to_number(ppi(0)),
                                       kFdtIrqLevelHigh | interrupts_.ppi_cpu_mask << 8});
        } else {
            cells.insert(cells.end(), {to_number(id), kFdtIrqLevelHigh});
        }
    }
    if (!gic) property_u32("interrupt-parent", static_cast<u32>(Phandle::Rvic));
    property_cells("interrupts", cells);
}

}  // namespace trapeze::bus
