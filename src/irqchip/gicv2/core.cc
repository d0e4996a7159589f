#include "gicv2/core.h"

#include <utility>

#include "gicv2/trace.h"
#include "trapeze/base/check.h"

namespace trapeze::irqchip::gicv2 {

Core::Core(const Gicv2Config& config, bus::CpuLineSink& lines) : lines_(lines), spi_count_(config.spi_count) {
    CHECK(config.vcpus >= 1 && config.vcpus <= kGicv2MaxVcpus);
    CHECK(spi_count_ > 0 && intid_count() <= kFirstSpecial);
    CHECK(intid_count() % kBankSize == 0 || intid_count() == kFirstSpecial);

    // With one vCPU there is nothing to program: it gets everything.
    const CpuMask spi_targets = config.vcpus == 1 ? mask_of(0) : 0;
    for (u32 first = kFirstSpi; first < intid_count(); first += kBankSize) {
        const u32 size = std::min(kBankSize, intid_count() - first);
        spi_banks_.emplace_back(first, spi_targets, static_cast<u32>(low_mask(size)), 0u);
    }
    vcpus_.reserve(config.vcpus);
    for (VcpuIndex i = 0; i < config.vcpus; ++i) vcpus_.emplace_back(i);
    reset();
    flush();
}

IrqBank* Core::bank(u32 n, VcpuIndex viewer) {
    if (n == 0) return &vcpus_[viewer].bank;
    return n < bank_count() ? &spi_banks_[n - 1] : nullptr;
}

IrqBank* Core::bank_of(u32 intid, VcpuIndex viewer) {
    return intid < intid_count() ? bank(intid / kBankSize, viewer) : nullptr;
}

void Core::bank_changed(IrqBank& bank, u32 reprioritised) {
    for_each_bit((bank.candidates() ^ bank.queued) | (reprioritised & bank.queued),
                 [&](unsigned n) { requeue(bank, n); });
}

// IHI0048 "Implications of the 1-N model": every target is offered the interrupt, and the first to
// acknowledge it takes it from the others.
void Core::requeue(IrqBank& bank, unsigned n) {
    const u32 mask = 1u << n;
    if ((bank.queued & mask) != 0) dequeue(bank, n);
    if ((bank.candidates() & mask) == 0) return;

    bank.queued |= mask;
    bank.queued_group |= bank.group & mask;
    bank.queued_priority[n] = bank.priority[n];
    bank.queued_to[n] = bank.targets[n];
    const PendingQueue::Key key = PendingQueue::make_key(bank.priority[n], bank.first_intid + n);
    for_each_bit(bank.targets[n], [&](unsigned target) {
        vcpus_[target].queues[index_of(bank.group_of(n))].insert(key);
        vcpus_[target].dirty = true;
    });
}

void Core::dequeue(IrqBank& bank, unsigned n) {
    const u32 mask = 1u << n;
    const unsigned group = (bank.queued_group & mask) != 0 ? 1 : 0;
    const PendingQueue::Key key = PendingQueue::make_key(bank.queued_priority[n], bank.first_intid + n);
    for_each_bit(std::exchange(bank.queued_to[n], CpuMask{0}), [&](unsigned target) {
        vcpus_[target].queues[group].erase(key);
        vcpus_[target].dirty = true;
    });
    bank.queued &= ~mask;
    bank.queued_group &= ~mask;
}

void Core::set_pending_from(Vcpu& target, u32 sgi, CpuMask senders) {
    IrqBank& bank = target.bank;
    bank.pending_from[sgi] = senders;
    bank.latched = senders != 0 ? bank.latched | 1u << sgi : bank.latched & ~(1u << sgi);
    bank_changed(bank);
}

void Core::set_group_enables(bool group0, bool group1) {
    group_enable_ = {group0, group1};
    for (Vcpu& v : vcpus_) v.dirty = true;
}

bool Core::signalled(const Vcpu& vcpu, const HighestPending& best) {
    return !best.none() && vcpu.regs.group_enable[index_of(best.group)] &&
           has_sufficient_priority(vcpu.regs, best.group, best.priority);
}

void Core::reset() {
    set_group_enables(false, false);
    for (IrqBank& bank : spi_banks_) {
        bank.reset();
        bank_changed(bank);
    }
    for (Vcpu& v : vcpus_) {
        v.regs = {};
        v.bank.reset();
        bank_changed(v.bank);
    }
}

void Core::reset_cpu(VcpuIndex index) {
    vcpus_[index].regs = {};
    cpu_changed(vcpus_[index]);
}

void Core::flush() {
    for (Vcpu& v : vcpus_) {
        if (!std::exchange(v.dirty, false)) continue;
        const HighestPending best = highest_pending(v);
        const bool signal = signalled(v, best);
        const bool fiq = signal && best.group == Group::G0 && v.regs.fiq_en;
        const bool irq = signal && !fiq;
        if (irq == v.irq && fiq == v.fiq) continue;
        v.irq = irq;
        v.fiq = fiq;
        TRACE(trace::gicv2_cpuif_set_irqs, "vCPU {}: FIQ {} IRQ {} (INTID {} priority {:#x})", v.self, fiq,
              irq, best.intid, best.priority);
        lines_.set_cpu_lines(v.self, irq, fiq);
    }
}

}  // namespace trapeze::irqchip::gicv2
