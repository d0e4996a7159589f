// The paravirtual interrupt controller of DEN0103: an rVIC per vCPU, which the guest drives by hypercalls,
// and the rVID, which leads the wires of devices to interrupts of the rVICs. docs/rvic.md says where it goes
// beyond the specification: reliable levels and message-signalled interrupts.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "trapeze/base/result.h"
#include "trapeze/bus/fdt_writer.h"
#include "trapeze/bus/irq.h"
#include "trapeze/bus/mmio.h"
#include "trapeze/irqchip/controller.h"
#include "trapeze/trap/hypercall_table.h"

namespace trapeze::irqchip {

struct RvicConfig {
    // Affinity of each vCPU in the layout of MPIDR_EL1 (other bits are ignored); 1 to 512, all different.
    std::vector<u64> mpidrs;
    // INTIDs of each vCPU: multiples of 32, at least 32 of each kind, at most 2048 together. Few are better:
    // Linux masks and clears each of them with two hypercalls on every CPU that it brings up.
    u32 nr_trusted = 32;
    u32 nr_untrusted = 224;  // and inputs of the rVID
    // Inputs from here on are message-signalled, those below have wires. A multiple of 32, the most messages
    // that a PCI device makes of one by changing the low bits of the data.
    u32 first_msi_input = 64;
};

// Messages to this address are interrupts, their data is the number of an rVID input. Guests know the address
// from the driver, not from the device tree.
inline constexpr u64 kRvicMsiAddress = 0xba5e'0000;
inline constexpr u64 kRvicMsiSize = 4;

// One INTID of one vCPU at one instant, for monitors and tests.
struct RvicIrqState {
    bool pending = false;
    bool masked = true;
    bool level = false;  // a wire that leads here is high
    bool operator==(const RvicIrqState&) const = default;
};

// One vCPU's rVIC at one instant.
struct RvicCpuState {
    bool enabled = false;
    bool irq = false;        // the line to the vCPU
    std::vector<u32> queue;  // INTIDs that are pending and not masked, in the order of acknowledgement
    bool operator==(const RvicCpuState&) const = default;
};

// Where an rVID input leads to.
struct RvidTarget {
    bus::VcpuIndex vcpu;
    u32 intid;
    bool operator==(const RvidTarget&) const = default;
};

struct RvidInputState {
    bool level = false;
    std::optional<RvidTarget> target;  // none: not mapped
    bool operator==(const RvidInputState&) const = default;
};

// All that there is to save of a controller.
struct RvicSnapshot {
    struct Cpu {
        RvicCpuState cpu;
        std::vector<RvicIrqState> irqs;  // by INTID
        bool operator==(const Cpu&) const = default;
    };
    std::vector<Cpu> cpus;
    std::vector<RvidInputState> inputs;
    u32 nr_trusted = 0;
    bool operator==(const RvicSnapshot&) const = default;
};

// All calls are thread-safe unless said otherwise. CpuLineSink is called under the controller's lock, and
// only for a change of a vCPU's IRQ line; FIQ is always low.
//
// As an IrqSink, its shared interrupt spi(n) is the wire of rVID input n, below first_msi_input, whatever the
// guest has mapped it to. Its private interrupts are the trusted INTIDs of each vCPU.
class Rvic final : public Controller, public bus::MsiSink {
public:
    // CHECKs the configuration: it is ours, not the guest's.
    Rvic(const RvicConfig& config, bus::CpuLineSink& lines);
    ~Rvic() override;
    Rvic(const Rvic&) = delete;
    Rvic& operator=(const Rvic&) = delete;

    // Adds the calls of rVIC and rVID, which act on the rVIC of the calling vCPU or of one it names.
    void add_hypercalls(trap::HypercallSpace& space);

    // The address of messages as a device of kRvicMsiSize bytes, for stores by the guest itself. At
    // kRvicMsiAddress, if there is no RAM.
    bus::MmioDevice& msi_doorbell();

    std::string_view name() const override { return "rVIC"; }
    void reset() override;
    // What a reset of the PE does: its rVIC is disabled, everything in it masked and nothing pending. The
    // rVID still leads to it.
    void reset_cpu(bus::VcpuIndex vcpu) override;
    u32 wire_count() const override;
    // There is no active state. What is masked is not pending in this sense: a guest masks what it handles.
    Activity activity(bus::IntId id) const override;
    CpuView cpu_view(bus::VcpuIndex vcpu) const override;
    std::vector<IrqView> shared_view() const override;

    // The device tree nodes, bus::Phandle::Rvic and Rvid.
    void describe(bus::FdtWriter& fdt) const;

    void set_level(bus::IntId id, bool level) override;
    void pulse(bus::IntId id) override;
    void set_private_level(bus::VcpuIndex vcpu, bus::IntId id, bool level) override;
    void send_msi(u64 address, u32 data) override;

    u32 trusted_count() const;
    u32 intid_count() const;  // trusted and untrusted
    u32 input_count() const;
    // These CHECK their arguments.
    RvicIrqState irq_state(bus::IntId id, bus::VcpuIndex vcpu) const;
    RvicCpuState cpu_state(bus::VcpuIndex vcpu) const;
    RvidInputState input_state(u32 input) const;

    RvicSnapshot save() const;
    // Continues from a snapshot of a controller with the same configuration. Fails, and changes nothing, if
    // it is none: a snapshot may come from elsewhere.
    Result<> restore(const RvicSnapshot& snapshot);

private:
    struct Impl;
    const std::unique_ptr<Impl> impl_;
};

}  // namespace trapeze::irqchip
