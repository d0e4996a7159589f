// The Generic Interrupt Controller, version 2 (Arm IHI0048B), without the Security and Virtualization
// Extensions: both interrupt groups belong to the guest, as a Secure access sees them in an implementation
// that has the former. All of it is memory-mapped, so it needs no trapped system register.
#pragma once

#include <memory>
#include <optional>

#include "trapeze/bus/fdt_writer.h"
#include "trapeze/bus/irq.h"
#include "trapeze/bus/mmio.h"
#include "trapeze/irqchip/controller.h"
#include "trapeze/mem/gpa.h"

namespace trapeze::irqchip {

inline constexpr u32 kGicv2MaxVcpus = 8;

struct Gicv2Config {
    u32 vcpus = 1;  // 1 to kGicv2MaxVcpus; vCPU i has CPU interface i
    // SPIs come in whole groups of GICD_TYPER.ITLinesNumber: 32 * n, or the architecture's maximum.
    u32 spi_count = 988;
};

// Bytes with registers; what a machine maps may be larger.
inline constexpr u64 kGicv2DistributorSize = 0x1000;
inline constexpr u64 kGicv2CpuInterfaceSize = 0x2000;

// One interrupt at one instant, for the monitor and for tests. Masks have a bit for each vCPU.
struct Gicv2IrqState {
    u8 group = 0;
    u8 priority = 0;
    bool enabled = false;
    bool pending = false;
    bool active = false;
    bool level = false;  // the wire
    bool edge = false;   // configured as edge-triggered
    u8 targets = 0;      // who may get it: GICD_ITARGETSR<n>; the vCPU itself for an SGI or PPI
    u8 offered_to = 0;   // `targets` while it is pending, enabled and inactive
    // SGIs only.
    u8 pending_from = 0;
    std::optional<bus::VcpuIndex> active_from;
};

// One vCPU's CPU interface at one instant.
struct Gicv2CpuState {
    bool group0_enabled = false;
    bool group1_enabled = false;
    u8 priority_mask = 0;
    u8 running_priority = 0xff;
    u32 highest_pending = 1023;  // either group, whatever its priority
    bool irq = false;            // lines to the vCPU
    bool fiq = false;
};

// All calls are thread-safe unless said otherwise. CpuLineSink is called under the controller's lock, and
// only for a change of a vCPU's lines.
class Gicv2 final : public Controller {
public:
    // CHECKs the configuration: it is ours, not the guest's.
    Gicv2(const Gicv2Config& config, bus::CpuLineSink& lines);
    ~Gicv2() override;
    Gicv2(const Gicv2&) = delete;
    Gicv2& operator=(const Gicv2&) = delete;

    // The GICD frame, kGicv2DistributorSize bytes, and the GICC frame, kGicv2CpuInterfaceSize.
    // MmioAccess::vcpu chooses whose registers are seen; it is CHECKed.
    bus::MmioDevice& distributor();
    bus::MmioDevice& cpu_interface();

    std::string_view name() const override { return "GICv2"; }
    void reset() override;
    // The CPU interface only.
    void reset_cpu(bus::VcpuIndex vcpu) override;
    u32 wire_count() const override { return intid_count() - to_number(bus::spi(0)); }
    Activity activity(bus::IntId id) const override;
    CpuView cpu_view(bus::VcpuIndex vcpu) const override;
    std::vector<IrqView> shared_view() const override;

    // The device tree node of a GICv2, bus::Phandle::Gic; also of one that is not emulated here. The ranges
    // are what the machine has mapped. bus::FdtInterrupts::ppi_cpu_mask has a bit for each vCPU.
    static void describe(bus::FdtWriter& fdt, mem::GpaRange distributor, mem::GpaRange cpu_interface);

    void set_level(bus::IntId id, bool level) override;
    void pulse(bus::IntId id) override;
    void set_private_level(bus::VcpuIndex vcpu, bus::IntId id, bool level) override;

    // One above the highest INTID.
    u32 intid_count() const;
    // `vcpu` says whose SGI or PPI is meant and is ignored for an SPI. CHECKs both.
    Gicv2IrqState irq_state(bus::IntId id, bus::VcpuIndex vcpu = 0) const;
    Gicv2CpuState cpu_state(bus::VcpuIndex vcpu) const;

private:
    struct Impl;
    const std::unique_ptr<Impl> impl_;
};

}  // namespace trapeze::irqchip
