// The Generic Interrupt Controller, version 3 (Arm IHI0069), as a guest with a single Security state sees it:
// GICD_CTLR.DS and ARE are one, both interrupt groups belong to the guest, there are no LPIs.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "trapeze/bus/fdt_writer.h"
#include "trapeze/bus/irq.h"
#include "trapeze/bus/mmio.h"
#include "trapeze/irqchip/controller.h"
#include "trapeze/mem/gpa.h"
#include "trapeze/trap/sysreg_table.h"

namespace trapeze::irqchip {

struct Gicv3Config {
    // Affinity of each vCPU in the layout of MPIDR_EL1 (other bits are ignored); 1 to 512, all different.
    std::vector<u64> mpidrs;
    // SPIs come in whole groups of GICD_TYPER.ITLinesNumber: 32 * n, or the architecture's maximum.
    u32 spi_count = 988;
};

// Size of one vCPU's redistributor in the window of Gicv3::redistributors(): RD_base and SGI_base.
inline constexpr u64 kGicv3RedistributorStride = 0x2'0000;
inline constexpr u64 kGicv3DistributorSize = 0x1'0000;

// One interrupt at one instant, for the monitor and for tests.
struct Gicv3IrqState {
    u8 group = 0;
    u8 priority = 0;
    bool enabled = false;
    bool pending = false;
    bool active = false;
    bool level = false;  // the wire
    bool edge = false;   // configured as edge-triggered
    u64 irouter = 0;     // SPIs only
    // The vCPU whose CPU interface is offered the interrupt now; none unless it is pending, enabled and
    // inactive.
    std::optional<bus::VcpuIndex> target;
};

// One vCPU's CPU interface at one instant.
struct Gicv3CpuState {
    bool asleep = true;  // GICR_WAKER.ProcessorSleep
    u8 priority_mask = 0;
    u8 running_priority = 0xff;
    u32 highest_pending = 1023;  // as ICC_HPPIR<n>_EL1, either group
    bool irq = false;            // lines to the vCPU
    bool fiq = false;
};

// All calls are thread-safe unless said otherwise. CpuLineSink is called under the controller's lock, and
// only for a change of a vCPU's lines.
class Gicv3 final : public Controller {
public:
    // CHECKs the configuration: it is ours, not the guest's.
    Gicv3(const Gicv3Config& config, bus::CpuLineSink& lines);
    ~Gicv3() override;
    Gicv3(const Gicv3&) = delete;
    Gicv3& operator=(const Gicv3&) = delete;

    // The GICD frame, kGicv3DistributorSize bytes.
    bus::MmioDevice& distributor();
    // All GICR frames: vCPU i at i * kGicv3RedistributorStride. The machine maps pieces of it.
    bus::MmioDevice& redistributors();
    // How many redistributors each mapped piece has room for, in order: GICR_TYPER.Last ends every piece.
    // CHECKs that all vCPUs have a place. Before the first vCPU runs; by default there is one piece.
    void set_redistributor_regions(std::span<const u32> counts);

    // Adds the ICC_* registers of one vCPU.
    void add_sysregs(trap::SysRegSpace& space, bus::VcpuIndex vcpu);

    std::string_view name() const override { return "GICv3"; }
    void reset() override;
    // The CPU interface only.
    void reset_cpu(bus::VcpuIndex vcpu) override;
    u32 wire_count() const override { return intid_count() - to_number(bus::spi(0)); }
    Activity activity(bus::IntId id) const override;
    CpuView cpu_view(bus::VcpuIndex vcpu) const override;
    std::vector<IrqView> shared_view() const override;

    // The device tree node of a GICv3, bus::Phandle::Gic; also of one that is not emulated here. `redistributors`
    // are the mapped pieces in order.
    static void describe(bus::FdtWriter& fdt, mem::GpaRange distributor,
                         std::span<const mem::GpaRange> redistributors,
                         std::optional<mem::GpaRange> its = std::nullopt);

    void set_level(bus::IntId id, bool level) override;
    void pulse(bus::IntId id) override;
    void set_private_level(bus::VcpuIndex vcpu, bus::IntId id, bool level) override;

    // One above the highest INTID.
    u32 intid_count() const;
    // `vcpu` says whose SGI or PPI is meant and is ignored for an SPI. CHECKs both.
    Gicv3IrqState irq_state(bus::IntId id, bus::VcpuIndex vcpu = 0) const;
    Gicv3CpuState cpu_state(bus::VcpuIndex vcpu) const;

private:
    struct Impl;
    const std::unique_ptr<Impl> impl_;
};

}  // namespace trapeze::irqchip
