// The state of one GICv3 and the part of its behaviour that no single register interface owns: which vCPU
// each pending interrupt is offered to, which interrupt is best there, and the resulting IRQ and FIQ lines.
//
// The rule for callers: change state, then say what changed (bank_changed, cpu_changed). Lines are driven
// once, when the transaction ends.
#pragma once

#include <array>
#include <vector>

#include "gic/pending_queue.h"
#include "gic/priority.h"
#include "gicv3/irq_bank.h"
#include "gicv3/routing.h"
#include "shared_core.h"
#include "trapeze/irqchip/gicv3.h"

namespace trapeze::irqchip::gicv3 {

struct Vcpu {
    Vcpu(VcpuIndex index, u64 mpidr)
        : affinity(to_affinity(mpidr)), bank(0, index, ~0u, static_cast<u32>(low_mask(kSgiCount))) {}

    PendingQueue& queue(Group group) { return queues[index_of(group)]; }

    // Const once the machine is built.
    Affinity affinity;
    bool last_of_region = false;  // GICR_TYPER.Last

    IrqBank bank;  // SGIs and PPIs
    CpuRegs regs;
    bool asleep = true;               // GICR_WAKER.ProcessorSleep
    std::array<bool, 2> opted_out{};  // GICR_CTLR.DPG0, DPG1NS

    std::array<PendingQueue, 2> queues;
    bool irq = false;  // lines as last driven
    bool fiq = false;
    bool dirty = false;  // in Core::dirty_
};

// Not synchronised: reachable only through SharedCore::Transaction.
class Core {
public:
    Core(const Gicv3Config& config, bus::CpuLineSink& lines);

    // What exists.
    u32 intid_count() const { return kFirstSpi + spi_count_; }
    u32 bank_count() const { return static_cast<u32>(spi_banks_.size()) + 1; }
    VcpuIndex vcpu_count() const { return static_cast<VcpuIndex>(vcpus_.size()); }
    Vcpu& vcpu(VcpuIndex index) { return vcpus_[index]; }
    const AffinityMap& affinities() const { return affinities_; }
    void set_redistributor_regions(std::span<const u32> counts);

    // Bank of INTIDs 32n to 32n + 31; nullptr for n = 0, which is private to each vCPU, and beyond the last.
    IrqBank* spi_bank(u32 n);
    // Bank of an INTID as a vCPU sees it; nullptr if there is no such interrupt.
    IrqBank* bank_of(u32 intid, VcpuIndex viewer);

    // Offers the candidates of a bank anew after a change. `reprioritised` has the bits whose group, priority
    // or route changed; changes of pending, enabled and active are found by themselves.
    void bank_changed(IrqBank& bank, u32 reprioritised = 0);
    // Registers of a CPU interface, its sleep or its 1 of N participation changed.
    void cpu_changed(VcpuIndex index);

    u64 irouter(u32 intid) const { return routes_[intid - kFirstSpi].irouter; }
    void set_irouter(u32 intid, u64 value);

    bool group_enabled(Group group) const { return group_enable_[index_of(group)]; }
    void set_group_enables(bool group0, bool group1);

    // What ICC_HPPIR<n>_EL1 shows: the best of what the distributor and the CPU interface let through,
    // whatever its priority.
    HighestPending highest_pending(const Vcpu& vcpu) const;

    void reset();
    void reset_cpu(VcpuIndex index);

    // Drives the lines of every vCPU that may have changed.
    void flush();

private:
    struct Route {
        u64 irouter = 0;
        VcpuIndex by_affinity = kNoVcpu;  // of irouter's affinity, when it is not 1 of N
    };

    void requeue(IrqBank& bank, unsigned n);
    void dequeue(IrqBank& bank, unsigned n);
    VcpuIndex route(const IrqBank& bank, unsigned n, VcpuIndex current) const;
    Suitability suitability(VcpuIndex index, Group group, u8 priority) const;
    void rebalance(VcpuIndex changed);
    void mark_dirty(VcpuIndex index);

    bus::CpuLineSink& lines_;
    const u32 spi_count_;
    const AffinityMap affinities_;
    std::array<bool, 2> group_enable_{};
    std::vector<IrqBank> spi_banks_;
    std::vector<Route> routes_;  // by INTID - 32
    std::vector<Vcpu> vcpus_;
    u32 floating_count_ = 0;        // interrupts queued under the 1 of N model
    std::vector<VcpuIndex> dirty_;  // each vCPU at most once
};

using SharedCore = irqchip::SharedCore<Core>;

}  // namespace trapeze::irqchip::gicv3
