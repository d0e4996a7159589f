// The state of one GICv2 and the part of its behaviour that no single register interface owns: to whom each
// pending interrupt is offered, which interrupt is best there, and the resulting IRQ and FIQ lines.
//
// The rule for callers: change state, then say what changed (bank_changed, cpu_changed). Lines are driven
// once, when the transaction ends.
#pragma once

#include <array>
#include <vector>

#include "gic/pending_queue.h"
#include "gic/priority.h"
#include "gicv2/irq_bank.h"
#include "shared_core.h"
#include "trapeze/irqchip/gicv2.h"

namespace trapeze::irqchip::gicv2 {

struct CpuRegs : gic::CpuRegs {
    bool ack_ctl = false;  // GICC_CTLR.AckCtl
    bool fiq_en = false;   // GICC_CTLR.FIQEn
};

struct Vcpu {
    explicit Vcpu(VcpuIndex index)
        : self(index), bank(0, mask_of(index), ~0u, static_cast<u32>(low_mask(kSgiCount))) {}

    VcpuIndex self;  // const after build

    IrqBank bank;  // SGIs and PPIs
    CpuRegs regs;

    std::array<PendingQueue, 2> queues;  // by group
    bool irq = false;                    // lines as last driven
    bool fiq = false;
    bool dirty = false;  // in need of a look at its lines
};

// Not synchronised: reachable only through SharedCore::Transaction.
class Core {
public:
    Core(const Gicv2Config& config, bus::CpuLineSink& lines);

    // What exists.
    u32 intid_count() const { return kFirstSpi + spi_count_; }
    u32 bank_count() const { return static_cast<u32>(spi_banks_.size()) + 1; }
    VcpuIndex vcpu_count() const { return static_cast<VcpuIndex>(vcpus_.size()); }
    CpuMask all_vcpus() const { return static_cast<CpuMask>(low_mask(vcpu_count())); }
    Vcpu& vcpu(VcpuIndex index) { return vcpus_[index]; }

    // Bank of INTIDs 32n to 32n + 31 as a vCPU sees it; nullptr beyond the last.
    IrqBank* bank(u32 n, VcpuIndex viewer);
    // Bank of an INTID; nullptr if there is no such interrupt.
    IrqBank* bank_of(u32 intid, VcpuIndex viewer);

    // Offers the candidates of a bank anew after a change. `reprioritised` has the bits whose group, priority
    // or targets changed; changes of pending, enabled and active are found by themselves.
    void bank_changed(IrqBank& bank, u32 reprioritised = 0);
    // Registers of a CPU interface changed.
    void cpu_changed(Vcpu& vcpu) { vcpu.dirty = true; }

    // Who has sent an SGI to a vCPU and was not yet acknowledged.
    void set_pending_from(Vcpu& target, u32 sgi, CpuMask senders);

    bool group_enabled(Group group) const { return group_enable_[index_of(group)]; }
    void set_group_enables(bool group0, bool group1);

    // The best that the distributor forwards, whatever its priority and the CPU interface's enables (IHI0048
    // HighestPriorityPendingInterrupt): one whose group is disabled at the CPU interface hides those below.
    HighestPending highest_pending(const Vcpu& vcpu) const { return best_of(vcpu.queues, group_enable_); }
    // Whether the CPU interface signals it.
    static bool signalled(const Vcpu& vcpu, const HighestPending& best);

    void reset();
    void reset_cpu(VcpuIndex index);

    // Drives the lines of every vCPU that may have changed.
    void flush();

private:
    void requeue(IrqBank& bank, unsigned n);
    void dequeue(IrqBank& bank, unsigned n);

    bus::CpuLineSink& lines_;
    const u32 spi_count_;
    std::array<bool, 2> group_enable_{};
    std::vector<IrqBank> spi_banks_;
    std::vector<Vcpu> vcpus_;
};

using SharedCore = irqchip::SharedCore<Core>;

}  // namespace trapeze::irqchip::gicv2
